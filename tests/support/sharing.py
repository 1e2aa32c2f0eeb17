"""A mailbox in memory that several sessions of several users have open, without any protocol."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import replace
from typing import Any, TypeVar

from twisted.internet.defer import Deferred, succeed
from twisted.internet.task import Clock

from cgpymail.errors import NoSuchMailbox, OverQuota
from cgpymail.manager.access import Standing
from cgpymail.manager.facts import Facts
from cgpymail.manager.handle import Handle
from cgpymail.manager.hub import Hub
from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.transfer import Target
from cgpymail.model import flags, rights
from cgpymail.model.identity import AccountName
from cgpymail.model.mailbox import MailboxHints
from cgpymail.model.message import FlagUpdate, NewMessage
from cgpymail.model.uidset import NumberSet
from cgpymail.runtime.limits import DEFAULTS
from cgpymail.runtime.runtime import Runtime
from cgpymail.runtime.spool import MemoryContent
from cgpymail.stores.memory import MemoryMailbox, MemoryStore
from cgpymail.stores.registry import FORMATS
from cgpymail.stores.tree import DiskTree
from tests.support.results import result
from tests.support.runtime import memory_runtime

T = TypeVar("T")
EVERYTHING = NumberSet(((1, 0),))
OWNER = Standing(rights.ALL, flags.SERVICE)  # of an owner in IMAP or POP


def run(coroutine: Coroutine[Deferred[Any], Any, T]) -> T:
    """What a coroutine that need not wait gives or raises."""
    return result(Deferred.fromCoroutine(coroutine))


def message(body: bytes = b"text", *, seen: int = 0, date: int = 1000, keywords: Sequence[str] = ()) -> NewMessage:
    """A small message; ``seen`` is its flag mask."""
    return NewMessage(MemoryContent(b"Subject: s\r\n\r\n" + body + b"\r\n"), date, seen, tuple(keywords))


MakeStore = Callable[[Runtime, str, int], Any]  # (runtime, mailbox name, UIDVALIDITY)


def memory_store(runtime: Runtime, name: str, uidvalidity: int) -> MemoryStore:
    """An empty one."""
    return MemoryStore(runtime, MemoryMailbox(uidvalidity))


class DiskStores:
    """Opens mailboxes of one format in a directory, and makes them if they are not there."""

    def __init__(self, path: pathlib.Path, format: str) -> None:
        self._path = path
        self._format = format

    def __call__(self, runtime: Runtime, name: str, uidvalidity: int) -> Any:
        """The store."""
        tree = DiskTree(runtime, str(self._path), FORMATS)
        if name not in result(tree.scan()):
            result(tree.create(name, self._format, uidvalidity))
        return result(tree.open(name, MailboxHints(), lambda: succeed(uidvalidity)))


class Shared:
    """Two mailboxes, INBOX and Other, of one account; handles on INBOX."""

    def __init__(self, *, change_log: int = 4096, make: MakeStore = memory_store) -> None:
        self.runtime = memory_runtime()
        self.hub = Hub(self.runtime)
        self.limits = replace(DEFAULTS, change_log=change_log)
        self.facts = Facts(self.limits)
        self.boxes: dict[str, Mailbox] = {}
        self.full = False
        self.target_rights = rights.ALL
        self.held = 0  # targets that were not released
        for number, name in enumerate(("INBOX", "Other")):
            store = make(self.runtime, name, 1000 + number)
            self.boxes[name] = Mailbox(
                store,
                AccountName("john", "example.org"),
                name,
                runtime=self.runtime,
                limits=self.limits,
                hub=self.hub,
                facts=self.facts,
            )

    @property
    def box(self) -> Mailbox:
        """INBOX."""
        return self.boxes["INBOX"]

    def turn(self) -> None:
        """Let the reactor do what is due now."""
        clock = self.runtime.clock
        assert isinstance(clock, Clock)
        clock.advance(0)

    async def resolve(self, name: str) -> Target:
        """A target by name."""
        if name not in self.boxes:
            raise NoSuchMailbox
        self.held += 1
        return Target(self.boxes[name], self.target_rights, self._admit, self._release)

    def _admit(self, octets: int, messages: int) -> None:
        if self.full:
            raise OverQuota

    def _release(self) -> None:
        self.held -= 1

    def handle(
        self, standing: Standing | Callable[[], Standing] = OWNER, *, name: str = "INBOX", **more: Any
    ) -> Handle:
        """A session's handle."""
        ask = standing if callable(standing) else lambda: standing
        return Handle(self.boxes[name], lambda: name, ask, resolve=self.resolve, **more)

    def fill(self, count: int, *, name: str = "INBOX", seen: int = 0) -> list[int]:
        """Append messages; their bodies are ``1``, ``2`` ..."""
        return run(self.boxes[name].append([message(b"%d" % n, seen=seen) for n in range(1, count + 1)]))

    def set_flags(self, uid: int, mask: int, *, name: str = "INBOX") -> None:
        """Absolute flags, as a program that is no mail client sets them."""
        row = self.boxes[name].row(uid)
        assert row is not None
        self.boxes[name].set_flags([FlagUpdate(uid, mask, row.keywords)])


def listed(handle: Handle) -> list[int]:
    """UIDs of the session's view, by sequence number."""
    return list(handle.select(EVERYTHING, by_uid=False).uids)
