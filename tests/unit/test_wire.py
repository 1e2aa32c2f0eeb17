"""Connections and their factory over Twisted's test transports (runtime/wire.py, runtime/listening.py)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.abstract import FileDescriptor
from twisted.internet.address import IPv4Address, UNIXAddress
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.policies import ProtocolWrapper, WrappingFactory

from cgpymail.runtime.limits import DEFAULTS
from cgpymail.runtime.listening import ModuleFactory, Terms
from cgpymail.runtime.logs import Logs
from cgpymail.runtime.sessions import SessionFacts, Sessions
from cgpymail.runtime.wire import CLOSE_TIME, KILL_TIME, Connection, Wire, link_of
from tests.support.results import result


class Recorder:
    """A session that writes down what it is told."""

    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.told: list[Any] = []

    def connected(self) -> None:
        self.told.append("connected")

    def received(self, data: bytes) -> None:
        self.told.append(data)

    def secured(self) -> None:
        self.told.append("secured")

    def timed_out(self) -> None:
        self.told.append("timed out")

    def shut_down(self) -> None:
        self.told.append("shut down")
        self.wire.close()

    def describe(self) -> SessionFacts:
        return SessionFacts(None, "Box")

    def kill(self, reason: str) -> None:
        self.told.append(reason)

    def disconnected(self) -> None:
        self.told.append("disconnected")


class Transport(StringTransport):
    """With the parts of a TCP transport that StringTransport lacks."""

    aborted = False
    tls: Any = None

    def abortConnection(self) -> None:
        self.aborted = True
        self.disconnecting = True

    def startTLS(self, context: Any, normal: bool = True) -> bool:
        self.tls = context
        return True


def connect(clock: Clock, tls: Any = None, peer: str = "192.0.2.7") -> tuple[Connection, Transport, Recorder]:
    """A connection that is up."""
    sessions: list[Recorder] = []

    def make(wire: Wire) -> Recorder:
        sessions.append(Recorder(wire))
        return sessions[0]

    connection = Connection(clock, tls, make, DEFAULTS.output_buffer)
    transport = Transport(hostAddress=IPv4Address("TCP", "192.0.2.1", 143), peerAddress=IPv4Address("TCP", peer, 5))
    connection.makeConnection(transport)
    return connection, transport, sessions[0]


def test_bytes_go_both_ways() -> None:
    """What comes in is given to the session, what it writes goes out."""
    connection, transport, session = connect(Clock())
    connection.dataReceived(b"hello")
    connection.write(b"hi")
    assert (session.told, transport.value()) == (["connected", b"hello"], b"hi")
    assert (connection.peer, connection.local) == ("192.0.2.7", "192.0.2.1")


def test_a_unix_socket_is_the_same_host() -> None:
    """LMTP over a UNIX socket: no TCP options are set, and the link counts as protected."""

    class UnixTransport(Transport):
        def setTcpNoDelay(self, enabled: bool) -> None:
            raise OSError("Operation not supported")

    connection = Connection(Clock(), None, Recorder, DEFAULTS.output_buffer)
    connection.makeConnection(UnixTransport(hostAddress=UNIXAddress("/lmtp"), peerAddress=UNIXAddress(None)))
    assert connection.peer == "unix" and link_of(connection, "LMTP", True).secure


def test_silence_is_told_once_it_is_long_enough() -> None:
    """The timer counts from the last byte in either direction."""
    clock = Clock()
    connection, _, session = connect(clock)
    connection.set_timeout(60)
    clock.advance(59)
    connection.dataReceived(b"x")
    clock.advance(59)
    connection.resumeProducing()
    clock.advance(59)
    assert "timed out" not in session.told
    clock.advance(1)
    assert session.told[-1] == "timed out"


def test_full_until_the_client_reads() -> None:
    """A session that waits for drained goes on when there is room, or when the link is gone."""
    connection, _, _ = connect(Clock())
    result(connection.drained())
    connection.pauseProducing()
    assert connection.full
    fired: list[object] = []
    connection.drained().addCallback(fired.append)
    assert not fired
    connection.resumeProducing()
    assert fired == [None] and not connection.full
    connection.pauseProducing()
    connection.drained().addCallback(fired.append)
    connection.connectionLost()
    assert fired == [None, None]


class Silent(FileDescriptor):
    """A socket whose other end takes nothing."""

    def __init__(self) -> None:
        super().__init__(reactor=object())  # type: ignore[arg-type]
        self.connected = 1

    def getPeer(self) -> IPv4Address:
        return IPv4Address("TCP", "192.0.2.7", 5)

    getHost = getPeer

    def startWriting(self) -> None: ...

    def loseConnection(self) -> None: ...


@pytest.mark.parametrize("layers", [0, 1])
def test_the_output_buffer_is_that_of_the_settings(layers: int) -> None:
    """A client is waited for when so much is unsent (``output_buffer``), in TLS from the first byte too."""
    descriptor: Any = Silent()
    transport = descriptor
    for _ in range(layers):
        transport = ProtocolWrapper(WrappingFactory(Factory()), Protocol())
        transport.makeConnection(descriptor)
    slow = Connection(Clock(), None, Recorder, 1000)
    slow.makeConnection(transport)
    slow.write(b"x" * 1000)
    assert not slow.full
    slow.write(b"x")
    assert slow.full
    _, _, neighbour = connect(Clock())
    assert not neighbour.wire.full


def test_close_gives_the_client_a_while_to_read() -> None:
    """After the last words the link is cut off if the client does not take them."""
    clock = Clock()
    connection, transport, session = connect(clock)
    connection.close()
    assert transport.disconnecting and not transport.aborted
    connection.dataReceived(b"too late")
    connection.write(b"too late")
    assert session.told == ["connected"] and transport.value() == b""
    clock.advance(CLOSE_TIME)
    assert transport.aborted
    connection.connectionLost()
    assert session.told == ["connected", "disconnected"]
    assert not clock.getDelayedCalls()


def test_no_timer_of_the_session_keeps_a_closed_link_open() -> None:
    """A login that succeeds after the last words were said does not take back the time to read them."""
    clock = Clock()
    connection, transport, _ = connect(clock)
    connection.close()
    connection.set_timeout(1000)
    clock.advance(CLOSE_TIME)
    assert transport.aborted


def test_start_tls_tells_when_the_handshake_is_over() -> None:
    """The first decrypted bytes come after ``secured``."""
    context = object()
    connection, transport, session = connect(Clock(), context)
    assert connection.can_start_tls and not connection.encrypted
    connection.start_tls()
    assert transport.tls is context and connection.encrypted and not connection.can_start_tls
    connection.dataReceived(b"x")
    assert session.told == ["connected", "secured", b"x"]


def test_the_same_host_counts_as_protected_only_if_trusted() -> None:
    """Spec 9.1.6 with its setting."""
    near, far = connect(Clock(), peer="127.0.0.1")[0], connect(Clock())[0]
    assert link_of(near, "IMAP", True).secure
    assert not link_of(near, "IMAP", False).secure
    assert not link_of(far, "IMAP", True).secure


def factory(channels: int = 100, **limits: int) -> tuple[ModuleFactory, list[str]]:
    """A factory of recorders and its log."""
    lines: list[str] = []
    log = Logs(lines.append, {"IMAP": 5}).module("IMAP")
    terms = Terms(lambda wire, log: Recorder(wire), channels)
    made = ModuleFactory(Clock(), log, replace(DEFAULTS, **limits), terms, lambda seconds: b"BYE %d\r\n" % seconds)
    return made, lines


def dial(made: ModuleFactory, peer: str = "192.0.2.7") -> tuple[Any, Transport]:
    """One more client."""
    protocol = made.buildProtocol(IPv4Address("TCP", peer, 5))
    transport = Transport(peerAddress=IPv4Address("TCP", peer, 5))
    assert protocol is not None
    protocol.makeConnection(transport)
    return protocol, transport


def test_sessions_over_the_limit_are_refused_politely() -> None:
    """One line, and the link is closed; those who are in do not notice, and there is room again when one leaves."""
    made, lines = factory(2, retry_time=30)
    first, _ = dial(made, "192.0.2.1")
    dial(made, "192.0.2.2")
    _, refused = dial(made, "192.0.2.3")
    assert refused.value() == b"BYE 30\r\n" and refused.disconnecting
    assert any("refused" in line for line in lines)
    first.connectionLost()
    _, welcome = dial(made, "192.0.2.3")
    assert welcome.value() == b"" and made.sessions == 2


def test_a_refused_client_that_does_not_go_is_cut_off() -> None:
    """On a TLS port the line of refusal waits for a handshake that may never come."""
    made, _ = factory(0)
    patient, stubborn = dial(made), dial(made)
    patient[0].connectionLost()
    made.clock.advance(CLOSE_TIME)  # type: ignore[attr-defined]
    assert stubborn[1].aborted and not patient[1].aborted
    stubborn[0].connectionLost()


def test_one_address_cannot_take_all_sessions() -> None:
    """The limit per address leaves room for others."""
    made, _ = factory(sessions_per_address=1)
    dial(made)
    assert dial(made)[1].value().startswith(b"BYE")
    assert dial(made, "192.0.2.8")[1].value() == b""


def test_sessions_are_known_and_ended() -> None:
    """One that is told to end and does not is cut off after a while; one that is over is not known any more."""
    made, _ = factory()
    (one, link), (two, _) = dial(made), dial(made)
    sessions = Sessions()
    sessions.attach(lambda: [made])
    assert [session.id for session in sessions.all()] == ["IMAP-000001", "IMAP-000002"]
    assert sessions.all()[0].mailbox == "Box" and sessions.all()[0].protocol == "IMAP"
    assert sessions.kill("imap-000001", "why") and not sessions.kill("IMAP-000003", "why")
    two.close()
    assert [session.id for session in sessions.all()] == ["IMAP-000001"]
    made.clock.advance(KILL_TIME)  # type: ignore[attr-defined]
    assert link.aborted
    for ended in (one, two):
        ended.connectionLost()
    assert not made.clock.getDelayedCalls()  # type: ignore[attr-defined]


def test_shutting_down_waits_for_the_last_session() -> None:
    """Every session says good-bye; done when all are gone."""
    made, _ = factory()
    one, _ = dial(made)
    two, _ = dial(made)
    done: list[object] = []
    made.shut_down().addCallback(done.append)
    one.connectionLost()
    assert not done
    two.connectionLost()
    assert done
    result(made.shut_down())
