"""Which messages of a mailbox one user has read, and the MODSEQ by which he is to be told of it (RFC 7162).

Kept as runs: ascending ranges of UIDs with one value each, so that a hundred thousand messages that were read one after
the other are one run. UIDs in no run were not read. A run may reach over UIDs that are not there any more: they never
come back. Runs that differ in MODSEQ only are made one when there are very many (``fold``): their messages then count
as changed a little later than they were, which a client hears once more than it must.
"""

from __future__ import annotations

import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from cgpymail.model.columns import Columns
from cgpymail.model.flags import SEEN

_NOT_SEEN = ~SEEN & 0xFFFFFFFF
_SOME = re.compile(rb"[^\0]+")
FOLD_FROM = 4_096  # runs


class Run(NamedTuple):
    """UIDs from ``low`` to ``high``; ``modseq``: of the last change of ``seen``, 0 if there was none."""

    low: int
    high: int
    seen: bool
    modseq: int = 0


_Piece = tuple[int, int, int, int]
"""What a Run is, while many are worked on: a plain tuple is made in a tenth of the time."""


class KnownReader(NamedTuple):
    """Of whom a mailbox keeps what he read. ``name``: as he was called then; ``changed``: seconds since the epoch."""

    reader: str
    name: str
    changed: int


class SeenRuns:
    """One user's Seen in one mailbox. ``floor``: no message counts as unchanged since before it."""

    __slots__ = ("_fold_at", "_high", "_low", "_modseq", "_seen", "floor", "highest")

    def __init__(self, runs: Iterable[Run] = (), floor: int = 0) -> None:
        """``runs``: ascending."""
        self._low, self._high, self._seen, self._modseq = _columns(runs)
        self.floor = floor
        self.highest = max([floor, *self._modseq])
        self._fold_at = max(FOLD_FROM, 2 * len(self))

    @classmethod
    def of_flags(cls, columns: Columns) -> SeenRuns:
        """Those that have Seen in the columns."""
        seen = _SOME.finditer(bytes(map(SEEN.__and__, columns.flags)))
        return cls(Run(columns.uid[some.start()], columns.uid[some.end() - 1], seen=True) for some in seen)

    def copy(self) -> SeenRuns:
        """A copy that later changes do not touch."""
        other = SeenRuns(floor=self.floor)
        other._low, other._high, other._seen, other._modseq = (
            column[:] for column in (self._low, self._high, self._seen, self._modseq)
        )
        other.highest, other._fold_at = self.highest, self._fold_at
        return other

    def __iter__(self) -> Iterator[Run]:
        for low, high, seen, modseq in zip(self._low, self._high, self._seen, self._modseq, strict=True):
            yield Run(low, high, bool(seen), modseq)

    def __len__(self) -> int:
        return len(self._low)

    # -- changing ------------------------------------------------------------------------------------------------

    def put(self, changes: Sequence[Run]) -> None:
        """Set the values of ascending, disjoint ranges."""
        if not changes:
            return
        first = bisect_left(self._high, changes[0].low)
        last = bisect_right(self._low, changes[-1].high, first)
        first, last = max(first - 1, 0), min(last + 1, len(self))  # neighbours may become one with them
        mine = (self._low, self._high, self._seen, self._modseq)
        before = zip(*(column[first:last] for column in mine), strict=True)
        for column, new in zip(mine, _columns(_merged(before, changes)), strict=True):
            column[first:last] = new
        self.highest = max(self.highest, *(run.modseq for run in changes))
        if len(self) > self._fold_at:
            self.fold()

    def fold(self) -> None:
        """Forget when the older half of the changes was made: they count as made at the newest MODSEQ among them."""
        modseqs = sorted(self._modseq)
        self._replace([*self], max(self.floor, modseqs[len(modseqs) // 2]))

    def prune(self, uids: Sequence[int]) -> None:
        """Of the ascending ``uids`` the mailbox has nothing else: runs need not tell others apart."""
        kept: list[Run] = []
        for run in self:
            start = bisect_left(uids, run.low)
            stop = bisect_right(uids, run.high, start)
            if start == stop:
                continue
            low, high = uids[start], uids[stop - 1]
            if kept and kept[-1][2:] == run[2:] and start and kept[-1].high == uids[start - 1]:
                low = kept.pop().low
            kept.append(Run(low, high, run.seen, run.modseq))
        self._replace(kept, self.floor)

    def _replace(self, runs: Sequence[Run], floor: int) -> None:
        flat = (run if run.modseq > floor else run._replace(modseq=0) for run in runs)
        columns = _columns(_joined(run for run in flat if run.seen or run.modseq))
        self._low, self._high, self._seen, self._modseq = columns
        self.floor, self.highest = floor, max(self.highest, floor)
        self._fold_at = max(FOLD_FROM, 2 * len(self))

    # -- asking --------------------------------------------------------------------------------------------------

    def find(self, uid: int) -> tuple[bool, int]:
        """Whether it was read, and the MODSEQ."""
        place = bisect_left(self._high, uid)
        if place < len(self) and self._low[place] <= uid:
            return bool(self._seen[place]), max(self._modseq[place], self.floor)
        return False, self.floor

    def overlay(self, rows: Columns) -> Columns:
        """The same rows with this Seen, and with the later of both MODSEQs; changed in place."""
        uids = rows.uid
        if not uids:
            return rows
        first = bisect_left(self._high, uids[0])
        last = bisect_right(self._low, uids[-1], first)
        if len(uids) * 4 < last - first:
            self._overlay_few(rows)
            return rows
        rows.flags = array("I", map(_NOT_SEEN.__and__, rows.flags))
        if self.floor:
            rows.modseq = array("Q", [max(modseq, self.floor) for modseq in rows.modseq])
        stop = 0
        for place in range(first, last):
            start = bisect_left(uids, self._low[place], stop)
            stop = bisect_right(uids, self._high[place], start)
            if self._seen[place]:
                rows.flags[start:stop] = array("I", map(SEEN.__or__, rows.flags[start:stop]))
            modseq = self._modseq[place]
            if modseq > self.floor:
                rows.modseq[start:stop] = array("Q", [max(modseq, other) for other in rows.modseq[start:stop]])
        return rows

    def _overlay_few(self, rows: Columns) -> None:
        for place, uid in enumerate(rows.uid):
            seen, modseq = self.find(uid)
            rows.flags[place] = rows.flags[place] & _NOT_SEEN | (SEEN if seen else 0)
            rows.modseq[place] = max(rows.modseq[place], modseq)

    def count(self, uids: Sequence[int]) -> int:
        """How many of the ascending ``uids`` were read."""
        found = 0
        for low, high in self._read():
            found += bisect_right(uids, high) - bisect_left(uids, low)
        return found

    def first_unseen(self, uids: Sequence[int]) -> int:
        """The first of the ascending ``uids`` that was not read, 0 if there is none."""
        place = 0
        for low, high in self._read():
            if place < len(uids) and uids[place] < low:
                break
            place = bisect_right(uids, high, place)
        return uids[place] if place < len(uids) else 0

    def _read(self) -> Iterator[tuple[int, int]]:
        return ((low, high) for low, high, seen in zip(self._low, self._high, self._seen, strict=True) if seen)

    def changed_since(self, modseq: int, uids: Sequence[int]) -> list[int]:
        """Those of the ascending ``uids`` whose MODSEQ here is above ``modseq``; ascending."""
        if self.floor > modseq:
            return list(uids)
        found: list[int] = []
        for low, high, changed in zip(self._low, self._high, self._modseq, strict=True):
            if changed > modseq:
                found += uids[bisect_left(uids, low) : bisect_right(uids, high)]
        return found


def seen_runs(columns: Columns, wanted: Sequence[tuple[int, bool]], modseq: int) -> list[Run]:
    """Runs for ascending (UID, seen): neighbours in the columns are in one. UIDs that are not there do no harm."""
    uids = columns.uid
    runs: list[Run] = []
    low, high, value, place = 0, 0, False, 0  # of the run that is being made; the row behind it
    for uid, seen in wanted:
        if high and seen == value and place < len(uids) and uids[place] == uid:
            high, place = uid, place + 1
            continue
        if high:
            runs.append(Run(low, high, value, modseq))
        low, high, value, place = uid, uid, seen, bisect_right(uids, uid, place)
    return [*runs, Run(low, high, value, modseq)] if high else runs


def _columns(runs: Iterable[_Piece]) -> tuple[array[int], array[int], array[int], array[int]]:
    low, high, seen, modseq = [*zip(*runs, strict=True)] or ((), (), (), ())
    return array("I", low), array("I", high), array("B", seen), array("Q", modseq)


def _merged(before: Iterable[_Piece], changes: Sequence[_Piece]) -> list[_Piece]:
    """What comes of runs when others are laid over them."""
    pieces: list[_Piece] = []
    place, count = 0, len(changes)
    for low, high, seen, modseq in before:
        while place < count and changes[place][1] < low:
            pieces.append(changes[place])
            place += 1
        while place < count and changes[place][0] <= high:
            change = changes[place]
            if low < change[0]:
                pieces.append((low, change[0] - 1, seen, modseq))
            low = change[1] + 1
            if change[1] > high:
                break  # it reaches over the next run too
            pieces.append(change)
            place += 1
        if low <= high:
            pieces.append((low, high, seen, modseq))
    return _joined([*pieces, *changes[place:]])


def _joined(runs: Iterable[_Piece]) -> list[_Piece]:
    """Runs that touch and have the same value become one."""
    joined: list[_Piece] = []
    end, value, changed = -1, -1, 0
    for run in runs:
        low, high, seen, modseq = run
        if low == end + 1 and seen == value and modseq == changed:
            joined[-1] = (joined[-1][0], high, seen, modseq)
        else:
            joined.append(run)
        end, value, changed = high, seen, modseq
    return joined
