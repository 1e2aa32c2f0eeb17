"""Plain values everyone shares: no Twisted, no I/O, no clock."""
