"""The right to read is withdrawn from a POP session: -ERR from then on, and no octet more of any message."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.manager.acls import set_acl
from cgpymail.stores.memory import MemoryStoredContent
from tests.support.wire import MemoryWire
from tests.support.world import World
from tests.transcripts.memoryworld import settle

SECRET = b"the-secret"
SMALL = b"Subject: x\r\n\r\n" + SECRET + b"\r\n"
LARGE = b"Subject: x\r\n\r\n" + (SECRET + b"\r\n") * 50_000


class Office:
    """boss, whose INBOX anna reads over POP: a small message and a large one."""

    def __init__(self) -> None:
        self.world = World()
        self.record = self.world.account("boss")
        self.world.account("anna")
        self.world.append(SMALL, LARGE, name="boss")
        self.account: Any = self.world.run(self.world.manager._accounts.find(self.record.name))
        self._set("lr")
        self.link: MemoryWire = self.world.connect("POP")
        self.link.take()
        self.link.feed(b"USER ~boss/INBOX#anna\r\n")
        assert self.link.feed(b"PASS secret\r\n").startswith(b"+OK 2 messages")

    def _set(self, letters: str) -> None:
        self.world.run(set_acl(self.account, "INBOX", {"anna": letters}))

    def withdraw(self) -> None:
        """At once; what was read before is forgotten."""
        self.link.take()
        self._set("l")

    def heard(self) -> bytes:
        """What anna hears from then on."""
        settle(self.world.clock)
        self.link.release()
        settle(self.world.clock)
        return self.link.take()


@pytest.fixture
def office() -> Office:
    """The two of them."""
    return Office()


@pytest.mark.parametrize("command", [b"RETR 1", b"TOP 1 0", b"LIST", b"UIDL", b"STAT", b"DELE 1", b"LAST", b"RSET"])
def test_nothing_but_errors_from_then_on(office: Office, command: bytes) -> None:
    """The session stays, and can leave."""
    office.withdraw()
    assert office.link.feed(command + b"\r\n") == b"-ERR The mailbox is no longer available\r\n"
    assert office.link.feed(b"QUIT\r\n").startswith(b"+OK")


@pytest.mark.parametrize("command", [b"RETR 2", b"TOP 2 9999"])
def test_a_message_that_is_being_sent(office: Office, command: bytes) -> None:
    """Breaks off, and the link with it: nobody takes half of it for all."""
    office.link.hold()
    assert SECRET in office.link.feed(command + b"\r\n")
    office.withdraw()
    assert office.heard() == b""
    assert office.link.aborted


def test_a_message_that_waits_for_the_disk(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is refused when it comes."""
    slow: Deferred[bytes] = Deferred()
    monkeypatch.setattr(MemoryStoredContent, "read_now", lambda *_: None)
    monkeypatch.setattr(MemoryStoredContent, "read", lambda *_: slow)
    assert office.link.feed(b"RETR 1\r\n") == b""
    office.withdraw()
    slow.callback(SMALL)
    assert office.heard() == b"-ERR The mailbox is no longer available\r\n"


def test_a_login_that_is_under_way(office: Office) -> None:
    """Does not find the mailbox any more."""
    link = office.world.connect("POP")
    link.feed(b"USER ~boss/INBOX#anna\r\n")
    link.take()
    turn: Deferred[Any] = office.account.turn.acquire()
    assert turn.called and link.feed(b"PASS secret\r\n") == b""
    office.withdraw()
    office.account.turn.release()
    settle(office.world.clock)
    assert link.take().startswith(b"-ERR")
