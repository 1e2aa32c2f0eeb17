"""What a FETCH command can ask for (RFC 3501 6.4.5, RFC 3516): a small value per data item, macros expanded."""

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
class ModSeq:
    """MODSEQ (RFC 7162 3.1.4.2)."""


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


@dataclass(frozen=True, slots=True)
class BinarySection:
    """BINARY[part]<offset.length> or BINARY.PEEK[...] (RFC 3516 4.2): a part with its transfer encoding undone.

    ``path``: part numbers, empty for the whole message. The rest as in BodySection, of the decoded octets. The label
    has the origin octet, as the text of RFC 3516 4.3 and RFC 9051 7.5.2 has it (their formal grammar leaves it out).
    """

    path: tuple[int, ...]
    peek: bool
    partial: tuple[int, int] | None
    label: bytes


@dataclass(frozen=True, slots=True)
class BinarySize:
    """BINARY.SIZE[part] (RFC 3516 4.2): how many octets BINARY[part] has."""

    path: tuple[int, ...]
    label: bytes


@dataclass(frozen=True, slots=True)
class EmailId:
    """EMAILID (RFC 8474 5.3)."""


@dataclass(frozen=True, slots=True)
class ThreadId:
    """THREADID (RFC 8474 5.4)."""


@dataclass(frozen=True, slots=True)
class SaveDate:
    """SAVEDATE (RFC 8514 4.2)."""


@dataclass(frozen=True, slots=True)
class Preview:
    """PREVIEW (RFC 8970 3.1). ``lazy``: only if it costs nothing."""

    lazy: bool


FetchItem = (
    Flags
    | Uid
    | InternalDate
    | Size
    | ModSeq
    | Envelope
    | BodyStructure
    | BodySection
    | BinarySection
    | BinarySize
    | EmailId
    | ThreadId
    | SaveDate
    | Preview
)
