"""Checkpoints, compaction, and getting a mailbox back to work after a failure of the disk.

Checkpoint, always between batches: start ``log.<n+1>`` -> write flags, marks, keywords and note through, sync -> write,
sync and rename the snapshot that covers ``<n>`` -> sync the directory -> only then unlink ``log.<n>``. The state is
captured at the moment when the journal changes over, so the snapshot is exactly what the journals up to ``<n>`` lead
to, and what happens meanwhile (flag changes are not kept waiting) is exactly what ``log.<n+1>`` tells.

What cannot be marked where it lies (an expunged message without comment, an imported flag field too narrow) has the
mail file rewritten before the journal that knows of it is unlinked.

Compaction copies the messages while batches go on; only its end, and the checkpoint after it, hold them back.
"""

from __future__ import annotations

from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, replace

from cgpymail.errors import MailError
from cgpymail.runtime.logs import PROBLEM
from cgpymail.stores import snapshot
from cgpymail.stores.capture import Capture, Survivors
from cgpymail.stores.core import Core, mail_error, untrusted
from cgpymail.stores.journal import APPENDED, SIZE, Header, Journal, Kind, keyword_records, record
from cgpymail.stores.mailfile import Locations, Marking, Rewrite
from cgpymail.stores.recovery import retire
from cgpymail.stores.snapshot import Snapshot
from cgpymail.stores.state import MAX_UID, State

AUTOMATIC = 0.3  # share of the mail file that must be given back to compact it unasked
LARGE = 1024 * 1024  # octets of journal that call for a checkpoint
OLD = 24 * 3600  # seconds


def opening_records(state: State, boot: bytes) -> list[bytes]:
    """What a new journal begins with, so that it is complete in itself: keywords, and UIDs without comment."""
    bodies = [record(Kind.OPEN, data=boot)]
    for place, name in state.keywords:
        bodies.extend(keyword_records(place, name))
    return bodies + bind_records(state)


def bind_records(state: State) -> list[bytes]:
    """For each message without comment, which one its UID means."""
    bodies: list[bytes] = []
    for uid in state.foreign():
        stored = state.stored(state.columns.find(uid))
        place = stored.location
        data = APPENDED.pack(place.offset, place.length, place.crc, stored.date, 0, 0)
        bodies.append(record(Kind.BIND, uid, modseq=state.modseq, data=data))
    return bodies


