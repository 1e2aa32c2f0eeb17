"""The mailboxes of one account in memory: the reference for IMailboxTree, beside the disk's stores/tree.py."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from twisted.internet.defer import Deferred
from zope.interface import implementer

from cgpymail.errors import CannotDo, MailboxExists, NoSuchMailbox, OneMailboxOnly
from cgpymail.interfaces import IMailboxTree
from cgpymail.model.mailbox import MailboxHints, TreeEntry
from cgpymail.model.names import INBOX, SEPARATOR, ancestors, is_below
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.memory import MemoryMailbox, MemoryStore


@dataclass(slots=True)
class _Entities:
    """The two invisible entities of a name (manual, Mailboxes, "Mailbox Names")."""

    mailbox: MemoryMailbox | None = None
    format: str = ""
    directory: bool = False

    @property
    def empty(self) -> bool:
        return self.mailbox is None and not self.directory


@implementer(IMailboxTree)
class MemoryTree:
    """Keeps mailboxes over close and reopening; ``fold`` makes it behave like a file system that folds case.

    ``single``: of a single-mailbox account, where INBOX is all that can be.
    """

    def __init__(self, runtime: Runtime, *, fold: bool = False, single: bool = False) -> None:
        self._runtime = runtime
        self._fold = fold
        self._single = single
        self._names: dict[str, _Entities] = {}

    def again(self, runtime: Runtime) -> MemoryTree:
        """The same mailboxes, as the next process would find them."""
        other = MemoryTree(runtime, fold=self._fold, single=self._single)
        other._names = self._names
        return other

    def scan(self) -> Deferred[dict[str, TreeEntry]]:
        """Every name, in order."""

        async def found() -> dict[str, TreeEntry]:
            return {
                name: TreeEntry(name, entities.format, entities.directory)
                for name, entities in sorted(self._names.items())
            }

        return Deferred.fromCoroutine(found())

    def create(self, name: str, format: str, uidvalidity: int) -> Deferred[None]:
        """Add the storage entity. Fails with MailboxExists."""

        async def create() -> None:
            self._check_single(name)
            self._check_case(name)
            if self._entities(name).mailbox is not None:
                raise MailboxExists
            self._make_ancestors(name)
            entities = self._names.setdefault(name, _Entities())
            entities.mailbox, entities.format = MemoryMailbox(uidvalidity), format

        return Deferred.fromCoroutine(create())

    def create_directory(self, name: str) -> Deferred[None]:
        """Add the directory entity. Fails with MailboxExists."""

        async def create() -> None:
            self._check_single(name + SEPARATOR)
            self._check_case(name)
            if self._entities(name).directory:
                raise MailboxExists
            self._make_ancestors(name)
            self._names.setdefault(name, _Entities()).directory = True

        return Deferred.fromCoroutine(create())

    def delete(self, name: str) -> Deferred[None]:
        """Remove the storage entity; a store that is open on it refuses to change anything from then on."""

        async def delete() -> None:
            mailbox = self._storage(name)
            self._check_single(name + SEPARATOR)
            mailbox.deleted = True
            self._names[name].mailbox, self._names[name].format = None, ""
            self._drop_empty(name)

        return Deferred.fromCoroutine(delete())

    def delete_directory(self, name: str) -> Deferred[None]:
        """Remove an empty directory entity. Fails with NoSuchMailbox, CannotDo."""

        async def delete() -> None:
            if not self._entities(name).directory:
                raise NoSuchMailbox
            if any(is_below(other, name) for other in self._names):
                raise CannotDo("The mailbox has inferior mailboxes")
            self._names[name].directory = False
            self._drop_empty(name)

        return Deferred.fromCoroutine(delete())

    def rename(self, old: str, new: str, children: bool) -> Deferred[None]:
        """Move entities; open stores follow by themselves, for they hold the mailbox and not its name."""

        async def rename() -> None:
            source, target = self._entities(old), self._entities(new)
            moves_directory = children and source.directory
            if source.mailbox is None and not moves_directory:
                raise NoSuchMailbox
            self._check_single(new)
            if old == new or (source.mailbox and target.mailbox) or (moves_directory and target.directory):
                raise MailboxExists
            if moves_directory and is_below(new, old):
                raise CannotDo("A mailbox cannot be moved below itself")
            self._check_case(new, besides=old)
            self._make_ancestors(new)
            self._move(old, new, moves_directory)

        return Deferred.fromCoroutine(rename())

    def _move(self, old: str, new: str, moves_directory: bool) -> None:
        source = self._names[old]
        target = self._names.setdefault(new, _Entities())
        if source.mailbox is not None:
            target.mailbox, target.format = source.mailbox, source.format
            source.mailbox, source.format = None, ""
        if moves_directory:
            source.directory, target.directory = False, True
            for name in [name for name in self._names if is_below(name, old)]:
                self._names[new + name[len(old) :]] = self._names.pop(name)
        self._drop_empty(old)

    def open(self, name: str, hints: MailboxHints, draw: Callable[[], Deferred[int]]) -> Deferred[MemoryStore]:
        """The store; draws a UIDVALIDITY when none is known or the hint disagrees. Fails with NoSuchMailbox."""

        async def open_store() -> MemoryStore:
            mailbox = self._storage(name)
            if not mailbox.uidvalidity or hints.uidvalidity not in (0, mailbox.uidvalidity):
                mailbox.renew(await draw())
            mailbox.uidnext = max(mailbox.uidnext, hints.uidnext)
            return MemoryStore(self._runtime, mailbox)

        return Deferred.fromCoroutine(open_store())

    def _entities(self, name: str) -> _Entities:
        return self._names.get(name) or _Entities()

    def _storage(self, name: str) -> MemoryMailbox:
        mailbox = self._entities(name).mailbox
        if mailbox is None:
            raise NoSuchMailbox
        return mailbox

    def _check_single(self, name: str) -> None:
        """In a single-mailbox account INBOX can be made and nothing else; ``name/`` is the directory entity."""
        if self._single and name != INBOX:
            raise OneMailboxOnly

    def _check_case(self, name: str, besides: str = "") -> None:
        """On a file system that folds case no component may differ from one that is there in case only."""
        if not self._fold:
            return
        for part in [*ancestors(name), name]:
            if any(there.lower() == part.lower() and there not in (part, besides) for there in self._names):
                raise MailboxExists("A mailbox whose name differs only in case is there already")

    def _make_ancestors(self, name: str) -> None:
        for above in ancestors(name):
            self._names.setdefault(above, _Entities()).directory = True

    def _drop_empty(self, name: str) -> None:
        if self._names[name].empty:
            del self._names[name]
