"""The record of expunged UIDs: which went when, as far back as it reaches; for QRESYNC, and so that none comes back."""

from __future__ import annotations

from array import array
from bisect import bisect_right

from cgpymail.model.uidset import UidSet

KEPT = 20_000  # ranges


class ExpungeRecord:
    """Ranges of UIDs by ascending MODSEQ. Complete for every MODSEQ from ``begin`` on."""

    __slots__ = ("begin", "first", "last", "modseq")

    def __init__(self, begin: int = 0) -> None:
        self.begin = begin
        self.modseq = array("Q")
        self.first = array("I")
        self.last = array("I")

    def add(self, first: int, last: int, modseq: int) -> None:
        """UIDs that went with ``modseq``, which is not below those before."""
        if self.modseq and self.modseq[-1] == modseq and self.last[-1] + 1 == first:
            self.last[-1] = last
            return
        self.modseq.append(modseq)
        self.first.append(first)
        self.last.append(last)
        if len(self.modseq) > KEPT:
            half = KEPT // 2
            self.begin = self.modseq[half - 1]
            del self.modseq[:half], self.first[:half], self.last[:half]

    def restart(self, modseq: int) -> None:
        """What went before ``modseq`` is not known."""
        self.begin = modseq
        del self.modseq[:], self.first[:], self.last[:]

    def since(self, modseq: int) -> tuple[UidSet, bool]:
        """What went after ``modseq``, and whether the record reaches back that far."""
        start = bisect_right(self.modseq, modseq)
        ranges = zip(self.first[start:], self.last[start:], strict=True)
        return UidSet.from_ranges(ranges), modseq >= self.begin

    def copy(self) -> ExpungeRecord:
        """A copy that later changes do not touch."""
        other = ExpungeRecord(self.begin)
        other.modseq, other.first, other.last = self.modseq[:], self.first[:], self.last[:]
        return other
