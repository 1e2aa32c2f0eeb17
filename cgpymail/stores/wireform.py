"""Between the wire form (lines end in CRLF) and the disk form (LF, .mbox quoting), chunk by chunk, never a whole body.

Quoting (spec section 4.6): in a message marked Q every line ``>*From`` after an empty line has one ``>`` more on disk
than on the wire. A ``>`` put anywhere into a run of them gives the same bytes, so it goes in just before ``From``: then
a chunk border inside a run of any length needs no more memory than the few bytes of ``From`` itself. What counts as
the line before the first one is the From-line, which is not empty.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator

from cgpymail.interfaces import IContent

_QUOTE = re.compile(rb"(\n\n>*)From")
_UNQUOTE = re.compile(rb"(\n\n>*)>From")
_CUT = re.compile(rb"\n\n(>*)(F(?:r(?:o)?)?)?\Z")
_WORD = b"From"


class Meter:
    """Length, CRC, lines and header size of a message, from its disk form."""

    __slots__ = ("_header", "_last", "breaks", "crc", "crlf", "length")

    def __init__(self) -> None:
        self.length = 0
        self.crc = 0
        self.breaks = 0  # LFs
        self.crlf = 0  # those after a CR
        self._header = -1
        self._last = b"\n"

    def feed(self, chunk: bytes) -> None:
        """The next bytes."""
        if not chunk:
            return
        if self._header < 0:
            self._find_header(chunk)
        self.crc = zlib.crc32(chunk, self.crc)
        self.breaks += chunk.count(b"\n")
        self.crlf += chunk.count(b"\r\n") + (self._last == b"\r" and chunk[:1] == b"\n")
        self.length += len(chunk)
        self._last = chunk[-1:]

    def _find_header(self, chunk: bytes) -> None:
        if self._last == b"\n" and chunk[:1] == b"\n":
            end = 1
        else:
            place = chunk.find(b"\n\n")
            if place < 0:
                return
            end = place + 2
        self._header = self.length + end + self.breaks + chunk.count(b"\n", 0, end)

    @property
    def unfinished(self) -> bool:
        """Whether the last line has no line end (the wire form gets one)."""
        return self.length > 0 and self._last != b"\n"

    @property
    def lines(self) -> int:
        """Lines in wire form."""
        return self.breaks + self.unfinished

    @property
    def as_is(self) -> bool:
        """Whether every line ends in CRLF already (other programs' messages only)."""
        return self.breaks > 0 and self.crlf == self.breaks

    def size(self, quoted: int = 0, *, as_is: bool = False) -> int:
        """Octets in wire form; ``quoted``: lines that lose a ``>``."""
        return self.length + (0 if as_is else self.breaks) + 2 * self.unfinished - quoted

    def header(self, *, as_is: bool = False) -> int:
        """Octets of the header in wire form with its empty line; the whole message if there is no empty line."""
        return self._header if self._header >= 0 and not as_is else self.size(as_is=as_is)


class Quoting:
    """Adds (or with ``undo`` takes away) one ``>`` in the lines that call for it; ``count`` tells how many.

    ``state`` can be saved and set again, for reading from the middle.
    """

    __slots__ = ("_context", "_held", "_pattern", "_replacement", "count", "undo")

    def __init__(self, *, undo: bool) -> None:
        self.undo = undo
        self.count = 0
        self._pattern = _UNQUOTE if undo else _QUOTE
        self._replacement = rb"\1From" if undo else rb"\1>From"
        self._context = b"\n"  # given out already, but needed to recognise what comes next
        self._held = b""  # not given out yet

    @property
    def state(self) -> tuple[bytes, bytes]:
        """What is carried over the chunk border: at most a few bytes."""
        return self._context, self._held

    @state.setter
    def state(self, value: tuple[bytes, bytes]) -> None:
        self._context, self._held = value

    def feed(self, chunk: bytes) -> bytes:
        """The next bytes; what is given out may lag behind by up to four."""
        data = self._context + self._held + chunk
        keep = self._undecided(data)
        done, count = self._pattern.subn(self._replacement, data[: len(data) - len(keep)])
        self.count += count
        given = done[len(self._context) :]
        self._context, self._held = self._carry(data, keep), keep
        return given

    def finish(self) -> bytes:
        """What was held back at the end of the message."""
        held, self._held = self._held, b""
        return held

    def _undecided(self, data: bytes) -> bytes:
        """The end of ``data`` that the next bytes may turn into a line to be changed."""
        match = _CUT.search(data, max(data.rfind(b"\n\n"), 0))
        if match is None:
            return b""
        word = match.group(2) or b""
        return b">" + word if self.undo and match.group(1) else word

    def _carry(self, data: bytes, keep: bytes) -> bytes:
        """The shortest context that has the same meaning for what follows."""
        given = data[: len(data) - len(keep)]
        match = _CUT.search(data, max(data.rfind(b"\n\n"), 0))
        if match is not None:
            run = len(match.group(1)) - (1 if self.undo and match.group(1) else 0)
            return b"\n\n>" if run else b"\n\n"
        return b"\n" if given.endswith(b"\n") else b""


def to_disk(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Wire form to LF; a missing final line end is added."""
    carry, last = b"", b"\n"
    for chunk in chunks:
        chunk = carry + chunk
        carry = b"\r" if chunk.endswith(b"\r") else b""
        piece = chunk[: len(chunk) - len(carry)].replace(b"\r\n", b"\n")
        if piece:
            last = piece[-1:]
            yield piece
    if carry:
        last = carry
        yield carry
    if last != b"\n":
        yield b"\n"


def must_quote(content: IContent) -> bool:
    """Whether some line of a new message begins with From after an empty line. Blocking."""
    tail = b"\n"
    for chunk in to_disk(content.chunks()):
        data = tail + chunk
        if b"\n\n" + _WORD in data:
            return True
        tail = data[-5:]
    return False


def quoted_form(content: IContent, meter: Meter, quoting: Quoting) -> Iterator[bytes]:
    """The disk form of a new message for a .mbox of which ``must_quote`` is true; ``meter`` is fed. Blocking."""
    for chunk in to_disk(content.chunks()):
        piece = quoting.feed(chunk)
        meter.feed(piece)
        yield piece
    rest = quoting.finish()
    meter.feed(rest)
    yield rest


def plain_form(content: IContent, meter: Meter) -> Iterator[bytes]:
    """The disk form of a new message that needs no quoting; ``meter`` is fed. Blocking."""
    for chunk in to_disk(content.chunks()):
        meter.feed(chunk)
        yield chunk
