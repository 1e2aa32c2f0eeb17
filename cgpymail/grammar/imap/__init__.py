"""The IMAP grammar (RFC 3501 section 9 and the extensions we speak)."""
