"""How the two sides of one connection spell things, by what the client has enabled (RFC 5161).

A value, given to whoever reads commands or writes responses: the grammar itself remembers nothing.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Dialect:
    """``utf8``: mailbox names travel in UTF-8 and not in modified UTF-7, and quoted strings may hold UTF-8 (RFC 9755
    section 3, RFC 9051 5.1). ``charset``: SEARCH may name the charset of its texts (RFC 9755 forbids it).
    ``revision2``: answers are those of IMAP4rev2 (RFC 9051) where they differ from those of IMAP4rev1.
    """

    utf8: bool = False
    charset: bool = True
    revision2: bool = False


PLAIN = Dialect()
"""What a client speaks that has enabled nothing."""
