"""Sets of numbers as IMAP writes them: ``2,4:7,9,12:*`` (RFC 3501 section 9, sequence-set).

``NumberSet`` is what a client said, with ``*`` not yet known; ``resolve`` gives ranges against the largest number in
use. ``UidSet`` is a set of UIDs: sorted, disjoint, inclusive ranges; small for the large consecutive sets that
mailboxes have.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

STAR = 0  # "*" in a NumberSet: no real number is 0


@dataclass(frozen=True, slots=True)
class UidSet:
    """Ascending, disjoint, non-adjacent inclusive ranges."""

    ranges: tuple[tuple[int, int], ...] = ()

    @classmethod
    def of(cls, numbers: Iterable[int]) -> UidSet:
        """The set of these numbers, in any order, repeated or not."""
        return cls.from_ranges((number, number) for number in numbers)

    @classmethod
    def from_ranges(cls, ranges: Iterable[tuple[int, int]]) -> UidSet:
        """The union of inclusive ranges, each ``(low, high)`` with low <= high."""
        merged: list[tuple[int, int]] = []
        for low, high in sorted(ranges):
            if merged and low <= merged[-1][1] + 1:
                if high > merged[-1][1]:
                    merged[-1] = (merged[-1][0], high)
            else:
                merged.append((low, high))
        return cls(tuple(merged))

    def __iter__(self) -> Iterator[int]:
        for low, high in self.ranges:
            yield from range(low, high + 1)

    def __len__(self) -> int:
        return sum(high - low + 1 for low, high in self.ranges)

    def __bool__(self) -> bool:
        return bool(self.ranges)

    def __contains__(self, number: object) -> bool:
        if not isinstance(number, int):
            return False
        place = bisect_right(self.ranges, (number, 1 << 64)) - 1
        return place >= 0 and number <= self.ranges[place][1]

    @classmethod
    def of_ascending(cls, numbers: Sequence[int]) -> UidSet:
        """The set of ascending, different numbers: one pass, without sorting."""
        breaks = [place for place in range(1, len(numbers)) if numbers[place] != numbers[place - 1] + 1]
        starts = [0, *breaks] if numbers else []
        ends = [*breaks, len(numbers)]
        return cls(tuple((numbers[start], numbers[end - 1]) for start, end in zip(starts, ends, strict=False)))

    def within(self, other: UidSet) -> UidSet:
        """What both have."""
        common: list[tuple[int, int]] = []
        mine, theirs = iter(self.ranges), iter(other.ranges)
        one, two = next(mine, None), next(theirs, None)
        while one is not None and two is not None:
            low, high = max(one[0], two[0]), min(one[1], two[1])
            if low <= high:
                common.append((low, high))
            if one[1] < two[1]:
                one = next(mine, None)
            else:
                two = next(theirs, None)
        return UidSet(tuple(common))

    def without(self, other: UidSet) -> UidSet:
        """What ``other`` does not have."""
        gaps: list[tuple[int, int]] = []
        above = 1
        for low, high in other.ranges:
            if low > above:
                gaps.append((above, low - 1))
            above = high + 1
        if self.ranges and self.ranges[-1][1] >= above:
            gaps.append((above, self.ranges[-1][1]))
        return self.within(UidSet(tuple(gaps)))

    def __bytes__(self) -> bytes:
        return b",".join(b"%d" % low if low == high else b"%d:%d" % (low, high) for low, high in self.ranges)


@dataclass(frozen=True, slots=True)
class NumberSet:
    """What the client wrote: pairs in its own order, ``STAR`` for ``*``; a single number is a pair of equals."""

    parts: tuple[tuple[int, int], ...]

    def resolve(self, largest: int) -> UidSet:
        """Ranges with ``*`` = ``largest``. With none in use (0), ``*`` names nothing (a number still does)."""
        ranges: list[tuple[int, int]] = []
        for first, last in self.parts:
            low, high = first or largest, last or largest
            if low > high:
                low, high = high, low
            if high:
                ranges.append((max(low, 1), high))
        return UidSet.from_ranges(ranges)

    @overload
    def select(self, present: Sequence[int]) -> list[int]: ...
    @overload
    def select(self, present: Sequence[int], largest: int) -> list[int]: ...
    def select(self, present: Sequence[int], largest: int | None = None) -> list[int]:
        """Those of the ascending ``present`` numbers that the set names, ascending (RFC 3501 6.4.8: others dropped)."""
        top = largest if largest is not None else (present[-1] if present else 0)
        found: list[int] = []
        for low, high in self.resolve(top).ranges:
            start = bisect_right(present, low - 1)
            end = bisect_right(present, high, start)
            found.extend(present[start:end])
        return found

    def __bytes__(self) -> bytes:
        def word(number: int) -> bytes:
            return b"*" if number == STAR else b"%d" % number

        return b",".join(word(a) if a == b else word(a) + b":" + word(b) for a, b in self.parts)


@dataclass(frozen=True, slots=True)
class SavedResult:
    """``$``: the messages that the last search with SAVE found (RFC 5182)."""

    def __bytes__(self) -> bytes:
        return b"$"


SAVED = SavedResult()
MessageSet = NumberSet | SavedResult  # what a client can name messages by
