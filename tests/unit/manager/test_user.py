"""Sessions and the mailboxes they have open: counted, shared, kept warm, written through, closed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import Busy, MessageTooLarge, NoSuchAccount, NoSuchMailbox, StorageFailed
from cgpymail.model.identity import AccountName
from cgpymail.model.message import NewMessage
from cgpymail.runtime.limits import DEFAULTS, Limits
from cgpymail.runtime.spool import MemoryContent
from cgpymail.stores.memorytree import MemoryTree
from tests.support.naming import People
from tests.support.records import MemoryRecord
from tests.support.world import World


class SlowTree(MemoryTree):
    """Opening takes until the test says so; counts what is opened, closed and checkpointed."""

    def __init__(self, world: World, record: MemoryRecord) -> None:
        super().__init__(world.runtime)
        self.slow = False
        self.waiting: list[Deferred[Any]] = []
        self.scans = 0
        self.opened: list[str] = []
        self.closed: list[str] = []
        self.checkpoints: list[str] = []

    def scan(self) -> Deferred[Any]:
        self.scans += 1
        return super().scan()

    def open(self, name: str, *args: Any) -> Deferred[Any]:
        self.opened.append(name)
        ready = super().open(name, *args).addCallback(self._watch, name)
        if not self.slow:
            return ready
        gate: Deferred[Any] = Deferred()
        self.waiting.append(gate)
        return gate.addCallback(lambda _: ready)

    def _watch(self, store: Any, name: str) -> Any:
        close, checkpoint = store.close, store.checkpoint

        def closing() -> Deferred[None]:
            self.closed.append(name)
            done: Deferred[None] = close()
            return done

        def writing() -> Deferred[None]:
            self.checkpoints.append(name)
            done: Deferred[None] = checkpoint()
            return done

        store.close, store.checkpoint = closing, writing
        return store

    def go_on(self, problem: Exception | None = None) -> None:
        """The openings that wait end, well or badly."""
        waiting, self.waiting = self.waiting, []
        for gate in waiting:
            if problem is None:
                gate.callback(None)
            else:
                gate.errback(problem)


def people_with(limits: Limits = DEFAULTS) -> tuple[People, SlowTree]:
    """john, with a tree that is watched."""
    people = People(limits=limits, make_tree=SlowTree)
    tree: Any = people.world.trees[AccountName("john", "example.org")]
    return people, tree


def outcomes(*works: Any) -> list[list[Any]]:
    """What coroutines give or fail with, as it comes."""
    found: list[list[Any]] = []
    for work in works:
        outcome: list[Any] = []
        Deferred.fromCoroutine(work).addBoth(outcome.append)
        found.append(outcome)
    return found


def message(octets: int = 3) -> NewMessage:
    """A small one."""
    return NewMessage(MemoryContent(b"x" * (octets - 2) + b"\r\n"), 1)


# -- sessions


def test_unknown_account() -> None:
    """Nobody connects as somebody who is not there."""
    people = People()
    with pytest.raises(NoSuchAccount):
        people.run(people.manager.connect(AccountName("nobody", "example.org"), "IMAP", "1"))


def test_sessions_per_account() -> None:
    """One session too many is turned away, another account's is not; after one ended there is room."""
    people = People(limits=replace(DEFAULTS, sessions_per_account=2))
    people.add("mary")
    second = people.user()
    with pytest.raises(Busy):
        people.user()
    people.user("mary")
    people.run(second.close())
    people.run(second.close())
    people.user()
    with pytest.raises(Busy):
        people.user()


def test_account_is_loaded_once_for_all_who_ask() -> None:
    """Two logins at the same moment share one reading of the directory."""
    people, tree = people_with()
    before = tree.scans
    people.user()
    people.user()
    assert tree.scans == before


def test_unused_account_is_forgotten() -> None:
    """After a while without sessions and open mailboxes, but not before."""
    people, tree = people_with()
    people.run(people.john.append("INBOX", [message()]))
    people.world.clock.advance(DEFAULTS.warm_seconds * 2)
    scans = tree.scans
    people.run(people.user().close())
    assert tree.scans == scans
    people.run(people.john.close())
    for _ in range(3):
        people.world.clock.advance(DEFAULTS.warm_seconds)
    people.user()
    assert tree.scans > scans


