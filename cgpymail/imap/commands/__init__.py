"""The IMAP commands, one file per family."""
