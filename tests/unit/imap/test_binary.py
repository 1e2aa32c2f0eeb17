"""BINARY (RFC 3516): parts with their transfer encoding undone, small and large, whole and in ranges."""

from __future__ import annotations

import base64
import quopri
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgpymail.imap import binary, parts
from cgpymail.imap.parts import CHUNK
from cgpymail.mime.decode import transfer_decoder
from tests.support.imapclient import ImapClient
from tests.support.world import World

_START = re.compile(rb"BINARY\[[\d.]*\](?:<\d+>)? (~?)\{(\d+)\}\r\n")
LARGE = bytes(range(1, 256)) * 1000  # several pieces; no NUL
HEAD = b"Subject: x\r\nContent-Transfer-Encoding: "


def mail(encoding: bytes, body: bytes) -> bytes:
    """A message with this body."""
    return HEAD + encoding + b"\r\n\r\n" + body


def fetched(client: ImapClient, item: bytes, number: int = 1) -> tuple[bool, bytes]:
    """One part: whether it came as a literal8, and its octets."""
    answer = client.raw(b"a FETCH %d %b\r\n" % (number, item))
    while not answer.endswith(b"completed\r\n"):
        client.world.clock.advance(0)
        answer += client.wire.take()
    found = _START.search(answer)
    assert found is not None, answer[:200]
    return bool(found[1]), answer[found.end() : found.end() + int(found[2])]


def size(client: ImapClient, path: bytes, number: int = 1) -> int:
    """What BINARY.SIZE says."""
    answer = client.raw(b"a FETCH %d BINARY.SIZE[%b]\r\n" % (number, path))
    while not answer.endswith(b"completed\r\n"):
        client.world.clock.advance(0)
        answer += client.wire.take()
    return int(answer.partition(b"] ")[2].partition(b")")[0])


@pytest.mark.parametrize("part", [b"", b"<0.5>", b"<100.70000>", b"<254000.5000>", b"<65536.65536>"])
def test_a_large_part_is_decoded_on_its_way(world: World, john: ImapClient, part: bytes) -> None:
    """Octet for octet what the standard library decodes, wherever the range begins and ends."""
    world.append(mail(b"base64", base64.encodebytes(LARGE).replace(b"\n", b"\r\n")))
    john.do(b"SELECT INBOX")
    offset, _, length = part.strip(b"<>").partition(b".")
    wanted = LARGE[int(offset) :][: int(length)] if part else LARGE
    assert fetched(john, b"BINARY.PEEK[1]" + part) == (False, wanted)
    assert size(john, b"1") == len(LARGE)


@pytest.mark.parametrize("shift", [0, 1, 2, 3])
@pytest.mark.parametrize(("encoding", "unit"), [(b"base64", b"QUFB"), (b"quoted-printable", b"=41")])
def test_a_range_ends_where_it_says(world: World, john: ImapClient, encoding: bytes, unit: bytes, shift: int) -> None:
    """Also where it ends short of what a piece decodes to, and some of that piece cannot be decoded yet."""
    body = b"\r\n"[:shift] + b" " * max(shift - 2, 0) + unit * 30_000
    world.append(mail(encoding, body))
    john.do(b"SELECT INBOX")
    whole = fetched(john, b"BINARY.PEEK[1]")[1]
    there = len(transfer_decoder(encoding.decode()).feed(body[:CHUNK]))
    for end in range(there - 3, there + 3):
        answer = john.raw(b"a FETCH 1 BINARY.PEEK[1]<0.%d>\r\n" % end)
        assert answer == b"* 1 FETCH (BINARY[1]<0> {%d}\r\n%b)\r\na OK FETCH completed\r\n" % (end, whole[:end])


