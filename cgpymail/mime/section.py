"""Which octets BODY[section] wants (RFC 3501 6.4.5): a range of the wire form, and for field lists a choice from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from cgpymail.mime.headers import select_fields
from cgpymail.mime.structure import Part, find_part


class Want(Enum):
    """The part specifier behind the part number."""

    WHOLE = ""
    HEADER = "HEADER"
    FIELDS = "HEADER.FIELDS"
    FIELDS_NOT = "HEADER.FIELDS.NOT"
    TEXT = "TEXT"
    MIME = "MIME"


@dataclass(frozen=True, slots=True)
class Section:
    """What is between the brackets: part number, specifier, and field names (in lower case)."""

    path: tuple[int, ...] = ()
    want: Want = Want.WHOLE
    fields: frozenset[bytes] = frozenset()

    @property
    def needs_tree(self) -> bool:
        """Whether the place of parts must be known; else the size and the end of the first header are enough."""
        return bool(self.path)


def section_range(root: Part, section: Section) -> tuple[int, int] | None:
    """Begin and end in the wire form; None when there is no such part (the answer is then NIL).

    HEADER, its field lists and TEXT of a numbered part exist for message/rfc822 only, and are those of the message
    inside. BODY[1] of a message that is no multipart is its body, BODY[1.MIME] its header. For a field list the range
    is that of the header: ``choose_fields`` does the rest.
    """
    part = find_part(root, section.path)
    if part is None:
        return None
    if section.want is Want.MIME:
        return (part.start, part.body) if section.path else None
    if section.want is Want.WHOLE:
        return (part.body if section.path else part.start, part.end)
    if section.path:
        if not part.is_message:
            return None
        part = part.parts[0]
    if section.want is Want.TEXT:
        return part.body, part.end
    return part.start, part.body


def choose_fields(header: bytes, section: Section, limit: int) -> bytes:
    """The answer to HEADER.FIELDS and HEADER.FIELDS.NOT from the header that ``section_range`` names.

    The first ``limit`` fields are looked into. Fields come octet for octet, then a blank line.
    """
    return select_fields(header, section.fields, limit, others=section.want is Want.FIELDS_NOT)


def field_names(names: Sequence[bytes]) -> frozenset[bytes]:
    """Names from a client, as ``Section.fields`` wants them."""
    return frozenset(name.lower() for name in names)
