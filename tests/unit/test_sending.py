"""Sending at once (runtime/sending.py): over Twisted's own TCP transport, on a socket pair, with a reactor by hand."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet import tcp
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from cgpymail.runtime import sending
from cgpymail.runtime.sending import sender


class ByHand:
    """A reactor that does nothing by itself; it knows who wants to write."""

    def __init__(self) -> None:
        self.writers: set[Any] = set()

    def addReader(self, reader: Any) -> None: ...

    def removeReader(self, reader: Any) -> None: ...

    def addWriter(self, writer: Any) -> None:
        self.writers.add(writer)

    def removeWriter(self, writer: Any) -> None:
        self.writers.discard(writer)

    def callLater(self, delay: float, call: Any, *args: Any) -> None:
        call(*args)

    def turn(self) -> None:
        """What wants to write may."""
        for writer in list(self.writers):
            reason = writer.doWrite()
            if reason is not None:
                self.removeWriter(writer)
                writer.connectionLost(Failure(reason))


class Producer:
    """Writes down what the transport asks of it."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def pauseProducing(self) -> None:
        self.told.append("pause")

    def resumeProducing(self) -> None:
        self.told.append("resume")

    def stopProducing(self) -> None:
        self.told.append("stop")


class Link:
    """A transport, and the client's socket at the other end, which takes little before it is read."""

    def __init__(self) -> None:
        self.reactor = ByHand()
        self.ours, self.client = socket.socketpair()
        for end in (self.ours, self.client):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        self.transport: Any = tcp.Connection(self.ours, Protocol(), self.reactor)  # type: ignore[arg-type]
        self.transport.connected = 1
        self.transport.bufferSize = 10_000
        self.producer = Producer()
        self.transport.registerProducer(self.producer, True)
        self.write = sender(self.transport)
        self.client.setblocking(False)

    def read(self) -> bytes:
        """Everything there is to read now."""
        data = b""
        try:
            while piece := self.client.recv(65536):
                data += piece
        except BlockingIOError:
            pass
        return data

    def read_all(self, count: int) -> bytes:
        """With the reactor's help, so many octets."""
        data = self.read()
        for _ in range(1000):
            if len(data) >= count:
                break
            self.reactor.turn()
            data += self.read()
        return data


@pytest.fixture
def link() -> Iterator[Link]:
    made = Link()
    yield made
    made.client.close()
    made.ours.close()


def test_a_small_reply_is_there_before_the_reactor_turns(link: Link) -> None:
    """And nobody is asked to write."""
    link.write(b"* OK\r\n")
    assert link.read() == b"* OK\r\n"
    assert not link.reactor.writers


def test_what_the_client_does_not_take_waits_in_order(link: Link) -> None:
    """Part of it is sent, the rest and everything after it goes behind, nothing twice."""
    pieces = [bytes([number]) * 7_000 for number in range(40)]
    for piece in pieces:
        link.write(piece)
    assert link.reactor.writers
    expected = b"".join(pieces)
    assert link.read_all(len(expected)) == expected
    assert not link.reactor.writers
    link.write(b"last")
    assert link.read() == b"last"


def test_producers_are_paused_and_resumed_as_ever(link: Link) -> None:
    """By what waits, not by what went out at once."""
    link.write(b"x" * 1_000)
    assert link.producer.told == []
    sent = 1_000
    while not link.producer.told:
        link.write(b"y" * 5_000)
        sent += 5_000
    assert link.producer.told == ["pause"]
    assert len(link.read_all(sent)) == sent
    assert link.producer.told == ["pause", "resume"]


def test_closing_sends_the_rest_first_and_takes_nothing_more(link: Link) -> None:
    """The client reads everything up to the end."""
    data = b"z" * 200_000
    link.write(data)
    link.transport.unregisterProducer()
    link.transport.loseConnection()
    link.write(b"said after closing, while the rest is being sent: Twisted takes it, in order")
    assert link.read_all(len(data)).startswith(data)


def test_a_client_that_has_gone_ends_the_connection_by_twisted(link: Link) -> None:
    """The error is met again in doWrite, which reports it."""
    link.client.close()
    link.write(b"anybody there?")
    assert link.reactor.writers
    link.reactor.turn()
    assert not link.transport.connected and link.producer.told == ["stop"]
    link.write(b"nobody")
    assert not link.reactor.writers


def test_tls_and_other_transports_keep_their_own_way(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in clear never passes what is encrypted; tests' transports have no socket; and it can be turned off."""
    other = StringTransport()
    sender(other)(b"x")
    assert other.value() == b"x"
    monkeypatch.setattr(sending, "AT_ONCE", False)
    assert sender(link.transport) == link.transport.write
    monkeypatch.undo()
    link.transport.TLS = True
    assert sender(link.transport) == link.transport.write
