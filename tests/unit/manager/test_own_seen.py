"""A Seen for every user: sessions that are open when it is switched, readers who go, disks that refuse."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import NoSuchMailbox, StorageFailed
from cgpymail.manager import readers as readers_module
from cgpymail.manager.handle import Handle
from cgpymail.manager.ownseen import set_own_seen
from cgpymail.manager.readers import KEPT_SECONDS
from cgpymail.model.flags import SEEN
from cgpymail.model.identity import AccountName
from cgpymail.model.uidset import NumberSet
from cgpymail.stores.failing import FailingTree, Plan
from cgpymail.stores.memorytree import MemoryTree
from tests.support.results import result
from tests.support.world import DOMAIN, World

MAIL = b"Subject: x\r\n\r\ntext\r\n"
WORK = "~john/Work"


class Office:
    """john shares Work, three messages, with anna and boss."""

    def __init__(self, plan: Plan | None = None) -> None:
        self.world = World(make_tree=lambda world, record: tree(world, plan))
        for name in ("john", "anna", "boss"):
            self.world.account(name)
        self.doors = {name: self.world.user(name) for name in ("john", "anna", "boss")}
        self.john = self.doors["john"]._own
        self.do(self.doors["john"].create("Work"))
        result(self.john.record.update_mailboxes({"Work": {"Access": {"anna": "lrswi", "boss": "lrswi"}}}))
        self.world.append(MAIL, MAIL, MAIL, mailbox="Work")

    def do(self, work: Any) -> Any:
        """The result of what may take some turns of the reactor."""
        running = Deferred.fromCoroutine(work)
        self.world.turns(20)
        return result(running)

    def switch(self, *, on: bool = True) -> None:
        """The option."""
        self.do(set_own_seen(self.john, "Work", on=on))

    def open(self, name: str, **how: Any) -> Handle:
        """A session."""
        handle: Handle = self.do(self.doors[name].open("Work" if name == "john" else WORK, **how))
        return handle

    def known(self) -> list[str]:
        """Of whom something is kept."""
        mailbox = self.do(self.john.open("Work"))
        self.john.close(mailbox)
        return sorted(known.name for known in result(mailbox.store.seen.known()))


def tree(world: World, plan: Plan | None) -> Any:
    """Mailboxes in memory, on a disk that can refuse."""
    made = MemoryTree(world.runtime)
    return made if plan is None else FailingTree(made, plan)


def seen(handle: Handle) -> list[int]:
    """The UIDs with Seen, as a client finds them."""
    rows = handle.rows(handle.select(NumberSet(((1, 0),)), by_uid=True).uids)
    return [uid for uid, mask in zip(rows.uid, rows.flags, strict=True) if mask & SEEN]


def test_open_sessions_go_on() -> None:
    """Switched on under open sessions, nothing changes for them but what is read from then on."""
    office = Office()
    anna, boss = office.open("anna"), office.open("boss")
    anna.mark_seen([1])
    boss.changes(expunge=True)
    office.switch()
    assert (seen(anna), seen(boss)) == ([1], [1])
    anna.mark_seen([2])
    assert (seen(anna), seen(boss)) == ([1, 2], [1])
    assert not boss.changes(expunge=True).flags.uids
    assert office.known() == ["anna@example.org", "boss@example.org"]


def test_switched_off_all_is_told() -> None:
    """Switched off under open sessions, everybody hears of the common Seen; nothing is kept of anybody."""
    office = Office()
    office.switch()
    anna, boss = office.open("anna"), office.open("boss")
    anna.mark_seen([1, 2])
    before = anna.highest_modseq
    office.switch(on=False)
    assert list(anna.changes(expunge=True).flags.uids) == [1, 2, 3]
    assert (seen(anna), seen(boss), office.known()) == ([], [], [])
    assert min(anna.rows([1, 2, 3]).modseq) > before
    boss.mark_seen([3])
    assert list(anna.changes(expunge=True).flags.uids) == [3]


def test_read_while_it_is_switched_on() -> None:
    """What is read for all while it is found out who has the mailbox open is not lost for any of them."""
    office = Office()
    anna, boss = office.open("anna"), office.open("boss")
    turn = office.doors["boss"]._own.turn
    result(turn.acquire())
    switching = Deferred.fromCoroutine(set_own_seen(office.john, "Work", on=True))
    office.world.turns(20)
    anna.mark_seen([2])
    assert not switching.called
    turn.release()
    office.world.turns(20)
    result(switching)
    assert (seen(anna), seen(boss)) == ([2], [2])
    boss.mark_seen([3])
    assert seen(anna) == [2]


def test_switched_off_on_a_full_disk() -> None:
    """What could not be told because the disk refused is told when the owner tries again."""
    plan = Plan(methods=frozenset({"set_flags"}), count=0)
    office = Office(plan)
    office.switch()
    anna = office.open("anna")
    anna.mark_seen([1])
    before = anna.highest_modseq
    plan.count = 1 << 60
    with pytest.raises(StorageFailed):
        office.switch(on=False)
    plan.count = 0
    office.switch(on=False)
    assert (seen(anna), office.known()) == ([], [])
    assert min(anna.rows([1, 2, 3]).modseq) > before
    office.switch(on=False)


def test_deleted_while_it_is_switched_off() -> None:
    """Who switches is told that there is no such mailbox, not that the one that he has open were gone."""
    office = Office()
    office.switch()
    switching = Deferred.fromCoroutine(set_own_seen(office.john, "Work", on=False))
    assert not switching.called
    office.do(office.doors["john"].delete("Work"))
    with pytest.raises(NoSuchMailbox):
        result(switching)


def test_kept_while_nobody_has_it_open() -> None:
    """What each has read is there when he comes back, after the mailbox was closed too."""
    office = Office()
    office.switch()
    anna = office.open("anna")
    anna.mark_seen([3])
    highest = anna.highest_modseq
    office.do(anna.close())
    office.world.clock.advance(1_000)
    office.world.turns()
    again = office.open("anna")
    assert (seen(again), seen(office.open("boss"))) == ([3], [])
    assert again.highest_modseq >= highest


def test_opened_again_nothing_tells_what_others_read() -> None:
    """HIGHESTMODSEQ is as it was before another user read something, after the mailbox was closed too."""
    office = Office()
    office.switch()
    before = office.do(office.doors["boss"].status(WORK)).highest_modseq
    anna = office.open("anna")
    anna.mark_seen([3])
    office.do(anna.close())
    office.world.clock.advance(1_000)
    office.world.turns()
    assert office.do(office.doors["boss"].status(WORK)).highest_modseq == before
    anna, boss = office.open("anna"), office.open("boss")
    boss.store_flags([1], "add", ["\\Flagged"])
    assert anna.row(1).modseq > anna.row(3).modseq > before


def test_without_it_nothing_is_made() -> None:
    """A mailbox with one Seen has no readers, no records, and the pictures it always had."""
    office = Office()
    anna = office.open("anna")
    anna.mark_seen([1])
    mailbox = anna._mailbox
    assert mailbox.readers is None and anna._messages is mailbox
    assert [whose for whose, _ in mailbox._pictures] == [None]
    assert office.known() == []


def test_looking_leaves_no_record() -> None:
    """STATUS counts what the user has not read, and keeps nothing of him."""
    office = Office()
    office.switch()
    assert office.do(office.doors["boss"].status(WORK)).unseen == 3
    assert office.known() == []


def test_records_of_the_departed_go() -> None:
    """What an account read that is no more is removed after a while; what a renamed one read is not lost."""
    office = Office()
    office.switch()
    for name in ("anna", "boss"):
        handle = office.open(name)
        handle.mark_seen([1])
        office.do(handle.close())
    records = office.world.directory.records
    office.do(office.doors.pop("anna").close())
    del records[AccountName("anna", DOMAIN)]
    office.world.clock.advance(KEPT_SECONDS)
    office.world.turns()
    assert office.known() == ["anna@example.org", "boss@example.org"]
    assert seen(office.open("boss")) == [1]
    office.world.turns()
    assert office.known() == ["boss@example.org"]


def test_a_name_given_anew_is_another_reader() -> None:
    """Who gets the name of an account that was removed has not read what that one read."""
    office = Office()
    office.switch()
    first = office.open("anna")
    first.mark_seen([1])
    office.do(first.close())
    key = office.do(readers_module.reader_key(office.doors["anna"]._own))
    result(office.doors["anna"]._own.record.update_mailboxes({"INBOX": {"MailboxID": "another"}}))
    assert office.do(readers_module.reader_key(office.doors["anna"]._own)) != key
    assert seen(office.open("anna")) == []


@pytest.mark.parametrize("method", ["prepare_seen", "change_seen"])
def test_disk_refuses(method: str) -> None:
    """Where what is read cannot be kept, reading goes on, and STORE says so."""
    plan = Plan(methods=frozenset({method}))
    office = Office(plan)
    office.switch()
    anna = office.open("anna")
    assert anna.mark_seen([1]) == []
    with pytest.raises(StorageFailed):
        anna.store_flags([1], "add", ["\\Seen"])
    assert anna.store_flags([1], "add", ["\\Flagged"]) == [1]
    assert seen(anna) == []


def test_append_is_done_all_the_same() -> None:
    """A message put there as read is there, even if that it was read cannot be kept."""
    office = Office(Plan(methods=frozenset({"change_seen"})))
    office.switch()
    anna = office.open("anna")
    assert anna.exists == 3
    assert office.do(anna.copy([1], WORK)).copied == [4]
    office.world.append(MAIL, name="anna", mailbox=WORK, flags=SEEN)
    anna.changes(expunge=True)
    assert anna.exists == 5
