"""The server side of SASL (RFC 4422) as small state machines without I/O, for IMAP AUTHENTICATE and POP AUTH alike.

``mechanism`` says what one is, ``registry`` which there are, ``exchange`` puts the lines of the protocols around it.
A further mechanism is one class and one line in the registry.
"""
