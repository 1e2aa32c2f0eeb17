"""SEARCH as it appears on the wire; what each key means is tested with the manager."""

from __future__ import annotations

import pytest

from cgpymail.model.flags import SEEN
from tests.support.imapclient import ImapClient
from tests.support.world import World


@pytest.fixture
def reader(world: World, john: ImapClient) -> ImapClient:
    """Three messages with UIDs 2 to 4; the first of them is Seen."""
    world.append(b"Subject: gone\r\n\r\nx\r\n")
    john.do(b"SELECT INBOX")
    john.do(b"STORE 1 FLAGS.SILENT (\\Deleted)")
    john.do(b"EXPUNGE")
    world.append(b"Subject: first\r\n\r\nx\r\n", flags=SEEN)
    world.append(b"Subject: =?utf-8?q?b=C3=BCcher?=\r\n\r\nx\r\n", b"Subject: last\r\n\r\nx\r\n")
    john.do(b"NOOP")
    return john


def test_numbers_or_uids(reader: ImapClient) -> None:
    """By the form of the command."""
    assert reader.do(b"SEARCH UNSEEN") == [b"* SEARCH 2 3"]
    assert reader.do(b"UID SEARCH UNSEEN") == [b"* SEARCH 3 4"]
    assert reader.do(b"SEARCH ALL") == [b"* SEARCH 1 2 3"]
    assert reader.do(b"SEARCH UID 3") == [b"* SEARCH 2"]


def test_nothing_found_is_answered_too(reader: ImapClient) -> None:
    """Clients wait for the untagged line."""
    assert reader.do(b"SEARCH SUBJECT nothing") == [b"* SEARCH"]


def test_text_in_a_charset(reader: ImapClient) -> None:
    """Decoded headers are compared with decoded text."""
    assert reader.lines(b"a SEARCH CHARSET UTF-8 SUBJECT {7+}", "bücher".encode())[0] == b"* SEARCH 2"


def test_an_unknown_charset_is_refused(reader: ImapClient) -> None:
    """With those that are known."""
    answer = reader.refused(b"SEARCH CHARSET X-KLINGON SUBJECT x")
    assert answer.startswith(b"[BADCHARSET (US-ASCII UTF-8)] ")
