"""COPY and MOVE between mailboxes: all or nothing, never lost, never twice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail

from cgpymail.errors import ExpungeIssued, MailError, NoSuchMailbox, NotPermitted, OverQuota, StorageFailed
from cgpymail.manager.access import Standing
from cgpymail.manager.handle import CopyResult
from cgpymail.model import flags, rights
from cgpymail.model.message import NewMessage
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.memory import MemoryStore
from tests.support.sharing import OWNER, Shared, listed, memory_store, message, run


class SlowStore:
    """A memory store whose appends wait until ``go`` is called, as they wait for a disk."""

    def __init__(self, store: MemoryStore) -> None:
        self.__dict__["store"] = store
        self.__dict__["waiting"] = []
        self.__dict__["slow"] = False

    def __getattr__(self, name: str) -> Any:
        return getattr(self.store, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name == "slow":
            self.__dict__["slow"] = value
        else:
            setattr(self.store, name, value)

    def append(self, messages: Sequence[NewMessage]) -> Deferred[list[int]]:
        """Waits."""
        if not self.slow:
            return self.store.append(messages)
        gate: Deferred[None] = Deferred()
        self.waiting.append(gate)
        return gate.addCallback(lambda _: self.store.append(messages))

    def go(self) -> None:
        """The disk has done the oldest append."""
        self.waiting.pop(0).callback(None)


def begin(coroutine: Any) -> list[Any]:
    """Start it; its result or failure will be in the list."""
    done: list[Any] = []
    Deferred.fromCoroutine(coroutine).addBoth(done.append)
    return done


def rows(shared: Shared, name: str) -> list[tuple[int, int, list[str], int, int]]:
    """What is stored: UID, flags, keywords, date, size."""
    box = shared.boxes[name]
    found = [box.row(uid) for uid in box.store.columns.uid]
    return [(row.uid, row.flags, box.store.keywords.names(row.keywords), row.date, row.size) for row in found if row]


def test_a_copy_keeps_everything() -> None:
    """Flags, keywords, Hidden, date, bytes (spec 2.8)."""
    shared = Shared()
    mask = flags.SEEN | flags.DELETED | flags.HIDDEN | flags.REDIRECTED
    run(shared.box.append([message(b"body", seen=mask, date=77, keywords=["Work"])]))
    result = run(shared.handle().copy([1], "Other"))
    assert result == CopyResult(1001, [1], [1])
    assert rows(shared, "Other") == rows(shared, "INBOX")
    assert shared.boxes["Other"].store.content(1).read_now(0, 100) == b"Subject: s\r\n\r\nbody\r\n"
    assert shared.held == 0


def test_a_copy_of_expunged_messages_works() -> None:
    """Their bytes are still there for this session (spec 14.3.1d)."""
    shared = Shared()
    shared.fill(3)
    handle, other = shared.handle(), shared.handle()
    run(other.remove([1, 2]))
    assert run(handle.copy([1, 2, 3], "Other")).copied == [1, 2, 3]


def test_a_copy_into_the_same_mailbox_arrives_there() -> None:
    """For the copying session too."""
    shared = Shared()
    shared.fill(2)
    handle = shared.handle()
    assert run(handle.copy([2, 1], "INBOX")) == CopyResult(1000, [1, 2], [3, 4])
    assert handle.changes(expunge=False).exists == 4


def test_unknown_uids_are_passed_over() -> None:
    """UID COPY of what is not there succeeds (RFC 3501 6.4.8); but the target must exist."""
    shared = Shared()
    shared.fill(1)
    handle = shared.handle()
    assert run(handle.copy([5, 9], "Other")) == CopyResult(1001, [], [])
    with pytest.raises(NoSuchMailbox):
        run(handle.copy([5], "Nowhere"))


def test_a_copy_is_one_batch() -> None:
    """All or none (RFC 3501 6.4.7): the target is asked once."""
    shared = Shared()
    shared.fill(3)
    asked: list[int] = []

    def refuse(messages: Sequence[NewMessage]) -> Deferred[list[int]]:
        asked.append(len(messages))
        return fail(StorageFailed())

    shared.boxes["Other"].store.append = refuse
    with pytest.raises(StorageFailed):
        run(shared.handle().copy([1, 2, 3], "Other"))
    assert asked == [3]
    assert shared.held == 0


@pytest.mark.parametrize(
    ("letters", "expected"), [("lr", NotPermitted), ("r", NoSuchMailbox), ("", NoSuchMailbox), ("i", None)]
)
def test_the_target_must_allow_inserting(letters: str, expected: type[MailError] | None) -> None:
    """Refused looks like absent to who may not look (spec 14.2.5); a drop box with i alone works."""
    shared = Shared()
    shared.fill(1)
    shared.target_rights = rights.parse(letters)
    handle = shared.handle()
    if expected is None:
        assert run(handle.copy([1], "Other")).copied == [1]
    else:
        with pytest.raises(expected):
            run(handle.copy([1], "Other"))
    assert shared.held == 0


def test_flags_go_along_as_the_rights_in_the_target_allow() -> None:
    """RFC 4314 section 4; Hidden always does."""
    shared = Shared()
    run(shared.box.append([message(seen=flags.SEEN | flags.DELETED | flags.FLAGGED | flags.HIDDEN, keywords=["w"])]))
    shared.target_rights = rights.parse("lis")
    run(shared.handle().copy([1], "Other"))
    assert [(row[1], row[2]) for row in rows(shared, "Other")] == [(flags.SEEN | flags.HIDDEN, [])]


def test_a_full_account_refuses_before_anything_is_copied() -> None:
    """OVERQUOTA."""
    shared = Shared()
    shared.fill(1)
    shared.full = True
    with pytest.raises(OverQuota):
        run(shared.handle().move([1], "Other"))
    assert listed(shared.handle()) == [1]
    assert rows(shared, "Other") == []


def test_a_hidden_message_cannot_be_copied_out() -> None:
    """Not even before its leaving was told (spec 2.8)."""
    shared = Shared()
    shared.fill(1)
    foreign = shared.handle(Standing(rights.parse("lrid"), flags.SERVICE | flags.HIDDEN))
    shared.set_flags(1, flags.HIDDEN)
    with pytest.raises(NotPermitted):
        run(foreign.copy([1], "Other"))
    with pytest.raises(ExpungeIssued):
        run(foreign.move([1], "Other"))


def test_a_move_is_told_to_everybody() -> None:
    """An expunge here, an arrival there; the moving session hears of it too."""
    shared = Shared()
    shared.fill(3)
    handle, other, there = shared.handle(), shared.handle(), shared.handle(name="Other")
    assert run(handle.move([1, 3], "Other")) == CopyResult(1001, [1, 3], [1, 2])
    assert handle.changes(expunge=True).expunged == [1, 2]
    assert other.changes(expunge=True).expunged == [1, 2]
    assert there.changes(expunge=False).exists == 2


def test_a_move_with_an_expunged_message_moves_nothing() -> None:
    """EXPUNGEISSUED (architecture 5)."""
    shared = Shared()
    shared.fill(3)
    handle, other = shared.handle(), shared.handle()
    run(other.remove([2]))
    with pytest.raises(ExpungeIssued):
        run(handle.move([1, 2, 3], "Other"))
    assert rows(shared, "Other") == []
    assert list(shared.box.store.columns.uid) == [1, 3]


def test_of_two_moves_at_once_one_wins() -> None:
    """No message is moved twice, and the other session is told why."""
    stores: list[SlowStore] = []

    def slow(runtime: Runtime, name: str, uidvalidity: int) -> SlowStore:
        stores.append(SlowStore(memory_store(runtime, name, uidvalidity)))
        return stores[-1]

    shared = Shared(make=slow)
    shared.fill(2)
    one, other = shared.handle(), shared.handle()
    stores[1].slow = True
    first, second = begin(one.move([1], "Other")), begin(other.move([1, 2], "Other"))
    assert not first
    stores[1].go()
    assert first[0].copied == [1]
    assert second[0].check(ExpungeIssued)
    assert len(rows(shared, "Other")) == 1
    assert shared.held == 0


def test_a_move_that_failed_lets_the_next_one_try() -> None:
    """The message is still there."""
    stores: list[SlowStore] = []

    def slow(runtime: Runtime, name: str, uidvalidity: int) -> SlowStore:
        stores.append(SlowStore(memory_store(runtime, name, uidvalidity)))
        return stores[-1]

    shared = Shared(make=slow)
    shared.fill(1)
    one, other = shared.handle(), shared.handle()
    stores[1].slow = True
    first, second = begin(one.move([1], "Other")), begin(other.move([1], "Other"))
    stores[1].waiting.pop(0).errback(StorageFailed())
    assert first[0].check(StorageFailed)
    stores[1].go()
    assert second[0].copied == [1]
    assert list(shared.box.store.columns.uid) == []


def test_a_message_is_in_the_target_before_it_leaves_the_source() -> None:
    """Whatever fails in between, it is not lost."""
    stores: list[SlowStore] = []

    def slow(runtime: Runtime, name: str, uidvalidity: int) -> SlowStore:
        stores.append(SlowStore(memory_store(runtime, name, uidvalidity)))
        return stores[-1]

    shared = Shared(make=slow)
    shared.fill(1)
    stores[1].slow = True
    done = begin(shared.handle().move([1], "Other"))
    assert list(shared.box.store.columns.uid) == [1]
    stores[1].go()
    assert done[0].copied == [1]
    assert list(shared.box.store.columns.uid) == []


def test_a_target_deleted_at_that_moment_is_a_missing_target() -> None:
    """Not the end of the session: the mailbox that it has open is there (spec 14.3.1e)."""
    stores: list[SlowStore] = []

    def slow(runtime: Runtime, name: str, uidvalidity: int) -> SlowStore:
        stores.append(SlowStore(memory_store(runtime, name, uidvalidity)))
        return stores[-1]

    shared = Shared(make=slow)
    shared.fill(2)
    handle = shared.handle()
    stores[1].slow = True
    copied, moved = begin(handle.copy([1], "Other")), begin(handle.move([2], "Other"))
    shared.boxes["Other"].end()
    for _ in range(2):  # the store was cut off under the appends
        stores[1].waiting.pop(0).errback(StorageFailed())
    assert copied[0].check(NoSuchMailbox)
    assert moved[0].check(NoSuchMailbox)
    with pytest.raises(NoSuchMailbox):
        run(handle.copy([1], "Other"))
    assert listed(handle) == [1, 2]
    assert not handle.gone
    assert shared.held == 0


def test_a_right_withdrawn_while_the_target_is_opened_counts() -> None:
    """Rights are asked when the messages are taken."""
    shared = Shared()
    shared.fill(1)
    current = [OWNER]
    handle = shared.handle(lambda: current[0])
    gate: Deferred[None] = Deferred()
    resolve = shared.resolve

    async def slowly(name: str) -> Any:
        await gate
        return await resolve(name)

    handle._resolve = slowly
    done = begin(handle.move([1], "Other"))
    current[0] = Standing(rights.parse("lr"), flags.SERVICE)
    gate.callback(None)
    assert done[0].check(NotPermitted)
    assert shared.held == 0


@pytest.mark.parametrize(
    ("held", "hides"), [("lrid", flags.SERVICE | flags.HIDDEN), ("lri", flags.SERVICE)], ids=["hidden", "without d"]
)
def test_a_move_removes_nothing_that_it_may_not_remove_any_more(held: str, hides: int) -> None:
    """What was hidden, or lost right d, while it was copied stays where it is (spec 2.8)."""
    stores: list[SlowStore] = []

    def slow(runtime: Runtime, name: str, uidvalidity: int) -> SlowStore:
        stores.append(SlowStore(memory_store(runtime, name, uidvalidity)))
        return stores[-1]

    shared = Shared(make=slow)
    shared.fill(2)
    now = [Standing(rights.parse("lrid"), hides)]
    foreign = shared.handle(lambda: now[-1])
    stores[1].slow = True
    done = begin(foreign.move([1, 2], "Other"))
    shared.set_flags(1, flags.HIDDEN)
    now.append(Standing(rights.parse(held), hides))
    stores[1].go()
    if "d" in held:
        assert done[0].copied == [1, 2]
        assert list(shared.box.store.columns.uid) == [1]
    else:
        assert done[0].check(NotPermitted)
        assert list(shared.box.store.columns.uid) == [1, 2]
