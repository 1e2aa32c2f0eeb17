"""Messages that are expunged but still in some session's numbering: their last rows, and when they may be forgotten.

A view takes *all* its expunged messages out of its numbering at once, when it may tell them. So it needs every batch
of expunged messages from the one after that moment on, and "who needs what" is one number per view (its pin): a batch
may go when no pin is as old as it. Pins only ever move to the newest number, so the dictionary of pins, with how many
views stand at each, stays in ascending order by itself, and its first key is the oldest pin.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence

from cgpymail.model.columns import Columns, Row


class Departed:
    """The last rows of expunged messages, as long as a pin is older than their batch."""

    __slots__ = ("_batches", "_forget", "_next", "_pins", "rows")

    def __init__(self, forget: Callable[[Sequence[int]], None]) -> None:
        self._forget = forget
        self._pins: dict[int, int] = {}
        self._batches: deque[tuple[int, tuple[int, ...]]] = deque()
        self._next = 0
        self.rows = Columns()

    def add(self, uids: tuple[int, ...], rows: Columns) -> None:
        """Messages were expunged; forgotten at once if no view is open."""
        if not self._pins:
            self._forget(uids)
            return
        self._batches.append((self._next, uids))
        self._next += 1
        self.rows.merge(rows)

    def find(self, uid: int) -> Row | None:
        """The last row of a departed message that is not forgotten."""
        place = self.rows.find(uid)
        return None if place < 0 else self.rows.row(place)

    def pin(self) -> int:
        """A new view: it needs whatever departs from now on. Gives its pin."""
        self._pins[self._next] = self._pins.get(self._next, 0) + 1
        return self._next

    def unpin(self, pin: int) -> None:
        """The view is closed."""
        self._pins[pin] -= 1
        if not self._pins[pin]:
            del self._pins[pin]
            self._sweep()

    def repin(self, pin: int) -> int:
        """The view has told everything that departed up to now. Gives its new pin."""
        if pin == self._next:
            return pin
        fresh = self.pin()
        self.unpin(pin)
        return fresh

    def _sweep(self) -> None:
        oldest = next(iter(self._pins), self._next)
        free: list[int] = []
        while self._batches and self._batches[0][0] < oldest:
            free.extend(self._batches.popleft()[1])
        if free:
            free.sort()
            self.rows.remove([self.rows.find(uid) for uid in free])
            self._forget(free)
