"""Finding many UIDs in a column at once, as runs that slices can copy.

Clients ask for large consecutive sets (``FETCH 1:*``). Comparing two slices costs a memory comparison; looking up each
UID would cost hundreds of nanoseconds a message. So a wanted list that is not one run is halved until its pieces are.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence


def as_array(uids: Sequence[int]) -> array[int]:
    """The same UIDs as an array (no copy if it is one)."""
    return uids if isinstance(uids, array) else array("I", uids)


def runs(column: array[int], wanted: array[int]) -> Iterator[tuple[int, int, int]]:
    """Triples (start, stop, place) with ``wanted[start:stop] == column[place : place + stop - start]``, ascending.

    Both ascending. UIDs that the column does not have are in no triple.
    """
    pending = [(0, len(wanted))]
    while pending:
        start, stop = pending.pop()
        if start >= stop:
            continue
        count = stop - start
        place = bisect_left(column, wanted[start])
        if column[place : place + count] == (wanted if count == len(wanted) else wanted[start:stop]):
            yield start, stop, place
        elif count > 1:
            middle = start + count // 2
            pending.append((middle, stop))
            pending.append((start, middle))
