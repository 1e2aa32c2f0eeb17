"""Listening: one factory per module, with the limits on the number of sessions (the manual's Channels).

Over a limit the client gets one polite line in the words of its protocol, which says when to try again, and is cut off;
nothing else is spent on it. Each port has a door of its own, which can be led to another module, or begin with TLS or
not, while it stays open.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.protocols.tls import TLSMemoryBIOFactory
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


@dataclass(frozen=True, slots=True)
class Terms:
    """What new connections of a module get. ``channels``: how many there may be; 0 = none (the module is off)."""

    make_session: SessionMaker
    channels: int
    tls: Any = None  # CertificateOptions, for STARTTLS and for ports with TLS at once


class ModuleFactory(Factory):
    """Makes the connections of one module, on its present ``terms``, which may be replaced at any time.

    ``refusal`` makes the line for a client that finds no room, from the seconds after which it may try again.
    """

    noisy = False

    def __init__(self, clock: Clock, log: Log, limits: Limits, terms: Terms, refusal: Callable[[int], bytes]) -> None:
        self.clock = clock
        self.log = log
        self.limits = limits
        self.terms = terms
        self.refusal = refusal
        self._connections: dict[Connection, str] = {}
        self._addresses: Counter[str] = Counter()
        self._serial = 0
        self._empty: list[Deferred[None]] = []

    @property
    def sessions(self) -> int:
        """How many connections there are now."""
        return len(self._connections)

    @property
    def connections(self) -> list[Connection]:
        """Those that there are now."""
        return list(self._connections)

    def buildProtocol(self, addr: IAddress | None) -> TwistedProtocol | None:
        """Twisted: somebody connects."""
        peer = addr.host if isinstance(addr, IPv4Address | IPv6Address) else "unix"
        limit = self.limits.sessions_per_address
        terms = self.terms
        if len(self._connections) >= terms.channels or (peer != "unix" and self._addresses[peer] >= limit):
            self.log.write(PROBLEM, f"connection from [{peer}] refused: too many sessions")
            return Refusal(self.clock, self.refusal(self.limits.retry_time))
        self._serial += 1
        log = self.log.numbered(self._serial)
        connection = Connection(
            self.clock, terms.tls, lambda wire: terms.make_session(wire, log), self.limits.output_buffer
        )
        connection.id = log.name
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


class Door(Factory):
    """What one port leads to: a module, in TLS from the first byte or not; to nobody before ``lead``."""

    noisy = False

    def __init__(self) -> None:
        self._module: ModuleFactory | None = None
        self._tls = False
        self._certificate: Any = None
        self._secure: TLSMemoryBIOFactory | None = None

    def lead(self, module: ModuleFactory, tls: bool) -> None:
        """Where the next client comes to; those who are in stay there."""
        self._module, self._tls = module, tls
        self._secure = None

    def buildProtocol(self, addr: IAddress | None) -> TwistedProtocol | None:
        """Twisted: somebody connects."""
        module = self._module
        if module is None or not self._tls:
            return module.buildProtocol(addr) if module else None
        if self._secure is None or self._certificate is not module.terms.tls:
            self._certificate = module.terms.tls
            self._secure = TLSMemoryBIOFactory(self._certificate, False, module)
        protocol: TwistedProtocol | None = self._secure.buildProtocol(addr)
        return protocol
