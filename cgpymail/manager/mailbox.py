"""An open mailbox: what all its sessions share. One object in the process, whoever has it open and over which protocol.

It listens to its store. Each change is applied once: to the pictures (one per visibility class in use), to the record
of departed messages, and to the version number that lets a session see at a glance that nothing happened; then the hub
tells the members. What a session may do is not asked here but in handle.py.
"""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import DeferredLock
from zope.interface import implementer

from cgpymail.errors import MailboxGone, MessageGone
from cgpymail.interfaces import IStoreListener
from cgpymail.manager.departed import Departed
from cgpymail.manager.facts import Facts
from cgpymail.manager.flagnames import FlagNames
from cgpymail.manager.hub import Hub, Member
from cgpymail.manager.picture import Picture
from cgpymail.manager.readers import Reader, Readers
from cgpymail.manager.runs import as_array, runs
from cgpymail.manager.view import View
from cgpymail.model.changes import Arrived, Change, Expunged
from cgpymail.model.columns import Columns, Row
from cgpymail.model.flags import DELETED
from cgpymail.model.identity import AccountName
from cgpymail.model.mailbox import MailboxStatus
from cgpymail.model.message import FlagUpdate, NewMessage
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.runtime import Runtime

OCTETS_PER_MESSAGE = 80  # columns here and locations in the store
OCTETS_PER_MAILBOX = 20_000


