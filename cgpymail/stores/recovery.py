"""From what lies on disk to the state of a mailbox: snapshot, journals and a scan of the mail file, put together.

The rules (architecture, section 4), in the order in which they are applied:

* A snapshot or journal counts only under the UIDVALIDITY of the note in the mail file, or of account.info if the file
  has none. If the two disagree, or nothing proves UIDNEXT, a new UIDVALIDITY is due.
* If every known location still holds its message, only the tail is scanned; else everything, and the facts of the
  snapshot are merged back by UID. A message of the snapshot that is not found was removed by somebody else.
* A message that the snapshot does not have, and whose UID was in use before the journal began, is somebody's copy of
  an old one if there is a snapshot (its UID is not believed), and is accepted if there is none.
* A newer one needs its append record, matching by UID, length and CRC at any offset, or the record of its publication
  (then it was on disk, and what differs was damaged since). Without: at the end of the file and in our own form it was
  never acknowledged, and is moved aside; elsewhere it is somebody else's. With no journal, what parses is accepted.
* Then the journal is replayed, and messages without comment get new UIDs.

Blocking throughout: for a worker thread.
"""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from cgpymail.model.keywords import MAX_KEYWORDS
from cgpymail.model.mailbox import MailboxHints
from cgpymail.model.uidset import UidSet
from cgpymail.runtime.files import Files
from cgpymail.runtime.logs import PROBLEM, Log
from cgpymail.stores import journal, snapshot
from cgpymail.stores.journal import APPENDED, Kind
from cgpymail.stores.mailfile import FOREIGN, Attributes, Found, Known, MailFile, Stored
from cgpymail.stores.replay import Replay
from cgpymail.stores.snapshot import Snapshot
from cgpymail.stores.state import State


@dataclass(slots=True)
class Append:
    """What the journal says of a message that was written since the snapshot."""

    length: int
    crc: int
    flags: int
    keywords: int
    saved: int


@dataclass(slots=True)
class Recovered:
    """The state as found, and what is still to be done about it (settling.py).

    ``others``: generations of journals that do not count. ``aside``: what is to be moved out of the mail file.
    ``fresh``: UIDs that need a MODSEQ. ``burnt``: UIDs whose bytes are not there. ``vanished``: UIDs that somebody else
    removed. ``doomed``: ranges whose expunge was never told. ``unbound``: new messages without comment.
    ``new_uidvalidity``: one is to be drawn. ``lost``: the index was. ``unclean``: changes that clients know of may have
    been lost. ``clean``: the mailbox was closed in order.
    """

    state: State
    journals: list[journal.Contents]
    others: list[int]
    snapshot_size: int
    aside: list[Stored]
    fresh: list[int]
    burnt: list[int]
    vanished: list[int]
    doomed: list[tuple[int, int]]
    unbound: list[Stored]
    new_uidvalidity: bool
    lost: bool
    unclean: bool
    clean: bool
    scanned: bool


