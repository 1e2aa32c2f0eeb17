"""Where the bytes of mailboxes live."""
