"""COMPRESS=DEFLATE: the command; the compression itself is in test_deflate.py."""

from __future__ import annotations

import pytest

from tests.support.imapclient import ImapClient


def test_it_begins_behind_the_tagged_reply(john: ImapClient) -> None:
    """The reply itself is in clear."""
    assert not john.wire.compressed
    assert john.ok(b"COMPRESS DEFLATE") == b"DEFLATE active"
    assert john.wire.compressed
    assert john.refused(b"COMPRESS DEFLATE").startswith(b"[COMPRESSIONACTIVE] ")


def test_what_did_not_wait_for_the_reply_is_thrown_away(world: object, john: ImapClient) -> None:
    """It could be compressed already, or not."""
    john.bytewise = False
    assert john.lines(b"a COMPRESS DEFLATE", b"b NOOP") == [b"a OK DEFLATE active"]
    john.do(b"NOOP")


@pytest.mark.parametrize("command", [b"COMPRESS", b"COMPRESS GZIP", b"COMPRESS DEFLATE x"])
def test_other_ways_are_bad(john: ImapClient, command: bytes) -> None:
    """There is only one."""
    john.refused(command, b"BAD")
    assert not john.wire.compressed