@pytest.mark.parametrize("encoding", [b"base64", b"quoted-printable"])
def test_a_part_read_range_by_range_is_decoded_once(
    world: World, john: ImapClient, encoding: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each range goes on where the one before ended; one from before that place begins anew, and is right too."""
    encode = base64.encodebytes if encoding == b"base64" else quopri.encodestring
    body = encode(LARGE * 2).replace(b"\n", b"\r\n")
    world.append(mail(encoding, body), mail(encoding, body[:-1000]))
    john.do(b"SELECT INBOX")
    whole = fetched(john, b"BINARY[1]")[1]
    octets: list[int] = []

    async def read_piece(content: Any, start: int, end: int) -> bytes:
        piece = await parts.read_piece(content, start, end)
        octets.append(len(piece))
        return piece

    monkeypatch.setattr(binary, "read_piece", read_piece)
    step = 7_000
    for start in range(0, len(whole), step):
        assert fetched(john, b"BINARY[1]<%d.%d>" % (start, step))[1] == whole[start : start + step]
    assert sum(octets) < len(body) * 1.3 * CHUNK / step
    assert fetched(john, b"BINARY[1]<0.%d>" % step)[1] == whole[:step]
    assert fetched(john, b"BINARY[1]<100000.%d>" % step, 2)[1] == whole[100_000 : 100_000 + step]


def test_a_nul_anywhere_makes_it_a_literal8(world: World, john: ImapClient) -> None:
    """In a large part too, where it comes after what is sent first."""
    world.append(mail(b"base64", base64.encodebytes(LARGE + b"\0").replace(b"\n", b"\r\n")))
    john.do(b"SELECT INBOX")
    assert fetched(john, b"BINARY[1]") == (True, LARGE + b"\0")


def test_a_part_that_is_not_encoded_comes_as_it_is(world: World, john: ImapClient) -> None:
    """8bit and binary, and whatever holds other parts, though it claims an encoding (RFC 2045 6.4)."""
    lines = b"caf\xc3\xa9\r\n" * 20_000
    inner = b"--b\r\n\r\nQUJD\r\n--b--\r\n"
    world.append(mail(b"8bit", lines), mail(b"base64\r\nContent-Type: multipart/mixed; boundary=b", inner))
    john.do(b"SELECT INBOX")
    assert fetched(john, b"BINARY.PEEK[1]") == (False, lines)
    assert fetched(john, b"BINARY.PEEK[]", 2)[1].endswith(inner)
    assert fetched(john, b"BINARY.PEEK[1]", 2) == (False, b"QUJD")


def test_the_message_as_a_whole_is_that_of_body(world: World, john: ImapClient) -> None:
    """Its header says how its body is encoded, so it stays as it is."""
    message = mail(b"base64", b"QUJD\r\n")
    world.append(message)
    john.do(b"SELECT INBOX")
    assert fetched(john, b"BINARY.PEEK[]") == (False, message)
    assert size(john, b"") == len(message)


def test_a_client_that_reads_slowly_makes_the_server_decode_slowly(world: World, john: ImapClient) -> None:
    """No more is decoded than the client takes: what waits to be sent stays small."""
    world.append(mail(b"base64", base64.encodebytes(LARGE * 8).replace(b"\n", b"\r\n")))
    john.do(b"SELECT INBOX")
    john.wire.hold()
    first = john.raw(b"a FETCH 1 BINARY.PEEK[1]\r\n")
    for _ in range(100):
        john.world.clock.advance(0)
    assert len(first + john.wire.take()) <= 4 * CHUNK
    john.wire.drop()  # in the middle of it
    world.turns()
    other = ImapClient(world)
    other.do(b"SELECT INBOX")
    assert size(other, b"1") == len(LARGE) * 8


def test_unknown_encodings_do_not_keep_back_the_others(world: World, john: ImapClient) -> None:
    """The command fails, the messages that can be decoded are answered all the same."""
    world.append(mail(b"x-secret", b"?\r\n"), mail(b"base64", b"QUJD\r\n"))
    john.do(b"SELECT INBOX")
    answer = john.lines(b"a FETCH 1:2 BINARY.PEEK[1]")
    assert answer[0] == b"* 2 FETCH (BINARY[1] {3}"
    assert answer[-1].startswith(b"a NO [UNKNOWN-CTE] ")


@pytest.mark.parametrize("item", [b"BINARY", b"BINARY[TEXT]", b"BINARY.SIZE[1]<0.1>", b"BINARY[0]", b"BINARY.SIZE"])
def test_what_is_no_part_number_is_bad(world: World, john: ImapClient, item: bytes) -> None:
    """Only part numbers stand in the brackets, and a size has no range."""
    world.append(mail(b"7bit", b"x\r\n"))
    john.do(b"SELECT INBOX")
    john.refused(b"FETCH 1 " + item, b"BAD")


@given(st.binary(max_size=400), st.integers(0, 500), st.integers(1, 500), st.booleans())
@settings(max_examples=40, deadline=None)
def test_any_part_is_what_the_standard_library_decodes(body: bytes, offset: int, length: int, quoted: bool) -> None:
    """Whole and in a range, with its size."""
    world = World()
    world.account("john")
    encoded = quopri.encodestring(body, quotetabs=True) if quoted else base64.encodebytes(body)
    world.append(mail(b"quoted-printable" if quoted else b"base64", encoded.replace(b"\n", b"\r\n")))
    client = ImapClient(world)
    client.do(b"SELECT INBOX")
    whole = fetched(client, b"BINARY[1]")[1]
    decoded = base64.decodebytes(encoded) if not quoted else quopri.decodestring(encoded.replace(b"\n", b"\r\n"))
    assert whole.rstrip(b"\r\n") == decoded.rstrip(b"\r\n")
    assert fetched(client, b"BINARY[1]<%d.%d>" % (offset, length))[1] == whole[offset : offset + length]
    assert size(client, b"1") == len(whole)
