"""The .mbox (TextMailbox) format, spec section 4."""
