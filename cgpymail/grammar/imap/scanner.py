"""Cuts a client's bytes into commands: lines, literals, and every limit on their size (RFC 3501 sections 2.2 and 4.3).

Commands are *pulled*, one by one: ``receive`` only keeps the bytes, ``next`` gives the next event or None when more
bytes are needed. So a session pauses by not asking (pipelining), and throws everything away by ``discard``
(STARTTLS). The scanner remembers how far it searched for a line end: bytes that come one at a time cost linear time.

Three kinds of literal, told apart by where they stand:

* an ordinary one is kept (its size is limited) and becomes part of the command;
* the messages of an APPEND or REPLACE are handed on in pieces and never kept; before the first octet of each the
  session says whether it wants it, so that a refused message is not even sent when the client waits for our ``+``;
* whatever is over a limit is *skipped*: read and forgotten until the end of the command, as long as that is known and
  costs no more than ``limits.swallow`` octets. Beyond that the stream cannot be resynchronised.

A line may end in a bare LF. A line that ends like a literal's announcement is one, also inside an open quoted string:
that is how clients and servers have always found the octets to skip. For the same reason ``~{n}`` (literal8, RFC 3516)
announces octets wherever it stands; whether it may stand there is for the reader to say.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from cgpymail.grammar.imap.events import (
    CommandText,
    Continue,
    Event,
    LineText,
    MessageChunk,
    MessageEnd,
    MessageLiteral,
    TooLong,
)

_ANNOUNCEMENT = re.compile(rb"\{(\d{1,20})(\+?)\}\Z")
_ANNOUNCEMENT_ROOM = 32  # octets that the longest announcement and a CR need
# A literal behind this is the message (in place of the mailbox name it is not).
_MESSAGE_FOLLOWS = re.compile(rb"[^ ]+ (?:append|(?:uid )?replace +[^ ]+) +[^ ]", re.IGNORECASE)
_UTF8 = b"UTF8 (~"  # RFC 6855 section 4
_TAG = re.compile(rb"([^\x00-\x20\x7f-\xff(){%*\"\\+]{1,64}) ")
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class ScanLimits:
    """Octets. ``line``: the lines of one command, literals not counted. ``literal``: one literal that is kept.
    ``command``: lines and literals together. ``swallow``: what is read and forgotten to find the end of a refused
    command."""

    line: int
    literal: int
    command: int
    swallow: int


class _Progress(Enum):
    AGAIN = "a step made progress without an event"


_AGAIN = _Progress.AGAIN
_Step = Callable[[], "Event | _Progress | None"]


class Scanner:
    """The input of one connection. ``limits`` may be replaced at any time (after login)."""

    def __init__(self, limits: ScanLimits) -> None:
        self.limits = limits
        self._buffer = bytearray()
        self.dead = False  # the stream cannot be resynchronised: everything that still comes is dropped
        self._begin()

    def _begin(self) -> None:
        self._searched = 0  # no LF in the buffer before this place
        self._lines: list[bytes] = []  # of the command under way, each ends in an announcement
        self._literals: list[bytes] = []
        self._line_octets = 0
        self._literal_octets = 0
        self._remaining = 0  # octets of the literal under way that are still to come
        self._step: _Step = self._read_line

    # -- the session's side --------------------------------------------------------------------------------------

    @property
    def buffered(self) -> int:
        """Octets received and not yet asked for: the session stops reading when they become too many."""
        return len(self._buffer)

    def receive(self, data: bytes) -> None:
        """Bytes of the client."""
        if not self.dead:
            self._buffer += data

    def next(self) -> Event | None:
        """The next event of the command stream, or None: nothing more until ``receive`` (or ``accept``/``refuse``)."""
        event = self._step()
        while event is _AGAIN:
            event = self._step()
        return event

    def next_line(self, limit: int) -> Event | None:
        """Instead of ``next``, between commands: a LineText of at most ``limit`` octets, TooLong, or None."""
        if self._step != self._read_line:
            return self.next()
        line = self._take_line(limit)
        if line is None and len(self._buffer) > limit:
            self._skip(TooLong(b"", "The line is too long", False))
            return self.next()
        return None if line is None else LineText(line)

    def accept(self) -> None:
        """After MessageLiteral: the message is wanted; MessageChunk events follow, then MessageEnd."""
        self._step = self._read_message

    def refuse(self) -> None:
        """After MessageLiteral: it is not. If the client sends it all the same, it is skipped.

        When it is too large for that, a fatal TooLong is the next event.
        """
        size, waits = self._remaining, self._waits
        self._begin()
        if not waits:
            self._skip(_AGAIN, size)

    def discard(self) -> int:
        """Forget all input, a command under way too; returns how many octets that had not been asked for."""
        count = len(self._buffer)
        self._buffer.clear()
        self._begin()
        return count

    # -- lines ---------------------------------------------------------------------------------------------------

    def _take_line(self, limit: int) -> bytes | None:
        """The next line without its end; None if it is not complete or longer than ``limit``."""
        buffer = self._buffer
        end = buffer.find(b"\n", self._searched)
        if end < 0:
            self._searched = len(buffer)
            return None
        if end > limit:
            return None
        line = bytes(buffer[:end])
        del buffer[: end + 1]
        self._searched = 0
        return line[:-1] if line.endswith(b"\r") else line

    def _read_line(self) -> Event | _Progress | None:
        limit = self.limits.line - self._line_octets
        line = self._take_line(limit)
        if line is None:
            if len(self._buffer) <= limit:
                return None
            return self._skip(TooLong(self._tag(), "The command line is too long", False))
        if line.endswith(b"}"):
            announcement = _ANNOUNCEMENT.search(line)
            if announcement is not None:
                return self._announced(line, int(announcement[1]), not announcement[2], announcement.start())
        if not self._lines:
            return CommandText(line)
        event = CommandText(self._text(line), tuple(self._literals))
        self._begin()
        return event

    def _text(self, line: bytes) -> bytes:
        return b"\r\n".join((*self._lines, line)) if self._lines else line

    def _tag(self) -> bytes:
        found = _TAG.match(self._lines[0] if self._lines else self._buffer)
        return bytes(found[1]) if found else b""

    # -- literals ------------------------------------------------------------------------------------------------

    def _announced(self, line: bytes, size: int, waits: bool, start: int) -> Event | _Progress:
        text = self._text(line)
        self._remaining = size
        self._waits = waits
        if _MESSAGE_FOLLOWS.match(text, 0, len(text) - len(line) + start):
            self._step = self._stand_still
            return MessageLiteral(text, tuple(self._literals), size, waits, _is_utf8(line, start))
        self._lines.append(line)
        self._line_octets += len(line)
        self._literal_octets += size
        if size > self.limits.literal or self._line_octets + self._literal_octets > self.limits.command:
            return self._refuse_literal(size, waits)
        self._step = self._read_literal
        return Continue() if waits else _AGAIN

    def _refuse_literal(self, size: int, waits: bool) -> Event | _Progress:
        event = TooLong(self._tag(), "The literal is too long", False)
        if waits:
            self._begin()
            return event
        return self._skip(event, size)

    def _read_literal(self) -> Event | _Progress | None:
        size = self._remaining
        if len(self._buffer) < size:
            return None
        self._literals.append(bytes(self._buffer[:size]))
        del self._buffer[:size]
        self._step = self._read_line
        return _AGAIN

    # -- the messages of an APPEND -------------------------------------------------------------------------------

    def _stand_still(self) -> None:
        """Between MessageLiteral and accept or refuse."""

    def _read_message(self) -> Event | _Progress | None:
        if not self._remaining:
            self._step = self._read_rest
            return _AGAIN
        if not self._buffer:
            return None
        chunk = bytes(self._buffer[: min(self._remaining, _CHUNK)])
        del self._buffer[: len(chunk)]
        self._remaining -= len(chunk)
        return MessageChunk(chunk)

    def _read_rest(self) -> Event | _Progress | None:
        line = self._take_line(self.limits.line)
        if line is None:
            if len(self._buffer) <= self.limits.line:
                return None
            return self._skip(TooLong(b"", "The command line is too long", False))
        announcement = _ANNOUNCEMENT.search(line)
        if announcement is not None:
            self._remaining = int(announcement[1])
            self._waits = not announcement[2]
            self._step = self._stand_still
            utf8 = _is_utf8(line, announcement.start())
            return MessageLiteral(line, (), self._remaining, self._waits, utf8, more=True)
        self._begin()
        return MessageEnd(line)

    # -- what is too long ----------------------------------------------------------------------------------------

    def _skip(self, then: Event | _Progress, octets: int = 0) -> Event | _Progress:
        """Forget ``octets`` and the rest of the command, then give the event ``then``."""
        self._begin()
        self._then = then
        self._remaining = octets
        self._budget = self.limits.swallow
        self._tail = b""  # the last octets of the line that is being forgotten
        self._step = self._skip_on
        return _AGAIN

    def _skip_on(self) -> Event | _Progress | None:
        if self._remaining > self._budget:
            return self._give_up()
        if self._remaining:
            count = min(self._remaining, len(self._buffer))
            self._remaining -= count
            self._forget(count)
            if self._remaining:
                return None
        end = self._buffer.find(b"\n")
        self._tail = (self._tail + self._buffer[: end if end >= 0 else None][-_ANNOUNCEMENT_ROOM:])[
            -_ANNOUNCEMENT_ROOM:
        ]
        self._forget(end + 1 if end >= 0 else len(self._buffer))
        if self._budget < 0:
            return self._give_up()
        return None if end < 0 else self._skipped_line()

    def _forget(self, count: int) -> None:
        del self._buffer[:count]
        self._budget -= count

    def _skipped_line(self) -> Event | _Progress:
        announcement = _ANNOUNCEMENT.search(self._tail.removesuffix(b"\r"))
        self._tail = b""
        if announcement is not None and announcement[2]:
            self._remaining = int(announcement[1])
            return _AGAIN
        self._begin()
        return self._then

    def _give_up(self) -> Event:
        tag = self._then.tag if isinstance(self._then, TooLong) else b""
        self._buffer.clear()
        self._begin()
        self.dead = True
        return TooLong(tag, "Too much input for one command", True)


def _is_utf8(line: bytes, start: int) -> bool:
    """Whether the announcement that begins at ``start`` is that of a message in ``UTF8 (...)``."""
    return line[:start].upper().endswith(_UTF8)
