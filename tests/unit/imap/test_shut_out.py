"""The right to read is withdrawn from a session that has the mailbox open: nothing of it leaves from there on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.manager.account import Account
from cgpymail.manager.acls import set_acl
from cgpymail.manager.hiding import hide
from cgpymail.model import flags
from cgpymail.model.message import FlagUpdate
from cgpymail.model.uidset import NumberSet
from cgpymail.stores.memory import MemoryStoredContent
from tests.support.imapclient import ImapClient
from tests.support.world import World
from tests.transcripts.memoryworld import settle

SECRET = b"the-secret"
MAIL = b"Subject: %b\r\n\r\n" % SECRET + SECRET + b"\r\n"
LARGE = b"Subject: %b\r\n\r\n" % SECRET + (SECRET + b"\r\n") * 50_000
BYE = b"* BYE The mailbox is no longer available\r\n"


class Office:
    """boss, whose Box anna has selected; there are two small messages in it and a large one."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.record = self.world.account("boss")
        self.world.account("anna")
        self.boss = ImapClient(self.world, login="boss")
        self.boss.do(b"CREATE Box")
        self.world.append(MAIL, MAIL, LARGE, name="boss", mailbox="Box")
        self.boss.do(b"SETACL Box anna lrswipcda")
        self.anna = ImapClient(self.world, login="anna")
        self.anna.do(b"SELECT ~boss/Box")
        self.account: Account = self.world.run(self.world.manager._accounts.find(self.record.name))

    def withdraw(self) -> bytes:
        """At once; what anna got before."""
        before = self.anna.wire.take()
        self.world.run(set_acl(self.account, "Box", {"anna": "lswipcda"}))
        return before

    def heard(self) -> bytes:
        """What anna hears from then on."""
        settle(self.world.clock)
        self.anna.wire.release()
        settle(self.world.clock)
        return self.anna.wire.take()


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """The two of them."""
    return Office(tmp_path)


