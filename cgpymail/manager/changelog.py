"""A bounded list of changes that many readers follow, each by its own position.

Positions count from the beginning of the mailbox's life and never repeat; the oldest entries are dropped when the list
is full, so a reader must be brought past them before (manager/picture.py does that). Bounded by entries and by the UIDs
in them: ten thousand messages flagged by one command are one entry but not a small one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar

UIDS_PER_ENTRY = 16  # on average, before a log counts as full


class Entry(Protocol):
    """What a log holds."""

    @property
    def uids(self) -> Sequence[int]:
        """The messages concerned, ascending, never empty."""


E = TypeVar("E", bound=Entry)


class ChangeLog(Generic[E]):
    """The latest entries; ``start`` and ``end`` are the positions of the oldest and of the next one."""

    __slots__ = ("_entries", "_limit", "_weight", "end", "start")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._entries: list[E] = []
        self._weight = 0
        self.start = 0
        self.end = 0

    def append(self, entry: E) -> None:
        """Add the newest entry."""
        self._entries.append(entry)
        self._weight += len(entry.uids)
        self.end += 1

    @property
    def full(self) -> bool:
        """Whether entries should be dropped."""
        return len(self._entries) > self._limit or self._weight > self._limit * UIDS_PER_ENTRY

    def since(self, position: int) -> list[E]:
        """The entries from ``position`` on, which must not have been dropped."""
        return self._entries[position - self.start :]

    def at(self, position: int) -> E:
        """The entry at a position from ``start`` to ``end - 1``."""
        return self._entries[position - self.start]

    def half(self) -> int:
        """The position from which entries are worth keeping when the log is full: the newer half, or less of it."""
        count = (len(self._entries) + 1) // 2
        weight = sum(len(entry.uids) for entry in self._entries[count:])
        while weight > self._limit * UIDS_PER_ENTRY // 2:
            weight -= len(self._entries[count].uids)
            count += 1
        return self.start + count

    def drop(self, position: int) -> None:
        """Forget the entries before ``position``."""
        count = position - self.start
        self._weight -= sum(len(entry.uids) for entry in self._entries[:count])
        del self._entries[:count]
        self.start = position
