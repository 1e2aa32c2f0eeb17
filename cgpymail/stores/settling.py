"""The end of opening a mailbox: what recovery found out is written down before anybody is told of it.

Messages that become visible get their MODSEQ, expunges that were not told are finished, UIDs without bytes are burnt,
messages without comment get their new UIDs and the records that say which is which; all in one write to the journal,
synced. When changes may have been lost that clients know of, every message gets a new MODSEQ (architecture, section 4).

Blocking: for a worker thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cgpymail.errors import StorageFailed
from cgpymail.runtime.logs import PROBLEM
from cgpymail.stores.core import Core
from cgpymail.stores.journal import SIZE, Header, Journal, Kind, record
from cgpymail.stores.recovery import Recovered
from cgpymail.stores.state import MAX_UID
from cgpymail.stores.upkeep import bind_records, opening_records


def settle(core: Core, found: Recovered, boot: bytes) -> bool:
    """Make the mailbox ready; whether it should have a checkpoint at once.

    Without a disk that takes the journal, the mailbox can be read, and refuses changes.
    """
    core.stale = found.scanned
    changes = _changes(core, found)
    fresh = not found.journals or found.new_uidvalidity or any(contents.damaged for contents in found.journals)
    core.retired = [(number, False) for number in found.others]
    try:
        if path := core.mail.set_aside(found.aside):
            core.log.write(PROBLEM, f"what a crash left unfinished in {core.path} was moved to {path}")
        if not found.clean:  # a process that was killed may have left to the kernel what is told to clients now
            core.mail.sync()
            core.runtime.files.sync_directory(core.path.rpartition("/")[0])
        if fresh:
            core.retired += [(contents.header.generation, contents.damaged) for contents in found.journals]
            core.journal = _create(core, boot, changes)
        else:
            core.retired += [(contents.header.generation, False) for contents in found.journals[:-1]]
            core.journal = _resume(core, found, boot, changes)
        core.broken = False
    except OSError as problem:
        core.log.write(PROBLEM, f"{core.path} cannot be written, no changes are taken: {problem}")
    core.snapshot_size = found.snapshot_size
    core.changed = bool(changes) or _changed(found)
    first_time = not found.snapshot_size and core.state.uidnext == 1 and core.mail.note is not None
    adopting = core.mail.adopts and bool(core.state.foreign())
    between = len(found.journals) > 1  # a checkpoint was not finished: the older journals may not be on disk
    return (fresh and not first_time) or found.lost or core.mail.note is None or adopting or between


def _changed(found: Recovered) -> bool:
    idle = (Kind.OPEN, Kind.CLOSE, Kind.KEYWORD, Kind.BIND)
    return any(record.kind not in idle for contents in found.journals for record in contents.records)


def _create(core: Core, boot: bytes, changes: list[bytes]) -> Journal:
    state = core.state
    generation = max([number for number, _ in core.retired], default=0) + 1
    modseq = state.modseq if state.uidnext > 1 or changes else 0
    header = Header(state.uidvalidity, state.uidnext, generation, modseq, boot, core.runtime.now())
    journal = Journal.create(core.runtime.files, f"{core.stem}.log.{generation}", header)
    try:
        bodies = opening_records(state, boot) + changes
        journal.make_room(len(bodies) * SIZE)
        journal.write(bodies)
        journal.sync()
        core.runtime.files.sync_directory(core.path.rpartition("/")[0])
    except OSError:
        journal.close()
        raise
    return journal


def _resume(core: Core, found: Recovered, boot: bytes, changes: list[bytes]) -> Journal:
    journal = Journal.resume(core.runtime.files, found.journals[-1])
    try:
        journal.write([record(Kind.OPEN, data=boot), *changes, *bind_records(core.state)])
        journal.sync()
    except OSError:
        journal.close()
        raise
    return journal


def _changes(core: Core, found: Recovered) -> list[bytes]:
    """Alter the state as the rules have it; the records that say so."""
    state = core.state
    bodies = [record(Kind.BURN, uid) for uid in found.burnt]
    gone = [*_ranges(found.vanished), *found.doomed]
    foreign = state.foreign()
    if not (gone or found.fresh or foreign or found.unbound or found.lost or found.unclean):
        return bodies
    modseq = core.draw_modseq()
    if gone:
        state.remove(sorted(gone), modseq)
        bodies += [record(Kind.GONE, first, last, modseq) for first, last in sorted(gone)]
    for uid in found.fresh:
        place = state.columns.find(uid)
        if place >= 0:
            state.columns.modseq[place] = modseq
            bodies.append(record(Kind.PUBLISH, uid, uid, modseq))
    if found.lost or found.unclean:
        state.renew(modseq, restart=found.lost)
        bodies.append(record(Kind.RENEW, modseq=modseq, part=int(found.lost)))
    _name_anew(core, found, foreign, modseq)
    return bodies


def _name_anew(core: Core, found: Recovered, foreign: list[int], modseq: int) -> None:
    """New UIDs for messages without comment, in the order of the file; flags only after an unclean end (spec 4.4)."""
    state = core.state
    if state.uidnext + len(foreign) + len(found.unbound) > MAX_UID:
        raise StorageFailed(detail=f"no numbers are left for the messages without comment in {core.path}")
    for uid in foreign:
        if found.clean:
            state.set_flags(uid, uid, 0, 0, modseq)
        state.rename(uid, state.uidnext, modseq)
    for stored in found.unbound:
        flags = stored.location.disk if core.mail.adopts else 0
        state.insert(replace(stored, uid=state.uidnext), flags, 0, modseq)


def _ranges(uids: Iterable[int]) -> list[tuple[int, int]]:
    """Neighbours as ranges."""
    ranges: list[tuple[int, int]] = []
    for uid in sorted(uids):
        if ranges and ranges[-1][1] + 1 == uid:
            ranges[-1] = (ranges[-1][0], uid)
        else:
            ranges.append((uid, uid))
    return ranges
