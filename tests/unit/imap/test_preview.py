"""PREVIEW (RFC 8970) over a session."""

from __future__ import annotations

import base64

import pytest

from cgpymail.imap import preview
from tests.support.imapclient import ImapClient
from tests.support.world import World


def test_made_once(world: World, john: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Then every session has it, lazy or not."""
    world.append(b"Subject: x\r\n\r\nsome words\r\n")
    john.do(b"SELECT INBOX")
    assert john.do(b"FETCH 1 PREVIEW") == [b'* 1 FETCH (PREVIEW "some words")']
    monkeypatch.setattr(preview, "_make", None)
    other = ImapClient(world)
    other.do(b"SELECT INBOX")
    assert other.do(b"FETCH 1 PREVIEW (LAZY)") == [b'* 1 FETCH (PREVIEW "some words")']
    assert other.do(b"FETCH 1 (PREVIEW UID)") == [b'* 1 FETCH (PREVIEW "some words" UID 1)']


def test_a_large_part_is_not_read_to_its_end(world: World, john: ImapClient) -> None:
    """The first octets are enough, decoded as far as they go."""
    body = base64.encodebytes(("Grüße " * 40_000).encode()).replace(b"\n", b"\r\n")
    head = b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    world.append(head + body)
    john.do(b"SELECT INBOX")
    shown = ("Grüße " * 40)[:200].rstrip().encode()
    answer = john.raw(b"a FETCH 1 PREVIEW\r\n")
    world.turns()
    answer += john.wire.take()
    assert answer.startswith(b"* 1 FETCH (PREVIEW {%d}\r\n%b)\r\n" % (len(shown), shown))


@pytest.mark.parametrize("charset", [b"no-such", b"", b"utf-16", b"utf-7"])
def test_any_charset(world: World, john: ImapClient, charset: bytes) -> None:
    """What it claims may be wrong; something is shown."""
    world.append(b"Content-Type: text/plain; charset=%b\r\n\r\n\xffwords\r\n" % charset)
    john.do(b"SELECT INBOX")
    assert john.raw(b"a FETCH 1 PREVIEW\r\n").endswith(b"a OK FETCH completed\r\n")


def test_reading_it_does_not_set_seen(world: World, john: ImapClient) -> None:
    """Looking at a list is not reading."""
    world.append(b"Subject: x\r\n\r\nsome words\r\n")
    john.do(b"SELECT INBOX")
    john.do(b"FETCH 1 PREVIEW")
    assert john.do(b"FETCH 1 FLAGS") == [b"* 1 FETCH (FLAGS (\\Recent))"]
