"""The IMAP server over the real manager and the store in memory."""
