"""Which part of a message a client wants to read: the inside of ``BODY[...]`` (RFC 3501 6.4.5) as plain values.

The IMAP grammar makes it, the MIME engine finds the octets; neither knows the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Specifier(Enum):
    """What of the message, or of the part that the path leads to; the value is its spelling on the wire."""

    WHOLE = ""
    HEADER = "HEADER"
    FIELDS = "HEADER.FIELDS"
    FIELDS_NOT = "HEADER.FIELDS.NOT"
    TEXT = "TEXT"
    MIME = "MIME"


@dataclass(frozen=True, slots=True)
class Section:
    """A section.

    ``path``: part numbers from the outermost in, each at least 1; empty for the message itself.
    ``fields``: header field names as the client spelled them (case does not matter), for FIELDS and FIELDS_NOT only.
    MIME always has a path.
    """

    path: tuple[int, ...] = ()
    specifier: Specifier = Specifier.WHOLE
    fields: tuple[str, ...] = ()


WHOLE_MESSAGE = Section()
