"""The data items of FETCH responses (RFC 3501 7.4.2): flags, dates, sections, ENVELOPE and BODYSTRUCTURE.

Parts and envelopes come from the MIME engine; they are described here by what is read of them, because mime and
grammar do not know each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from cgpymail.grammar.imap.dates import write_date_time
from cgpymail.grammar.imap.writing import nstring, string

Parameters = Sequence[tuple[str, bytes]]


class Address(Protocol):
    """One address as ENVELOPE has it; a group is opened by one without host and closed by one without mailbox."""

    @property
    def name(self) -> bytes | None:
        """Display name."""

    @property
    def route(self) -> bytes | None:
        """Source route of RFC 822."""

    @property
    def mailbox(self) -> bytes | None:
        """Local part, or the name of the group that begins."""

    @property
    def host(self) -> bytes | None:
        """Domain."""


class Envelope(Protocol):
    """The fields of an ENVELOPE, as sent (unfolded, not decoded); None for fields that are not there."""

    @property
    def date(self) -> bytes | None:
        """Date."""

    @property
    def subject(self) -> bytes | None:
        """Subject."""

    @property
    def from_(self) -> Sequence[Address]:
        """From."""

    @property
    def sender(self) -> Sequence[Address]:
        """Sender, or From."""

    @property
    def reply_to(self) -> Sequence[Address]:
        """Reply-To, or From."""

    @property
    def to(self) -> Sequence[Address]:
        """To."""

    @property
    def cc(self) -> Sequence[Address]:
        """Cc."""

    @property
    def bcc(self) -> Sequence[Address]:
        """Bcc."""

    @property
    def in_reply_to(self) -> bytes | None:
        """In-Reply-To."""

    @property
    def message_id(self) -> bytes | None:
        """Message-ID."""


class Part(Protocol):
    """A part of a message: type, subtype and encoding are words, the rest is as sent; None where there is no field."""

    @property
    def type(self) -> str:
        """Media type."""

    @property
    def subtype(self) -> str:
        """Subtype."""

    @property
    def params(self) -> Parameters:
        """Parameters of the type."""

    @property
    def id(self) -> bytes | None:
        """Content-ID."""

    @property
    def description(self) -> bytes | None:
        """Content-Description."""

    @property
    def encoding(self) -> str:
        """Transfer encoding."""

    @property
    def md5(self) -> bytes | None:
        """Content-MD5."""

    @property
    def disposition(self) -> tuple[str, Parameters] | None:
        """Content-Disposition."""

    @property
    def language(self) -> Sequence[bytes]:
        """Content-Language."""

    @property
    def location(self) -> bytes | None:
        """Content-Location."""

    @property
    def start(self) -> int:
        """Where it begins in the message; no two messages inside one message have the same."""

    @property
    def parts(self) -> Sequence[Part]:
        """The children of a multipart, or the one message in a message/rfc822."""

    @property
    def size(self) -> int:
        """Octets of the body as sent."""

    @property
    def lines(self) -> int:
        """Lines of the body as sent."""


# -- small items -----------------------------------------------------------------------------------------------------


def flags_item(names: Sequence[str]) -> bytes:
    """FLAGS."""
    return b"FLAGS (%b)" % " ".join(names).encode("ascii")


def uid_item(uid: int) -> bytes:
    """UID."""
    return b"UID %d" % uid


def size_item(octets: int) -> bytes:
    """RFC822.SIZE."""
    return b"RFC822.SIZE %d" % octets


def internal_date_item(seconds: int) -> bytes:
    """INTERNALDATE, of seconds since the epoch."""
    return b"INTERNALDATE " + write_date_time(seconds)


def save_date_item(seconds: int) -> bytes:
    """SAVEDATE (RFC 8514), of seconds since the epoch; NIL for 0, which stands for a date that is not known."""
    return b"SAVEDATE " + (write_date_time(seconds) if seconds else b"NIL")


def section_start(label: bytes, octets: int, *, binary: bool = False) -> bytes:
    """What stands before the octets of a section; ``binary``: as a literal8 (RFC 3516), which may hold NUL."""
    return b"%b %b{%d}\r\n" % (label, b"~" if binary else b"", octets)


# -- ENVELOPE --------------------------------------------------------------------------------------------------------

EMPTY_ENVELOPE = b"(NIL NIL NIL NIL NIL NIL NIL NIL NIL NIL)"


def envelope_text(envelope: Envelope) -> bytes:
    """The parenthesised value of ENVELOPE."""
    lists = (envelope.from_, envelope.sender, envelope.reply_to, envelope.to, envelope.cc, envelope.bcc)
    fields = [
        nstring(envelope.date),
        nstring(envelope.subject),
        *[_addresses(addresses) for addresses in lists],
        nstring(envelope.in_reply_to),
        nstring(envelope.message_id),
    ]
    return b"(%b)" % b" ".join(fields)


def _addresses(addresses: Sequence[Address]) -> bytes:
    if not addresses:
        return b"NIL"
    return b"(%b)" % b"".join([_address(address) for address in addresses])


def _address(address: Address) -> bytes:
    parts = (address.name, address.route, address.mailbox, address.host)
    return b"(%b)" % b" ".join([nstring(part) for part in parts])


# -- BODYSTRUCTURE ---------------------------------------------------------------------------------------------------


MESSAGES = frozenset({"rfc822"})
"""The messages inside messages of IMAP4rev1 (RFC 3501 section 9, media-message)."""
ALL_MESSAGES = MESSAGES | {"global"}
"""Those of IMAP4rev2 (RFC 9051 7.5.2)."""


def structure_text(
    part: Part, envelopes: Mapping[int, bytes], *, extended: bool, messages: frozenset[str] = MESSAGES
) -> bytes:
    """The value of BODYSTRUCTURE, or of BODY when not ``extended``.

    ``envelopes``: the finished ENVELOPE of every message inside a message, by the ``start`` of that message. A
    container into which the MIME engine did not look is shown as opaque data. ``messages``: those subtypes of message
    are shown with what is in them.
    """
    pieces: list[bytes] = []
    _Structure(envelopes, extended, messages, pieces).write(part)
    return b"".join(pieces)


@dataclass(frozen=True, slots=True)
class _Structure:
    envelopes: Mapping[int, bytes]
    extended: bool
    messages: frozenset[str]
    pieces: list[bytes]

    def write(self, part: Part) -> None:
        add = self.pieces.append
        multipart, message = part.type == "multipart", part.type == "message" and part.subtype in self.messages
        inside = part.parts if multipart or message else ()
        add(b"(")
        if inside and multipart:
            for child in inside:
                self.write(child)
            add(b" " + _word(part.subtype))
            own = _parameters(part.params)
        else:
            add(_basic(part, opaque=(multipart or message) and not inside))
            own = nstring(part.md5)
            if inside:
                add(b" " + self.envelopes.get(inside[0].start, EMPTY_ENVELOPE) + b" ")
                self.write(inside[0])
            if inside or part.type == "text":
                add(b" %d" % part.lines)
        if self.extended:
            add(b" " + b" ".join((own, *_common_extension(part))))
        add(b")")


_OPAQUE = b'"application" "octet-stream"'


def _basic(part: Part, *, opaque: bool) -> bytes:
    kind = _OPAQUE if opaque else _word(part.type) + b" " + _word(part.subtype)
    words = (
        kind,
        _parameters(part.params),
        nstring(part.id),
        nstring(part.description),
        _word(part.encoding),
        b"%d" % part.size,
    )
    return b" ".join(words)


def _common_extension(part: Part) -> tuple[bytes, bytes, bytes]:
    if part.disposition is None:
        disposition = b"NIL"
    else:
        value, parameters = part.disposition
        disposition = b"(%b %b)" % (_word(value), _parameters(parameters))
    languages = part.language
    if len(languages) > 1:
        language = b"(%b)" % b" ".join([string(word) for word in languages])
    else:
        language = string(languages[0]) if languages else b"NIL"
    return disposition, language, nstring(part.location)


def _parameters(parameters: Parameters) -> bytes:
    if not parameters:
        return b"NIL"
    return b"(%b)" % b" ".join([_word(name) + b" " + string(value) for name, value in parameters])


def _word(word: str) -> bytes:
    return string(word.encode("latin-1", "replace"))