def test_closing_a_session_closes_its_mailboxes() -> None:
    """What it had open is given back."""
    people, tree = people_with()
    handle = people.run(people.john.open("INBOX"))
    people.run(people.john.close())
    people.world.clock.advance(DEFAULTS.warm_seconds)
    assert tree.closed == ["INBOX"]
    people.run(handle.close())


def test_session_that_ends_while_it_opens() -> None:
    """A client that hangs up during SELECT leaves nothing open."""
    people, tree = people_with()
    tree.slow = True
    (outcome,) = outcomes(people.john.open("INBOX"))
    people.run(people.john.close())
    tree.go_on()
    assert isinstance(outcome[0].value, Busy)
    people.world.clock.advance(DEFAULTS.warm_seconds)
    assert tree.closed == ["INBOX"]


# -- sharing


def test_mailbox_is_opened_once_for_all() -> None:
    """However many open it at the same moment, there is one store, and they see each other's changes."""
    people, tree = people_with()
    tree.slow = True
    first, second, status = outcomes(
        people.john.open("INBOX"), people.user().open("INBOX"), people.john.status("INBOX")
    )
    assert not first and not second and not status
    tree.go_on()
    assert tree.opened == ["INBOX"]
    people.run(people.john.append("inbox", [message()]))
    assert first[0].changes(expunge=True).exists == second[0].changes(expunge=True).exists == 1


def test_opening_that_fails_fails_for_all() -> None:
    """And the next one tries again."""
    people, tree = people_with()
    tree.slow = True
    first, second = outcomes(people.john.open("INBOX"), people.john.status("INBOX"))
    tree.go_on(StorageFailed())
    assert isinstance(first[0].value, StorageFailed) and isinstance(second[0].value, StorageFailed)
    tree.slow = False
    assert people.count("INBOX") == 0
    assert tree.opened == ["INBOX", "INBOX"]


def test_slow_opening_holds_up_nobody_else() -> None:
    """While one large mailbox is scanned, others open and LIST answers."""
    people, tree = people_with()
    people.make("a")
    tree.slow = True
    (slow,) = outcomes(people.john.open("INBOX"))
    tree.slow = False
    assert people.count("a") == 0
    people.world.clock.advance(5)
    assert people.listed() == ["INBOX", "a"]
    assert not slow


@pytest.mark.parametrize("change", ["rename", "delete"])
def test_names_do_not_change_under_an_opening(change: str) -> None:
    """RENAME and DELETE wait until the mailbox is open; then the session follows, or finds nothing there."""
    people, tree = people_with()
    people.make("a")
    tree.slow = True
    work = people.user().rename("a", "b") if change == "rename" else people.user().delete("a")
    opened, changed = outcomes(people.john.open("a"), work)
    assert not changed
    tree.go_on()
    assert changed == [None]
    if change == "delete":
        assert isinstance(opened[0].value, NoSuchMailbox)
        return
    people.run(people.john.append("b", [message()]))
    assert opened[0].changes(expunge=True).exists == 1


def test_append_to_a_mailbox_that_is_being_deleted() -> None:
    """The client is told that there is no such mailbox, not that the one it has open is gone."""
    people, tree = people_with()
    people.make("a")
    tree.slow = True
    appended, deleted = outcomes(people.john.append("a", [message()]), people.user().delete("a"))
    tree.go_on()
    assert deleted == [None]
    assert isinstance(appended[0].value, NoSuchMailbox)


# -- warm, cold and written through


def test_mailbox_stays_warm_for_a_while() -> None:
    """Who comes back soon does not open it again; later it is closed."""
    people, tree = people_with()
    people.count("INBOX")
    people.world.clock.advance(DEFAULTS.warm_seconds - 1)
    people.count("INBOX")
    people.world.clock.advance(DEFAULTS.warm_seconds - 1)
    assert (tree.opened, tree.closed) == (["INBOX"], [])
    people.world.clock.advance(2)
    assert tree.closed == ["INBOX"]
    people.count("INBOX")
    assert tree.opened == ["INBOX", "INBOX"]


