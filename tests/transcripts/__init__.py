"""Golden transcripts: what several clients say and hear, as text files. README.md has the language."""
