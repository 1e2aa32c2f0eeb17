"""One account's name space: which mailboxes there are, and every change of that.

The names are read from the disk once and kept while anybody uses the account; what others put into the account's
directory is found by the next look (``refresh``). Changes wait for each other in one queue per account, so each of them
sees the names as the one before left them. Opening a mailbox only passes through the queue: a long first scan of a
large file must not hold up the other mailboxes; a change of the names waits for the openings under way instead.

Rights are not asked here: that is the business of who resolved the name (namespace.py, access.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock

from cgpymail.errors import (
    CannotDo,
    LimitExceeded,
    MailboxExists,
    MailError,
    MessageTooLarge,
    NoSuchMailbox,
    NotSelectable,
)
from cgpymail.interfaces import IAccountRecord, IMailboxStore, IMailboxTree
from cgpymail.manager.lifecycle import OpenMailboxes
from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.moving import move_all
from cgpymail.manager.special import SPECIAL_USE, renamed_preferences
from cgpymail.manager.words import is_yes, number, octets_of
from cgpymail.model import names
from cgpymail.model.identity import AccountName
from cgpymail.model.mailbox import MailboxHints, TreeEntry
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.runtime import Runtime

RESCAN_SECONDS = 1.0  # the directory is not read again for mailboxes of others more often than that
UNLIMITED = -1
NEVER = float("-inf")

Infos = dict[str, dict[str, Any] | None]  # entries of account.info to be merged; see IAccountRecord.update_mailboxes


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
    ) -> None:
        self.record = record
        self.name: AccountName = record.name
        self.formats = formats
        self._tree = tree
        self._opened = opened
        self._runtime = runtime
        self._limits = limits
        self._entries: dict[str, TreeEntry] = {}
        self._scanned = NEVER
        self.turn = DeferredLock()

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
        """First look. INBOX is made if it is missing (spec 1.3); a new account gets its special mailboxes too.

        Raises StorageFailed.
        """
        async with self.turn:
            await self._scan()
            new = not self._entries
            if not self._has_storage(names.INBOX):
                await self._create(names.INBOX, self.default_format)
            if new:
                await self._furnish()

    @asynccontextmanager
    async def _changing(self) -> AsyncIterator[None]:
        """The turn to change the names. After a failure half of a change may have been made: look again next time."""
        async with self.turn:
            try:
                yield
            except MailError:
                self._scanned = NEVER
                raise

    async def refresh(self) -> None:
        """Look again for what others put there, unless the last look was a moment ago. Raises StorageFailed."""
        if self._runtime.clock.seconds() - self._scanned >= RESCAN_SECONDS:
            async with self.turn:
                await self._scan()

    async def _scan(self) -> None:
        self._entries = await self._tree.scan()
        self._scanned = self._runtime.clock.seconds()

    async def _furnish(self) -> None:
        for _, key in SPECIAL_USE:
            name = self.record.preference(key)
            if name and name not in self._entries:
                await self._create(name, self.default_format)

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
            entry = self._existing(name)
            if not entry.format:
                raise NotSelectable
            opening = self._opened.enter(self, name)
        return await opening

    def close(self, mailbox: Mailbox) -> None:
        """The caller needs it no longer; it stays warm for a while."""
        self._opened.leave(mailbox)

    def open_store(self, name: str) -> Deferred[IMailboxStore]:
        """The store of a mailbox; for OpenMailboxes, which sees that a name is opened once."""
        info = self.record.mailbox_info(name)
        hints = MailboxHints(number(info.get("UIDValidity")), number(info.get("UIDNext")))
        return self._tree.open(name, hints, self.record.draw_uidvalidity)

    async def note(self, name: str, uidvalidity: int, uidnext: int) -> None:
        """Keep the copy of a mailbox's numbers in account.info (spec 14.1.4), if it is not there already."""
        facts = {"UIDValidity": str(uidvalidity), "UIDNext": str(uidnext)}
        info = self.record.mailbox_info(name)
        if any(str(info.get(key)) != value for key, value in facts.items()):
            await self.record.update_mailboxes({name: facts})

    def check_size(self, octets: int) -> None:
        """Raise MessageTooLarge if a message from outside is above the account's MaxMessageSize (spec 11.2)."""
        largest = octets_of(self.record.setting("MaxMessageSize", "unlimited"))
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

    async def create(self, name: str, format: str = "", *, mailbox_class: str = "") -> None:
        """Add the storage entity to a name, in ``format`` or the account's default; directory entities above it too.

        Raises IllegalName, MailboxExists, LimitExceeded, StorageFailed.
        """
        names.check_new(name)
        async with self._changing():
            await self._create(name, format or self.default_format, mailbox_class)

    async def _create(self, name: str, format: str, mailbox_class: str = "") -> None:
        if self._has_storage(name):
            raise MailboxExists
        self._check_count()
        added = self._to_add(name)
        uidvalidity = await self.record.draw_uidvalidity()
        await self._tree.create(name, format, uidvalidity)
        was_directory = name in self._entries and self._entries[name].directory
        infos = self._inherit(added)
        own = dict.fromkeys(self.record.mailbox_info(name)) if name in added else {"UIDNext": None, "Locked": None}
        infos[name] = own | (infos.get(name) or {}) | {"UIDValidity": str(uidvalidity), "Class": mailbox_class or None}
        self._add_directories(names.ancestors(name))
        self._entries[name] = TreeEntry(name, format, was_directory)
        await self.record.update_mailboxes(infos)

    async def create_directory(self, name: str) -> None:
        """Add only the directory entity (``CREATE NAME/``, spec 1.6). Raises as ``create``."""
        names.check_new(name)
        async with self._changing():
            entry = self._entries.get(name)
            if entry is not None and entry.directory:
                raise MailboxExists
            added = self._to_add(name)
            await self._tree.create_directory(name)
            infos = self._inherit(added)
            self._add_directories([*names.ancestors(name), name])
            await self.record.update_mailboxes(infos)

    def _check_count(self) -> None:
        most = number(self.record.setting("MaxMailboxes", str(UNLIMITED)), UNLIMITED)
        if most >= 0 and sum(1 for entry in self._entries.values() if entry.format) >= most:
            raise LimitExceeded("The account has as many mailboxes as it may have")

    def _to_add(self, name: str) -> list[str]:
        """The names that come into being with ``name``, the topmost first. Raises LimitExceeded."""
        added = [each for each in [*names.ancestors(name), name] if each not in self._entries]
        if len(self._entries) + len(added) > self._limits.mailboxes:
            raise LimitExceeded("The account has too many mailboxes")
        return added

    def _add_directories(self, found: list[str]) -> None:
        for name in found:
            entry = self._entries.get(name)
            self._entries[name] = TreeEntry(name, entry.format if entry else "", directory=True)

    def _inherit(self, added: list[str]) -> Infos:
        """New names start with a copy of the ACL of the nearest name above them that was there (spec 3.4.1, 14.2.8)."""
        if not added:
            return {}
        above = next((each for each in reversed(names.ancestors(added[0])) if each in self._entries), "")
        acl = self.record.mailbox_info(above).get("Access") if above else None
        return {name: {"Access": dict(acl)} for name in added} if acl else {}

    # unmaking

    async def delete(self, name: str, *, children: bool = False) -> None:
        """Remove a mailbox, with everything below it if ``children`` (spec 1.1).

        A name with children loses its storage entity only and stays as not selectable. Raises NoSuchMailbox,
        CannotDo (INBOX, Locked, or nothing but a directory that is not empty), StorageFailed.
        """
        if name == names.INBOX:
            raise CannotDo("INBOX cannot be deleted")
        async with self._changing():
            entry = self._existing(name)
            self._check_unlocked(name)
            below = self.below(name)
            await self._opened.settled(self.name)
            if children:
                for child in reversed(below):
                    await self._remove(self._entries[child], leaf=True)
                below = []
            if below and not entry.format:
                raise CannotDo("The mailbox has inferior mailboxes")
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
        if name not in self._entries:
            await self.record.update_mailboxes({name: None})
        else:  # the directory entity goes on under the ACL
            gone = [key for key in self.record.mailbox_info(name) if key != "Access"]
            await self.record.update_mailboxes({name: dict.fromkeys(gone)})

    async def _remove_directory(self, name: str, *, must: bool) -> None:
        try:
            await self._tree.delete_directory(name)
        except CannotDo:  # there are files in it that are not ours
            if must:
                raise
        else:
            del self._entries[name]

    # moving

    async def rename(self, old: str, new: str, *, children: bool = True) -> None:
        """Give a mailbox, and with ``children`` what lies below it, another name. Sessions in it follow.

        RENAME of INBOX moves its messages into a new mailbox (spec 1.1.2). Preferences that name a moved mailbox
        follow (spec 6.2). Raises NoSuchMailbox, IllegalName, MailboxExists, CannotDo, LimitExceeded, StorageFailed.
        """
        names.check_new(new)
        if old == names.INBOX:
            await self._rename_inbox(new)
            return
        async with self._changing():
            moves = self._plan_moves(old, new, children)
            added = [name for name in self._to_add(new) if name != new]
            await self._opened.settled(self.name)
            await self._tree.rename(old, new, children)
            infos = self._inherit(added)
            self._move_entries(moves, stays=not children and self._entries[old].directory)
            self._add_directories(names.ancestors(new))
            self._opened.renamed(self.name, moves)
            await self._move_records(old, new, moves, infos)

    def _plan_moves(self, old: str, new: str, children: bool) -> dict[str, str]:
        """Old name -> new name of all that move. Raises whatever forbids the rename."""
        entry = self._existing(old)
        self._check_unlocked(old)
        if new in self._entries:
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

    async def _move_records(self, old: str, new: str, moves: dict[str, str], infos: Infos) -> None:
        """account.info and the preferences follow a rename; nothing stale at the new names is taken over."""
        stale: Infos = {target: None for target in moves.values() if self.record.mailbox_info(target)}
        acl = self.record.mailbox_info(old).get("Access")
        if stale:
            await self.record.update_mailboxes(stale)
        await self.record.rename_mailboxes(moves)
        if old in self._entries and acl:
            infos[old] = {"Access": dict(acl)}
        if infos:
            await self.record.update_mailboxes(infos)
        preferences = renamed_preferences(self.record, old, new)
        if preferences:
            await self.record.set_preferences(preferences)

    async def _rename_inbox(self, new: str) -> None:
        async with self._changing():
            if new in self._entries:
                raise MailboxExists
            await self._create(new, self._entries[names.INBOX].format)
        source = await self.open(names.INBOX)
        try:
            await self._move_messages(source, new)
        finally:
            self.close(source)

    async def _move_messages(self, source: Mailbox, new: str) -> None:
        target = await self.open(new)
        try:
            await move_all(source, target)
        except MailError:
            if not target.gone:  # nothing was taken out of the source: what was copied goes away again
                await self.delete(target.name)
            raise
        finally:
            self.close(target)

    def _existing(self, name: str) -> TreeEntry:
        entry = self._entries.get(name)
        if entry is None:
            raise NoSuchMailbox
        return entry

    def _check_unlocked(self, name: str) -> None:
        if is_yes(self.record.mailbox_info(name).get("Locked")):
            raise CannotDo("The mailbox is locked")
