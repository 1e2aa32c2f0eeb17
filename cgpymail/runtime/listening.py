"""Listening: one factory per module, with the limits on the number of sessions (the manual's Channels).

Over a limit the client gets one polite line in the words of its protocol, and is cut off; nothing else is spent on it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from cgpymail.runtime.limits import Limits
from cgpymail.runtime.logs import ALL, PROBLEM, Log
from cgpymail.runtime.runtime import Clock
from cgpymail.runtime.wire import CLOSE_TIME, Connection, Session, Wire

SessionMaker = Callable[[Wire, Log], Session]


class Refusal(TwistedProtocol):
    """Says why, and hangs up; a client that does not take it (its TLS handshake may never come) is cut off."""

    def __init__(self, clock: Clock, line: bytes) -> None:
        self._clock = clock
        self._line = line
        self._timer: Any = None

    def connectionMade(self) -> None:
        """Twisted: the link is up."""
        transport: Any = self.transport
        self._timer = self._clock.callLater(CLOSE_TIME, transport.abortConnection)
        transport.write(self._line)
        transport.loseConnection()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Twisted: the link is gone."""
        if self._timer.active():
            self._timer.cancel()


class ModuleFactory(Factory):
    """Makes the connections of one module. ``refusal`` is its line for a client that finds no room."""

    noisy = False

    def __init__(
        self, clock: Clock, log: Log, limits: Limits, make_session: SessionMaker, refusal: bytes, tls: Any = None
    ) -> None:
        self.clock = clock
        self.log = log
        self.limits = limits
        self.refusal = refusal
        self.tls = tls
        self._make_session = make_session
        self._connections: dict[Connection, str] = {}
        self._addresses: Counter[str] = Counter()
        self._serial = 0
        self._empty: list[Deferred[None]] = []

    @property
    def sessions(self) -> int:
        """How many connections there are now."""
        return len(self._connections)

    def buildProtocol(self, addr: IAddress | None) -> TwistedProtocol | None:
        """Twisted: somebody connects."""
        peer = addr.host if isinstance(addr, IPv4Address | IPv6Address) else "unix"
        limit = self.limits.sessions_per_address
        if len(self._connections) >= self.limits.sessions or (peer != "unix" and self._addresses[peer] >= limit):
            self.log.write(PROBLEM, f"connection from [{peer}] refused: too many sessions")
            return Refusal(self.clock, self.refusal)
        self._serial += 1
        log = self.log.numbered(self._serial)
        connection = Connection(
            self.clock, self.tls, lambda wire: self._make_session(wire, log), self.limits.output_buffer
        )
        connection.on_end = self._ended
        self._connections[connection] = peer
        self._addresses[peer] += 1
        log.write(ALL, f"connected from [{peer}]")
        return connection

    def _ended(self, connection: Connection) -> None:
        peer = self._connections.pop(connection, None)
        if peer is not None:
            self._addresses[peer] -= 1
            if not self._addresses[peer]:
                del self._addresses[peer]
        if not self._connections:
            waiters, self._empty = self._empty, []
            for waiter in waiters:
                waiter.callback(None)

    def shut_down(self) -> Deferred[None]:
        """Let every session say good-bye; fires when the last connection is gone."""
        done: Deferred[None] = Deferred()
        if not self._connections:
            done.callback(None)
            return done
        self._empty.append(done)
        for connection in list(self._connections):
            connection.shut_down()
        return done
