"""REPLACE (RFC 8508): what may go wrong, and what two sessions do to one message."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from twisted.internet.defer import fail

from cgpymail.errors import MailboxGone, StorageFailed
from cgpymail.manager.mailbox import Mailbox
from cgpymail.stores.memory import MemoryStore
from tests.support.imapclient import ImapClient
from tests.support.world import World

Connect = Callable[..., ImapClient]
MAIL = b"Subject: x\r\n\r\ntext\r\n"


@pytest.fixture
def drafts(world: World, john: ImapClient) -> ImapClient:
    """A session on a mailbox with two messages."""
    world.append(MAIL, MAIL)
    john.do(b"SELECT INBOX")
    return john


def test_a_storage_that_fails_keeps_the_old_message(drafts: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO, and nothing has changed."""
    monkeypatch.setattr(MemoryStore, "append", lambda store, messages: fail(StorageFailed()))
    answer = drafts.raw(b"a REPLACE 1 INBOX {4+}\r\nmail\r\n")
    assert answer.startswith(b"a NO [UNAVAILABLE] ")
    assert drafts.do(b"UID SEARCH ALL") == [b"* SEARCH 1 2"]


def test_two_replacements_of_one_message(drafts: ImapClient, connect: Connect) -> None:
    """The later one is told that it came too late, and its message is not stored."""
    other = connect()
    other.do(b"SELECT INBOX")
    drafts.raw(b"a REPLACE 1 INBOX {4}\r\n")
    other.raw(b"a REPLACE 1 INBOX {4}\r\n")
    assert b"a OK " in drafts.raw(b"mail\r\n")
    assert b"a NO [EXPUNGEISSUED] " in other.raw(b"mail\r\n")
    assert drafts.do(b"UID SEARCH ALL") == [b"* SEARCH 2 3"]


def test_the_mailbox_of_the_old_message_goes_meanwhile(john: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the very moment when the new message was stored elsewhere: it is, and the old one is gone, so it is OK."""
    john.do(b"CREATE Old")
    assert b"a OK " in john.raw(b"a APPEND Old {4+}\r\nmail\r\n")
    john.do(b"SELECT Old")
    monkeypatch.setattr(Mailbox, "expunge", lambda mailbox, uids: fail(MailboxGone()))
    assert b"a OK " in john.raw(b"a REPLACE 1 INBOX {4+}\r\nmail\r\n")


def test_one_message_only(drafts: ImapClient) -> None:
    """RFC 8508 has no several messages."""
    assert drafts.lines(b"a REPLACE 1 INBOX {4+}", b"mail {4+}", b"mail", b"b NOOP") == [
        b"a BAD Nothing may follow the message",
        b"b OK NOOP completed",
    ]


def test_the_last_message(drafts: ImapClient) -> None:
    """A star stands for it."""
    assert b"* 2 EXPUNGE" in drafts.lines(b"a REPLACE * INBOX {4+}", b"mail")


def test_not_without_a_mailbox(john: ImapClient) -> None:
    """BAD, and the message is passed over."""
    assert john.lines(b"a REPLACE 1 INBOX {4+}", b"mail", b"b NOOP") == [
        b"a BAD REPLACE is not possible now",
        b"b OK NOOP completed",
    ]
