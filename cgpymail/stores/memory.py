"""The reference store: a mailbox in memory, the contract of interfaces.IMailboxStore in executable form.

Nothing here is faster or cleverer than it must be: what this store does is what every store has to do, and the
contract suite (tests/contract) runs the same tests over it and over those that keep files. It is "durable" in the sense
that a ``MemoryMailbox`` outlives the store that is open on it, as a file would.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred, DeferredLock, fail, succeed
from zope.interface import implementer

from cgpymail.errors import LimitExceeded, MailError, MessageGone, StorageFailed
from cgpymail.interfaces import IContent, IMailboxStore, IStoredContent
from cgpymail.model.changes import Arrived, Change, Expunged, FlagsChanged
from cgpymail.model.columns import Columns, Row
from cgpymail.model.flags import ALL_FLAGS, RECENT
from cgpymail.model.keywords import MAX_KEYWORD_BYTES, MAX_KEYWORDS, KeywordTable
from cgpymail.model.message import FlagUpdate, NewMessage
from cgpymail.model.uidset import UidSet
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.memoryseen import KeptSeen, MemorySeenRecords

PIECE = 64 * 1024  # octets that one read gives at most, so that callers learn to ask again
MAX_UID = (1 << 32) - 1
STORED_FLAGS = ALL_FLAGS & ~RECENT


@dataclass(slots=True)
class MemoryMailbox:
    """What a file would hold: everything that is still there when the store has been closed."""

    uidvalidity: int
    uidnext: int = 1
    modseq: int = 0  # of what changed for everybody
    drawn: int = 0  # the last one, whoever it was for
    recent_mark: int = 0
    columns: Columns = field(default_factory=Columns)
    keywords: KeywordTable = field(default_factory=KeywordTable)
    contents: dict[int, bytes] = field(default_factory=dict)
    expunged: list[tuple[int, int]] = field(default_factory=list)  # (modseq, uid), ascending
    seen: dict[str, KeptSeen] = field(default_factory=dict)
    deleted: bool = False

    def renew(self, uidvalidity: int) -> None:
        """Another UIDVALIDITY: what was expunged under the old one means nothing any more."""
        self.uidvalidity = uidvalidity
        self.expunged.clear()
        self.seen.clear()


@implementer(IStoredContent)
class MemoryStoredContent:
    """The bytes of one message; holding them is what pins them."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read_now(self, offset: int, length: int) -> bytes | None:
        """Up to ``length`` octets from ``offset``, at most PIECE of them."""
        return self._data[offset : offset + min(length, PIECE)]

    def read(self, offset: int, length: int) -> Deferred[bytes]:
        """The same."""
        return succeed(self._data[offset : offset + min(length, PIECE)])

    def chunks(self) -> Iterator[bytes]:
        """The wire form in pieces."""
        for start in range(0, self.size, PIECE):
            yield self._data[start : start + PIECE]

    def release(self) -> None:
        """The memory goes with the object."""


