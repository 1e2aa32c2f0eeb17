"""What SORT and THREAD need to know of a message (RFC 5256, RFC 5957), from its header block: small, to be kept.

Texts are keys for comparing, not for showing, and cut at a length that nobody reads. Of Message-IDs a digest is kept.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from sys import getsizeof

from cgpymail.mime.addresses import Address, Allowance, parse_addresses
from cgpymail.mime.bounds import Bounds
from cgpymail.mime.casemap import casemap
from cgpymail.mime.dates import sent_time
from cgpymail.mime.headers import decode_words, first_values
from cgpymail.mime.messageids import message_ids
from cgpymail.mime.subject import base_subject

_NAMES = frozenset(b"date subject from to cc message-id references in-reply-to".split())
_LONGEST = 500  # characters of a text that are compared
_DECODED = 16 * 1024  # octets of a field that are decoded for that
MOST_REFERENCES = 200  # of one message: the nearest ones
_DIGEST = 12  # octets: nobody finds two Message-IDs with the same digest


@dataclass(frozen=True, slots=True)
class Overview:
    """Of one message; a field that is not there gives an empty text. Texts are in i;unicode-casemap.

    ``sent``: seconds since the epoch, None if the Date field is missing or no date. ``subject``: the base subject;
    ``reply``: a mark of a reply or forward was taken off it. ``cc``, ``from_``, ``to``: the local part of the first
    address; ``display_from``, ``display_to``: what a client shows for it. ``message_id`` stands for the Message-ID,
    empty if there is no valid one; ``references`` are the digests of the messages before it, oldest first, joined.
    """

    sent: int | None
    subject: str
    reply: bool
    cc: str
    from_: str
    to: str
    display_from: str
    display_to: str
    message_id: bytes
    references: bytes

    @property
    def chain(self) -> list[bytes]:
        """The references one by one."""
        return [self.references[place : place + _DIGEST] for place in range(0, len(self.references), _DIGEST)]

    @property
    def octets(self) -> int:
        """About what it takes in memory."""
        texts = (self.subject, self.cc, self.from_, self.to, self.display_from, self.display_to)
        return 150 + sum(map(getsizeof, texts)) + getsizeof(self.message_id) + getsizeof(self.references)


def parse_overview(header: bytes, bounds: Bounds) -> Overview:
    """Of a header block. Of each field the first one counts."""
    found = first_values(header[: bounds.header_size], _NAMES, bounds.header_fields)

    def value(name: bytes) -> bytes:
        return found[name][0] if name in found else b""

    def first(name: bytes) -> Address | None:
        addresses = parse_addresses(value(name)[:_DECODED], Allowance(1))
        return addresses[0] if addresses else None

    subject = base_subject(decode_words(value(b"subject")[:_DECODED]))
    cc, from_, to = first(b"cc"), first(b"from"), first(b"to")
    ids = message_ids(value(b"message-id"))
    return Overview(
        sent=sent_time(value(b"date")),
        subject=_key(subject.text),
        reply=subject.reply,
        cc=_key(_mailbox(cc)),
        from_=_key(_mailbox(from_)),
        to=_key(_mailbox(to)),
        display_from=_key(_display(from_)),
        display_to=_key(_display(to)),
        message_id=next(map(_digest, ids), b""),
        references=_references(value),
    )


def _key(text: str) -> str:
    return casemap(text[:_LONGEST])


def _mailbox(address: Address | None) -> str:
    return decode_words(address.mailbox or b"") if address else ""


def _display(address: Address | None) -> str:
    """The name, else the address; of a group its name (RFC 5957 section 3)."""
    if address is None:
        return ""
    if address.name:
        return decode_words(address.name)
    host = decode_words(address.host or b"")
    return f"{_mailbox(address)}@{host}" if host else _mailbox(address)


def _references(value: Callable[[bytes], bytes]) -> bytes:
    """Those of References, or if it has none, the first one of In-Reply-To (RFC 5256 section 3)."""
    nearest = deque(message_ids(value(b"references")), maxlen=MOST_REFERENCES)
    return b"".join(map(_digest, nearest)) or next(map(_digest, message_ids(value(b"in-reply-to"))), b"")


def _digest(message_id: bytes) -> bytes:
    return blake2b(message_id, digest_size=_DIGEST).digest()
