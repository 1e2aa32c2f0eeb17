"""A message that a client sends by XTND XMIT, made ready to leave (spec 8.1). What is here blocks.

Its recipients are those of To, Cc and Bcc; Bcc is taken out. A header that cannot be looked at as a whole is refused,
so that no Bcc is ever given to the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cgpymail.errors import LimitExceeded, MailError
from cgpymail.interfaces import IContent
from cgpymail.mime.addresses import Address, Allowance, parse_addresses
from cgpymail.mime.headers import split_fields, unfold
from cgpymail.runtime.limits import Limits

_TO = frozenset({b"to", b"cc", b"bcc"})
_HIDDEN = frozenset({b"bcc", b"resent-bcc"})
_ATOM = r"[^\s\x00-\x1f\x7f<>()\[\]\",;:\\@]+"
_LOCAL = re.compile(_ATOM)
_HOST = re.compile(rf"{_ATOM}|\[[0-9A-Za-z.:-]+\]")
_MAX_ADDRESS = 320  # octets


class BadMessage(MailError):
    """The message cannot be sent as it is; the text says why."""

    code = "cannot"
    text = "The message cannot be sent"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """``recipients``: each once, with domain. ``header``: what leaves instead of the first ``replaced`` octets."""

    recipients: tuple[str, ...]
    header: bytes
    replaced: int

    def chunks(self, content: IContent) -> Iterator[bytes]:
        """The message as it leaves, in wire form. Raises BadMessage."""
        yield self.header
        place = 0
        for chunk in _whole_ends(content.chunks()):
            if place + len(chunk) > self.replaced:
                yield chunk[max(0, self.replaced - place) :]
            place += len(chunk)


def prepare(content: IContent, domain: str, trace: bytes, limits: Limits) -> Outgoing:
    """``domain``: of addresses without one. ``trace``: fields that come first. Raises BadMessage, LimitExceeded."""
    block = _header(content, limits.header_size)
    if b"\0" in block:
        raise BadMessage("The header has a NUL")
    fields = list(split_fields(block, limits.header_fields + 1))
    if len(fields) > limits.header_fields:
        raise BadMessage("The header has too many fields")
    allowance = Allowance(limits.addresses)
    found: dict[str, None] = {}
    for field in fields:
        if field.name in _TO:
            for address in parse_addresses(unfold(field.value), allowance):
                if address.mailbox is not None and address.host is not None:
                    found[_written(address, domain)] = None
    if allowance.entries <= 0 or allowance.tokens <= 0:  # some may have been left out
        raise BadMessage("There are too many addresses, or too unusual ones")
    if not found:
        raise BadMessage("There are no recipients in To, Cc or Bcc")
    if len(found) > limits.recipients:
        raise LimitExceeded(f"A message may have {limits.recipients} recipients")
    kept = b"".join(field.raw for field in fields if field.name not in _HIDDEN)
    return Outgoing(tuple(found), trace + kept + b"\r\n", len(block))


def _whole_ends(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same. Raises BadMessage for a CR without LF, which RFC 5321 2.3.8 forbids to send: a server that took it for
    the end of a line could find commands in the message, or other recipients than we did."""
    held = b""
    for chunk in chunks:
        joined = held + chunk
        held = b"\r" if joined.endswith(b"\r") else b""
        if joined.count(b"\r") - len(held) != joined.count(b"\r\n"):
            raise BadMessage("The message has a CR without LF")
        yield chunk


def local_lines(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """With the line ends that programs of this system expect: LF."""
    held = b""
    for chunk in chunks:
        joined = held + chunk
        held = b"\r" if joined.endswith(b"\r") else b""
        yield joined[: len(joined) - len(held)].replace(b"\r\n", b"\n")
    yield held


def _header(content: IContent, most: int) -> bytes:
    """With its blank line; the whole message if there is none."""
    block = b""
    for chunk in content.chunks():
        block += chunk
        if block.startswith(b"\r\n"):
            return block[:2]
        end = block.find(b"\r\n\r\n")
        if end >= 0 and end + 4 <= most:
            return block[: end + 4]
        if len(block) > most:
            raise BadMessage("The header is too long")
    return block


def _written(address: Address, domain: str) -> str:
    """As it stands in an envelope."""
    try:
        local, host = (address.mailbox or b"").decode("utf-8"), (address.host or b"").decode("utf-8") or domain
    except UnicodeDecodeError:
        raise BadMessage("An address is not in UTF-8") from None
    if not local or not local.isprintable() or not _HOST.fullmatch(host):
        raise BadMessage("An address in To, Cc or Bcc is not complete")
    if not _LOCAL.fullmatch(local):
        local = '"' + re.sub(r'(["\\])', r"\\\1", local) + '"'
    written = f"{local}@{host}"
    if len(written.encode()) > _MAX_ADDRESS:
        raise BadMessage("An address in To, Cc or Bcc is too long")
    return written