@dataclass(slots=True)
class Upkeep:
    """The maintenance of one open mailbox. Its coroutines run while the lock that they name is held."""

    core: Core
    boot: bytes

    def due(self) -> bool:
        """Whether the journal is so large that it is time for a checkpoint."""
        journal = self.core.journal
        return journal is not None and journal.tail > max(LARGE, self.core.snapshot_size // 8)

    def worth(self) -> bool:
        """Whether a checkpoint is worth it at close: the journal exceeds an eighth of the snapshot, or is old."""
        core = self.core
        if not core.changed or core.journal is None:
            return bool(core.retired)
        age = core.runtime.now() - core.journal.header.birth
        return core.journal.tail * 8 > core.snapshot_size or age > OLD or bool(core.retired)

    async def sound(self) -> None:
        """In turn: if the mailbox is out of use after a failure, rewrite it from memory. Raises StorageFailed."""
        if self.core.broken and not self.core.closed:
            await self._checkpoint(repair=True)

    async def checkpoint(self) -> None:
        """In turn. Raises StorageFailed; the old snapshot and journals are then as good as before."""
        await self._checkpoint(repair=self.core.broken)

    async def _checkpoint(self, *, repair: bool) -> None:
        core = self.core
        if core.closed:
            return
        new = await core.run(self._new_journal)
        old, core.journal = core.journal, new
        if core.state.keywords.full:
            for place in core.state.unused_keywords():
                core.state.keywords.drop(place)
        capture = Capture(core)
        try:
            new.write(opening_records(core.state, self.boot))
        except OSError as problem:
            core.broken = True
            capture.give_back(core)
            raise mail_error(problem) from problem
        if old is not None:
            core.retired.append((old.generation, False))
        core.broken, core.changed = False, False
        core.stop_timer()
        try:
            rewrite = await core.run(self._write_through, capture, old, repair=repair)
            core.state.locations = capture.locations
            capture.done()
            if rewrite is not None:
                rewrite.take_over()
                core.rewrites += 1
                core.stale = True
            core.snapshot_size = await core.run(self._write_index, capture, new.generation, rewrite)
        except Exception as problem:
            capture.give_back(core)
            core.broken = core.broken or repair or untrusted(problem)
            raise
        core.stale = False
        core.retired.clear()
        core.sync_soon()

    # -- on a thread ---------------------------------------------------------------------------------------------

    def _new_journal(self) -> Journal:
        core = self.core
        state = core.state
        generation = max([number for number, _ in core.retired] + [core.journal.generation if core.journal else 0]) + 1
        header = Header(state.uidvalidity, state.uidnext, generation, state.modseq, self.boot, core.runtime.now())
        journal = Journal.create(core.runtime.files, f"{core.stem}.log.{generation}", header)
        try:
            journal.make_room((len(state.keywords) * 2 + len(state.columns) // 64) * SIZE)
            core.runtime.files.sync_directory(core.path.rpartition("/")[0])
        except OSError:
            journal.close()
            core.runtime.files.unlink(journal.path)
            raise
        return journal

    def _write_through(self, capture: Capture, old: Journal | None, *, repair: bool) -> Rewrite | None:
        """The mail file has everything; returns its new generation if it had to be made anew."""
        if old is not None:
            try:
                if not repair:
                    old.sync()
            finally:
                old.close()
        return self._rewrite(capture) if repair or not self._flush(capture) else None

    def _write_index(self, capture: Capture, generation: int, rewrite: Rewrite | None) -> int:
        """Everything up to the unlinking of the old journals; returns the size of the snapshot."""
        core = self.core
        if rewrite is not None:
            rewrite.close()
        files = core.runtime.files
        size = snapshot.save(files, core.stem + ".bdx", self._snapshot(capture, generation))
        for number, damaged in core.retired:
            retire(files, core.stem, number, damaged=damaged)
        return size

    def _flush(self, capture: Capture) -> bool:
        """Write flags and marks where they lie; False when something could not be."""
        markings = capture.markings()
        flushed = self.core.mail.flush(markings, capture.note)
        columns, locations = capture.columns, capture.locations
        for marking, location in zip(markings, flushed.locations, strict=True):
            place = columns.find(marking.stored.uid)
            if place >= 0:
                locations.put(place, location)
        return not flushed.stuck

    def _rewrite(self, capture: Capture) -> Rewrite | None:
        """The mail file is made anew from what is known to be good."""
        mail = self.core.mail
        rewrite = mail.rewrite(Survivors(capture), least=-1.0)
        if rewrite is None:  # this format has no file that could be bad as a whole
            self._flush(capture)
            mail.sync()
        else:
            capture.locations = _finish(rewrite, [], capture)
        return rewrite

    def _snapshot(self, capture: Capture, generation: int) -> Snapshot:
        return Snapshot(
            capture.note.uidvalidity,
            capture.note.uidnext,
            capture.recent_mark,
            capture.modseq,
            generation,
            self.core.mail.memo(),
            capture.columns,
            capture.locations,
            capture.keywords,
            capture.expunged,
        )

    # -- compaction ----------------------------------------------------------------------------------------------

    async def compact(self, least: float) -> bool:
        """While ``upkeep`` is held, not in turn: copy beside the batches; whether there was anything to give back."""
        core = self.core
        if core.closed or core.broken:
            return False
        capture, rewrites = Capture(core), core.rewrites
        try:
            rewrite = await core.run(core.mail.rewrite, Survivors(capture), least=least)
            if rewrite is None:
                capture.give_back(core)
                return False
            await core.turn.acquire()
            try:
                if core.closed or core.broken or core.rewrites != rewrites:  # a repair was faster
                    await core.run(rewrite.close)
                    capture.give_back(core)
                    return False
                await self._finish_compaction(capture, rewrite)
            finally:
                core.turn.release()
        except Exception:
            capture.give_back(core)
            raise
        return True

    async def _finish_compaction(self, capture: Capture, rewrite: Rewrite) -> None:
        core = self.core
        state = core.state
        highest = capture.columns.uid[-1] if len(capture.columns) else 0  # higher ones may have been under way then
        start, end = state.rows(highest + 1, MAX_UID)
        added = [Marking(state.stored(place), state.columns.flags[place], ()) for place in range(start, end)]
        capture.ghosts, capture.note = list(core.departed), core.note
        try:
            locations = await core.run(_finish, rewrite, added, capture)
        except Exception as problem:
            core.broken = core.broken or untrusted(problem)
            raise
        rewrite.take_over()
        core.stale = True
        self._move(capture, locations, [marking.stored.uid for marking in added])
        await core.run(rewrite.close)
        await self._checkpoint(repair=False)

    def _move(self, capture: Capture, locations: Locations, added: Sequence[int]) -> None:
        """The messages lie elsewhere now; of what was expunged before, the bytes are gone."""
        state = self.core.state
        capture.done()
        unmarked, state.unmarked = state.unmarked, {}
        state.dirty.update(uid for uid in added if state.columns.keywords[state.columns.find(uid)])
        copied = [*capture.columns.uid, *added]
        here = set(state.columns.uid)
        gone = [number for number, uid in enumerate(copied) if uid not in here] if len(copied) > len(here) else []
        for number in gone:
            uid = copied[number]
            state.unmarked[uid] = replace(unmarked[uid], location=locations.at(number))
        locations.remove(gone)
        state.locations = locations


def _finish(rewrite: Rewrite, added: Sequence[Marking], capture: Capture) -> Locations:
    """Make a new generation durable; the locations of its messages."""
    try:
        found = rewrite.finish(added, capture.ghosts, capture.note)
    except BaseException:
        rewrite.close()
        raise
    locations = Locations()
    for location in found:
        locations.insert(len(locations), location)
    return locations


async def attempt(core: Core, what: str, job: Awaitable[object]) -> None:
    """Unasked upkeep: a failure is logged, nobody waits for it."""
    try:
        await job
    except MailError as problem:
        core.log.write(PROBLEM, f"{what} of {core.path} did not succeed: {problem}")