WAYS: dict[str, Callable[[Office], object]] = {
    "SETACL": lambda office: office.boss.do(b"SETACL Box anna lswipcda"),
    "-r": lambda office: office.boss.do(b"SETACL Box anna -r"),
    "DELETEACL": lambda office: office.boss.do(b"DELETEACL Box anna"),
    "negative": lambda office: office.boss.do(b"SETACL Box -anyone r"),
    "deleted": lambda office: office.boss.do(b"DELETE Box"),
    "account": lambda office: Deferred.fromCoroutine(office.account.end()),
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("idle", [False, True])
def test_the_session_ends(office: Office, way: str, idle: bool) -> None:
    """With BYE, in IDLE too, whatever it was that took the right away."""
    if idle:
        office.anna.raw(b"1 IDLE\r\n")
    WAYS[way](office)
    assert office.heard() == BYE
    assert office.anna.wire.closed and not office.anna.wire.aborted


def test_a_group_that_one_is_not_in_any_more(office: Office) -> None:
    """Ends the session as well."""
    office.boss.do(b'SETACL Box "#team" lr')
    office.boss.do(b"SETACL Box anna l")
    # anna was not in the group: the session is over; the next one lives by the group alone
    assert office.heard() == BYE


def test_who_shuts_himself_out_is_answered_first(office: Office) -> None:
    """OK, then BYE; and what he asked for before."""
    answer = office.anna.raw(b"1 FETCH 1 BODY.PEEK[]\r\n2 SETACL ~boss/Box anna -r\r\n3 FETCH 2 BODY.PEEK[]\r\n")
    assert answer.startswith(b"* 1 FETCH (BODY[] ")
    assert answer.endswith(b"1 OK FETCH completed\r\n2 OK SETACL completed\r\n" + BYE)


def test_losing_other_rights_ends_nothing(office: Office) -> None:
    """``l`` and the rest may go; what they allowed is refused from the next command on."""
    office.boss.do(b"SETACL Box anna r")
    assert office.heard() == b""
    assert office.anna.refused(b"STORE 1 +FLAGS (\\Flagged)").startswith(b"[NOPERM]")
    assert office.anna.refused(b"EXPUNGE").startswith(b"[NOPERM]")
    office.anna.do(b"FETCH 1 BODY[]")
    assert office.boss.do(b"STATUS Box (UNSEEN)") == [b"* STATUS Box (UNSEEN 3)"]


def test_a_slow_reader_in_a_large_body(office: Office) -> None:
    """Is cut off: what waits for him is thrown away, and there is no place for BYE in a literal."""
    office.anna.wire.hold()
    assert SECRET in office.anna.raw(b"1 FETCH 3 BODY.PEEK[]\r\n")
    office.withdraw()
    assert office.heard() == b""
    assert office.anna.wire.aborted


def test_a_slow_reader_of_small_bodies(office: Office) -> None:
    """The same when whole responses wait in the wire."""
    office.anna.wire.hold()
    office.anna.raw(b"1 FETCH 1 BODY.PEEK[]\r\n")
    office.withdraw()
    assert office.heard() == b""
    assert office.anna.wire.aborted


COMMANDS = [
    b"FETCH 1:3 BODY.PEEK[]",
    b"FETCH 1:3 (UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])",
    b"FETCH 1:3 ENVELOPE",
    b"FETCH 1:3 BODYSTRUCTURE",
    b"FETCH 1:3 PREVIEW",
    b"FETCH 1:3 BINARY.PEEK[1]",
    b"FETCH 1:3 EMAILID",
    b"SEARCH TEXT %b" % SECRET,
    b"SORT (SUBJECT) UTF-8 ALL",
    b"THREAD REFERENCES UTF-8 ALL",
    b"COPY 1:3 INBOX",
    b"MOVE 1:3 INBOX",
]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_waits_for_the_disk(office: Office, command: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Tells nothing of what it reads later, and nothing is copied that was not read before."""
    slow: list[tuple[Deferred[Any], bytes]] = []

    def read(content: MemoryStoredContent, offset: int, length: int) -> Deferred[bytes]:
        slow.append((Deferred(), content._data[offset : offset + length]))
        return slow[-1][0]

    monkeypatch.setattr(MemoryStoredContent, "read_now", lambda *_: None)
    monkeypatch.setattr(MemoryStoredContent, "read", read)
    pools = office.world.runtime.pools
    jobs: list[Callable[[], object]] = []

    def run(function: Callable[..., Any], *args: Any, **kw: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()

        def job() -> None:
            try:
                done.callback(function(*args, **kw))
            except Exception:
                done.errback()

        jobs.append(job)
        return done

    plain = pools.sync.run
    if command.split()[0] in (b"COPY", b"MOVE"):
        monkeypatch.setattr(pools.sync, "run", run)
    assert office.anna.raw(b"1 %b\r\n" % command) == b""
    assert slow or jobs
    monkeypatch.setattr(pools.sync, "run", plain)
    office.withdraw()
    for _ in range(50):
        while slow:
            waiter, data = slow.pop(0)
            waiter.callback(data)
        while jobs:
            jobs.pop(0)()
        settle(office.world.clock)
    assert office.heard() == BYE
    assert office.world.run(office.world.user("anna").status("INBOX")).messages == 0
    assert office.boss.do(b"STATUS Box (MESSAGES)") == [b"* STATUS Box (MESSAGES 3)"]


@pytest.mark.parametrize("command", [b"SELECT ~boss/Box", b"EXAMINE ~boss/Box", b"STATUS ~boss/Box (MESSAGES)"])
def test_a_mailbox_that_is_being_opened(tmp_path: Path, command: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is not opened any more."""
    office = Office(tmp_path)
    office.anna.do(b"UNSELECT")
    held: Deferred[Any] = office.account.turn.acquire()
    assert held.called
    assert office.anna.raw(b"1 %b\r\n" % command) == b""
    office.withdraw()
    office.account.turn.release()
    assert office.heard() == b"1 NO [NOPERM] Access denied\r\n"


def test_a_message_that_is_hidden_while_it_is_sent(office: Office) -> None:
    """Breaks off: its bytes are refused at once (spec 2.8). So do those that are hidden from who loses ``a``."""
    box = office.world.manager._opened._table[office.record.name, "Box"].box
    office.boss.do(b"SETACL Box anna -a")
    office.anna.wire.hold()
    assert SECRET in office.anna.raw(b"1 FETCH 3 BODY.PEEK[]\r\n")
    box.set_flags([FlagUpdate(3, flags.HIDDEN, 0)])
    office.anna.wire.read_some()
    settle(office.world.clock)
    assert office.anna.wire.aborted


@pytest.mark.parametrize("command", [b"COPY 1:3 INBOX", b"MOVE 1:3 INBOX", b"COPY 1:3 ~boss/Box"])
@pytest.mark.parametrize("way", ["hidden", "without a"])
def test_a_message_that_is_hidden_while_it_is_copied(
    office: Office, command: bytes, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Is not copied, nor are the others: nothing that was not read before is kept."""
    if way == "without a":
        hiding(office, 2)
    else:
        office.boss.do(b"SETACL Box anna -a")
    pools, jobs = office.world.runtime.pools, []
    plain = pools.sync.run

    def run(function: Callable[..., Any], *args: Any, **kw: Any) -> Deferred[Any]:
        jobs.append(Deferred().addCallback(lambda _: function(*args, **kw)))
        return jobs[-1]

    monkeypatch.setattr(pools.sync, "run", run)
    assert office.anna.raw(b"1 %b\r\n" % command) == b""
    monkeypatch.setattr(pools.sync, "run", plain)
    if way == "without a":
        office.boss.do(b"SETACL Box anna -a")
    else:
        hiding(office, 2)
    for job in jobs:
        job.callback(None)
    settle(office.world.clock)
    assert office.heard().endswith(b"\r\n1 NO [NOPERM] Access denied\r\n")
    assert office.world.run(office.world.user("anna").status("INBOX")).messages == 0
    assert office.boss.do(b"STATUS Box (MESSAGES)") == [b"* STATUS Box (MESSAGES 3)"]


def hiding(office: Office, uid: int) -> None:
    """A message of the box is hidden by another program."""
    done = Deferred.fromCoroutine(hide(office.account, "Box", NumberSet(((uid, uid),)), flags.HIDDEN, on=True))
    settle(office.world.clock)
    assert done.called


def test_who_loses_a_in_the_middle_of_a_hidden_message(office: Office) -> None:
    """The same; who keeps it reads on."""
    box = office.world.manager._opened._table[office.record.name, "Box"].box
    box.set_flags([FlagUpdate(3, flags.HIDDEN, 0)])
    office.anna.wire.hold()
    assert SECRET in office.anna.raw(b"1 FETCH 3 BODY.PEEK[]\r\n")
    office.boss.do(b"SETACL Box anna -w")
    office.anna.wire.read_some()
    settle(office.world.clock)
    assert SECRET in office.anna.wire.sent and not office.anna.wire.closed
    office.boss.do(b"SETACL Box anna -a")
    office.anna.wire.read_some()
    settle(office.world.clock)
    assert office.anna.wire.aborted
