"""The tree of parts of a message with the place of each in the wire form (RFC 2045, 2046; RFC 3501 6.4.5).

``StructureScanner`` takes the wire form in pieces of any size and keeps only the header it is in, or the line that may
still become a delimiter; a body is never joined. How it works: one expression finds the ends of headers (a blank line)
and, as long as a multipart is open, lines that begin with "--"; such a line is looked up whole in a table of the open
boundaries and their closing forms. So the time is linear whatever the nesting, and boundaries of which one begins with
another ("a", "aa") cost nothing. Very many lines that begin with "--" and are no delimiters (patches, attacks) are
passed over by an expression that has the open boundaries as back references, so that it need not be compiled for each
message. Only LF ends a line (a CR before it goes with it); a lone CR is an octet like any.

Mail that is not what it says still gets a tree that clients can use:

- a multipart without boundary, or in which no delimiter is found, is text/plain, as in other servers;
- a delimiter of an outer multipart ends all inner ones; an inner one of the same name hides the outer one;
- a header is what comes before the first blank line, so a message without one is all header, with an empty body;
- a container below the limit of depth, or in a dozen multiparts, is one opaque part;
- at the limit of parts the last one takes all that follows.

What holds for every tree: ranges are nested, ordered and disjoint, and between them lie only delimiter lines, preambles
and epilogues.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from cgpymail.mime.bounds import Bounds
from cgpymail.mime.parameters import parameter_octets
from cgpymail.mime.part import Part, describe, find_part

__all__ = ["Part", "StructureScanner", "find_part"]

_LONGEST = 1000  # octets of a delimiter line that are looked at; RFC 2046 has 70 for a boundary
_CROWD = 100  # lines with "--" that are no delimiters after which a faster way to pass over them pays
_MOST_OPEN = 12  # multiparts in one another; each costs a comparison for every line that begins with "--"
_STEP = 64 * 1024  # octets given to the expression engine in one call, which holds the interpreter lock
# The end of a header, or a line that begins with "--"; the line end itself is left for what comes next.
_IN_HEADER = re.compile(rb"\n(?:\r?\n|--([^\r\n]{1,%d}+)(?=\r?\n))" % _LONGEST)
_IN_BODY = re.compile(rb"\n--([^\r\n]{1,%d}+)(?=\r?\n)" % _LONGEST)
_BLANK_LINE = re.compile(rb"\n\r?\n")
_CONTENT = re.compile(rb"\n[Cc][Oo][Nn][Tt][Ee][Nn][Tt]-([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)")
_UNKNOWN = 1 << 62  # the size before the end is reached


@dataclass(slots=True)
class _Open:
    """A part that has not ended yet."""

    part: Part
    inside_digest: bool
    children: list[Part]
    boundary: bytes = b""
    lines_before: int = 0


class StructureScanner:
    """Feed the wire form in order, then close."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        # A line end before the first octet makes the first line like all others.
        self._buffer = b"\n"
        self._base = -1  # offset of the buffer in the message
        self._place = 0  # where to look on, in the buffer: at a line end
        self._size = _UNKNOWN
        self._lines = 0  # line ends before offset _counted
        self._counted = 0
        self._root = Part(0)
        self._stack = [_Open(self._root, False, [])]
        self._delimiters: dict[bytes, tuple[int, bool]] = {}  # text after "--": level in the stack, whether it closes
        self._in_header = True
        self._count = 1
        self._others = 0  # lines that begin with "--" and are no delimiters
        self._full = False

    def feed(self, chunk: bytes) -> None:
        """The next octets, any number of them."""
        if len(chunk) <= _STEP:
            self._take(chunk)
            return
        for start in range(0, len(chunk), _STEP):
            self._take(chunk[start : start + _STEP])

    def close(self) -> Part:
        """The end of the message; the finished tree. The last call."""
        self._size = self._base + len(self._buffer)
        if not self._buffer.endswith(b"\n"):
            self._take(b"\n")  # the end of the message ends its last line too; offsets stop at _size
        self._finish(0, self._size)
        return self._root

    def _take(self, chunk: bytes) -> None:
        self._buffer += chunk
        while self._step():
            pass
        self._trim()

    def _step(self) -> bool:
        """Find and handle the next event; False when there is none in the buffer."""
        known = self._delimiters
        if not known:
            blank = _BLANK_LINE.search(self._buffer, self._place) if self._in_header else None
            if blank is not None:
                self._end_header(blank.end())
            return blank is not None
        for match in (_IN_HEADER if self._in_header else _IN_BODY).finditer(self._buffer, self._place):
            line = match[1]
            if line is None:
                self._end_header(match.end())
                return True
            found = known.get(line) or known.get(line.rstrip(b" \t"))
            if found is not None:
                self._at_delimiter(match, *found)
                return True
            self._others += 1
            if self._others % _CROWD == 0:
                self._place = match.start()
                self._pass_others()
                return True
        return False

    def _pass_others(self) -> None:
        """Go on to the next line that is a delimiter (or ends the header), or to the last, incomplete one."""
        boundaries = [opened.boundary for opened in self._stack if opened.boundary]
        head = b"".join(boundary + b"\n" for boundary in boundaries)
        match = _skipper(len(boundaries), self._in_header).match(head + self._buffer[self._place + 1 :])
        assert match is not None  # it has the head at least
        self._place += match.end() - len(head)

    def _trim(self) -> None:
        """Forget what has been looked at: all but the header under way and a line that is not complete."""
        size = len(self._buffer)
        last = self._buffer.rfind(b"\n", max(self._place, size - _LONGEST - 4))
        self._place = last if last >= 0 else size
        keep = max(0, (last if last >= 0 else size) - 1)  # a CR may belong to the line end after it
        if self._in_header:
            begin = self._stack[-1].part.start - self._base - 1
            if begin >= 0 and size - begin <= self._bounds.header_size:
                keep = min(keep, begin)
            elif begin >= 0:
                self._read_header(begin + 1, size)
        self._count_lines(min(self._base + keep, self._size))
        self._buffer = self._buffer[keep:]
        self._base += keep
        self._place -= keep

    def _count_lines(self, offset: int) -> int:
        """Line ends before ``offset``, which never goes back behind the last one but to a place already passed."""
        if offset > self._counted:
            self._lines += self._buffer.count(b"\n", self._counted - self._base, offset - self._base)
            self._counted = offset
        return self._lines

    def _read_header(self, start: int, end: int) -> None:
        """Read the fields between two places in the buffer, unless it was done when the header passed its limit."""
        if start < 1:
            return
        end = min(end, start + self._bounds.header_size)
        found: dict[bytes, bytes] = {}
        for match in islice(_CONTENT.finditer(self._buffer, start - 1, end), self._bounds.header_fields):
            found.setdefault(match[1].lower(), match[2])
        current = self._stack[-1]
        describe(current.part, found, inside_digest=current.inside_digest)

    def _end_header(self, end: int) -> None:
        """The header of the current part ends before ``end`` (in the buffer), where its body begins."""
        current = self._stack[-1]
        part = current.part
        self._read_header(part.start - self._base, end)
        part.body = min(self._base + end, self._size)
        current.lines_before = self._count_lines(part.body)
        self._in_header = False
        self._place = end - 1
        if part.is_multipart:
            self._open_multipart(current)
        elif part.is_message:
            if self._may_open():
                self._start_part(part.body)
            else:
                part.become_opaque()

    def _may_open(self) -> bool:
        return len(self._stack) < self._bounds.mime_depth and self._count < self._bounds.mime_parts and not self._full

    def _open_multipart(self, current: _Open) -> None:
        boundary = parameter_octets(current.part.params, "boundary").rstrip()
        if not self._may_open() or len(self._delimiters) >= 2 * _MOST_OPEN:
            current.part.become_opaque()
        elif boundary and b"\n" not in boundary:
            current.boundary = boundary
            self._list_delimiters()

    def _list_delimiters(self) -> None:
        self._delimiters = {}
        for level, opened in enumerate(self._stack):
            if opened.boundary:
                self._delimiters[opened.boundary] = (level, False)
                self._delimiters[opened.boundary + b"--"] = (level, True)

    def _start_part(self, offset: int) -> None:
        """A child of the current part begins with its header at ``offset``."""
        parent = self._stack[-1]
        child = Part(offset)
        parent.children.append(child)
        self._stack.append(_Open(child, parent.part.is_multipart and parent.part.subtype == "digest", []))
        self._count += 1
        self._in_header = True

    def _at_delimiter(self, match: re.Match[bytes], level: int, closes: bool) -> None:
        """Handle a delimiter of the multipart at ``level`` of the stack."""
        if not closes and self._count >= self._bounds.mime_parts:
            self._full = True
            self._delimiters = {}
            return
        start = match.start()
        if start and self._buffer[start - 1] == 0x0D:
            start -= 1
        self._finish(level + 1, self._base + start)
        end = self._buffer.index(b"\n", match.end())
        self._place = end
        if closes:
            self._stack[level].boundary = b""
            self._list_delimiters()
        else:
            self._start_part(min(self._base + end + 1, self._size))

    def _finish(self, level: int, end: int) -> None:
        """End all parts from ``level`` of the stack on."""
        if self._in_header:
            self._end_unfinished_header(end)
        end = max(end, self._stack[-1].part.body)  # a delimiter right after a header shares its line end
        lines = self._count_lines(end)
        relist = False
        while len(self._stack) > level:
            opened = self._stack.pop()
            part = opened.part
            part.end = end
            part.lines = lines - opened.lines_before
            part.parts = tuple(opened.children)
            relist = relist or bool(opened.boundary)
            if part.is_multipart and not part.parts:
                part.become_text()
        if relist and self._stack:
            self._list_delimiters()

    def _end_unfinished_header(self, end: int) -> None:
        """The current part ends within its header: the body is empty, and so is the message in it if it has one."""
        part = self._stack[-1].part
        end = max(part.start, end)
        self._read_header(part.start - self._base, end - self._base)
        part.body = end
        self._stack[-1].lines_before = self._count_lines(end)
        self._in_header = False
        if part.is_message:
            if self._may_open():
                self._start_part(end)
                self._end_unfinished_header(end)
            else:
                part.become_opaque()


@lru_cache(maxsize=256)
def _skipper(levels: int, in_header: bool) -> re.Pattern[bytes]:
    """Matches so many boundaries, a line each, and after them all whole lines up to the first delimiter."""
    head = rb"([^\n]*+)\n" * levels
    delimiter = rb"--(?:%b)(?:--)?[ \t]*+\r?\n" % b"|".join(rb"\%d" % level for level in range(1, levels + 1))
    stop = rb"\r?\n|" + delimiter if in_header else delimiter
    return re.compile(head + rb"(?:(?!%b)[^\n]*+\n)*+" % stop)
