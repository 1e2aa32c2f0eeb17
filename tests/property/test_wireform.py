"""Wire form and disk form are inverse to each other, however the bytes are cut; reading gives any part of it."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from cgpymail.model.flags import QUOTED
from cgpymail.runtime.pool import InlinePool
from cgpymail.runtime.spool import MemoryContent
from cgpymail.stores import content as content_module
from cgpymail.stores.content import Source, WireContent
from cgpymail.stores.mailfile import Location, Stored
from cgpymail.stores.wireform import Meter, Quoting, must_quote, plain_form, quoted_form, to_disk
from tests.support.results import result

words = st.sampled_from([b"\n", b"\n\n", b">", b">>", b"From", b"F", b"Fro", b"m", b"\r", b"x", b"\0", b"\n\n>From "])
texts = st.lists(words, max_size=30).map(b"".join)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """In pieces of these sizes, over and over."""
    pieces, place, turn = [], 0, 0
    while place < len(data):
        size = sizes[turn % len(sizes)] if sizes else len(data)
        pieces.append(data[place : place + size])
        place, turn = place + size, turn + 1
    return pieces


sizes = st.lists(st.integers(1, 9), max_size=5)


class Pieces(MemoryContent):
    """A message that comes in small pieces."""

    def __init__(self, data: bytes, sizes: list[int]) -> None:
        super().__init__(data)
        self._pieces = cut(data, sizes)

    def chunks(self):
        return iter(self._pieces)


class Memory(Source):
    """A message's bytes, of which the page cache has what ``cached`` allows."""

    def __init__(self, data: bytes, cached: int) -> None:
        self.data = data
        self.cached = cached
        self.released = 0

    def read_now(self, offset: int, length: int) -> bytes | None:
        return self.data[offset : min(offset + length, self.cached)] or None

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]

    def release(self) -> None:
        self.released += 1


@given(texts, sizes, sizes)
def test_quoting(text: bytes, first: list[int], second: list[int]) -> None:
    """One > more in every line >*From after an empty line, and exactly that one less on reading (spec 4.6)."""
    quote, undo = Quoting(undo=False), Quoting(undo=True)
    quoted = b"".join(quote.feed(piece) for piece in cut(text, first)) + quote.finish()
    assert quoted == re.sub(rb"(?<=\n\n)(>*From)", rb">\1", b"\n" + text)[1:]
    assert b"\n\nFrom" not in b"\n" + quoted
    assert b"".join(undo.feed(piece) for piece in cut(quoted, second)) + undo.finish() == text
    assert quote.count == undo.count


@given(texts, sizes)
def test_intake(text: bytes, pieces: list[int]) -> None:
    """Size, lines and header of a stored message are those of its wire form."""
    wire = (text if text.endswith(b"\n") or not text else text + b"\n").replace(b"\n", b"\r\n")
    content = Pieces(wire, pieces)
    assert must_quote(content) == (b"\n\nFrom" in b"\n" + text)
    meter = Meter()
    quoting = Quoting(undo=False) if must_quote(content) else None
    disk = b"".join(quoted_form(content, meter, quoting) if quoting else plain_form(content, meter))
    undo = Quoting(undo=True)
    if quoting:
        undo.feed(disk)
    assert meter.size(undo.count) == len(wire)
    assert meter.lines == wire.count(b"\r\n") == disk.count(b"\n")
    head, blank, _ = (b"\n" + disk).partition(b"\n\n")
    assert meter.header() == len((head + blank)[1:].replace(b"\n", b"\r\n"))


@given(st.lists(st.sampled_from([b"\r\n", b"\r", b"a", b"\r\r\n", b"\0"]), max_size=20).map(b"".join), sizes)
def test_to_disk(wire: bytes, pieces: list[int]) -> None:
    """Only CRLF changes; lone CR and NUL stay; the last line gets an end."""
    disk = b"".join(to_disk(cut(wire, pieces)))
    back = disk.replace(b"\n", b"\r\n")
    assert back == (wire if wire.endswith(b"\r\n") or not wire else wire + b"\r\n")


@given(texts, st.booleans(), st.integers(1, 40), st.integers(0, 400), st.lists(st.integers(0, 300), max_size=12))
def test_reading(text: bytes, quoted: bool, block: int, cached: int, offsets: list[int]) -> None:
    """Any part of a message, in any order, over the cache and past it, is that part of the wire form."""
    undo = Quoting(undo=True)
    plain = undo.feed(text) + undo.finish() if quoted else text
    wire = plain.replace(b"\n", b"\r\n") + (b"" if text.endswith(b"\n") or not text else b"\r\n")
    stored = Stored(1, 0, len(wire), Location(0, 0, len(text), 0, 0, 0, QUOTED if quoted else 0, 1))
    source = Memory(text, cached)
    usual, content_module.BLOCK = content_module.BLOCK, block
    try:
        content = WireContent(source, stored, InlinePool())
        assert b"".join(content.chunks()) == wire
        fresh = WireContent(source, stored, InlinePool())
        for offset in [*offsets, *range(0, len(wire), 7)]:
            now = fresh.read_now(offset, 50)
            piece = result(fresh.read(offset, 50)) if now is None else now
            assert piece == wire[offset : offset + len(piece)]
            assert piece or offset >= len(wire)
        fresh.release()
        fresh.release()
        assert source.released == 1
    finally:
        content_module.BLOCK = usual
