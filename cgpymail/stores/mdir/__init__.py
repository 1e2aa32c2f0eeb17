"""The .mdir (MailDirMailbox) format, spec section 5."""
