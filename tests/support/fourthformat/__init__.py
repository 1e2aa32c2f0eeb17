"""A fourth storage format, built by following docs/howto-add-a-format.md: records with a length, in one file."""
