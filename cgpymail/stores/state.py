"""What an open mailbox is in memory, and how each kind of change alters it.

The same few methods serve live changes and the replay of the journal, so that a replay cannot come to another result.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from cgpymail.model.columns import Columns, Row
from cgpymail.model.flags import ALL_FLAGS, RECENT
from cgpymail.model.keywords import KeywordTable
from cgpymail.stores.expunged import ExpungeRecord
from cgpymail.stores.mailfile import FOREIGN, Locations, Stored

STORED_FLAGS = ALL_FLAGS & ~RECENT
MAX_UID = (1 << 32) - 1


@dataclass(slots=True)
class State:
    """Numbers, columns and locations of one mailbox.

    ``dirty``: UIDs whose flags or keywords the mail file does not have yet. ``unmarked``: expunged messages that are
    not marked as such in the mail file yet.
    """

    uidvalidity: int
    uidnext: int = 1
    modseq: int = 0
    recent_mark: int = 0
    columns: Columns = field(default_factory=Columns)
    locations: Locations = field(default_factory=Locations)
    keywords: KeywordTable = field(default_factory=KeywordTable)
    expunged: ExpungeRecord = field(default_factory=ExpungeRecord)
    dirty: set[int] = field(default_factory=set)
    unmarked: dict[int, Stored] = field(default_factory=dict)

    # -- looking -------------------------------------------------------------------------------------------------

    def stored(self, place: int) -> Stored:
        """The message at a row number, as the mail file knows it."""
        columns = self.columns
        return Stored(columns.uid[place], columns.date[place], columns.size[place], self.locations.at(place))

    def rows(self, first: int, last: int) -> tuple[int, int]:
        """Row numbers of the UIDs first..last, the end exclusive."""
        start = bisect_left(self.columns.uid, first)
        return start, bisect_right(self.columns.uid, last, start)

    def runs(self, uids: Iterable[int]) -> Iterator[tuple[int, int]]:
        """Those of ascending ``uids`` that are there, as ranges first..last without any other message in between."""
        first = last = place = -2
        for uid in uids:
            found = self.columns.find(uid)
            if found < 0 or found == place:
                continue
            if found != place + 1:
                if first >= 0:
                    yield first, last
                first = uid
            last, place = uid, found
        if first >= 0:
            yield first, last

    def foreign(self) -> list[int]:
        """UIDs of messages without comment, in the order of the file."""
        disk = self.locations.disk
        if not any(mask & FOREIGN for mask in set(disk)):
            return []  # the usual case, without a look at every message
        places = [place for place in range(len(disk)) if disk[place] & FOREIGN]
        return [self.columns.uid[place] for place in sorted(places, key=self.locations.offset.__getitem__)]

    def provisional(self) -> dict[int, str]:
        """The messages of ``foreign``, with what their content measures: checksum, and octets of the whole and of the
        header, and lines, in wire form."""
        words: dict[int, str] = {}
        for uid in self.foreign():
            stored = self.stored(self.columns.find(uid))
            place = stored.location
            words[uid] = f"{place.crc:08x}.{stored.size}.{place.header}.{place.lines}"
        return words

    # -- changing ------------------------------------------------------------------------------------------------

    def insert(
        self, stored: Stored, flags: int, keywords: int, modseq: int, *, saved: int = 0, written: int = 0
    ) -> None:
        """A message becomes visible. ``saved``: its save date. ``written``: the keywords the mail file has for it."""
        row = Row(stored.uid, flags & STORED_FLAGS, keywords, modseq, stored.date, stored.size, saved)
        place = self.columns.insert(row)
        self.locations.insert(place, stored.location)
        if keywords != written or (flags ^ stored.location.disk) & STORED_FLAGS:
            self.dirty.add(stored.uid)
        self.use(stored.uid)

    def use(self, uid: int) -> None:
        """A UID was given to something: it is never given again."""
        if uid >= self.uidnext:
            self.uidnext = uid + 1

    def set_flags(self, first: int, last: int, flags: int, keywords: int, modseq: int) -> None:
        """New absolute values for every message in a range of UIDs."""
        columns = self.columns
        start, end = self.rows(first, last)
        count = end - start
        columns.flags[start:end] = array("I", [flags]) * count
        columns.keywords[start:end] = array("Q", [keywords]) * count
        columns.modseq[start:end] = array("Q", [modseq]) * count
        self.dirty.update(columns.uid[start:end])

    def remove(self, ranges: Iterable[tuple[int, int]], modseq: int) -> Columns:
        """Messages go, with one MODSEQ; returns their rows. Ranges ascending."""
        places: list[int] = []
        for first, last in ranges:
            places.extend(range(*self.rows(first, last)))
            self.expunged.add(first, last, modseq)
        for place in places:
            stored = self.stored(place)
            self.unmarked[stored.uid] = stored
            self.dirty.discard(stored.uid)
        self.locations.remove(places)
        return self.columns.remove(places)

    def rename(self, old: int, new: int, modseq: int) -> None:
        """A message without comment gets another UID; to everybody who knew the old one it went."""
        place = self.columns.find(old)
        row, stored = self.columns.row(place), self.stored(place)
        self.locations.remove([place])
        self.columns.remove([place])
        self.dirty.discard(old)
        self.expunged.add(old, old, modseq)
        moved = Stored(new, stored.date, stored.size, stored.location)
        self.insert(moved, row.flags, row.keywords, modseq, saved=row.saved)

    def define(self, place: int, name: str) -> None:
        """Give a bit to a keyword (or free it, with an empty name); no message has the bit's former meaning."""
        known = dict(self.keywords).get(place, "")
        if known and known.lower() != name.lower():
            self._clear(1 << place)
            self.keywords.drop(place)
        if name and known.lower() != name.lower():
            self.keywords.define(place, name)

    def _clear(self, bit: int) -> None:
        keywords = self.columns.keywords
        for place, mask in enumerate(keywords):
            if mask & bit:
                keywords[place] = mask & ~bit

    def renew(self, modseq: int, *, restart: bool) -> None:
        """Every message has this MODSEQ: what clients remember of older ones cannot be trusted."""
        self.columns.modseq = array("Q", [modseq]) * len(self.columns)
        self.modseq = max(self.modseq, modseq)
        if restart:
            self.expunged.restart(modseq)

    def unused_keywords(self) -> list[int]:
        """Bits that no message has."""
        used = 0
        for mask in set(self.columns.keywords):
            used |= mask
        return [place for place, _ in self.keywords if not used >> place & 1]
