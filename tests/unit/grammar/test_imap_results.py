"""What an answer to a search is to say, and how it says it."""

from __future__ import annotations

import pytest

from cgpymail.grammar.imap import searchcommands as m
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.reading import read_command
from cgpymail.grammar.imap.searchcommands import Returns
from cgpymail.grammar.imap.searchresponses import esearch_line
from cgpymail.model import search as s
from tests.support.imapwire import read

OPTIONS = [
    (b"RETURN () ", Returns(all=True)),
    (b"return (min) ", Returns(min=True)),
    (b"RETURN (MAX COUNT) ", Returns(max=True, count=True)),
    (b"RETURN (ALL ALL) CHARSET UTF-8 ", Returns(all=True)),
]


@pytest.mark.parametrize(("options", "returns"), OPTIONS)
def test_result_options(options, returns):
    """Any order, any case; none at all means the whole result."""
    assert read(b"a SEARCH " + options + b"ALL\r\n") == m.Search(b"a", s.All(), False, returns)
    assert read(b"a UID SEARCH " + options + b"ALL\r\n") == m.Search(b"a", s.All(), True, returns)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"SEARCH RETURN (FROBNICATE) ALL", "Unknown result option"),
        (b"SEARCH RETURN (MIN  MAX) ALL", "A result option expected"),
        (b"SEARCH RETURN (MIN", "A space expected"),
        (b"SEARCH RETURN (MIN)", "A space expected"),
        (b"SEARCH RETURN MIN ALL", "Unknown search key"),
    ],
)
def test_ill_formed_options(text, reason):
    """An option that nobody knows is not passed over: the client would wait for its answer."""
    with pytest.raises(CommandError, match=reason):
        read_command(b"a " + text)


EVERYTHING = Returns(min=True, max=True, all=True, count=True)
LINES = [
    (esearch_line(b"a1", EVERYTHING, [2, 10, 11], uid=True), b'(TAG "a1") UID MIN 2 MAX 11 COUNT 3 ALL 2,10:11'),
    (esearch_line(b"a1", EVERYTHING, [], uid=False), b'(TAG "a1") COUNT 0'),
    (esearch_line(b"a1", Returns(all=True), [], uid=True), b'(TAG "a1") UID'),
    (esearch_line(b"a", Returns(all=True), range(1, 10_001), uid=False), b'(TAG "a") ALL 1:10000'),
]


@pytest.mark.parametrize(("line", "expected"), LINES)
def test_esearch_lines(line, expected):
    """What was asked for, with the tag of the question; of an empty result the number only."""
    assert line == b"* ESEARCH " + expected + b"\r\n"
