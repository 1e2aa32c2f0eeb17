"""One part of a message: its place, and what its Content-* fields say (RFC 2045, 2183, 3282, 2557)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cgpymail.mime.headers import unfold
from cgpymail.mime.parameters import (
    Parameters,
    parse_disposition,
    parse_languages,
    parse_media_type,
    parse_word,
)

_US_ASCII: Parameters = (("charset", b"us-ascii"),)


@dataclass(slots=True)
class Part:
    """One part; the message itself is the root. Read only for everyone but the scanner.

    Offsets in octets of the wire form of the whole message: ``start`` of the header, ``body`` (after the blank line),
    ``end`` of the body, before the line end that belongs to the following delimiter. ``lines`` counts the line ends
    in the body. ``parts`` are the children of a multipart, or the one message of a message/rfc822.
    Texts of fields are unfolded and as sent (None: no such field); ``encoding`` and all words are in lower case.
    """

    start: int
    body: int = 0
    end: int = 0
    lines: int = 0
    type: str = "text"
    subtype: str = "plain"
    params: Parameters = _US_ASCII
    id: bytes | None = None
    description: bytes | None = None
    encoding: str = "7bit"
    md5: bytes | None = None
    disposition: tuple[str, Parameters] | None = None
    language: tuple[bytes, ...] = ()
    location: bytes | None = None
    parts: tuple[Part, ...] = ()

    def become_text(self) -> None:
        """Nothing usable is said of the type: RFC 2045 5.2."""
        self.type, self.subtype, self.params = "text", "plain", _US_ASCII

    def become_opaque(self) -> None:
        """A container that will not be looked into."""
        self.type, self.subtype, self.params = "application", "octet-stream", ()

    @property
    def size(self) -> int:
        """Octets of the body as sent (encoded)."""
        return self.end - self.body

    @property
    def is_multipart(self) -> bool:
        """Whether ``parts`` are the children of a multipart; then there is at least one."""
        return self.type == "multipart"

    @property
    def is_message(self) -> bool:
        """Whether ``parts`` is the one message in it: of a message/rfc822, and of a message/global (RFC 6532 3.7),
        unless that is encoded and so a file like any other."""
        if self.type != "message":
            return False
        return self.subtype == "rfc822" or (self.subtype == "global" and self.encoding in _IDENTITY)


_IDENTITY = frozenset({"7bit", "8bit", "binary"})  # transfer encodings that leave a content as it is


def find_part(root: Part, path: Sequence[int]) -> Part | None:
    """The part with this number (RFC 3501 6.4.5), None if there is none; the root for an empty path.

    A message that is no multipart is its own part 1; numbers go on through message/rfc822 into the message inside.
    """
    part, whole = root, True  # whole: ``part`` stands for a message, not yet for the part in it
    for number in path:
        if part.is_message and not whole:
            part, whole = part.parts[0], True
        if part.is_multipart:
            if not 1 <= number <= len(part.parts):
                return None
            part, whole = part.parts[number - 1], False
        elif whole and number == 1:
            whole = False
        else:
            return None
    return part


def describe(part: Part, fields: Mapping[bytes, bytes], *, inside_digest: bool) -> None:
    """Set what the Content-* fields say: by name in lower case without "content-", values still folded.

    Without a type a part is text/plain, in a multipart/digest message/rfc822 (RFC 2046 5.1.5).
    """
    if inside_digest and b"type" not in fields:
        part.type, part.subtype, part.params = "message", "rfc822", ()
    for name, folded in fields.items():
        reader = _READERS.get(name)
        if reader is not None:
            reader(part, unfold(folded))


def _read_type(part: Part, value: bytes) -> None:
    media = parse_media_type(value)
    if media is None:
        part.become_text()
    else:
        part.type, part.subtype, part.params = media


def _read_encoding(part: Part, value: bytes) -> None:
    part.encoding = parse_word(value) or "7bit"


def _read_id(part: Part, value: bytes) -> None:
    part.id = value


def _read_description(part: Part, value: bytes) -> None:
    part.description = value


def _read_md5(part: Part, value: bytes) -> None:
    part.md5 = value


def _read_disposition(part: Part, value: bytes) -> None:
    part.disposition = parse_disposition(value)


def _read_language(part: Part, value: bytes) -> None:
    part.language = parse_languages(value)


def _read_location(part: Part, value: bytes) -> None:
    part.location = value


# Most parts have two or three of them, and parts are made by the million: only what is there is looked at.
_READERS = {
    b"type": _read_type,
    b"transfer-encoding": _read_encoding,
    b"id": _read_id,
    b"description": _read_description,
    b"md5": _read_md5,
    b"disposition": _read_disposition,
    b"language": _read_language,
    b"location": _read_location,
}
