"""Compression of a connection (RFC 4978)."""

from __future__ import annotations

import zlib

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.task import Clock

from cgpymail.runtime.deflate import PIECE, Compression
from tests.unit.test_wire import connect


class Line:
    """A session and a transport in one, and the client's side of the compression."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.heard: list[bytes] = []
        self.reads = True
        self.failed = 0
        self.side = Compression(self.clock, self.heard.append, self.reading, self.fail)
        self._deflater = zlib.compressobj(9, wbits=-15)

    def reading(self, on: bool) -> None:
        """The transport is to be read, or not."""
        self.reads = on

    def fail(self) -> None:
        """What came cannot be understood."""
        self.failed += 1

    def deflate(self, data: bytes) -> bytes:
        """As a client would."""
        return self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)

    def turns(self, count: int = 100) -> None:
        """Let the reactor go round."""
        for _ in range(count):
            self.clock.advance(0)


def test_a_bomb_is_inflated_as_fast_as_the_session_takes_it() -> None:
    """A piece for each turn; the client is not read meanwhile; nothing more when the session wants no more."""
    line = Line()
    bomb = line.deflate(b"x" * 5_000_000)
    assert len(bomb) < 10_000
    line.side.received(bomb)
    assert ([*map(len, line.heard)], line.reads) == ([PIECE], False)
    assert len(line.clock.getDelayedCalls()) == 1
    line.side.pause()
    line.turns()
    assert [*map(len, line.heard)] == [PIECE]
    line.side.resume()
    line.turns()
    assert sum(map(len, line.heard)) == 5_000_000 and line.reads
    assert max(map(len, line.heard)) == PIECE
    assert not line.clock.getDelayedCalls()


def test_a_session_that_pauses_at_a_piece_gets_no_other() -> None:
    """That is how pipelined commands wait."""
    line = Line()

    def deliver(data: bytes) -> None:
        line.heard.append(data)
        if len(line.heard) == 3:
            line.side.pause()

    line.side = Compression(line.clock, deliver, line.reading, line.fail)
    line.side.received(line.deflate(b"x" * 5_000_000))
    line.turns()
    assert len(line.heard) == 3 and not line.reads


def test_reading_stops_while_the_session_wants_no_more() -> None:
    """As without compression."""
    line = Line()
    line.side.pause()
    assert not line.reads
    line.side.received(line.deflate(b"late"))
    line.turns()
    assert line.heard == []
    line.side.resume()
    assert line.heard == []
    line.turns()
    assert line.heard == [b"late"] and line.reads


def test_garbage_ends_the_connection() -> None:
    """Octets that are not compressed, from the beginning or behind the end of the stream."""
    for data in (b"a NOOP\r\n" * 9, zlib.compressobj(wbits=-15).flush() + b"x"):
        line = Line()
        line.side.received(data)
        line.turns()
        assert line.failed == 1
        line.side.received(b"more")
        line.turns()
        assert line.failed == 1 and line.heard == []


def test_what_stands_before_the_end_of_the_stream_is_heard() -> None:
    """A client that ends its stream with its last command has said it all the same; it cannot say more."""
    line = Line()
    client = zlib.compressobj(wbits=-15)
    line.side.received(client.compress(b"a LOGOUT\r\n") + client.flush())
    line.turns()
    assert (line.heard, line.failed) == ([b"a LOGOUT\r\n"], 0)
    line.side.received(b"x")
    assert (line.heard, line.failed) == ([b"a LOGOUT\r\n"], 1)


def test_what_is_written_can_be_read_at_once() -> None:
    """Each write is flushed, and later ones profit from those before."""
    side, inflater = Line().side, zlib.decompressobj(-15)
    reply = b"* 1 FETCH (FLAGS (\\Seen \\Flagged) UID 17)\r\n"
    sizes = []
    for _ in range(3):
        octets = side.deflate(reply)
        sizes.append(len(octets))
        assert inflater.decompress(octets) == reply
    assert sizes[2] < sizes[0] / 2


PIECES = st.lists(st.binary(max_size=300), max_size=8)
SIZES = st.lists(st.integers(1, 50), min_size=1, max_size=4)
DOINGS = st.lists(st.integers(0, 2), min_size=1)


@given(PIECES, SIZES, DOINGS)
@settings(max_examples=40)
def test_any_pieces(texts: list[bytes], sizes: list[int], doings: list[int]) -> None:
    """However the client's octets are cut, and whenever the session pauses, it hears them all, in order."""
    line = Line()
    octets = b"".join(map(line.deflate, texts))
    place = turn = 0
    while place < len(octets):
        size = sizes[turn % len(sizes)]
        line.side.received(octets[place : place + size])
        place, turn = place + size, turn + 1
        [line.side.pause, line.side.resume, line.turns][doings[turn % len(doings)]]()
    line.side.resume()
    line.turns()
    assert b"".join(line.heard) == b"".join(texts)
    assert line.reads and not line.failed


def test_nothing_is_inflated_for_a_session_that_is_over() -> None:
    """Whatever it was sent."""
    clock = Clock()
    connection, _, session = connect(clock)
    connection.start_compression()
    client = zlib.compressobj(wbits=-15)
    connection.dataReceived(client.compress(b"y" * 9 * PIECE) + client.flush(zlib.Z_SYNC_FLUSH))
    connection.abort()
    clock.advance(0)
    assert session.told == ["connected", b"y" * PIECE]
    assert not clock.getDelayedCalls()


def test_the_connection_compresses() -> None:
    """Both ways, from the moment on; when the link goes, nothing is left behind."""
    clock = Clock()
    connection, transport, session = connect(clock)
    connection.write(b"clear")
    connection.start_compression()
    assert connection.compressed
    connection.write(b"hidden")
    clear, deflated = transport.value()[:5], transport.value()[5:]
    assert (clear, zlib.decompressobj(-15).decompress(deflated)) == (b"clear", b"hidden")
    client = zlib.compressobj(wbits=-15)
    connection.dataReceived(client.compress(b"y" * 3 * PIECE) + client.flush(zlib.Z_SYNC_FLUSH))
    assert session.told == ["connected", b"y" * PIECE] and transport.producerState == "paused"
    connection.pause()
    connection.resume()
    connection.connectionLost()
    clock.advance(1)
    assert session.told == ["connected", b"y" * PIECE, "disconnected"]
    assert not clock.getDelayedCalls()
