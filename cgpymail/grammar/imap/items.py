"""What a FETCH command can ask for (RFC 3501 6.4.5): one small value per data item, macros already expanded."""

from __future__ import annotations

from dataclasses import dataclass

from cgpymail.model.section import Section


@dataclass(frozen=True, slots=True)
class Flags:
    """FLAGS."""


@dataclass(frozen=True, slots=True)
class Uid:
    """UID."""


@dataclass(frozen=True, slots=True)
class InternalDate:
    """INTERNALDATE."""


@dataclass(frozen=True, slots=True)
class Size:
    """RFC822.SIZE."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """ENVELOPE."""


@dataclass(frozen=True, slots=True)
class BodyStructure:
    """BODYSTRUCTURE, or BODY without a section: the same without extension data."""

    extended: bool


@dataclass(frozen=True, slots=True)
class BodySection:
    """BODY[section]<offset.length>, BODY.PEEK[...], RFC822, RFC822.HEADER or RFC822.TEXT.

    ``peek``: reading does not set Seen. ``partial``: (offset, length) in octets of the section, length at least 1.
    ``label``: the name under which the answer returns it, origin octet included, e.g. ``BODY[TEXT]<0>``.
    """

    section: Section
    peek: bool
    partial: tuple[int, int] | None
    label: bytes


FetchItem = Flags | Uid | InternalDate | Size | Envelope | BodyStructure | BodySection