@dataclass(slots=True)
class Recovery:
    """One opening of a mailbox. ``stem``: path of the mail file without its extension."""

    files: Files
    mail: MailFile
    stem: str
    hints: MailboxHints
    boot: bytes
    log: Log
    _snapshot: Snapshot | None = None
    _journals: list[journal.Contents] = field(default_factory=list)
    _generations: list[int] = field(default_factory=list)
    _appends: dict[int, Append] = field(default_factory=dict)
    _published: UidSet = field(default_factory=UidSet)
    _attributes: dict[int, tuple[str, ...]] = field(default_factory=dict)
    _scanned: bool = False

    def run(self) -> Recovered:
        """Do it. Raises StorageFailed, OSError; the mail file is not changed."""
        self._snapshot = snapshot.load(self.files, self.stem + ".bdx")
        self._journals = self._read_journals()
        found = self._look()
        lineage = self._lineage()
        if self._snapshot is not None and self._snapshot.uidvalidity != lineage:
            self._snapshot = None
            if not self._scanned:
                found = self._look()
                lineage = self._lineage()
        self._choose_journals(lineage)
        self._appends = self._read_appends()
        self._published = UidSet.from_ranges(span for contents in self._journals for span in contents.published)
        return self._merge(State(lineage), found)

    # -- reading -------------------------------------------------------------------------------------------------

    def _read_journals(self) -> list[journal.Contents]:
        directory, _, stem = self.stem.rpartition("/")
        found: list[journal.Contents] = []
        for name in self.files.listdir(directory):
            prefix, _, number = name.rpartition(".")
            if prefix != f"{stem}.log" or not number.isdigit():
                continue
            self._generations.append(int(number))
            contents = journal.read(self.files, f"{directory}/{name}")
            if contents is not None and contents.header.generation == int(number):
                found.append(contents)
            else:
                self.log.write(PROBLEM, f"not a journal, left out: {directory}/{name}")
        return sorted(found, key=lambda contents: contents.header.generation)

    def _look(self) -> list[Found]:
        """Open and scan the mail file: the tail if the snapshot's locations hold, else everything."""
        known = None
        if self._snapshot is not None and self._snapshot.intact:
            seal = self._journals[-1].memo if self._journals else b""
            known = Known(self._snapshot.columns, self._snapshot.locations, self._snapshot.memo, seal)
        intact = self.mail.open(known)
        self._scanned = not intact
        self._attributes = {}
        found: list[Found] = []
        expected = {uid: (append.length, append.crc) for uid, append in self._read_appends().items()}
        if self._scanned and self._snapshot is not None and self._snapshot.intact:
            rows = self._snapshot
            expected.update(
                zip(rows.columns.uid, zip(rows.locations.length, rows.locations.crc, strict=True), strict=True)
            )
        for item in self.mail.scan(intact, expected.get):
            if isinstance(item, Attributes):
                self._attributes[item.origuid] = item.keywords
            else:
                found.append(item)
        return found

    def _lineage(self) -> int:
        """The UIDVALIDITY that snapshot and journals must have; 0 if there is none to be believed."""
        if self.mail.note is not None:
            return self.mail.note.uidvalidity
        if self.hints.uidvalidity or self._snapshot is None or self._scanned:
            return self.hints.uidvalidity
        return self._snapshot.uidvalidity

    def _choose_journals(self, lineage: int) -> None:
        first = self._snapshot.generation if self._snapshot is not None else 0
        self._journals = [
            contents
            for contents in self._journals
            if contents.header.uidvalidity == lineage and contents.header.generation >= first
        ]
        for contents in self._journals:
            if contents.damaged:
                self.log.write(PROBLEM, f"journal with damaged records, the others are applied: {contents.path}")

    def _read_appends(self) -> dict[int, Append]:
        """Append records of messages that the snapshot does not settle, without those burnt later."""
        settled = self._snapshot.uidnext if self._snapshot is not None else 0
        appends: dict[int, Append] = {}
        for contents in self._journals:
            for record in contents.records:
                if record.kind == Kind.APPEND and record.first >= settled:
                    _, length, crc, _, flags, keywords = APPENDED.unpack(record.data)
                    appends[record.first] = Append(length, crc, flags, keywords, record.last)
                elif record.kind == Kind.BURN:
                    for uid in range(record.first, record.last + 1):
                        appends.pop(uid, None)
        return appends

    # -- putting together ----------------------------------------------------------------------------------------

    def _merge(self, state: State, found: Sequence[Found]) -> Recovered:
        facts = self._take_facts(state)
        known = set(facts.columns.uid) if facts is not None else set()
        old = self._snapshot
        covered = old.modseq if old is not None else 0
        records = [record for contents in self._journals for record in contents.records]
        accepted, unbound, aside = self._sort_out(found, known)
        self._define_scanned(state)
        if facts is not None:
            accepted = self._restore(state, facts, accepted)
        fresh = self._insert(state, accepted)
        unbound = self._restore_foreign(state, facts, unbound)
        vanished = [uid for uid in known if state.columns.find(uid) < 0]
        replay = Replay(state, covered, unbound)
        replay.run(records)
        self._raise_uidnext(state, found)
        journals = self._journals
        last = journals[-1] if journals else None
        gap = old is not None and (last is None or journals[0].header.generation != old.generation)
        damaged = any(contents.damaged for contents in journals)
        whole = bool(journals) and journals[0].header.modseq == 0
        return Recovered(
            state=state,
            journals=journals,
            others=sorted(set(self._generations) - {contents.header.generation for contents in journals}),
            snapshot_size=old.size if old is not None else 0,
            aside=aside,
            fresh=[uid for uid in fresh if self._unpublished(state, uid)],
            burnt=[uid for uid in self._appends if state.columns.find(uid) < 0 and uid not in state.unmarked],
            vanished=vanished,
            doomed=_untold(state, replay.doomed),
            unbound=replay.unbound,
            new_uidvalidity=self._doubtful(state),
            lost=old is None and not whole and state.uidnext > 1,
            unclean=gap or damaged or (last is not None and not last.clean and last.boot != self.boot),
            clean=last is not None and last.clean,
            scanned=self._scanned,
        )

    def _take_facts(self, state: State) -> Snapshot | None:
        """Put the snapshot into the state; returns it if its rows still need their locations."""
        old = self._snapshot
        if old is None:
            return None
        state.uidnext, state.modseq, state.recent_mark = old.uidnext, old.modseq, old.recent_mark
        state.keywords, state.expunged = old.keywords, old.expunged
        if self._scanned:
            return old
        state.columns, state.locations = old.columns, old.locations
        return None

    def _sort_out(self, found: Sequence[Found], known: set[int]) -> tuple[list[Found], list[Stored], list[Stored]]:
        """Accepted messages, those whose UID is not believed, and those to be moved aside."""
        settled = self._settled()
        accepted: list[Found] = []
        unbound: list[Stored] = []
        aside: list[Found] = []
        for item in found:
            if item.uid in known or self._believed(item, settled):
                accepted.append(item)
            elif item.own and item.uid >= settled and self._journals:
                aside.append(item)
                continue
            else:
                unbound.append(_foreign(item))
            unbound.extend(_foreign(other) for other in aside)
            aside.clear()
        return accepted, unbound, list(aside)

    def _settled(self) -> int:
        """UIDs below it were given out before the journal began."""
        if self._snapshot is not None:
            return self._snapshot.uidnext
        return self._journals[0].header.uidnext if self._journals else 0

    def _believed(self, item: Found, settled: int) -> bool:
        if item.uid == 0:
            return False
        append = self._appends.get(item.uid)
        if append is not None and (append.length, append.crc) == (item.location.length, item.location.crc):
            return True
        if item.uid < settled:
            return self._snapshot is None
        return not self._journals or item.uid in self._published

    def _restore(self, state: State, facts: Snapshot, accepted: Sequence[Found]) -> list[Found]:
        """Give the rows of the snapshot the locations found; returns the accepted messages that it does not have."""
        rest: list[Found] = []
        columns = facts.columns
        for item in sorted(accepted, key=lambda item: item.uid):
            place = columns.find(item.uid)
            if place < 0:
                rest.append(item)
            else:
                written = self._keywords(state, item)
                row = columns.row(place)
                state.insert(item, row.flags, row.keywords, row.modseq, saved=row.saved, written=written)
        return rest

    def _restore_foreign(self, state: State, facts: Snapshot | None, unbound: Sequence[Stored]) -> list[Stored]:
        """The same for messages without comment, by their bytes; returns those that the snapshot does not have."""
        if facts is None or not facts.intact:
            return list(unbound)
        waiting: dict[tuple[int, int], list[int]] = {}
        for place in reversed(range(len(facts.columns))):
            if facts.locations.disk[place] & FOREIGN:
                key = facts.locations.length[place], facts.locations.crc[place]
                waiting.setdefault(key, []).append(place)
        rest: list[Stored] = []
        columns = facts.columns
        for item in unbound:
            places = waiting.get((item.location.length, item.location.crc))
            if places:
                place = places.pop()
                stored = replace(item, uid=columns.uid[place])
                state.insert(stored, columns.flags[place], columns.keywords[place], columns.modseq[place])
            else:
                rest.append(item)
        return rest

    def _define_scanned(self, state: State) -> None:
        """Give bits to the keywords that the mail file knows, beside those that snapshot and journals use."""
        if not self._attributes:
            return
        named: dict[str, int] = {name.lower(): place for place, name in state.keywords}
        for contents in self._journals:
            self._journal_names(contents, named)
        free = [place for place in range(MAX_KEYWORDS) if place not in named.values()]
        for name in dict.fromkeys(name for names in self._attributes.values() for name in names):
            if state.keywords.find(name):
                continue
            place = named.get(name.lower(), free[0] if free else -1)
            if place < 0:
                self.log.write(PROBLEM, f"no room for a keyword of the mail file: {self.mail.path}")
                continue
            if place in free:
                free.remove(place)
            state.keywords.define(place, name)

    def _journal_names(self, contents: journal.Contents, named: dict[str, int]) -> None:
        scratch = State(0)
        Replay(scratch, 0).run(record for record in contents.records if record.kind == Kind.KEYWORD)
        for place, name in scratch.keywords:
            named[name.lower()] = place

    def _insert(self, state: State, accepted: Sequence[Found]) -> list[int]:
        """New rows: flags and keywords of the append record, else those on disk. Returns their UIDs."""
        fresh: list[int] = []
        for item in sorted(accepted, key=lambda item: item.uid):
            append = self._appends.get(item.uid)
            if append is not None:
                state.insert(item, append.flags, append.keywords, 0, saved=append.saved)
            else:
                keywords = self._keywords(state, item)
                state.insert(item, item.location.disk, keywords, 0, written=keywords)
            fresh.append(item.uid)
        return fresh

    def _keywords(self, state: State, item: Found) -> int:
        mask = 0
        for name in self._attributes.get(item.location.origuid or item.uid, ()):
            mask |= state.keywords.find(name)
        return mask

    def _unpublished(self, state: State, uid: int) -> bool:
        place = state.columns.find(uid)
        return place >= 0 and state.columns.modseq[place] == 0

    def _raise_uidnext(self, state: State, found: Sequence[Found]) -> None:
        """The maximum of everything that knows it."""
        note = self.mail.note
        best = max(
            state.uidnext,
            note.uidnext if note is not None else 1,
            self.hints.uidnext,
            *(contents.header.uidnext for contents in self._journals),
            *(item.uid + 1 for item in found),
            *(append + 1 for append in self._appends),
            1,
        )
        state.uidnext = best

    def _doubtful(self, state: State) -> bool:
        """Whether another UIDVALIDITY is due."""
        note, hints = self.mail.note, self.hints
        if state.uidvalidity == 0:
            return True
        if note is not None:
            return bool(hints.uidvalidity) and hints.uidvalidity != note.uidvalidity
        return self._snapshot is None and not self._journals and not hints.uidnext


def _foreign(item: Stored) -> Stored:
    location = item.location
    return Stored(0, item.date, item.size, location._replace(disk=location.disk | FOREIGN))


def _untold(state: State, doomed: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Ranges that were to be expunged, without what the journal says is gone."""
    told, _ = state.expunged.since(0)
    left = UidSet.of(uid for uid in UidSet.from_ranges(doomed) if uid not in told)
    return list(left.ranges)


def retire(files: Files, stem: str, generation: int, *, damaged: bool) -> None:
    """A journal is not needed any more; a damaged one is kept under a dot-name. Raises OSError."""
    path = f"{stem}.log.{generation}"
    if damaged:
        directory, _, name = path.rpartition("/")
        files.rename(path, f"{directory}/.{name}.damaged")
        return
    with contextlib.suppress(FileNotFoundError):
        files.unlink(path)
