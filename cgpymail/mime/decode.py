"""Transfer decoding of bodies, piece by piece (RFC 2045 section 6): whatever is sent decodes to something.

Like the standard library, base64 skips what is not of its alphabet and ends at its padding, and quoted-printable leaves
broken escapes as they are. An encoding that is not known leaves the octets alone.
"""

from __future__ import annotations

import binascii
import re
from typing import Protocol

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_GARBAGE = bytes(octet for octet in range(256) if octet not in _ALPHABET)
_PLAIN = frozenset({"7bit", "8bit", "binary"})
_UU_LINE = 256  # octets; a line of uuencoded text has at most 62
_LONE_CR = re.compile(rb"==|=\r(?!\n)")


class TransferDecoder(Protocol):
    """Encoded octets in, decoded octets out, piece by piece."""

    def feed(self, data: bytes) -> bytes:
        """What is complete after these octets."""

    def close(self) -> bytes:
        """What was held back; the last call."""


def transfer_decoder(encoding: str) -> TransferDecoder:
    """The decoder for a Content-Transfer-Encoding (lower case)."""
    return _DECODERS.get(encoding, Identity)()


def is_known_encoding(encoding: str) -> bool:
    """Whether this Content-Transfer-Encoding (lower case) can be undone; those that leave the octets alone can."""
    return encoding in _DECODERS or encoding in _PLAIN


def decode_base64(data: bytes) -> bytes:
    """All of ``data`` decoded, as tolerantly as the incremental decoder does."""
    decoder = Base64()
    return decoder.feed(data) + decoder.close()


class Identity:
    """7bit, 8bit, binary, and what nobody knows."""

    def feed(self, data: bytes) -> bytes:
        """TransferDecoder.feed."""
        return data

    def close(self) -> bytes:
        """TransferDecoder.close."""
        return b""


class Base64:
    """RFC 2045 6.8; an incomplete last group gives the octets it has."""

    def __init__(self) -> None:
        self._held = b""
        self._ended = False

    def feed(self, data: bytes) -> bytes:
        """TransferDecoder.feed."""
        if self._ended:
            return b""
        held = self._held + data.translate(None, _GARBAGE)
        padding = held.find(b"=")
        if padding >= 0:
            self._held = held[:padding]
            ended = self.close()
            self._ended = True
            return ended
        whole = len(held) & ~3
        self._held = held[whole:]
        return binascii.a2b_base64(held[:whole])

    def close(self) -> bytes:
        """TransferDecoder.close."""
        held, self._held = self._held, b""
        if len(held) % 4 == 1:  # six bits make no octet
            held = held[:-1]
        return binascii.a2b_base64(held + b"=" * (-len(held) % 4))


class QuotedPrintable:
    """RFC 2045 6.7."""

    def __init__(self) -> None:
        self._held = b""

    def feed(self, data: bytes) -> bytes:
        """TransferDecoder.feed."""
        held = self._held + data
        # An escape is three octets long: hold back one that may be cut off. Signs in a row go off in pairs ("==" is
        # a broken escape that means "="), so only an odd one begins an escape.
        escape = held.rfind(b"=", max(0, len(held) - 2))
        head = held[: escape + 1]
        odd = (len(head) - len(head.rstrip(b"="))) % 2
        cut = escape if odd else len(held)
        self._held = held[cut:]
        return _unquote(held[:cut])

    def close(self) -> bytes:
        """TransferDecoder.close."""
        held, self._held = self._held, b""
        return _unquote(held)


def _unquote(data: bytes) -> bytes:
    """Whole escapes undone. Behind ``=`` and a CR that ends no line, binascii would drop the text up to the next LF,
    however many pieces later that comes: it is a broken escape like others."""
    if data.count(b"=\r") != data.count(b"=\r\n"):
        data = _LONE_CR.sub(lambda found: b"==\r" if found[0] == b"=\r" else found[0], data)
    return binascii.a2b_qp(data)


class UUEncoded:
    """The encoding of old Unix mail: between ``begin`` and ``end``; lines that do not decode are skipped."""

    def __init__(self) -> None:
        self._held = b""
        self._began = False
        self._ended = False

    def feed(self, data: bytes) -> bytes:
        """TransferDecoder.feed."""
        *lines, held = (self._held + data).split(b"\n")
        self._held = held[: _UU_LINE + 2]  # what is too long stays too long, whatever its end is
        return b"".join(map(self._line, lines))

    def close(self) -> bytes:
        """TransferDecoder.close."""
        held, self._held = self._held, b""
        return self._line(held)

    def _line(self, line: bytes) -> bytes:
        line = line.removesuffix(b"\r")
        if not self._began:
            self._began = line.startswith(b"begin ")
            return b""
        self._ended = self._ended or line == b"end"
        if self._ended or not line or len(line) > _UU_LINE:
            return b""
        try:
            return binascii.a2b_uu(line)
        except binascii.Error:
            return b""


_DECODERS: dict[str, type[Identity | Base64 | QuotedPrintable | UUEncoded]] = {
    "base64": Base64,
    "quoted-printable": QuotedPrintable,
    "x-uuencode": UUEncoded,
    "uuencode": UUEncoded,
    "x-uue": UUEncoded,
    "uue": UUEncoded,
}
