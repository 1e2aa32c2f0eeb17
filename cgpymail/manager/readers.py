"""Mailboxes where every user has a Seen of his own (an option of the mailbox; ownseen.py sets it).

A ``Reader`` stands between a user's sessions and such a mailbox: it shows the messages with his Seen, and takes apart
what he changes: his Seen goes into his record (interfaces.ISeenRecord), all else to the store. The Seen in the store is
nobody's: it stays as it was, for those who have read nothing since. What he reads has a MODSEQ of the mailbox's own
counting, so it is ordered among what others change; but HIGHESTMODSEQ, as others hear of it, does not rise by it.

A reader is known by the MAILBOXID of his INBOX: it stays with him when his account is renamed, and nobody who gets the
account's name later has the same. Records of people who are no more are removed when they have lain for a while.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredLock
from twisted.python.failure import Failure

from cgpymail.errors import MailError, StorageFailed
from cgpymail.manager.objectids import new_mailbox_id
from cgpymail.manager.picture import Picture
from cgpymail.model.columns import Columns, Row
from cgpymail.model.flags import SEEN
from cgpymail.model.identity import AccountName
from cgpymail.model.message import FlagUpdate, NewMessage
from cgpymail.model.names import INBOX
from cgpymail.model.seen import KnownReader, SeenRuns
from cgpymail.runtime.logs import PROBLEM

if TYPE_CHECKING:
    from cgpymail.manager.account import Account
    from cgpymail.manager.mailbox import Mailbox
    from cgpymail.manager.view import View

KEPT_SECONDS = 365 * 86_400  # a record that did not change for so long is removed if its reader is not there any more
# by that name: one who was renamed has so long to come by, and then it has his new name
_DIGITS = 32

Keys = Callable[[AccountName], Awaitable[str]]
"""What names the reader of an account now, empty if there is no such account."""


async def reader_key(own: Account) -> str:
    """What names the reader whose account this is, for good: 32 hexadecimal digits. Raises StorageFailed."""
    async with own.turn:
        if not own.infos.object_id(INBOX):
            await own.infos.identify(INBOX, new_mailbox_id(own.runtime, own.infos.hints(INBOX).uidvalidity))
        return hashlib.sha256(own.infos.object_id(INBOX).encode()).hexdigest()[:_DIGITS]


class Readers:
    """Those who have a mailbox open now."""

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._open: dict[str, Reader] = {}
        self._turn = DeferredLock()
        self._log = mailbox.runtime.logs.module("MAILBOX")
        self._tidied = False

    async def enter(self, own: Account, *, changing: bool = True) -> Reader:
        """The reader of an account, until ``Reader.leave``. ``changing``: he may read messages, so see that it can be
        kept; where the disk refuses, he can look at the mailbox all the same. Raises StorageFailed."""
        key = await reader_key(own)
        async with self._turn:
            reader = self._open.get(key)
            if reader is None:
                record = await self._mailbox.store.seen.open(key, str(own.name))
                reader = self._open[key] = Reader(self._mailbox, self, own.name, key, record)
            reader.users += 1
            if changing:
                with suppress(StorageFailed):
                    await reader.record.prepare()
        return reader

    def left(self, reader: Reader) -> None:
        """One user of it less."""
        if not reader.users:
            self._start(self._retire(reader))

    async def _retire(self, reader: Reader) -> None:
        async with self._turn:
            if not reader.users and self._open.get(reader.key) is reader:
                del self._open[reader.key]
                await reader.record.close()

    async def close(self) -> None:
        """Let go of all records; the mailbox is being closed, or has one Seen again."""
        async with self._turn:
            closing, self._open = list(self._open.values()), {}
            for reader in closing:
                await reader.record.close()

    def tidy_once(self, keys: Keys) -> None:
        """While it is open, see once to it that readers whose account is no more are forgotten."""
        if not self._tidied:
            self._tidied = True
            self._start(self._tidy(keys))

    async def _tidy(self, keys: Keys) -> None:
        latest = self._mailbox.runtime.now() - KEPT_SECONDS
        records = self._mailbox.store.seen
        old = [each for each in await records.known() if each.changed <= latest]
        doomed = [each.reader for each in old if not await _is(each, keys)]
        if doomed:
            async with self._turn:
                await records.remove([reader for reader in doomed if reader not in self._open])

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        Deferred.fromCoroutine(work).addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if isinstance(failure.value, MailError):
            self._log.write(PROBLEM, f"what users read of {self._mailbox.name} was not put away: {failure.value}")
        else:
            self._log.failure("while what a user reads was being put away", failure)


async def _is(known: KnownReader, keys: Keys) -> bool:
    """Whether the account that bears the name is still that reader's."""
    name, _, domain = known.name.rpartition("@")
    return await keys(AccountName(name, domain)) == known.reader


