"""Dot-stuffing: message bytes as lines of a POP3 reply (RFC 1939 section 3) or of LMTP DATA (RFC 5321 4.5.2)."""

from __future__ import annotations


class DotStuffer:
    """Message bytes to the lines of a multi-line reply (RFC 1939 section 3): a dot in front of a dot."""

    def __init__(self) -> None:
        self._tail = b"\r\n"

    def feed(self, chunk: bytes) -> bytes:
        """The chunk with its leading dots doubled; chunks may be cut anywhere."""
        joined = self._tail + chunk
        stuffed = joined.replace(b"\r\n.", b"\r\n..")[len(self._tail) :]
        self._tail = joined[-2:]
        return stuffed

    def end(self) -> bytes:
        """The terminating line; a missing final CRLF is added."""
        return b".\r\n" if self._tail == b"\r\n" else b"\r\n.\r\n"


class DotReader:
    """A dot-stuffed message of a client (RFC 5321 section 4.5.2) to its bytes; ends at CRLF.CRLF only.

    Bare LF never ends the message or hides a dot, so that no two servers can disagree about where it ends.
    """

    def __init__(self) -> None:
        self._held = b"\r\n"  # what may be the beginning of the end: a prefix of CRLF.CRLF
        self._start = True  # the first CRLF in _held is not part of the message
        self.finished = False
        self.rest = b""

    def feed(self, data: bytes) -> bytes:
        """Message bytes, without the doubled dots. ``finished`` is set at the end, ``rest`` is what follows it."""
        data = self._held + data
        end = data.find(b"\r\n.\r\n")
        if end >= 0:
            self.finished = True
            self.rest = data[end + 5 :]
            body, self._held = data[: end + 2], b""
        else:
            keep = _held_back(data)
            body, self._held = data[: len(data) - keep], data[len(data) - keep :]
        if self._start and len(body) >= 2:
            self._start = False
            return _unstuff(body)[2:]
        if self._start:
            self._held = body + self._held
            return b""
        return _unstuff(body)


def _held_back(data: bytes) -> int:
    """How many octets at the end may belong to a CRLF.CRLF or to a doubled dot."""
    for size in (4, 3, 2, 1):
        if data.endswith(b"\r\n.\r\n"[:size]):
            return size
    return 0


def _unstuff(body: bytes) -> bytes:
    return body.replace(b"\r\n.", b"\r\n")