def test_warm_memory_is_bounded() -> None:
    """The mailbox unused longest is closed first; one in use never."""
    people, tree = people_with(replace(DEFAULTS, warm_octets=50_000))
    people.make("a", "b", "c", "d")
    handle = people.run(people.john.open("a"))
    for name in "bcd":
        people.count(name)
    assert tree.closed == ["b"]
    people.run(handle.close())
    assert tree.closed == ["b", "c"]


def test_all_who_lose_a_group_leave_at_once() -> None:
    """Also where mailboxes are closed while the others are told."""
    people, _ = people_with(replace(DEFAULTS, warm_octets=0))
    people.add("boss")
    boss = people.user("boss")
    people.make("a", "b", user=boss)
    for name in ("a", "b"):
        people.grant("boss", name, "lr", to="#staff")
    members = people.world.directory.relations.groups["staff@example.org"] = {people.john.account}
    left: list[str] = []

    def enter(name: str) -> None:
        def lost() -> None:
            left.append(name)
            people.run(handle.close())

        handle = people.run(people.john.open(f"~boss/{name}", lost=lost))

    for name in ("a", "b"):
        enter(name)
    members.clear()
    people.world.directory.relations.changed()
    assert left == ["a", "b"]


def test_changed_mailbox_is_checkpointed_while_open() -> None:
    """A session of many hours does not leave a journal of many hours; an idle mailbox is left alone."""
    people, tree = people_with()
    people.run(people.john.open("INBOX"))
    people.world.clock.advance(DEFAULTS.checkpoint_seconds)
    assert tree.checkpoints == []
    people.run(people.john.append("INBOX", [message()]))
    people.world.clock.advance(DEFAULTS.checkpoint_seconds)
    people.world.clock.advance(DEFAULTS.checkpoint_seconds)
    assert tree.checkpoints == ["INBOX"]
    assert people.record.infos["INBOX"]["UIDNext"] == "2"


def test_deleted_mailbox_is_closed_when_its_last_session_leaves() -> None:
    """Not warm: nobody can come back to it."""
    people, tree = people_with()
    people.make("a")
    handle = people.run(people.john.open("a"))
    people.run(people.john.delete("a"))
    assert tree.closed == []
    people.run(handle.close())
    assert tree.closed == ["a"]


def test_stop() -> None:
    """Every mailbox is closed, in use, warm or just being opened, and none is opened after that."""
    people, tree = people_with()
    people.make("a", "b")
    handle = people.run(people.john.open("INBOX"))
    people.count("a")
    tree.slow = True
    opening, stopped = outcomes(people.john.open("b"), people.manager.stop())
    assert not stopped
    tree.go_on()
    assert stopped == [None] and opening
    assert sorted(tree.closed) == ["INBOX", "a", "b"]
    with pytest.raises(Busy):
        people.run(people.john.status("INBOX"))
    with pytest.raises(Busy):
        people.user()
    people.run(handle.close())
    people.run(people.john.close())
    assert not [call for call in people.world.clock.getDelayedCalls() if call.getTime() > people.runtime.now()]


# -- putting messages in


def test_append() -> None:
    """UIDVALIDITY and UIDs, and other sessions hear of it."""
    people = People()
    uidvalidity, uids = people.run(people.john.append("INBOX", [message(), message()]))
    assert uids == [1, 2] and uidvalidity == people.run(people.john.status("INBOX")).uidvalidity


def test_may_append() -> None:
    """Refusals come before the client sends the message."""
    people = People()
    people.run(people.john.may_append("INBOX"))
    with pytest.raises(NoSuchMailbox):
        people.run(people.john.may_append("none"))


def test_append_over_the_accounts_limit() -> None:
    """MaxMessageSize of the account holds for APPEND too; nothing is stored."""
    people = People()
    people.record.settings["MaxMessageSize"] = "1K"
    with pytest.raises(MessageTooLarge):
        people.run(people.john.append("INBOX", [message(), message(2000)]))
    assert people.count("INBOX") == 0


def test_copy_to_a_name() -> None:
    """COPY finds its target by any name the user may use, and gives it back."""
    people = People()
    people.make("a")
    people.run(people.john.append("INBOX", [message()]))
    handle = people.run(people.john.open("INBOX"))
    result = people.run(handle.copy([1], "~john/a"))
    assert result.copied == [1] and people.count("a") == 1
    with pytest.raises(NoSuchMailbox):
        people.run(handle.copy([1], "none"))