@implementer(IStoreListener)
class Mailbox:
    """Opened and closed by the manager, which keeps one per store.

    ``owner`` and ``name`` say where it lies (``name`` follows a rename); ``version`` changes with everything that a
    session might have to be told; ``gone`` is set when it was deleted; ``facts`` is shared by all mailboxes.
    """

    def __init__(
        self, store: Any, owner: AccountName, name: str, *, runtime: Runtime, limits: Limits, hub: Hub, facts: Facts
    ) -> None:
        self.store = store
        self.owner = owner
        self.name = name
        self.runtime = runtime
        self.limits = limits
        self.facts = facts
        self.number = facts.new_mailbox()
        self.version = 0
        self.names_version = 0
        self.gone = False
        self.moving = DeferredLock()  # one MOVE at a time out of this mailbox, so that no message is moved twice
        self.departed = Departed(self._forget)
        self._hub = hub
        self.readers: Readers | None = None  # where every user has a Seen of his own
        self.switching = DeferredLock()  # of that option
        self._pictures: dict[tuple[Reader | None, int], Picture] = {}
        self._members: dict[Member, None] = {}
        self._author: View | None = None
        self._statuses: dict[int, tuple[tuple[int, int], MailboxStatus]] = {}
        self._keywords = self._keyword_names()
        self.flag_names = FlagNames(store.keywords)
        store.listener = self

    # -- who has it open -----------------------------------------------------------------------------------------

    @property
    def busy(self) -> bool:
        """Whether some session has it open."""
        return bool(self._members)

    @property
    def octets(self) -> int:
        """About how much memory it takes, for deciding which unused mailboxes stay open."""
        return OCTETS_PER_MAILBOX + OCTETS_PER_MESSAGE * len(self.store.columns)

    def members(self) -> list[Any]:
        """Who has it open."""
        return list(self._members)

    @property
    def modseq(self) -> int:
        """The highest MODSEQ of what changed for everybody."""
        value: int = self.store.modseq
        return value

    def enter(self, member: Member, hides: int, reader: Reader | None = None) -> tuple[Picture, View]:
        """A session opens it: the picture of its visibility class, and a view of its own.

        Raises MailboxGone.
        """
        self.check_usable()
        picture = self._picture(hides, reader)
        self._members[member] = None
        return picture, View(picture, self.store.columns, self.departed)

    def _picture(self, hides: int, reader: Reader | None) -> Picture:
        picture = self._pictures.get((reader, hides))
        if picture is None:
            picture = self._pictures[reader, hides] = self._new_picture(hides, reader)
        return picture

    def _new_picture(self, hides: int, reader: Reader | None) -> Picture:
        columns, limit = self.store.columns, self.limits.change_log
        return Picture(columns, hides, limit) if reader is None else reader.new_picture(columns, hides, limit)

    def leave(self, member: Member, view: View, hides: int, reader: Reader | None = None) -> None:
        """The session closes it."""
        del self._members[member]
        if view.close():
            del self._pictures[reader, hides]

    def reads_as(self, view: View, hides: int, before: Reader | None, reader: Reader | None) -> Picture:
        """A session has another Seen from now on: that of ``reader``, or the common one; its picture now."""
        return self._change_picture(view, (before, hides), (reader, hides))

    def sees_as(self, view: View, reader: Reader | None, before: int, hides: int) -> Picture:
        """A session belongs to another visibility class from now on; its picture now."""
        return self._change_picture(view, (reader, before), (reader, hides))

    def _change_picture(self, view: View, before: tuple[Any, int], after: tuple[Any, int]) -> Picture:
        picture = self._picture(after[1], after[0])
        if view.change_picture(picture, self.modseq):
            del self._pictures[before]
        return picture

    def read_by(self, reader: Reader, uids: tuple[int, ...], author: View | None) -> None:
        """Seen of these messages (ascending) changed for one user: nobody else hears of it."""
        for (whose, _), picture in self._pictures.items():
            if whose is reader:
                picture.mark(uids, reader.modseq, author)
        self._hub.publish(reader)
        self._hub.watching.read(self.owner, self.name, reader.name)

    def renamed(self, name: str) -> None:
        """It has another name now; sessions follow silently (spec 14.3.1e)."""
        self.name = name

    def end(self) -> None:
        """It was deleted: every session hears of it and can do nothing with it any more."""
        self.gone = True
        self._touched()

    def rights_changed(self) -> None:
        """The ACL was changed: sessions find out for themselves what that means, at once if it ends them."""
        self._hub.alert(self.members())
        self._touched()

    async def close(self) -> None:
        """Let the store go. No session has it open, or it is gone, or the process ends."""
        if self.readers is not None:
            await self.readers.close()
        await self.store.close()
        self.store.listener = None

    def check_usable(self) -> None:
        """Raise MailboxGone if it was deleted."""
        if self.gone:
            raise MailboxGone

    # -- changes -------------------------------------------------------------------------------------------------

    def changed(self, change: Change) -> None:
        """The store accepted a change (IStoreListener)."""
        if isinstance(change, Arrived):
            self._check_keywords()  # an appended message may have defined some
        for picture in self._pictures.values():
            picture.apply(change, self._author)
        self._touched()
        if isinstance(change, Expunged):
            self.departed.add(change.uids, change.rows)
        self._hub.watching.changed(self.owner, self.name, change)

    def _touched(self) -> None:
        self.version += 1
        if self._members:
            self._hub.publish(self)

    def _forget(self, uids: Sequence[int]) -> None:
        self.facts.drop(self.number, uids)
        self.store.forget(uids)

    def set_flags(self, updates: Sequence[FlagUpdate], author: View | None = None) -> None:
        """Set absolute values; ``author`` is the view whose session need not be told. Raises StorageFailed."""
        self.check_usable()
        if not updates:
            return
        self._author = author
        try:
            self.store.set_flags(updates)
        finally:
            self._author = None

    async def append(self, messages: Sequence[NewMessage]) -> list[int]:
        """Store messages, all or none; when it returns their UIDs, they are on disk and visible to every session.

        Raises MailboxGone, StorageFailed, StorageFull, LimitExceeded.
        """
        self.check_usable()
        uids: list[int] = await self.store.append(messages)
        return uids

    async def expunge(self, uids: Sequence[int]) -> list[int]:
        """Remove messages; gives those that were still there. Raises MailboxGone, StorageFailed."""
        self.check_usable()
        if not uids:
            return []
        gone: list[int] = await self.store.expunge(uids)
        return gone

    # -- keywords ------------------------------------------------------------------------------------------------

    def define_keyword(self, name: str) -> int:
        """The mask of a keyword, defined if it is new. Raises LimitExceeded, StorageFailed."""
        self.check_usable()
        mask: int = self.store.define_keyword(name)
        if self._check_keywords():
            self._touched()
        return mask

    def _keyword_names(self) -> tuple[tuple[int, str], ...]:
        return tuple(self.store.keywords)

    def _check_keywords(self) -> bool:
        names = self._keyword_names()
        if names == self._keywords:
            return False
        self._keywords = names
        self.names_version += 1
        self.flag_names = FlagNames(self.store.keywords)
        return True

    # -- facts ---------------------------------------------------------------------------------------------------

    def row(self, uid: int) -> Row | None:
        """A message that is there, or departed and still in some view."""
        place = self.store.columns.find(uid)
        found: Row | None = self.store.columns.row(place) if place >= 0 else self.departed.find(uid)
        return found

    def rows(self, uids: Sequence[int]) -> Columns:
        """A copy of the rows of ascending ``uids``, departed ones too. Raises MessageGone."""
        columns, wanted, found = self.store.columns, as_array(uids), Columns()
        missing = array("I")
        done = 0
        for start, stop, place in runs(columns.uid, wanted):
            missing.extend(wanted[done:start])
            found.extend(columns, place, place + stop - start)
            done = stop
        missing.extend(wanted[done:])
        for uid in missing:
            row = self.departed.find(uid)
            if row is None:
                raise MessageGone
            found.insert(row)
        return found

    def status(self, hides: int, reader: Reader | None = None) -> MailboxStatus:
        """Counts for one visibility class (RFC 3501 6.3.10); kept until something changes, but for a reader's."""
        if reader is not None:
            return self._count(hides, reader)
        state = (self.version, self.store.recent_mark)
        kept = self._statuses.get(hides)
        if kept is None or kept[0] != state:
            kept = self._statuses[hides] = (state, self._count(hides, None))
        return kept[1]

    def _count(self, hides: int, reader: Reader | None) -> MailboxStatus:
        columns, store = self.store.columns, self.store
        picture = self._pictures.get((reader, hides)) or self._new_picture(hides, reader)
        modseq = self.modseq if reader is None else reader.modseq
        rows = zip(columns.flags, columns.size, strict=True)
        return MailboxStatus(
            messages=len(picture.uids),
            recent=len(picture.uids) - bisect_right(picture.uids, store.recent_mark),
            unseen=picture.unseen(),
            uidnext=store.uidnext,
            uidvalidity=store.uidvalidity,
            highest_modseq=max(modseq, 1),  # 0 would say that there is none (RFC 7162 3.1.7)
            deleted=sum(1 for mask in columns.flags if mask & DELETED and not mask & hides),
            size=sum(size for mask, size in rows if not mask & hides) if picture.filtered else sum(columns.size),
        )
