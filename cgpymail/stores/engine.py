"""The store of every format on disk: IMailboxStore over a MailFile, a journal and a snapshot (architecture, section 4).

Here are the answers from memory and the changes of flags, which are journalled inline; commit.py has appends and
expunges, upkeep.py checkpoints and compaction, recovery.py and settling.py the opening. Everything here runs on the
reactor thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from cgpymail.errors import LimitExceeded, MailError, MessageGone, StorageFailed
from cgpymail.interfaces import IMailboxStore, IStoredContent, IStoreListener
from cgpymail.model.changes import FlagsChanged
from cgpymail.model.columns import Columns
from cgpymail.model.keywords import MAX_KEYWORD_BYTES, MAX_KEYWORDS, KeywordTable
from cgpymail.model.mailbox import MailboxHints
from cgpymail.model.message import FlagUpdate, NewMessage
from cgpymail.model.uidset import UidSet
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.commit import Committer
from cgpymail.stores.core import Core, in_turn, mail_error
from cgpymail.stores.journal import FLAGS, Kind, keyword_records, record
from cgpymail.stores.mailfile import Format
from cgpymail.stores.recovery import Recovery
from cgpymail.stores.seenrecords import SeenRecords
from cgpymail.stores.settling import settle
from cgpymail.stores.state import STORED_FLAGS
from cgpymail.stores.upkeep import AUTOMATIC, Upkeep, attempt

Draw = Callable[[], Deferred[int]]


def open_store(runtime: Runtime, format: Format, path: str, hints: MailboxHints, draw: Draw) -> Deferred[Store]:
    """The store of the mail file at ``path``. Fails with StorageFailed; the mail file is then left as it is."""

    async def open_mailbox() -> Store:
        mail = format.mail_file(runtime, path)
        boot = runtime.files.boot_id()
        log = runtime.logs.module("MAILBOX")
        recovery = Recovery(runtime.files, mail, path.rpartition(".")[0], hints, boot, log)
        try:
            found = await runtime.pools.sync.run(recovery.run)
            if found.new_uidvalidity:
                found.state.uidvalidity = await draw()
            core = Core(runtime, mail, path, found.state, None)
            due = await runtime.pools.sync.run(settle, core, found, boot)
        except OSError as problem:
            mail.close()
            raise mail_error(problem) from problem
        except MailError:
            mail.close()
            raise
        store = Store(core, boot)
        if due:
            await attempt(core, "first checkpoint", store.checkpoint())
        left = list(core.state.unmarked.values())
        if left:
            await attempt(core, "tidying up", core.run(mail.forget, left, core.note))
        return store

    return Deferred.fromCoroutine(open_mailbox())


@implementer(IMailboxStore)
class Store:
    """One open mailbox."""

    def __init__(self, core: Core, boot: bytes) -> None:
        self._core = core
        self._upkeep = Upkeep(core, boot)
        self._committer = Committer(core, self._define_all, self._upkeep.sound)
        self.seen = SeenRecords(core)
        self._held = False
        self._tending = False

    # -- what it holds -------------------------------------------------------------------------------------------

    @property
    def columns(self) -> Columns:
        """All messages, Hidden and Service included."""
        return self._core.state.columns

    @property
    def keywords(self) -> KeywordTable:
        """The keywords."""
        return self._core.state.keywords

    @property
    def uidvalidity(self) -> int:
        """UIDVALIDITY."""
        return self._core.state.uidvalidity

    @property
    def uidnext(self) -> int:
        """The smallest UID that a future message can get."""
        return self._core.state.uidnext

    @property
    def modseq(self) -> int:
        """The highest MODSEQ of a change that everybody sees."""
        return self._core.state.modseq

    @property
    def recent_mark(self) -> int:
        """The \\Recent high-water mark."""
        return self._core.state.recent_mark

    @property
    def listener(self) -> IStoreListener | None:
        """Who is told of changes."""
        return self._core.listener

    @listener.setter
    def listener(self, listener: IStoreListener | None) -> None:
        self._core.listener = listener

    @property
    def path(self) -> str:
        """Of the mail file."""
        return self._core.path

    @property
    def closed(self) -> bool:
        """Whether it was closed or cut off."""
        return self._core.closed

    def expunged_since(self, modseq: int) -> tuple[UidSet, bool]:
        """What was expunged after ``modseq``, and whether the record reaches back that far."""
        return self._core.state.expunged.since(modseq)

    def provisional(self) -> dict[int, str]:
        """Messages whose UIDs are not remembered, with a word for the content of each."""
        return self._core.state.provisional()

    def content(self, uid: int) -> IStoredContent:
        """The bytes of a message that is there, or expunged and not forgotten. Raises MessageGone, StorageFailed."""
        core = self._core
        place = core.state.columns.find(uid)
        stored = core.state.stored(place) if place >= 0 else core.departed.get(uid)
        if stored is None:
            raise MessageGone
        try:
            return core.mail.content(stored)
        except OSError as problem:
            raise mail_error(problem) from problem

    # -- durable before visible ----------------------------------------------------------------------------------

    def append(self, messages: Sequence[NewMessage]) -> Deferred[list[int]]:
        """Store messages, all or none. Fails with StorageFailed, StorageFull, LimitExceeded."""
        if not messages:
            return self._refused() or succeed([])
        return self._refused() or self._committer.append(messages).addBoth(self._tend)

    def expunge(self, uids: Sequence[int]) -> Deferred[list[int]]:
        """Remove messages; fires with those that were still there, ascending. Fails with StorageFailed."""
        return self._refused() or self._committer.expunge(uids).addBoth(self._tend)

    def _refused(self) -> Deferred[list[int]] | None:
        return fail(StorageFailed(detail="the mailbox is closed")) if self._core.closed else None

    def forget(self, uids: Sequence[int]) -> None:
        """The bytes of these expunged messages may go."""
        core = self._core
        known = [core.departed.pop(uid) for uid in uids if uid in core.departed]
        if known and not core.closed:
            in_turn(core.turn, lambda: attempt(core, "forgetting", core.run(core.mail.forget, known, core.note)))

    # -- journalled at once --------------------------------------------------------------------------------------

    def set_flags(self, updates: Sequence[FlagUpdate]) -> None:
        """Set absolute values; one MODSEQ and one change for all. Raises StorageFailed."""
        core, state = self._core, self._core.state
        self._check_writable()
        found = {place: update for update in updates if (place := state.columns.find(update.uid)) >= 0}
        if not found:
            return
        modseq = core.draw_modseq()
        ordered = sorted(found.items())
        runs = _flag_runs(ordered)
        core.write(
            [
                record(Kind.FLAGS, first, last, modseq, FLAGS.pack(flags, keywords))
                for first, last, flags, keywords in runs
            ]
        )
        for first, last, flags, keywords in runs:
            state.set_flags(first, last, flags, keywords, modseq)
        core.tell(FlagsChanged(tuple(update.uid for _, update in ordered), modseq))
        self._tend(None)

    def define_keyword(self, name: str) -> int:
        """The mask of a keyword, made known first if it is new. Raises LimitExceeded, StorageFailed."""
        state = self._core.state
        known = state.keywords.find(name)
        if known:
            return known
        place = state.keywords.free()
        if place < 0 or len(name.encode("utf-8", "surrogateescape")) > MAX_KEYWORD_BYTES:
            raise LimitExceeded("The keyword is too long or one too many")
        self._check_writable()
        self._core.write(keyword_records(place, name))
        state.keywords.define(place, name)
        return 1 << place

    def _define_all(self, messages: Sequence[NewMessage]) -> list[int]:
        """Keyword masks of new messages: room for every new name is looked for first. Raises LimitExceeded."""
        keywords = self.keywords
        names = {name.lower() for message in messages for name in message.keywords if not keywords.find(name)}
        if len(keywords) + len(names) > MAX_KEYWORDS:
            raise LimitExceeded("The mailbox has too many keywords")
        masks: list[int] = []
        for message in messages:
            mask = 0
            for name in message.keywords:
                mask |= self.define_keyword(name)
            masks.append(mask)
        return masks

    def set_recent_mark(self, uid: int) -> None:
        """Raise the mark; a lower value changes nothing. Raises StorageFailed."""
        if uid > self._core.state.recent_mark:
            self._check_writable()
            self._core.write([record(Kind.RECENT, uid)])
            self._core.state.recent_mark = uid

    def _check_writable(self) -> None:
        """Raise StorageFailed; after a failure of the disk, also try to get back to work."""
        core = self._core
        if core.broken and not core.closed:
            in_turn(core.turn, lambda: attempt(core, "repair", self._upkeep.sound()))
        core.check_usable()

    # -- upkeep --------------------------------------------------------------------------------------------------

    def checkpoint(self) -> Deferred[None]:
        """Write flags through to the mail file and make a new snapshot. Fails with StorageFailed."""
        core = self._core
        return in_turn(core.upkeep, lambda: _await(in_turn(core.turn, self._upkeep.checkpoint)))

    def compact(self) -> Deferred[None]:
        """Give back the space of expunged messages. Fails with StorageFailed."""
        return in_turn(self._core.upkeep, lambda: self._compact(0.0))

    async def _compact(self, least: float) -> None:
        await self._upkeep.compact(least)

    def _tend(self, result: Any) -> Any:
        """After a change: a checkpoint when the journal has become large, then perhaps a compaction."""
        if self._upkeep.due() and not self._tending:
            self._tending = True

            def done(outcome: Any) -> None:
                self._tending = False

            tend = attempt(self._core, "checkpoint", self._checkpoint_and_compact())
            Deferred.fromCoroutine(tend).addBoth(done)
        return result

    async def _checkpoint_and_compact(self) -> None:
        await self.checkpoint()
        await in_turn(self._core.upkeep, lambda: self._compact(AUTOMATIC))

    def close(self) -> Deferred[None]:
        """Finish what is under way, checkpoint if it is worth it, let go of every file. Idempotent."""
        return in_turn(self._core.upkeep, self._close)

    async def _close(self) -> None:
        core = self._core
        if core.closed:
            return
        if self._upkeep.worth():
            await attempt(core, "compaction", self._compact(AUTOMATIC))
        await in_turn(core.turn, self._close_in_turn)

    async def _close_in_turn(self) -> None:
        core = self._core
        if core.broken or self._upkeep.worth():
            await attempt(core, "checkpoint", self._upkeep.checkpoint())
        departed, core.departed = list(core.departed.values()), {}
        if departed:
            await attempt(core, "forgetting", core.run(core.mail.forget, departed, core.note))
        core.closed = True
        core.stop_timer()
        core.listener = None
        await attempt(core, "closing", core.run(self._let_go))

    def _let_go(self) -> None:
        """Blocking: the end of the journal, and the descriptors."""
        core = self._core
        try:
            if core.journal is not None and not core.journal.broken:
                memo = b"" if core.stale else core.mail.memo()
                core.journal.write([record(Kind.CLOSE, data=memo)])
                core.journal.sync()
        finally:
            if core.journal is not None:
                core.journal.close()
            core.mail.close()

    # -- for the tree --------------------------------------------------------------------------------------------

    def hold(self) -> Deferred[None]:
        """Checkpoint, then keep back everything that writes to the mail file until ``resume``."""

        async def hold() -> None:
            await self._core.upkeep.acquire()
            try:
                await self._core.turn.acquire()
            except BaseException:
                self._core.upkeep.release()
                raise
            self._held = True
            try:
                await self._upkeep.checkpoint()
            except BaseException:
                self.resume()
                raise

        return Deferred.fromCoroutine(hold())

    def relocate(self, path: str) -> None:
        """While held: the mail file is at ``path`` from now on, snapshot and journal beside it."""
        core = self._core
        core.path = core.mail.path = path
        if core.journal is not None:
            core.journal.path = f"{core.stem}.log.{core.journal.generation}"

    def resume(self) -> None:
        """Writing goes on. Idempotent."""
        if self._held:
            self._held = False
            self._core.turn.release()
            self._core.upkeep.release()

    def cut_off(self) -> Deferred[None]:
        """The mailbox is about to be removed: close without a checkpoint, refuse the rest."""
        core = self._core

        async def cut_off() -> None:
            if core.closed:
                return
            core.closed = True
            core.stop_timer()
            if core.journal is not None:
                await attempt(core, "closing", core.run(core.journal.close))
            await attempt(core, "closing", core.run(core.mail.close))

        return in_turn(core.upkeep, lambda: _await(in_turn(core.turn, cut_off)))


async def _await(deferred: Deferred[None]) -> None:
    await deferred


def _flag_runs(updates: Sequence[tuple[int, FlagUpdate]]) -> list[tuple[int, int, int, int]]:
    """Neighbours that get the same values, as (first UID, last UID, flags, keywords). By ascending row number."""
    runs: list[tuple[int, int, int, int]] = []
    end = -2
    for place, update in updates:
        flags = update.flags & STORED_FLAGS
        if place == end + 1 and runs[-1][2:] == (flags, update.keywords):
            runs[-1] = (runs[-1][0], update.uid, flags, update.keywords)
        else:
            runs.append((update.uid, update.uid, flags, update.keywords))
        end = place
    return runs
