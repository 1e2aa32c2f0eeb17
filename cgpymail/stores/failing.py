"""A store and a tree whose calls fail as a broken disk makes them fail: for tests of every path that leads out of it.

What fails is decided by a ``Plan`` that both share. Only calls whose interface declares StorageFailed can fail; what is
answered from memory goes on being answered, as it does when a disk breaks under a running server.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, fail
from zope.interface import implementer

from cgpymail.errors import StorageFailed
from cgpymail.interfaces import IMailboxStore, IMailboxTree, ISeenRecord, ISeenRecords, IStoredContent
from cgpymail.model.columns import Columns
from cgpymail.model.keywords import KeywordTable
from cgpymail.model.mailbox import MailboxHints, TreeEntry
from cgpymail.model.message import FlagUpdate, NewMessage
from cgpymail.model.seen import KnownReader, SeenRuns
from cgpymail.model.uidset import UidSet

T = TypeVar("T")


@dataclass(slots=True)
class Plan:
    """Which calls fail: those of the methods in ``methods`` (empty: of all), from the ``first``-th on ``count`` ones.

    The default is every call. ``calls`` lists the names of all calls that could have failed, in order.
    """

    methods: frozenset[str] = frozenset()
    first: int = 1
    count: int = 1 << 60
    calls: list[str] = field(default_factory=list)
    _matching: int = 0

    def fails(self, method: str) -> bool:
        """Count a call, and say whether it fails."""
        self.calls.append(method)
        if self.methods and method not in self.methods:
            return False
        self._matching += 1
        return self.first <= self._matching < self.first + self.count

    def check(self, method: str) -> None:
        """Raise StorageFailed if this call is one that fails."""
        if self.fails(method):
            raise StorageFailed(detail=f"{method} was made to fail")

    def run(self, method: str, call: Callable[[], Deferred[T]]) -> Deferred[T]:
        """The same for a call that returns a Deferred."""
        if self.fails(method):
            return fail(StorageFailed(detail=f"{method} was made to fail"))
        return call()


@implementer(IStoredContent)
class FailingContent:
    """A content that can fail at every read."""

    def __init__(self, inner: Any, plan: Plan) -> None:
        self._inner = inner
        self._plan = plan
        self.size: int = inner.size

    def chunks(self) -> Iterator[bytes]:
        """Fails before a piece."""
        for piece in self._inner.chunks():
            self._plan.check("chunks")
            yield piece

    def read_now(self, offset: int, length: int) -> bytes | None:
        """Nothing is in memory, so that every read is one of the disk."""
        return None

    def read(self, offset: int, length: int) -> Deferred[bytes]:
        """Can fail."""
        return self._plan.run("read", lambda: self._inner.read(offset, length))

    def release(self) -> None:
        """Never fails."""
        self._inner.release()


@implementer(ISeenRecord)
class FailingSeenRecord:
    """``inner``, with the failures of a plan."""

    def __init__(self, inner: Any, plan: Plan) -> None:
        self._inner = inner
        self._plan = plan

    @property
    def runs(self) -> SeenRuns:
        """As in the inner record."""
        runs: SeenRuns = self._inner.runs
        return runs

    def prepare(self) -> Deferred[None]:
        """Can fail."""
        return self._plan.run("prepare_seen", self._inner.prepare)

    def change(self, wanted: Sequence[tuple[int, bool]]) -> int:
        """Can fail."""
        self._plan.check("change_seen")
        return int(self._inner.change(wanted))

    def close(self) -> Deferred[None]:
        """Never fails."""
        closed: Deferred[None] = self._inner.close()
        return closed


@implementer(ISeenRecords)
class FailingSeenRecords:
    """``inner``, with the failures of a plan; its records have them too."""

    def __init__(self, inner: Any, plan: Plan) -> None:
        self._inner = inner
        self._plan = plan

    def open(self, reader: str, name: str) -> Deferred[FailingSeenRecord]:
        """Can fail."""

        def opened() -> Deferred[FailingSeenRecord]:
            inner: Deferred[Any] = self._inner.open(reader, name)
            return inner.addCallback(lambda record: FailingSeenRecord(record, self._plan))

        return self._plan.run("open_seen", opened)

    def known(self) -> Deferred[list[KnownReader]]:
        """Can fail."""
        return self._plan.run("known_seen", self._inner.known)

    def remove(self, readers: Collection[str]) -> Deferred[None]:
        """Can fail."""
        return self._plan.run("remove_seen", lambda: self._inner.remove(readers))


@implementer(IMailboxStore)
class FailingStore:
    """``inner``, with the failures of a plan."""

    def __init__(self, inner: Any, plan: Plan) -> None:
        self._inner = inner
        self._plan = plan

    @property
    def columns(self) -> Columns:
        """As in the inner store."""
        columns: Columns = self._inner.columns
        return columns

    @property
    def keywords(self) -> KeywordTable:
        """As in the inner store."""
        keywords: KeywordTable = self._inner.keywords
        return keywords

    @property
    def uidvalidity(self) -> int:
        """As in the inner store."""
        return int(self._inner.uidvalidity)

    @property
    def uidnext(self) -> int:
        """As in the inner store."""
        return int(self._inner.uidnext)

    @property
    def modseq(self) -> int:
        """As in the inner store."""
        return int(self._inner.modseq)

    @property
    def recent_mark(self) -> int:
        """As in the inner store."""
        return int(self._inner.recent_mark)

    @property
    def seen(self) -> FailingSeenRecords:
        """Those of the inner store, which can fail."""
        return FailingSeenRecords(self._inner.seen, self._plan)

    @property
    def listener(self) -> Any:
        """The inner store's listener."""
        return self._inner.listener

    @listener.setter
    def listener(self, listener: Any) -> None:
        self._inner.listener = listener

    def append(self, messages: Sequence[NewMessage]) -> Deferred[list[int]]:
        """Can fail."""
        return self._plan.run("append", lambda: self._inner.append(messages))

    def set_flags(self, updates: Sequence[FlagUpdate]) -> None:
        """Can fail."""
        self._plan.check("set_flags")
        self._inner.set_flags(updates)

    def expunge(self, uids: Sequence[int]) -> Deferred[list[int]]:
        """Can fail."""
        return self._plan.run("expunge", lambda: self._inner.expunge(uids))

    def forget(self, uids: Sequence[int]) -> None:
        """Never fails."""
        self._inner.forget(uids)

    def define_keyword(self, name: str) -> int:
        """Can fail."""
        self._plan.check("define_keyword")
        return int(self._inner.define_keyword(name))

    def set_recent_mark(self, uid: int) -> None:
        """Can fail."""
        self._plan.check("set_recent_mark")
        self._inner.set_recent_mark(uid)

    def expunged_since(self, modseq: int) -> tuple[UidSet, bool]:
        """Never fails."""
        known: tuple[UidSet, bool] = self._inner.expunged_since(modseq)
        return known

    def provisional(self) -> dict[int, str]:
        """Never fails."""
        known: dict[int, str] = self._inner.provisional()
        return known

    def content(self, uid: int) -> FailingContent:
        """A content that can fail when it is read."""
        return FailingContent(self._inner.content(uid), self._plan)

    def checkpoint(self) -> Deferred[None]:
        """Can fail."""
        return self._plan.run("checkpoint", self._inner.checkpoint)

    def compact(self) -> Deferred[None]:
        """Can fail."""
        return self._plan.run("compact", self._inner.compact)

    def close(self) -> Deferred[None]:
        """Can fail; the inner store is closed all the same."""
        closed: Deferred[None] = self._inner.close()
        return closed.addCallback(lambda _: self._plan.check("close"))


