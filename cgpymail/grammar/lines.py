"""Bytes to lines, for the line protocols (POP3, LMTP): a byte at a time stays linear, and no line is unbounded."""

from __future__ import annotations


class LineTooLong(Exception):
    """The line passed the limit; what follows up to its end is skipped."""


class LineBuffer:
    """Takes bytes, gives lines without their CRLF (a bare LF ends a line too), or raw bytes on request.

    Pure; any exception out of here other than LineTooLong is a bug.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._data = bytearray()
        self._searched = 0
        self._skipping = False

    def __len__(self) -> int:
        """Octets waiting."""
        return len(self._data)

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        self._data += data

    def clear(self) -> None:
        """Forget what waits: the rule behind STLS."""
        self._data.clear()
        self._searched = 0
        self._skipping = False

    def line(self) -> bytes | None:
        """The next line, None while it is incomplete. Raises LineTooLong once for each line over the limit."""
        end = self._data.find(b"\n", self._searched)
        if self._skipping:
            return self._skip(end)
        if end < 0:
            self._searched = len(self._data)
            if len(self._data) > self.limit + 2:
                self._skipping = True
                self._drop(len(self._data))
                raise LineTooLong
            return None
        line = bytes(self._data[:end])
        self._drop(end + 1)
        if line.endswith(b"\r"):
            line = line[:-1]
        if len(line) > self.limit:
            raise LineTooLong
        return line

    def raw(self) -> bytes:
        """Everything that waits, taken."""
        data = bytes(self._data)
        self._drop(len(self._data))
        return data

    def unread(self, data: bytes) -> None:
        """Put bytes back in front."""
        self._data[:0] = data
        self._searched = 0

    def _drop(self, count: int) -> None:
        del self._data[:count]
        self._searched = 0

    def _skip(self, end: int) -> bytes | None:
        if end < 0:
            self._drop(len(self._data))
            return None
        self._drop(end + 1)
        self._skipping = False
        return self.line()


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