@implementer(IMailboxStore)
class MemoryStore:
    """An open MemoryMailbox."""

    def __init__(self, runtime: Runtime, mailbox: MemoryMailbox) -> None:
        self._runtime = runtime
        self._mailbox = mailbox
        self._departed: dict[int, bytes] = {}  # expunged, and not yet forgotten by every view
        self._turn = DeferredLock()  # appends finish in UID order
        self._closed = False
        self.listener: Any = None

    @property
    def columns(self) -> Columns:
        """All messages."""
        return self._mailbox.columns

    @property
    def keywords(self) -> KeywordTable:
        """The keywords."""
        return self._mailbox.keywords

    @property
    def uidvalidity(self) -> int:
        """UIDVALIDITY."""
        return self._mailbox.uidvalidity

    @property
    def uidnext(self) -> int:
        """UIDNEXT."""
        return self._mailbox.uidnext

    @property
    def modseq(self) -> int:
        """The highest MODSEQ of a change that everybody sees."""
        return self._mailbox.modseq

    @property
    def recent_mark(self) -> int:
        """The \\Recent high-water mark."""
        return self._mailbox.recent_mark

    @property
    def seen(self) -> MemorySeenRecords:
        """What single users have read."""
        return MemorySeenRecords(self._runtime, self._mailbox.seen, self._draw_seen, self.columns)

    def append(self, messages: Sequence[NewMessage]) -> Deferred[list[int]]:
        """Store messages, all or none. Fails with StorageFailed, LimitExceeded."""
        return self._turn.run(lambda: Deferred.fromCoroutine(self._append(messages)))

    async def _append(self, messages: Sequence[NewMessage]) -> list[int]:
        self._check_usable()
        masks = self._define_all(messages)
        if self.uidnext + len(messages) > MAX_UID:
            raise LimitExceeded("The mailbox has no more message numbers", detail="UIDNEXT")
        contents = [await self._read(message.content) for message in messages]
        self._check_usable()
        if not messages:
            return []
        uids = list(range(self.uidnext, self.uidnext + len(messages)))
        self._mailbox.uidnext += len(messages)
        modseq, saved = self._draw_modseq(), self._runtime.now()
        for uid, message, mask, data in zip(uids, messages, masks, contents, strict=True):
            self._mailbox.contents[uid] = data
            self.columns.insert(Row(uid, message.flags & STORED_FLAGS, mask, modseq, message.date, len(data), saved))
        self._tell(Arrived(tuple(uids), modseq))
        return uids

    async def _read(self, content: IContent) -> bytes:
        try:
            return await self._runtime.pools.sync.run(lambda: b"".join(content.chunks()))
        except OSError as problem:
            raise StorageFailed(detail=str(problem)) from problem

    def _define_all(self, messages: Sequence[NewMessage]) -> list[int]:
        """Keyword masks of new messages. All or none: room for every new name is looked for first."""
        names = {name.lower() for message in messages for name in message.keywords if not self.keywords.find(name)}
        if len(self.keywords) + len(names) > MAX_KEYWORDS:
            raise LimitExceeded("The mailbox has too many keywords")
        masks = []
        for message in messages:
            mask = 0
            for name in message.keywords:
                mask |= self.define_keyword(name)
            masks.append(mask)
        return masks

    def set_flags(self, updates: Sequence[FlagUpdate]) -> None:
        """Set absolute values; one MODSEQ and one change for all. Raises StorageFailed."""
        self._check_usable()
        latest = {update.uid: update for update in updates if self.columns.find(update.uid) >= 0}
        if not latest:
            return
        modseq = self._draw_modseq()
        for uid, update in latest.items():
            place = self.columns.find(uid)
            self.columns.flags[place] = update.flags & STORED_FLAGS
            self.columns.keywords[place] = update.keywords
            self.columns.modseq[place] = modseq
        self._tell(FlagsChanged(tuple(sorted(latest)), modseq))

    def expunge(self, uids: Sequence[int]) -> Deferred[list[int]]:
        """Remove messages; fires with those that were still there, ascending. Fails with StorageFailed."""
        try:
            self._check_usable()
        except MailError:
            return fail()
        gone = sorted({uid for uid in uids if self.columns.find(uid) >= 0})
        if gone:
            modseq = self._draw_modseq()
            rows = self.columns.remove([self.columns.find(uid) for uid in gone])
            for uid in gone:
                self._departed[uid] = self._mailbox.contents.pop(uid)
                self._mailbox.expunged.append((modseq, uid))
            self._tell(Expunged(tuple(gone), modseq, rows))
        return succeed(gone)

    def forget(self, uids: Sequence[int]) -> None:
        """No view has these expunged messages any more."""
        for uid in uids:
            self._departed.pop(uid, None)

    def define_keyword(self, name: str) -> int:
        """The mask of a keyword, new or known. Raises LimitExceeded at 64 keywords, and for one of over 64 octets."""
        self._check_usable()
        known = self.keywords.find(name)
        if known:
            return known
        place = self.keywords.free()
        if place < 0 or len(name.encode()) > MAX_KEYWORD_BYTES:
            raise LimitExceeded("The keyword is too long or one too many")
        self.keywords.define(place, name)
        return 1 << place

    def set_recent_mark(self, uid: int) -> None:
        """Raise the mark; a lower value changes nothing. Raises StorageFailed."""
        self._check_usable()
        self._mailbox.recent_mark = max(self._mailbox.recent_mark, uid)

    def expunged_since(self, modseq: int) -> tuple[UidSet, bool]:
        """Complete from the creation of the mailbox on."""
        return UidSet.of(uid for when, uid in self._mailbox.expunged if when > modseq), True

    def provisional(self) -> dict[int, str]:
        """None: every UID is remembered."""
        return {}

    def content(self, uid: int) -> MemoryStoredContent:
        """The bytes of a message that is there, or departed. Raises MessageGone."""
        data = self._mailbox.contents.get(uid)
        if data is None:
            data = self._departed.get(uid)
        if data is None:
            raise MessageGone
        return MemoryStoredContent(data)

    def checkpoint(self) -> Deferred[None]:
        """Everything is in its place already; keywords that no message has make room when there is none left."""
        if self.keywords.full:
            used = 0
            for mask in self.columns.keywords:
                used |= mask
            for place, _ in list(self.keywords):
                if not used >> place & 1:
                    self.keywords.drop(place)
        return succeed(None)

    def compact(self) -> Deferred[None]:
        """Forgotten messages took their space with them."""
        return succeed(None)

    def close(self) -> Deferred[None]:
        """Departed messages are lost to later sessions, as they are when a process ends. Idempotent."""

        def finish() -> None:
            self._closed = True
            self._departed.clear()
            self.listener = None

        return self._turn.run(finish)

    def _check_usable(self) -> None:
        if self._closed or self._mailbox.deleted:
            raise StorageFailed(detail="the mailbox is closed or deleted")

    def _draw_seen(self) -> int:
        """For what a single user reads."""
        self._check_usable()
        self._mailbox.drawn = max(int(self._runtime.clock.seconds() * 1_000_000), self._mailbox.drawn + 1)
        return self._mailbox.drawn

    def _draw_modseq(self) -> int:
        """max(microseconds since the epoch, last + 1): rises even when every index is lost (architecture, 4)."""
        self._mailbox.modseq = self._draw_seen()
        return self._mailbox.modseq

    def _tell(self, change: Change) -> None:
        if self.listener is not None:
            self.listener.changed(change)
