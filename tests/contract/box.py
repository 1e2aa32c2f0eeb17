"""A mailbox under test: opened, worked on, and opened again in one of the ways in which a mailbox comes back."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterable
from typing import Any, Literal

from twisted.internet.defer import Deferred
from zope.interface import implementer

from cgpymail.interfaces import IMailboxTree, IStoreListener
from cgpymail.model.changes import Arrived, Change
from cgpymail.model.mailbox import MailboxHints
from cgpymail.model.message import FlagUpdate, NewMessage
from cgpymail.runtime.files import Files
from cgpymail.runtime.runtime import Runtime
from cgpymail.runtime.spool import Spool
from tests.support.processfiles import ProcessFiles
from tests.support.results import result
from tests.support.runtime import memory_runtime

# close: closed in order. kill: the process dies, nothing is closed. no-index: closed after a checkpoint, and then
# snapshot and journals are deleted, from which a mailbox has to come back by its mail file alone.
Return = Literal["close", "kill", "no-index"]
RETURNS: tuple[Return, ...] = ("close", "kill", "no-index")
DATE = 1_600_000_000
NAME = "box"


@implementer(IStoreListener)
class Recorder:
    """Keeps what a store told, and looks at what the columns held at that moment."""

    def __init__(self, store: Any) -> None:
        self.store = store
        self.changes: list[Change] = []
        self.visible: list[list[int]] = []

    def changed(self, change: Change) -> None:
        """One change."""
        self.changes.append(change)
        self.visible.append(list(self.store.columns.uid))


class Box:
    """One mailbox. ``store`` is the open store, ``told`` what its listener heard since it was opened."""

    def __init__(
        self,
        make_tree: Callable[[Runtime, pathlib.Path], IMailboxTree],
        format: str,
        path: pathlib.Path,
        way: Return = "close",
        files: ProcessFiles | None = None,
        name: str = NAME,
    ) -> None:
        self.files = files or ProcessFiles()
        self.runtime = memory_runtime(self.files)
        self.path = path / "account"
        self.path.mkdir()
        (path / "spool").mkdir()
        self.spool = Spool(Files(), str(path / "spool"))
        self.way = way
        self.make_tree = make_tree
        self.tree: Any = make_tree(self.runtime, self.path)
        self.drawn = 5_000
        self.hints = MailboxHints(uidvalidity=77)
        self.name = name
        result(self.tree.create(name, format, 77))
        self.open()

    def open(self) -> None:
        """Open the store and listen to it."""
        self.store = result(self.tree.open(self.name, self.hints, self._draw))
        self.recorder = Recorder(self.store)
        self.store.listener = self.recorder

    async def _next(self) -> int:
        self.drawn += 1
        return self.drawn

    def _draw(self) -> Any:
        return Deferred.fromCoroutine(self._next())

    @property
    def told(self) -> list[Change]:
        """Changes since the mailbox was opened."""
        return self.recorder.changes

    def reopen(self, way: Return | None = None) -> None:
        """Let the mailbox come back in the box's way, a second later."""
        way = way or self.way
        if way == "no-index":
            result(self.store.checkpoint())
        if way != "kill":
            result(self.store.close())
        if way == "no-index":
            self.lose_index()
        self.files.end_process()
        self.runtime = memory_runtime(self.files, self.runtime.clock.seconds() + 1)
        self.tree = self.make_tree(self.runtime, self.path)
        self.open()

    def lose_index(self) -> None:
        """Delete snapshot and journals."""
        for path in self.path.rglob("*"):
            if path.suffix == ".bdx" or ".log." in path.name:
                path.unlink()

    def both(self, check: Callable[[], None]) -> None:
        """What is true before the mailbox is opened again is true after it."""
        check()
        self.reopen()
        check()

    # -- doing ---------------------------------------------------------------------------------------------------

    def message(self, data: bytes, flags: int = 0, keywords: Iterable[str] = (), date: int = DATE) -> NewMessage:
        """A new message from what a client sent."""
        writer = self.spool.begin(1 << 30)
        for start in range(0, len(data), 50_000):
            writer.write(data[start : start + 50_000])
        return NewMessage(writer.finish(), date, flags, tuple(keywords), b"sender@example.org")

    def append(self, *datas: bytes, flags: int = 0, keywords: Iterable[str] = (), date: int = DATE) -> list[int]:
        """Append messages in one call; their UIDs."""
        messages = [self.message(data, flags, keywords, date) for data in datas]
        uids = result(self.store.append(messages))
        for message in messages:
            message.content.release()
        return list(uids)

    def set(self, uid: int, flags: int, keywords: int = 0) -> None:
        """Set the flags of one message."""
        self.store.set_flags([FlagUpdate(uid, flags, keywords)])

    def expunge(self, *uids: int) -> list[int]:
        """Expunge, and forget at once: nobody looks."""
        gone = list(result(self.store.expunge(uids)))
        self.store.forget(gone)
        return gone

    # -- looking -------------------------------------------------------------------------------------------------

    @property
    def uids(self) -> list[int]:
        """UIDs of the columns."""
        return list(self.store.columns.uid)

    def row(self, uid: int) -> Any:
        """The row of a UID."""
        return self.store.columns.row(self.store.columns.find(uid))

    def keywords_of(self, uid: int) -> set[str]:
        """Names of a message's keywords."""
        return set(self.store.keywords.names(self.row(uid).keywords))

    def body(self, uid: int) -> bytes:
        """The whole content, asked for as a session does."""
        content = self.store.content(uid)
        parts: list[bytes] = []
        offset = 0
        while offset < content.size:
            part = content.read_now(offset, content.size - offset)
            if part is None:
                part = result(content.read(offset, content.size - offset))
            assert part, "a read inside the message gave nothing"
            parts.append(part)
            offset += len(part)
        content.release()
        return b"".join(parts)

    def arrivals(self) -> list[int]:
        """UIDs of all arrivals told."""
        return [uid for change in self.told if isinstance(change, Arrived) for uid in change.uids]
