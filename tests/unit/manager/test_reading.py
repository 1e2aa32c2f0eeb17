"""Reading a stored message piece by piece."""

from __future__ import annotations

from array import array

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import StorageFailed
from cgpymail.manager import flagnames
from cgpymail.manager.flagnames import FlagNames
from cgpymail.manager.reading import pieces
from cgpymail.model import flags
from cgpymail.model.keywords import KeywordTable
from tests.support.runtime import memory_runtime
from tests.support.sharing import Shared, run


class ColdContent:
    """Nothing of it is in memory; the disk gives it in small pieces."""

    size = 10

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.waits: list[Deferred[bytes]] = []

    def read_now(self, offset: int, length: int) -> bytes | None:
        """Not without waiting."""
        return None

    def read(self, offset: int, length: int) -> Deferred[bytes]:
        """When the test says so."""
        waiting: Deferred[bytes] = Deferred()
        waiting.addCallback(lambda _: self._data[offset : offset + min(length, 4)])
        self.waits.append(waiting)
        return waiting


async def gather(content: ColdContent) -> list[bytes]:
    """All pieces."""
    return [piece async for piece in pieces(content, memory_runtime().clock)]


def test_a_cold_message_is_waited_for() -> None:
    """And asked for again when the disk gives less."""
    content = ColdContent(b"0123456789")
    done: list[list[bytes]] = []
    Deferred.fromCoroutine(gather(content)).addCallback(done.append)
    while not done:
        content.waits.pop().callback(b"")
    assert done == [[b"0123", b"4567", b"89"]]


def test_a_message_that_ends_early_is_a_failure() -> None:
    """The file shrank; half a message must not pass for a whole one."""
    content = ColdContent(b"0123")
    outcome: list[object] = []
    Deferred.fromCoroutine(gather(content)).addErrback(lambda failure: outcome.append(failure.check(StorageFailed)))
    content.waits.pop().callback(b"")
    content.waits.pop().callback(b"")
    assert outcome == [StorageFailed]


def test_what_a_session_says_of_its_mailbox() -> None:
    """The numbers of SELECT."""
    shared = Shared()
    shared.fill(2)
    handle = shared.handle()
    assert (handle.uidvalidity, handle.uidnext, handle.exists) == (1000, 3, 2)
    assert (handle.seq(2), handle.seq(3)) == (2, 0)
    shared.box.renamed("New")
    assert shared.box.name == "New"
    assert shared.box.octets > 0


def test_closing_the_mailbox_closes_its_store() -> None:
    """The last thing that happens to it."""
    shared = Shared()
    run(shared.box.close())
    assert shared.box.store.listener is None
    with pytest.raises(StorageFailed):
        shared.fill(1)


def test_combinations_of_flags_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client that uses very many does not fill the memory; the names stay right."""
    monkeypatch.setattr(flagnames, "MAX_COMBINATIONS", 4)
    table = KeywordTable()
    for place in range(8):
        table.define(place, f"k{place}")
    names = FlagNames(table)
    for keyword in range(8):
        for mask in (0, flags.SEEN, flags.ANSWERED, flags.FLAGGED, flags.DRAFT, flags.DELETED):
            expected = (*flags.to_imap(mask), f"k{keyword}")
            assert names.many(array("I", [mask]), array("Q", [1 << keyword]), recent=False) == [expected]
    assert len(names._plain) <= 4
    assert all(len(made) <= 4 for made in names._plain.values())