class ReaderPicture(Picture):
    """A picture of one user's: of Seen it knows his."""

    __slots__ = ("_runs",)

    def __init__(self, columns: Columns, hides: int, limit: int, runs: SeenRuns) -> None:
        super().__init__(columns, hides, limit)
        self._runs = runs

    def first_unseen(self) -> int:
        """The lowest UID that he has not read, 0 if there is none."""
        return self._runs.first_unseen(self.uids)

    def unseen(self) -> int:
        """How many messages he has not read."""
        return len(self.uids) - self._runs.count(self.uids)

    def changed_since(self, modseq: int) -> list[int]:
        """What changed for everybody, or only for him."""
        return sorted({*super().changed_since(modseq), *self._runs.changed_since(modseq, self._columns.uid)})


class Reader:
    """One user in a mailbox, for all his sessions there; an audience of the hub. ``users``: who holds it."""

    def __init__(self, mailbox: Mailbox, readers: Readers, name: AccountName, key: str, record: Any) -> None:
        self._mailbox = mailbox
        self._readers = readers
        self._changes = 0
        self.name = name
        self.key = key
        self.record = record
        self.users = 0

    def leave(self) -> None:
        """One user less."""
        self.users -= 1
        self._readers.left(self)

    def members(self) -> list[Any]:
        """His sessions."""
        return [member for member in self._mailbox.members() if member.reader is self]

    @property
    def version(self) -> tuple[int, int]:
        """Changes with everything that one of his sessions might have to be told."""
        return self._mailbox.version, self._changes

    @property
    def modseq(self) -> int:
        """The highest MODSEQ of what changed for everybody or for him."""
        return max(self._mailbox.modseq, self._runs.highest)

    @property
    def _runs(self) -> SeenRuns:
        runs: SeenRuns = self.record.runs
        return runs

    def new_picture(self, columns: Columns, hides: int, limit: int) -> Picture:
        """One of what he sees of the mailbox."""
        return ReaderPicture(columns, hides, limit, self._runs)

    def row(self, uid: int) -> Row | None:
        """As Mailbox.row, with his Seen."""
        row = self._mailbox.row(uid)
        if row is None:
            return None
        rows = Columns()
        rows.insert(row)
        return self._runs.overlay(rows).row(0)

    def rows(self, uids: Sequence[int]) -> Columns:
        """As Mailbox.rows, with his Seen. Raises MessageGone."""
        return self._runs.overlay(self._mailbox.rows(uids))

    def set_flags(self, updates: Sequence[FlagUpdate], author: View | None = None) -> None:
        """As Mailbox.set_flags: his Seen for him alone, all else for everybody. Raises StorageFailed, MailboxGone.

        Each is durable for itself; where the second is refused, the first has been done.
        """
        self._mailbox.check_usable()
        columns = self._mailbox.store.columns
        common: list[FlagUpdate] = []
        wanted: list[tuple[int, bool]] = []
        for update in sorted(updates, key=lambda update: update.uid):
            place = columns.find(update.uid)
            if place < 0:
                continue
            mask, keywords = columns.flags[place], columns.keywords[place]
            flags = update.flags & ~SEEN | mask & SEEN
            if flags != mask or update.keywords != keywords:
                common.append(FlagUpdate(update.uid, flags, update.keywords))
            seen = bool(update.flags & SEEN)
            if seen != self._runs.find(update.uid)[0]:
                wanted.append((update.uid, seen))
        self._mailbox.set_flags(common, author)
        self._change(wanted, author)

    def take_over(self) -> None:
        """What was read for everybody since he entered counts as read, or not, by him. Nothing happens if the disk
        refuses."""
        columns = self._mailbox.store.columns
        both = zip(columns.uid, columns.flags, self._runs.overlay(columns.copy()).flags, strict=True)
        with suppress(StorageFailed):
            self._change([(uid, bool(mask & SEEN)) for uid, mask, own in both if (mask ^ own) & SEEN], None)

    def _change(self, wanted: Sequence[tuple[int, bool]], author: View | None) -> None:
        if wanted:
            self.record.change(wanted)
            self._changes += 1
            self._mailbox.read_by(self, tuple(uid for uid, _ in wanted), author)

    async def append(self, messages: Sequence[NewMessage]) -> list[int]:
        """As Mailbox.append: of what he puts there Seen is his own. Raises as that."""
        plain = [replace(message, flags=message.flags & ~SEEN) for message in messages]
        uids = await self._mailbox.append(plain)
        with suppress(MailError):  # they are stored, read or not
            pairs = zip(uids, messages, strict=True)
            self._change([(uid, True) for uid, message in pairs if message.flags & SEEN], None)
        return uids