@implementer(IMailboxTree)
class FailingTree:
    """``inner``, with the failures of a plan; its stores have them too."""

    def __init__(self, inner: Any, plan: Plan) -> None:
        self._inner = inner
        self._plan = plan

    def scan(self) -> Deferred[dict[str, TreeEntry]]:
        """Can fail."""
        return self._plan.run("scan", self._inner.scan)

    def create(self, name: str, format: str, uidvalidity: int) -> Deferred[None]:
        """Can fail."""
        return self._plan.run("create", lambda: self._inner.create(name, format, uidvalidity))

    def create_directory(self, name: str) -> Deferred[None]:
        """Can fail."""
        return self._plan.run("create_directory", lambda: self._inner.create_directory(name))

    def delete(self, name: str) -> Deferred[None]:
        """Can fail."""
        return self._plan.run("delete", lambda: self._inner.delete(name))

    def delete_directory(self, name: str) -> Deferred[None]:
        """Can fail."""
        return self._plan.run("delete_directory", lambda: self._inner.delete_directory(name))

    def rename(self, old: str, new: str, children: bool) -> Deferred[None]:
        """Can fail."""
        return self._plan.run("rename", lambda: self._inner.rename(old, new, children))

    def open(self, name: str, hints: MailboxHints, draw: Callable[[], Deferred[int]]) -> Deferred[FailingStore]:
        """Can fail."""

        def opened() -> Deferred[FailingStore]:
            inner: Deferred[Any] = self._inner.open(name, hints, draw)
            return inner.addCallback(lambda store: FailingStore(store, self._plan))

        return self._plan.run("open", opened)
