"""Lines, dot-stuffing, and the POP3 and LMTP command grammars."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgpymail.grammar import lmtp, pop3
from cgpymail.grammar.dots import DotReader, DotStuffer
from cgpymail.runtime.lines import LineBuffer, LineTooLong

pieces = st.lists(st.sampled_from([b"\r", b"\n", b".", b"a", b"\r\n", b"\r\n.\r\n", b"\r\n.", b""]), max_size=30)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """``data`` in pieces of these sizes, over and over."""
    made, place, turn = [], 0, 0
    while place < len(data):
        size = sizes[turn % len(sizes)] if sizes else len(data)
        made.append(data[place : place + size])
        place, turn = place + size, turn + 1
    return made


def lines_of(data: list[bytes], limit: int = 10) -> list[bytes | None]:
    """Every line; None for one that was too long."""
    buffer, found = LineBuffer(limit), list[bytes | None]()
    for piece in data:
        buffer.feed(piece)
        while True:
            try:
                line = buffer.line()
            except LineTooLong:
                found.append(None)
                continue
            if line is None:
                break
            found.append(line)
    return found


@given(pieces, st.lists(st.integers(1, 7), max_size=5))
def test_lines_do_not_depend_on_the_cuts(parts: list[bytes], sizes: list[int]) -> None:
    """Bytes that come one by one give the same lines as bytes that come at once."""
    data = b"".join(parts)
    whole = lines_of([data])
    assert lines_of(cut(data, sizes)) == whole
    assert whole == [line.removesuffix(b"\r") for line in data.split(b"\n")[:-1]] or None in whole


def test_a_long_line_is_one_error_and_the_next_is_read() -> None:
    """What follows a line over the limit is not taken for commands."""
    assert lines_of([b"x" * 50, b"y" * 50, b"z\r\nok\r\n"]) == [None, b"ok"]
    assert lines_of([b"x" * 50 + b"\r\nok\r\n"]) == [None, b"ok"]


def naive_unstuff(data: bytes) -> tuple[bytes, bytes] | None:
    """Message and rest of a dot-stuffed stream; None if it does not end."""
    end = (b"\r\n" + data).find(b"\r\n.\r\n")
    if end < 0:
        return None
    message = (b"\r\n" + data)[: end + 2]
    return message.replace(b"\r\n.", b"\r\n")[2:], data[end + 3 :]


@given(pieces, st.lists(st.integers(1, 7), max_size=5))
def test_dot_reader_against_a_naive_one(parts: list[bytes], sizes: list[int]) -> None:
    """Where the message ends, and what is in it, does not depend on the cuts."""
    data = b"".join(parts)
    reader, got, fed = DotReader(), b"", b""
    for piece in cut(data, sizes):
        got += reader.feed(piece)
        fed += piece
        if reader.finished:
            break
    wanted = naive_unstuff(data)
    assert reader.finished == (wanted is not None)
    if wanted is not None:
        assert (got, reader.rest + data[len(fed) :]) == wanted


@given(pieces, st.lists(st.integers(1, 7), max_size=5))
def test_stuffing_and_reading_are_inverse(parts: list[bytes], sizes: list[int]) -> None:
    """What is sent as a reply is read back as it was, with a final CRLF."""
    data = b"".join(parts)
    stuffer = DotStuffer()
    sent = b"".join(stuffer.feed(piece) for piece in cut(data, sizes)) + stuffer.end()
    reader = DotReader()
    got = reader.feed(sent)
    assert reader.finished
    assert got == data if data.endswith(b"\r\n") or not data else got == data + b"\r\n"


@given(st.binary(max_size=60))
def test_garbage_raises_only_the_declared_errors(data: bytes) -> None:
    """Whatever a client sends, only BadCommand comes out of the grammars."""
    for parse in (pop3.parse, lmtp.parse, lambda line: lmtp.parse_path(line, b"TO"), pop3.number):
        try:
            parse(data)
        except (pop3.BadCommand, lmtp.BadCommand):
            pass


@pytest.mark.parametrize(
    ("path", "address", "written", "parameters"),
    [
        (b"FROM:<>", "", "", {}),
        (b"from: <a@b.example>", "a@b.example", "a@b.example", {}),
        (b"FROM:<a@b> SIZE=1 BODY=8BITMIME SMTPUTF8", "a@b", "a@b", {"SIZE": "1", "BODY": "8BITMIME", "SMTPUTF8": ""}),
        (b'FROM:<"a b\\"c"@d>', 'a b"c@d', '"a b\\"c"@d', {}),
        (b"FROM:<@x,@y:a@b>", "a@b", "a@b", {}),
        ("FROM:<jürgen@köln.example>".encode(), "jürgen@köln.example", "jürgen@köln.example", {}),
    ],
)
def test_lmtp_paths(path: bytes, address: str, written: str, parameters: dict[str, str]) -> None:
    """Addresses as programs write them."""
    assert lmtp.parse_path(path, b"FROM") == lmtp.Path(address, written, parameters)


@pytest.mark.parametrize(
    "path", [b"FROM:", b"FROM:a@b", b"FROM:<a b@c>", b"FROM:<a@b", b"FROM:<a@b>x", b"TO:<a>", b"FROM <a>"]
)
def test_lmtp_bad_paths(path: bytes) -> None:
    """What is no address is refused."""
    with pytest.raises(lmtp.BadCommand):
        lmtp.parse_path(path, b"FROM")


def test_hostile_paths_are_linear() -> None:
    """A line at the limit that almost matches costs nothing."""
    for sample in (b'"' + b"\\a" * 900, b"@" + b"a," * 900, b"a" * 1900, b'""' * 900):
        with pytest.raises(lmtp.BadCommand):
            lmtp.parse_path(b"TO:<" + sample, b"TO")
