"""Fuzzing: one table of targets, run by hypothesis in the suite and by atheris for as long as one likes."""
