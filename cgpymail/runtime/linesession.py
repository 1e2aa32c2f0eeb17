"""What the sessions of the line protocols (POP3, LMTP) share: lines in, one command at a time, pipelining.

The next line is looked at when the reply of the one before is complete, and only while the client reads what it is
sent, so a client may send many at once; what it sent waits here up to a limit, beyond which we stop reading from it.
After TURN of them the others have their turn at the reactor, so a flood of small commands delays nobody else.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cgpymail.runtime.limits import Limits
from cgpymail.runtime.lines import LineBuffer, LineTooLong
from cgpymail.runtime.logs import ALL, LOW, PROBLEM, Log
from cgpymail.runtime.runtime import Clock
from cgpymail.runtime.sessions import SessionFacts
from cgpymail.runtime.wire import Wire

TURN = 100  # commands, a few milliseconds


class LineSession:
    """The half of a session that every line protocol needs; see runtime.wire.Session for who calls what.

    The protocol overrides ``connected``, ``line_received`` and the words: ``idle_words``, ``stop_words``,
    ``long_words``, ``flood_words``, ``broken_words`` and ``kill_words``; with a raw mode, ``raw`` and ``raw_received``
    too.
    """

    idle_words = b""
    stop_words = b""
    long_words = b""
    flood_words = b""

    def __init__(self, wire: Wire, log: Log, clock: Clock, limits: Limits, line_limit: int) -> None:
        self.wire = wire
        self._clock = clock
        self.log = log
        self.limits = limits
        self.lines = LineBuffer(line_limit)
        self.ending = False
        self._busy = False
        self._working = False
        self._paused = False
        self._bad = 0
        self._killed = ""  # why the session ends when the reply under way is complete

    # -- overridden ----------------------------------------------------------------------------------------------

    def connected(self) -> None:
        """Greet."""
        raise AssertionError("a protocol greets in its own words")

    def line_received(self, line: bytes) -> Coroutine[Any, Any, None] | None:
        """A line without its CRLF: answer it at once, or give the work that will."""
        raise AssertionError("a protocol has commands of its own")

    @property
    def raw(self) -> bool:
        """Whether the next bytes are not lines (LMTP DATA)."""
        return False

    def raw_received(self, data: bytes) -> bytes:
        """Bytes in raw mode: take them, and give back what is left for lines when it ends."""
        return data

    def broken_words(self, reference: str) -> bytes:
        """The reply for an error of ours."""
        raise AssertionError("a protocol has words of its own")

    def kill_words(self, reason: str) -> bytes:
        """The last words when an administrator ends the session."""
        raise AssertionError("a protocol has words of its own")

    def describe(self) -> SessionFacts:
        """Who is logged in, and where."""
        return SessionFacts()

    async def left(self) -> None:
        """The link is gone: let go of everything."""

    # -- the wire's side -----------------------------------------------------------------------------------------

    def received(self, data: bytes) -> None:
        """Bytes of the client."""
        self.lines.feed(data)
        self._pump()

    def secured(self) -> None:
        """TLS is on."""
        self.log.write(ALL, "TLS started")

    def timed_out(self) -> None:
        """Silence for too long."""
        self.log.write(PROBLEM, "closed: idle for too long")
        self.end(self.idle_words)

    def shut_down(self) -> None:
        """The server stops."""
        self.end(self.stop_words)

    def kill(self, reason: str) -> None:
        """An administrator ends it; a reply under way is completed first."""
        self.log.write(PROBLEM, f"ended by the administrator: {reason}")
        if self._busy:
            self._killed = reason
        else:
            self.end(self.kill_words(reason))

    def disconnected(self) -> None:
        """The link is gone."""
        self.ending = True
        self.log.write(ALL, "disconnected")
        done = Deferred.fromCoroutine(self.left())
        done.addErrback(lambda failure: self.log.failure("after the end", failure))

    # -- for the commands ----------------------------------------------------------------------------------------

    def reply(self, data: bytes) -> None:
        """Send a reply or a part of one."""
        if self.log.shows(LOW):
            first = data.partition(b"\r\n")[0].decode("utf-8", "replace")
            self.log.write(LOW, f"out: {first}")
        self.wire.write(data)

    def end(self, last: bytes = b"") -> None:
        """Send the last words and hang up."""
        if not self.ending:
            if last:
                self.reply(last)
            self.ending = True
            self.wire.close()

    def refuse(self, words: bytes) -> None:
        """The answer to a line that could not be understood; too many in a row end the session."""
        self._bad += 1
        if self._bad >= self.limits.bad_commands:
            self.log.write(PROBLEM, "closed: too many bad commands")
            self.end(self.flood_words)
        else:
            self.reply(words)

    def line_too_long(self) -> None:
        """A line over the limit came, and is thrown away."""
        self.refuse(self.long_words)

    def understood(self) -> None:
        """A command was well-formed: the count of bad ones begins anew."""
        self._bad = 0

    # -- inside --------------------------------------------------------------------------------------------------

    def _pump(self) -> None:
        """Commands that are answered at once are done in one loop, not one inside the other."""
        if self._working:
            return
        self._working = True
        steps = 0
        while not self._busy and not self.ending and self._step():
            steps += 1
            if steps >= TURN and not self._busy:
                self._busy = True
                self._clock.callLater(0, self._finished, None)
        self._working = False
        self._regulate()

    def _wait_for_reader(self) -> None:
        """Nothing is answered before the client has read what it was sent."""
        self._busy = True
        self.wire.drained().addCallback(self._finished)

    def _step(self) -> bool:
        """Do one thing; False when more input is needed."""
        if self.wire.full:
            self._wait_for_reader()
            return False
        if self.raw:
            if not len(self.lines):
                return False
            self.lines.unread(self.raw_received(self.lines.raw()))
            return True
        try:
            line = self.lines.line()
        except LineTooLong:
            self.line_too_long()
            return True
        if line is None:
            return False
        work = self.line_received(line)
        if work is not None:
            self.run(work)
        return True

    def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do something that may take a while; no further input is looked at until it is done."""
        self._busy = True
        done = Deferred.fromCoroutine(work)
        done.addErrback(self._broke)
        done.addCallback(self._finished)

    def _broke(self, failure: Failure) -> None:
        self.reply(self.broken_words(self.log.failure("command failed", failure)))

    def _finished(self, ignored: object) -> None:
        self._busy = False
        if self._killed:
            self.end(self.kill_words(self._killed))
        self._pump()

    def _regulate(self) -> None:
        """Stop reading from a client that is far ahead; read again when its commands are done."""
        ahead = self._busy and len(self.lines) >= self.limits.pending_commands
        if ahead != self._paused and not self.ending:
            self._paused = ahead
            if ahead:
                self.wire.pause()
            else:
                self.wire.resume()
