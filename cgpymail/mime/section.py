"""Which octets BODY[section] wants (RFC 3501 6.4.5): a range of the wire form, and for field lists a choice from it."""

from __future__ import annotations

from cgpymail.mime.headers import select_fields
from cgpymail.mime.part import Part, find_part
from cgpymail.model.section import Section, Specifier


def section_range(root: Part, section: Section) -> tuple[int, int] | None:
    """Begin and end in the wire form; None when there is no such part (the answer is then NIL).

    HEADER, its field lists and TEXT of a numbered part exist for message/rfc822 only, and are those of the message
    inside. BODY[1] of a message that is no multipart is its body, BODY[1.MIME] its header. For a field list the range
    is that of the header: ``choose_fields`` does the rest.
    """
    part = find_part(root, section.path)
    if part is None:
        return None
    if section.specifier is Specifier.MIME:
        return (part.start, part.body) if section.path else None
    if section.specifier is Specifier.WHOLE:
        return (part.body if section.path else part.start, part.end)
    if section.path:
        if not part.is_message:
            return None
        part = part.parts[0]
    if section.specifier is Specifier.TEXT:
        return part.body, part.end
    return part.start, part.body


def choose_fields(header: bytes, section: Section, limit: int) -> bytes:
    """The answer to HEADER.FIELDS and HEADER.FIELDS.NOT from the header that ``section_range`` names.

    The first ``limit`` fields are looked into. Fields come octet for octet, then a blank line.
    """
    names = frozenset(name.lower().encode("utf-8") for name in section.fields)
    return select_fields(header, names, limit, others=section.specifier is Specifier.FIELDS_NOT)
