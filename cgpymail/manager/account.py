"""One account's name space: which mailboxes there are, and every change of that.

The names are read from the disk once and kept while anybody uses the account; what others put into the account's
directory is found by the next look (``refresh``). Changes wait for each other in one queue per account, so each of them
sees the names as the one before left them. Opening a mailbox only passes through the queue: a long first scan of a
large file must not hold up the other mailboxes; a change of the names waits for the openings under way instead.

Rights are not asked here: that is the business of who resolved the name (namespace.py, access.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock

from cgpymail.errors import (
    Busy,
    CannotDo,
    HasChildren,
    LimitExceeded,
    MailboxExists,
    MailError,
    MessageTooLarge,
    NoSuchMailbox,
    NotSelectable,
    OneMailboxOnly,
)
from cgpymail.interfaces import IAccountRecord, IGrants, IMailboxStore, IMailboxTree
from cgpymail.manager.furnishing import furnish
from cgpymail.manager.infos import CLASS, OBJECT_ID, UIDVALIDITY, MailboxInfos
from cgpymail.manager.lifecycle import OpenMailboxes
from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.moving import move_inbox
from cgpymail.manager.objectids import made_for_level, new_mailbox_id
from cgpymail.manager.words import number, octets_of
from cgpymail.model import names
from cgpymail.model.acl import size
from cgpymail.model.classes import check_class
from cgpymail.model.identity import AccountName
from cgpymail.model.mailbox import TreeEntry
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.runtime import Runtime

RESCAN_SECONDS = 1.0  # the directory is not read again for mailboxes of others more often than that
UNLIMITED = -1
NEVER = float("-inf")
Check = Callable[[], object]


def unasked() -> None:
    """Nobody's rights are asked: the server itself does it, or an administrator with the tool."""


