"""A mailbox in memory: parallel columns, not one object per message (architecture, section 3.3).

Rows are in ascending UID order, which is sequence order, whatever the order in the file. The store that owns the
columns changes them; everyone else only reads, and holds UIDs, never row numbers, across a call that may change them.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One message. ``date`` is seconds since the epoch, ``size`` octets on the wire (CRLF), ``keywords`` a bit mask.

    ``saved``: when it came into this mailbox, seconds since the epoch (RFC 8514); 0 if that is not known.
    """

    uid: int
    flags: int
    keywords: int
    modseq: int
    date: int
    size: int
    saved: int = 0


class Columns:
    """uid, flags, keywords, modseq, date, size and save date of every message, by ascending UID."""

    __slots__ = ("date", "flags", "keywords", "modseq", "saved", "size", "uid")

    def __init__(self) -> None:
        self.uid = array("I")
        self.flags = array("I")
        self.keywords = array("Q")
        self.modseq = array("Q")
        self.date = array("q")
        self.size = array("Q")
        self.saved = array("I")

    def __len__(self) -> int:
        return len(self.uid)

    def find(self, uid: int) -> int:
        """Row number of ``uid``, or -1."""
        place = bisect_left(self.uid, uid)
        return place if place < len(self.uid) and self.uid[place] == uid else -1

    def row(self, place: int) -> Row:
        """The message at row number ``place``."""
        return Row(
            self.uid[place],
            self.flags[place],
            self.keywords[place],
            self.modseq[place],
            self.date[place],
            self.size[place],
            self.saved[place],
        )

    def insert(self, row: Row) -> int:
        """Put a message in at its place by UID (the end, for a new one); returns the row number."""
        place = len(self.uid) if not self.uid or row.uid > self.uid[-1] else bisect_left(self.uid, row.uid)
        self.uid.insert(place, row.uid)
        self.flags.insert(place, row.flags)
        self.keywords.insert(place, row.keywords)
        self.modseq.insert(place, row.modseq)
        self.date.insert(place, row.date)
        self.size.insert(place, row.size)
        self.saved.insert(place, row.saved)
        return place

    def remove(self, places: Iterable[int]) -> Columns:
        """Take out the rows with these ascending numbers; returns them (for ``Expunged.rows``)."""
        chosen = list(places)
        removed = Columns()
        for name in self.__slots__:
            column = getattr(self, name)
            getattr(removed, name).extend(pick(column, chosen))
            cut(column, chosen)
        return removed

    def extend(self, other: Columns, start: int, stop: int) -> None:
        """Add the rows of ``other`` from ``start`` up to ``stop``, all of them above those here."""
        for name in self.__slots__:
            getattr(self, name).extend(getattr(other, name)[start:stop])

    def merge(self, other: Columns) -> None:
        """Put the rows of ``other`` (none of them here yet) in at their places."""
        if not other.uid:
            return
        if not self.uid or other.uid[0] > self.uid[-1]:
            self.extend(other, 0, len(other))
            return
        for place in range(len(other)):
            self.insert(other.row(place))

    def copy(self) -> Columns:
        """A copy that later changes do not touch (a handful of memory copies)."""
        other = Columns()
        for name in self.__slots__:
            setattr(other, name, getattr(self, name)[:])
        return other


def pick(column: array[int], places: list[int]) -> array[int]:
    """The items at ascending ``places``: one slice if they are neighbours."""
    if places and places[-1] - places[0] == len(places) - 1:
        return column[places[0] : places[-1] + 1]
    return array(column.typecode, [column[place] for place in places])


def cut(column: array[int], places: list[int]) -> None:
    """Remove the items at ascending ``places``: in place for few, one rebuild from slices for many."""
    if len(places) <= 8:
        for place in reversed(places):
            del column[place]
        return
    kept = array(column.typecode)
    start = 0
    for place in places:
        kept.extend(column[start:place])
        start = place + 1
    kept.extend(column[start:])
    column[:] = kept
