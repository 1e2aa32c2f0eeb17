"""The failing store fails when it should, and only then."""

from __future__ import annotations

import pytest
from twisted.internet.defer import succeed
from zope.interface.verify import verifyObject

from cgpymail.errors import StorageFailed
from cgpymail.interfaces import IMailboxStore, IMailboxTree, ISeenRecord, ISeenRecords, IStoredContent
from cgpymail.model.mailbox import MailboxHints
from cgpymail.model.message import FlagUpdate, NewMessage
from cgpymail.runtime.spool import MemoryContent
from cgpymail.stores.failing import FailingStore, FailingTree, Plan
from cgpymail.stores.memory import MemoryMailbox, MemoryStore
from cgpymail.stores.memorytree import MemoryTree
from tests.support.results import result
from tests.support.runtime import memory_runtime

MESSAGE = NewMessage(MemoryContent(b"a\r\n"), 1)


def store(plan: Plan) -> FailingStore:
    """Over an empty mailbox in memory."""
    return FailingStore(MemoryStore(memory_runtime(), MemoryMailbox(5)), plan)


def test_every_call_fails() -> None:
    """Nothing that needs the disk works, and nothing changes."""
    failing = store(Plan())
    for call in (
        lambda: result(failing.append([MESSAGE])),
        lambda: failing.set_flags([FlagUpdate(1, 0, 0)]),
        lambda: result(failing.expunge([1])),
        lambda: failing.define_keyword("x"),
        lambda: failing.set_recent_mark(3),
        lambda: result(failing.checkpoint()),
        lambda: result(failing.compact()),
        lambda: result(failing.close()),
    ):
        with pytest.raises(StorageFailed):
            call()
    assert (len(failing.columns), len(failing.keywords), failing.recent_mark, failing.uidnext) == (0, 0, 0, 1)


def test_the_nth_call_fails() -> None:
    """The second append fails, the first and the third work."""
    failing = store(Plan(frozenset({"append"}), first=2, count=1))
    assert result(failing.append([MESSAGE])) == [1]
    with pytest.raises(StorageFailed):
        result(failing.append([MESSAGE]))
    assert result(failing.append([MESSAGE])) == [2]
    failing.set_flags([FlagUpdate(1, 1, 0)])
    assert failing.columns.flags[0] == 1


def test_reads_fail() -> None:
    """A body that was listed cannot be read."""
    failing = store(Plan(frozenset({"read", "chunks"})))
    [uid] = result(failing.append([MESSAGE]))
    content = failing.content(uid)
    assert content.read_now(0, 10) is None
    with pytest.raises(StorageFailed):
        result(content.read(0, 10))
    with pytest.raises(StorageFailed):
        list(content.chunks())
    content.release()


def test_tree() -> None:
    """Every call of a tree can fail, and its stores share the plan."""
    plan = Plan(frozenset({"create", "append"}), first=2)
    tree = FailingTree(MemoryTree(memory_runtime()), plan)
    result(tree.create("a", "mbox", 5))
    opened = result(tree.open("a", MailboxHints(), lambda: succeed(9)))
    with pytest.raises(StorageFailed):
        result(opened.append([MESSAGE]))
    with pytest.raises(StorageFailed):
        result(tree.create("b", "mbox", 6))
    assert list(result(tree.scan())) == ["a"]
    assert plan.calls == ["create", "open", "append", "create", "scan"]


def test_interfaces() -> None:
    """They have every method and attribute of what they stand in for."""
    failing = store(Plan(frozenset({"nothing"})))
    result(failing.append([MESSAGE]))
    assert verifyObject(IMailboxStore, failing)
    assert verifyObject(IStoredContent, failing.content(1))
    assert verifyObject(ISeenRecords, failing.seen)
    assert verifyObject(ISeenRecord, result(failing.seen.open("a" * 32, "anna@example.org")))
    assert verifyObject(IMailboxTree, FailingTree(MemoryTree(memory_runtime()), Plan()))
