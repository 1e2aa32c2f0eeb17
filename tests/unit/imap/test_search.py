"""SEARCH as it appears on the wire; what each key means is tested with the manager."""

from __future__ import annotations

import pytest

from cgpymail.errors import StorageFailed
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


def test_a_search_that_fails_leaves_nothing_saved(reader: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """RFC 5182 2.1: after NO the saved result is empty; a search without SAVE does not touch it."""

    def fail(*_: object) -> None:
        raise StorageFailed

    assert reader.do(b"SEARCH RETURN (SAVE) ALL") == []
    with monkeypatch.context() as patch:
        patch.setattr("cgpymail.manager.searching.search", fail)
        reader.refused(b"SEARCH ALL")
    assert reader.do(b"SEARCH $") == [b"* SEARCH 1 2 3"]
    with monkeypatch.context() as patch:
        patch.setattr("cgpymail.manager.searching.search", fail)
        reader.refused(b"SORT RETURN (SAVE) (DATE) UTF-8 ALL")
    assert reader.do(b"SEARCH $") == [b"* SEARCH"]


def test_a_search_that_is_not_understood_changes_nothing_saved(reader: ImapClient) -> None:
    """BAD is not NO (RFC 5182 2.1)."""
    reader.do(b"SEARCH RETURN (SAVE) 2")
    reader.refused(b"SEARCH RETURN (SAVE) FROBNICATE", b"BAD")
    assert reader.do(b"SEARCH $") == [b"* SEARCH 2"]


def test_many_messages_are_named_by_number_as_few_are(world: World, john: ImapClient) -> None:
    """Both ways to find the numbers give the same, with holes in the UIDs too."""
    world.append(*[b"\r\n" + b"x" * (number % 7) + b"\r\n" for number in range(150)])
    john.do(b"SELECT INBOX")
    john.do(b"STORE 1,20,100 +FLAGS.SILENT (\\Deleted)")
    john.do(b"EXPUNGE")
    assert john.do(b"SEARCH ALL") == [b"* SEARCH " + b" ".join(b"%d" % number for number in range(1, 148))]
    (line,) = john.do(b"SORT (SIZE) UTF-8 ALL")
    few = [john.do(b"SEARCH LARGER %d SMALLER %d" % (3 + size, 5 + size))[0].split()[2:] for size in range(7)]
    assert line.split()[2:] == [number for numbers in few for number in numbers]
