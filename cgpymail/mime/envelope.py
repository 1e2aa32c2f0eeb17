"""ENVELOPE (RFC 3501 7.4.2): ten facts from the header of a message."""

from __future__ import annotations

from dataclasses import dataclass

from cgpymail.mime.addresses import Address, Allowance, parse_addresses
from cgpymail.mime.bounds import Bounds
from cgpymail.mime.headers import first_values

_NAMES = frozenset(b"date subject from sender reply-to to cc bcc in-reply-to message-id".split())


@dataclass(frozen=True, slots=True)
class Envelope:
    """In the order of the answer. Texts are unfolded and otherwise as sent, NULs included; None: no such field.

    ``sender`` and ``reply_to`` are those of ``from_`` when the message has none or empty ones.
    """

    date: bytes | None
    subject: bytes | None
    from_: tuple[Address, ...]
    sender: tuple[Address, ...]
    reply_to: tuple[Address, ...]
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    bcc: tuple[Address, ...]
    in_reply_to: bytes | None
    message_id: bytes | None


def parse_envelope(header: bytes, bounds: Bounds, allowance: Allowance | None = None) -> Envelope:
    """The envelope of a header block. Repeated address fields are joined; of other fields the first one counts.

    ``allowance`` is shared by the envelopes of one answer; without it this one has an allowance of its own.
    """
    allowed = allowance or Allowance(bounds.addresses)
    found = first_values(header[: bounds.header_size], _NAMES, bounds.header_fields)

    def text(name: bytes) -> bytes | None:
        values = found.get(name)
        return values[0] if values else None

    def addresses(name: bytes) -> tuple[Address, ...]:
        values = found.get(name)
        return parse_addresses(b",".join(values), allowed) if values else ()

    from_ = addresses(b"from")
    return Envelope(
        date=text(b"date"),
        subject=text(b"subject"),
        from_=from_,
        sender=addresses(b"sender") or from_,
        reply_to=addresses(b"reply-to") or from_,
        to=addresses(b"to"),
        cc=addresses(b"cc"),
        bcc=addresses(b"bcc"),
        in_reply_to=text(b"in-reply-to"),
        message_id=text(b"message-id"),
    )
