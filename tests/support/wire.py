"""A Wire in memory: what the session writes is collected, what the client sends is fed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred

from cgpymail.model.identity import TlsFacts
from cgpymail.runtime.runtime import Clock
from cgpymail.runtime.wire import Session, Wire


class MemoryWire:
    """Both ends of one connection. ``sent`` collects output; ``hold()`` makes the client stop reading."""

    def __init__(self, clock: Clock, peer: str = "192.0.2.1", local: str = "192.0.2.2", tls: bool = True) -> None:
        self._clock = clock
        self.peer = peer
        self.local = local
        self.sent = bytearray()
        self.encrypted = False
        self.facts = TlsFacts({"tls-exporter": b"of this connection"})
        self.compressed = False  # nothing really is
        self.full = False
        self.closed = False
        self.aborted = False
        self.paused = False
        self.session: Session | None = None
        self._tls = tls
        self._waiters: list[Deferred[None]] = []
        self._backlog = 0
        self._holding = False
        self._timer: Any = None
        self._timeout = 0.0

    def attach(self, make_session: Callable[[Wire], Session]) -> Session:
        """Make the session and tell it that the link is up."""
        self.session = make_session(self)
        self.session.connected()
        return self.session

    # -- the session's side

    @property
    def tls(self) -> TlsFacts | None:
        return self.facts if self.encrypted else None

    @property
    def can_start_tls(self) -> bool:
        return self._tls and not self.encrypted

    @property
    def unsent(self) -> bool:
        return self._holding and self._backlog > 0

    def write(self, data: bytes) -> None:
        if self.closed:
            return
        self.sent += data
        if self._holding:
            self._backlog += len(data)
            self.full = self._backlog >= 65536

    def drained(self) -> Deferred[None]:
        waiter: Deferred[None] = Deferred()
        if self.full and not self.closed:
            self._waiters.append(waiter)
        else:
            waiter.callback(None)
        return waiter

    def start_compression(self) -> None:
        self.compressed = True

    def start_tls(self) -> None:
        self.encrypted = True

    def pause(self) -> None:
        self.paused = True

    def resume(self) -> None:
        self.paused = False

    def set_timeout(self, seconds: float) -> None:
        self._timeout = seconds
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = self._clock.callLater(seconds, self._ring) if seconds > 0 else None

    def close(self) -> None:
        if not self.closed:
            self.closed = True
            self._end()

    def abort(self) -> None:
        if not self.closed:
            self.closed = self.aborted = True
            self._end()

    # -- the client's side

    def feed(self, data: bytes, *, bytewise: bool = False) -> bytes:
        """Send bytes to the session; returns (and takes) what it answered."""
        pieces = [data[place : place + 1] for place in range(len(data))] if bytewise else [data]
        for piece in pieces:
            if self.session is None or self.closed or not piece:
                break
            if self._timer is not None and self._timer.active():
                self._timer.reset(self._timeout)
            self.session.received(piece)
        return self.take()

    def take(self) -> bytes:
        """What was written since the last take."""
        sent = bytes(self.sent)
        self.sent.clear()
        return sent

    def hold(self) -> None:
        """The client stops reading."""
        self._holding = True

    def release(self) -> None:
        """The client reads everything again."""
        self._holding = False
        self._backlog = 0
        self.full = False
        self._wake()

    def read_some(self) -> bytes:
        """The client that holds reads what came so far, and stops again."""
        sent = self.take()
        self._backlog = 0
        self.full = False
        self._wake()
        return sent

    def drop(self) -> None:
        """The link breaks."""
        if not self.closed:
            self.closed = True
            self._end()

    def handshake(self) -> None:
        """The client finishes the TLS handshake."""
        assert self.session is not None and self.encrypted
        self.session.secured()

    def _ring(self) -> None:
        if self.session is not None and not self.closed:
            self.session.timed_out()

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(None)

    def _end(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        session, self.session = self.session, None
        if session is not None:
            session.disconnected()
        self.full = False
        self._wake()
