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
