"""Which messages are \\Recent to one session (RFC 3501 2.3.2; spec 14.3.2)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from contextlib import suppress

from cgpymail.errors import StorageFailed
from cgpymail.manager.flagnames import FlagNames, Names
from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.view import View
from cgpymail.model.columns import Columns
from cgpymail.model.uidset import UidSet


class Recent:
    """``claims``: the session takes them for itself, so that they are \\Recent to no other. ``known``: it has heard of
    \\Recent at all."""

    __slots__ = ("_claims", "_known", "_mailbox", "_ranges", "_told", "_view")

    def __init__(self, mailbox: Mailbox, view: View, *, claims: bool, known: bool) -> None:
        self._mailbox = mailbox
        self._view = view
        self._claims = claims
        self._known = known
        self._ranges: list[tuple[int, int]] = []  # ascending
        self.claim(0)
        self._told = self.count

    @property
    def count(self) -> int:
        """How many messages of the view are \\Recent."""
        return sum(self._view.count(low, high) for low, high in self._ranges)

    @property
    def uids(self) -> UidSet:
        """Ranges that hold them."""
        return UidSet.from_ranges(self._ranges)

    def names(self, rows: Columns, names: FlagNames) -> list[Names]:
        """The flags of messages, \\Recent among them."""
        found = names.many(rows.flags, rows.keywords, recent=False)
        for low, high in self._ranges:
            start, stop = bisect_left(rows.uid, low), bisect_right(rows.uid, high)
            found[start:stop] = names.many(rows.flags[start:stop], rows.keywords[start:stop], recent=True)
        return found

    def claim(self, after: int) -> None:
        """Messages told just now (UIDs above ``after``) are \\Recent if no session claimed them before (14.3.2)."""
        low, high = max(after, self._mailbox.store.recent_mark) + 1, self._view.top
        if low > high or not self._known:
            return
        if self._ranges and self._ranges[-1][1] == low - 1:
            low = self._ranges.pop()[0]
        self._ranges.append((low, high))
        if self._claims:
            with suppress(StorageFailed):  # then the next session claims them as well
                self._mailbox.store.set_recent_mark(high)

    def changed(self) -> int | None:
        """How many there are, if that was not told yet."""
        count = self.count
        if count == self._told:
            return None
        self._told = count
        return count
