"""Finding the messages in a .mbox, in one pass, a window at a time.

A message ends at the empty line in front of the next From-line: a line that begins with From, follows an empty line,
and either has our comment or ends in a valid date (spec sections 4.2, 4.4, 14.1.2). Where our own records say how long
a message is, and the bytes agree, that is its end, whatever follows: so what a power cut left behind it is not taken
for a part of it. Bytes that belong to no message are reported, never swallowed.

The window bounds the memory and every single search, so no other thread waits long (traps: no C call over 1 MB).
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from cgpymail.model.flags import QUOTED
from cgpymail.runtime.files import Files
from cgpymail.stores.mailfile import Expected
from cgpymail.stores.mbox import fromline
from cgpymail.stores.mbox.fromline import FromLine
from cgpymail.stores.wireform import Meter, Quoting

WINDOW = 512 * 1024
BORDER = b"\n\n" + fromline.MARK


@dataclass(frozen=True, slots=True)
class Piece:
    """A message: From-line at ``offset`` with ``head`` octets, ``meter`` of what follows it, ``quoted`` lines in it.

    ``complete``: the empty line behind it is there.
    """

    line: FromLine
    offset: int
    head: int
    meter: Meter
    quoted: int
    complete: bool


@dataclass(frozen=True, slots=True)
class Debris:
    """Bytes that no message has, from ``offset`` to ``end``."""

    offset: int
    end: int


class Window:
    """A part of the file in memory, moved forward as needed."""

    def __init__(self, files: Files, fd: int, size: int) -> None:
        self._files = files
        self._fd = fd
        self.size = size
        self._data = b""
        self._base = 0

    def at(self, offset: int, least: int) -> tuple[bytes, int]:
        """Bytes and the place of ``offset`` in them; at least ``least`` follow, or all up to the end of the file."""
        end = self._base + len(self._data)
        if not self._base <= offset or (end < offset + least and end < self.size):
            self._data = self._files.pread(self._fd, min(WINDOW, self.size - offset), offset)
            self._base = offset
        return self._data, offset - self._base


class Scanner:
    """Goes through a file of ``size`` octets from ``start``."""

    def __init__(self, files: Files, fd: int, start: int, size: int, expected: Expected) -> None:
        self._window = Window(files, fd, size)
        self._size = size
        self._start = start
        self._expected = expected

    def run(self) -> Iterator[Piece | Debris]:
        """Everything, in file order."""
        place = self._start
        while place < self._size:
            place = self._blank(place)
            if place >= self._size:
                return
            line, head = self._from_line(place)
            if line is None:
                end = self._next_border(place)
                yield Debris(place, end)
                place = end
                continue
            piece = self._message(line, place, head)
            yield piece
            place += head + piece.meter.length + piece.complete

    def _blank(self, place: int) -> int:
        """Past line ends in front of a From-line."""
        while place < self._size:
            data, at = self._window.at(place, 1)
            if data[at : at + 1] != b"\n":
                break
            place += 1
        return place

    def _from_line(self, place: int) -> tuple[FromLine | None, int]:
        """What stands at ``place`` if that is a From-line, and its octets with the line end."""
        data, at = self._window.at(place, fromline.MAX_LINE + 1)
        end = data.find(b"\n", at, at + fromline.MAX_LINE + 1)
        if end < 0:
            return None, 0
        return fromline.read(data[at:end]), end + 1 - at

    def _next_border(self, place: int) -> int:
        """Where the next From-line behind an empty line is; the end of the file if nowhere."""
        while True:
            data, at = self._window.at(place, len(BORDER))
            found = data.find(BORDER, at)
            if found < 0:
                rest = len(data) - at
                if place + rest >= self._size:
                    return self._size
                place += rest - len(BORDER) + 1
                continue
            place += found - at + 2
            if self._from_line(place)[0] is not None:
                return place

    # -- one message ---------------------------------------------------------------------------------------------

    def _message(self, line: FromLine, offset: int, head: int) -> Piece:
        start = offset + head
        end = self._recorded_end(line, start)
        if end < 0:
            end = max(start, self._next_border(start - 1) - 1)
            if end >= self._size - 1:
                end = self._last_end(start)
        meter, quoted = self._measure(line, start, end)
        data, at = self._window.at(end, 1)
        return Piece(line, offset, head, meter, quoted, data[at : at + 1] == b"\n")

    def _last_end(self, start: int) -> int:
        """The end of the last message of the file: without the empty line behind it, if there is one."""
        at = max(self._size - 2, start - 1)
        data, place = self._window.at(at, 2)
        return self._size - 1 if data[place : place + 2] == b"\n\n" else self._size

    def _recorded_end(self, line: FromLine, start: int) -> int:
        """The end by our own records if the bytes agree with them, else -1."""
        known = self._expected(line.uid) if line.uid and not line.invisible else None
        if known is None or start + known[0] > self._size:
            return -1
        length, crc = known
        sum_, place, end = 0, start, start + length
        while place < end:
            data, at = self._window.at(place, 1)
            part = data[at : at + end - place]
            sum_ = zlib.crc32(part, sum_)
            place += len(part)
        return end if sum_ == crc else -1

    def _measure(self, line: FromLine, start: int, end: int) -> tuple[Meter, int]:
        meter = Meter()
        quoting = Quoting(undo=True) if line.mask & QUOTED else None
        place = start
        while place < end:
            data, at = self._window.at(place, 1)
            part = data[at : at + end - place]
            meter.feed(part)
            if quoting:
                quoting.feed(part)
            place += len(part)
        return meter, quoting.count if quoting else 0