class Account:
    """The mailboxes of one account. One object per account in the process (manager.py sees to it).

    ``turn`` is the queue: who has it may change the names, and whoever opens or closes a mailbox passes through it.
    ``formats``: extension -> the manual's name (``mdir`` -> ``MailDirMailbox``); the first is the default.
    """

    def __init__(
        self,
        record: IAccountRecord,
        tree: IMailboxTree,
        opened: OpenMailboxes,
        runtime: Runtime,
        limits: Limits,
        formats: Mapping[str, str],
        grants: IGrants,
    ) -> None:
        self.record = record
        self.name: AccountName = record.name
        self.formats = formats
        self.infos = MailboxInfos(record)
        self._tree = tree
        self._opened = opened
        self.watching = opened.watching
        self.runtime = runtime
        self._limits = limits
        self._entries: dict[str, TreeEntry] = {}
        self._scanned = NEVER
        self.ended = False  # nothing can be opened or changed any more
        self.turn = DeferredLock()
        self.grants = grants

    # what there is

    @property
    def entries(self) -> Mapping[str, TreeEntry]:
        """Every name with its entities, as last known."""
        return self._entries

    def find(self, name: str) -> TreeEntry | None:
        """The entry of a canonical name, or None."""
        return self._entries.get(name)

    def exists(self, name: str) -> bool:
        """Whether there is a storage or directory entity of that canonical name."""
        return name in self._entries

    @property
    def busy(self) -> bool:
        """Whether the names are being changed just now."""
        return bool(self.turn.locked)

    async def load(self) -> None:
        """First look. INBOX is made if it is missing (spec 1.3); a new account gets its other mailboxes too, and what
        is missing of them if something failed then.

        Raises StorageFailed.
        """
        async with self.turn:
            await self._scan()
            planned = self.record.to_make()
            new = planned is not None or not self._entries
            if not self._has_storage(names.INBOX):
                await self.add(names.INBOX, self.default_format)
            if new:
                await furnish(self, planned or ())

    @asynccontextmanager
    async def changing(self, allowed: Check = unasked) -> AsyncIterator[None]:
        """The turn to change the names; ``allowed`` raises if what was permitted before the wait is not any more. After
        a failure half of a change may have been made: look again next time."""
        async with self.turn:
            self._check_usable()
            allowed()
            try:
                yield
            except MailError:
                self._scanned = NEVER
                raise

    async def refresh(self) -> None:
        """Look again for what others put there, unless the last look was a moment ago. Raises StorageFailed."""
        if self.runtime.clock.seconds() - self._scanned >= RESCAN_SECONDS:
            async with self.turn:
                self._check_usable()
                await self._scan()

    def _check_usable(self) -> None:
        if self.ended:
            raise Busy("The account is being renamed or removed; try again later")

    async def end(self) -> None:
        """The account is about to be renamed or removed: close all its mailboxes; whoever has one open is told, and
        this object cannot be used any more."""
        async with self.turn:
            self.ended = True
            await self._opened.settled(self.name)
        await self._opened.close_all(self.name)

    async def _scan(self) -> None:
        self._entries = await self._tree.scan()
        self._scanned = self.runtime.clock.seconds()

    def _has_storage(self, name: str) -> bool:
        entry = self._entries.get(name)
        return entry is not None and bool(entry.format)

    def below(self, name: str) -> list[str]:
        """All names under ``name``, in order."""
        return sorted(other for other in self._entries if names.is_below(other, name))

    # open mailboxes

    async def open(self, name: str) -> Mailbox:
        """The mailbox, opened if it is not; to be given back with ``close``. Raises NoSuchMailbox, NotSelectable,
        StorageFailed."""
        async with self.turn:
            self._check_usable()
            entry = self._existing(name)
            if not entry.format:
                raise NotSelectable
            opening = self._opened.enter(self, name)
        return await opening

    def close(self, mailbox: Mailbox) -> None:
        """The caller needs it no longer; it stays warm for a while."""
        self._opened.leave(mailbox)

    def rights_changed(self, name: str) -> None:
        """The ACL of a mailbox was changed: the sessions in it look for themselves what that means."""
        self._opened.rights_changed(self.name, name)

    def open_store(self, name: str) -> Deferred[IMailboxStore]:
        """The store of a mailbox; for OpenMailboxes, which sees that a name is opened once."""
        return self._tree.open(name, self.infos.hints(name), self.record.draw_uidvalidity)

    @property
    def largest_message(self) -> int | None:
        """Octets that a message from outside may have by the setting MaxMessageSize (spec 11.2); None: any number."""
        return octets_of(self.record.setting("MaxMessageSize", "unlimited"))

    def check_size(self, octets: int) -> None:
        """Raise MessageTooLarge if a message from outside is too large for this account."""
        largest = self.largest_message
        if largest is not None and octets > largest:
            raise MessageTooLarge

    # making

    @property
    def default_format(self) -> str:
        """The extension for new mailboxes, by the setting DefaultMailboxType (spec 6.4); else the first format."""
        wanted = self.record.setting("DefaultMailboxType", "")
        return next((extension for extension, name in self.formats.items() if name == wanted), next(iter(self.formats)))

    def split_format(self, name: str) -> tuple[str, str]:
        """``box.mdir`` as (``box``, ``mdir``); (name, "") if it does not end with a known extension (spec 1.13)."""
        stem, dot, extension = name.rpartition(".")
        return (stem, extension) if dot and extension in self.formats else (name, "")

    async def create(self, name: str, format: str = "", *, mailbox_class: str = "", allowed: Check = unasked) -> None:
        """Add the storage entity to a name, in ``format`` or the account's default; directory entities above it too.

        Raises IllegalName, CannotDo (the class), MailboxExists, LimitExceeded, StorageFailed, and as ``allowed``.
        """
        names.check_new(name)
        check_class(mailbox_class)
        async with self.changing(allowed):
            self.check_count()
            await self.add(name, format or self.default_format, mailbox_class)

    async def add(self, name: str, format: str, mailbox_class: str = "") -> None:
        """``create`` for those who have the turn and have checked the name and the count."""
        if self._has_storage(name):
            raise MailboxExists
        added = self._to_add([*names.ancestors(name), name])
        uidvalidity = await self.record.draw_uidvalidity()
        await self._tree.create(name, format, uidvalidity)
        acl = self._inherited(added)
        was_directory = name in self._entries and self._entries[name].directory
        self._add_directories(names.ancestors(name))
        self._entries[name] = TreeEntry(name, format, was_directory)
        facts = {
            UIDVALIDITY: str(uidvalidity),
            CLASS: mailbox_class or None,
            OBJECT_ID: self._object_id(name, uidvalidity, was_directory=was_directory),
        }
        await self.infos.added(added, acl, {name: facts})

    def _object_id(self, name: str, uidvalidity: int, *, was_directory: bool) -> str:
        """A new one, except for a level that has got one for what was annotated there."""
        known = self.infos.object_id(name) if was_directory else ""
        return known if made_for_level(known) else new_mailbox_id(self.runtime, uidvalidity)

    async def create_directory(self, name: str, allowed: Check = unasked) -> None:
        """Add only the directory entity (``CREATE NAME/``, spec 1.6). Raises as ``create``."""
        names.check_new(name)
        async with self.changing(allowed):
            entry = self._entries.get(name)
            if entry is not None and entry.directory:
                raise MailboxExists
            added = self._to_add([*names.ancestors(name), name])
            await self._tree.create_directory(name)
            acl = self._inherited(added)
            self._add_directories([*names.ancestors(name), name])
            await self.infos.added(added, acl, {})

    def check_count(self) -> None:
        """Raise LimitExceeded if there may be no further mailbox (MaxMailboxes)."""
        most = number(self.record.setting("MaxMailboxes", str(UNLIMITED)), UNLIMITED)
        if most >= 0 and sum(1 for entry in self._entries.values() if entry.format) >= most:
            raise LimitExceeded("The account has as many mailboxes as it may have")

    def _to_add(self, wanted: list[str]) -> list[str]:
        """Those that are not there, in order. Raises LimitExceeded, OneMailboxOnly, MailboxExists (there is a mailbox
        alias, which is not to be covered) if they cannot be."""
        added = [name for name in wanted if name not in self._entries]
        if self.record.single and added not in ([], [names.INBOX]):
            raise OneMailboxOnly
        if added and added[0] != names.INBOX and added[0] in self.record.aliases():
            raise MailboxExists
        if len(self._entries) + len(added) > self._limits.mailboxes:
            raise LimitExceeded("The account has too many mailboxes")
        self.infos.check_room(len(added) * size(self._inherited(added)), self._limits)
        return added

    def _add_directories(self, found: list[str]) -> None:
        for name in found:
            entry = self._entries.get(name)
            self._entries[name] = TreeEntry(name, entry.format if entry else "", directory=True)

    def _inherited(self, added: list[str]) -> dict[str, Any]:
        """The ACL that new names begin with: that of the nearest name above that was there (spec 3.4.1, 14.2.8)."""
        above = reversed(names.ancestors(added[0])) if added else ()
        return next((self.infos.acl(name) for name in above if name in self._entries), {})

    # unmaking

    async def delete(self, name: str, *, children: bool = False, allowed: Check = unasked) -> None:
        """Remove a mailbox, with everything below it if ``children`` (spec 1.1).

        A name with children loses its storage entity only and stays as not selectable. Raises NoSuchMailbox,
        CannotDo (INBOX, Locked, or nothing but a directory that is not empty), StorageFailed, and as ``allowed``.
        """
        if name == names.INBOX:
            raise CannotDo("INBOX cannot be deleted")
        async with self.changing(allowed):
            entry = self._existing(name)
            self._check_unlocked(name)
            below = self.below(name)
            await self._opened.settled(self.name)
            if children:
                for child in reversed(below):
                    await self._remove(self._entries[child], leaf=True)
                below = []
            if below and not entry.format:
                raise HasChildren
            await self._remove(entry, leaf=not below)

    async def _remove(self, entry: TreeEntry, *, leaf: bool) -> None:
        name = entry.name
        if entry.format:
            await self._tree.delete(name)
            self._opened.deleted(self.name, name)
            self._entries[name] = TreeEntry(name, "", entry.directory)
        if entry.directory and leaf:
            await self._remove_directory(name, must=not entry.format)
        elif not entry.directory:
            del self._entries[name]
        await self.infos.removed(name, directory_stays=name in self._entries)

    async def _remove_directory(self, name: str, *, must: bool) -> None:
        try:
            await self._tree.delete_directory(name)
        except CannotDo:  # there are files in it that are not ours
            if must:
                raise
        else:
            del self._entries[name]

    # moving

    async def rename(self, old: str, new: str, *, children: bool = True, allowed: Check = unasked) -> None:
        """Give a mailbox, and with ``children`` what lies below it, another name. Sessions in it follow.

        RENAME of INBOX moves its messages into a new mailbox (spec 1.1.2). Preferences that name a moved mailbox
        follow (spec 6.2). Raises NoSuchMailbox, IllegalName, MailboxExists, CannotDo, LimitExceeded, StorageFailed.
        """
        names.check_new(new)
        if old == names.INBOX:
            self._check_unlocked(old)
            await move_inbox(self, new, allowed)
            return
        async with self.changing(allowed):
            moves = self._plan_moves(old, new, children)
            added = self._to_add(names.ancestors(new))
            await self._opened.settled(self.name)
            await self._tree.rename(old, new, children)
            acl = self._inherited(added)
            stays = not children and self._entries[old].directory
            self._move_entries(moves, stays=stays)
            self._add_directories(names.ancestors(new))
            self._opened.renamed(self.name, moves)
            await self.infos.added(added, acl, {})
            await self.infos.moved(moves, directory_stays=stays)

    def _plan_moves(self, old: str, new: str, children: bool) -> dict[str, str]:
        """Old name -> new name of all that move. Raises whatever forbids the rename."""
        entry = self._existing(old)
        self._check_unlocked(old)
        if new in self._entries or new in self.record.aliases():
            raise MailboxExists
        if names.is_below(new, old):
            raise CannotDo("A mailbox cannot be moved below itself")
        if not entry.format and not children:
            raise NotSelectable
        moves = {old: new}
        if children:
            moves |= {child: new + child[len(old) :] for child in self.below(old)}
        for target in moves.values():
            names.check_new(target)
        return moves

    def _move_entries(self, moves: dict[str, str], *, stays: bool) -> None:
        for old, new in moves.items():
            entry = self._entries.pop(old)
            if stays:
                self._entries[old] = TreeEntry(old, "", directory=True)
            self._entries[new] = TreeEntry(new, entry.format, entry.directory and not stays)

    def _existing(self, name: str) -> TreeEntry:
        entry = self._entries.get(name)
        if entry is None:
            raise NoSuchMailbox
        return entry

    def _check_unlocked(self, name: str) -> None:
        if self.infos.locked(name):
            raise CannotDo("The mailbox is locked")
