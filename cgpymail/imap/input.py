"""What a client sends, taken up by two: the session asks for commands, a running command for lines and messages.

Nothing is taken before somebody asks, so pipelined commands wait in the scanner; when too much waits there, the client
is not read any more until the command that runs is over.
"""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from cgpymail.grammar.imap.events import Event, MessageLiteral
from cgpymail.grammar.imap.scanner import ScanLimits, Scanner
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.wire import Wire


class Disconnected(Exception):
    """The link is gone: what a command that waits for input gets instead of it."""


class Input:
    """The client's side of one connection."""

    def __init__(self, wire: Wire, limits: Limits, on_wait: Callable[[], None]) -> None:
        self._wire = wire
        self._on_wait = on_wait  # somebody waits: what is there already may be served
        self._limits = limits
        self._scanner = Scanner(
            ScanLimits(
                limits.line_before_login,
                limits.literal_before_login,
                limits.command_before_login,
                limits.swallow_before_login,
            )
        )
        self._waiter: Deferred[Event] | None = None
        self._line_limit = 0
        self._asked = False  # a MessageLiteral waits for accept or refuse
        self._paused = False
        self._gone = False

    def logged_in(self) -> None:
        """The limits are those for known users from here on."""
        limits = self._limits
        self._scanner.limits = ScanLimits(limits.line, limits.literal, limits.command, limits.swallow)

    def receive(self, data: bytes) -> None:
        """Bytes of the client."""
        self._scanner.receive(data)

    def discard(self) -> int:
        """Forget everything received and not yet taken (STARTTLS); returns how many octets."""
        return self._scanner.discard()

    def take(self) -> Event | None:
        """The next event between commands, None if there is none yet."""
        event = self._scanner.next()
        self._asked = isinstance(event, MessageLiteral)
        return event

    @property
    def awaited(self) -> bool:
        """Whether the running command waits for the client."""
        return self._waiter is not None

    @property
    def dead(self) -> bool:
        """Whether so much came for one command that nothing is taken any more."""
        return self._scanner.dead

    # -- for a running command -----------------------------------------------------------------------------------

    def wait(self, line_limit: int = 0) -> Deferred[Event]:
        """The next event; with ``line_limit`` a bare line of at most so many octets. Fails with Disconnected."""
        waiter: Deferred[Event] = Deferred()
        if self._gone:
            waiter.errback(Disconnected())
            return waiter
        self._waiter = waiter
        self._line_limit = line_limit
        self._on_wait()
        return waiter

    def serve(self) -> bool:
        """Give the running command what it waits for; False if it does not wait or there is nothing yet."""
        waiter = self._waiter
        if waiter is None:
            return False
        event = self._scanner.next_line(self._line_limit) if self._line_limit else self._scanner.next()
        if event is None:
            return False
        self._waiter = None
        self._asked = isinstance(event, MessageLiteral)
        waiter.callback(event)
        return True

    def accept(self) -> None:
        """The message of an APPEND is wanted."""
        self._asked = False
        self._scanner.accept()

    def refuse_open(self) -> None:
        """Refuse the message of an APPEND that nobody accepted; harmless when there is none."""
        if self._asked:
            self._asked = False
            self._scanner.refuse()

    # -- flow ----------------------------------------------------------------------------------------------------

    def balance(self) -> None:
        """Stop or resume reading by what waits. To be called when everything that can be taken was taken."""
        crowded = self._scanner.buffered > self._limits.pending_commands and self._waiter is None
        if crowded and not self._paused:
            self._wire.pause()
        elif self._paused and not crowded:
            self._wire.resume()
        self._paused = crowded

    def disconnect(self) -> None:
        """The link is gone."""
        self._gone = True
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.errback(Disconnected())
