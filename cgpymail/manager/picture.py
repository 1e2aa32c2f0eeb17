"""What the users of one visibility class see of a mailbox: its UIDs, and the logs of changes among them.

There are few classes (all messages / without Service / also without Hidden; spec 2.8), each with one picture that all
its views share, so that a view need hold nothing per message. While no message is filtered, the picture's UIDs *are*
the column of the store: nothing is copied. A message that gets or loses a hiding flag leaves or joins the picture like
one that is expunged or arrives.

Two logs, because a view follows them differently. *Moves* (joined, left) change numbering: a view takes them into its
short lists whenever it computes a number. *Marks* (flags changed) only wait to be told. Both are bounded: before
entries are dropped, views that are behind take in the moves, and let their marks collapse into "everything with MODSEQ
above x". So what is pending for a view that never asks is O(messages), never O(changes).

Many sessions that sleep at the same position must not each walk the same thousands of moves: beyond a few they get a
summary, made once. Leaving and joining alternate for each message, so a message that moved an even number of times is
where it was, and one that moved an odd number of times did what it did first.
"""

from __future__ import annotations

import sys
from array import array
from bisect import bisect_left, insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from cgpymail.manager.changelog import ChangeLog
from cgpymail.manager.runs import as_array, runs
from cgpymail.model.changes import Arrived, Change, Expunged
from cgpymail.model.columns import Columns, cut
from cgpymail.model.flags import SEEN

SUMMARY_FROM = 16  # moves


@dataclass(frozen=True, slots=True)
class Move:
    """``uids`` (ascending) joined the picture, or left it."""

    uids: Sequence[int]
    modseq: int
    joined: bool


@dataclass(frozen=True, slots=True)
class Mark:
    """Flags of ``uids`` changed. ``author``: the view whose session did it and need not be told, or None."""

    uids: tuple[int, ...]
    modseq: int
    author: object


class Follower(Protocol):
    """A view, as its picture sees it."""

    moves_at: int
    marks_at: int

    def follow(self) -> None:
        """Take in all moves."""

    def collapse(self) -> None:
        """Let all marks collapse into a MODSEQ."""


class Picture:
    """One visibility class of one open mailbox. ``hides``: mask of the flags whose bearers are not in it."""

    __slots__ = ("_columns", "_followers", "_own", "_summary", "_summary_of", "hides", "marks", "moves")

    def __init__(self, columns: Columns, hides: int, limit: int) -> None:
        self._columns = columns
        self._own: array[int] | None = None
        self._followers: dict[Follower, None] = {}
        self._summary: list[Move] = []
        self._summary_of = (0, 0)
        self.hides = hides
        self.moves: ChangeLog[Move] = ChangeLog(limit)
        self.marks: ChangeLog[Mark] = ChangeLog(limit)
        if _any_with(columns.flags, hides):
            self._own = array("I", self._visible(columns.uid))

    @property
    def uids(self) -> array[int]:
        """UIDs of the class, ascending. Not to be kept or changed."""
        return self._columns.uid if self._own is None else self._own

    @property
    def filtered(self) -> bool:
        """Whether some message of the mailbox is not in the picture."""
        return self._own is not None

    def has(self, uid: int) -> bool:
        """Whether the class sees the message."""
        uids = self.uids
        place = bisect_left(uids, uid)
        return place < len(uids) and uids[place] == uid

    def join(self, follower: Follower) -> None:
        """A view begins at the end of both logs."""
        self._followers[follower] = None

    def leave(self, follower: Follower) -> bool:
        """A view is closed. Whether it was the last."""
        del self._followers[follower]
        return not self._followers

    def moves_since(self, position: int) -> list[Move]:
        """What moved from ``position`` on, in order: single moves, or what they come to."""
        moves = self.moves
        if moves.end - position < SUMMARY_FROM:
            return moves.since(position)
        if self._summary_of != (position, moves.end):
            self._summary = _summarise(moves.since(position))
            self._summary_of = (position, moves.end)
        return self._summary

    def apply(self, change: Change, author: object) -> None:
        """The store accepted a change; the columns hold the new state."""
        if isinstance(change, Arrived):
            self._log_move(tuple(self._arrive(change.uids)), change.modseq, joined=True)
        elif isinstance(change, Expunged):
            self._log_move(tuple(self._remove(change.uids)), change.modseq, joined=False)
        else:
            self._flags_changed(change.uids, change.modseq, author)

    def _visible(self, uids: Sequence[int]) -> list[int]:
        """Those of ``uids``, all in the columns, that have no hiding flag."""
        columns, hides, wanted = self._columns, self.hides, as_array(uids)
        seen: list[int] = []
        for start, stop, place in runs(columns.uid, wanted):
            masks = columns.flags[place : place + stop - start]
            if any(map(hides.__and__, masks)):
                seen += [uid for uid, mask in zip(wanted[start:stop], masks, strict=True) if not mask & hides]
            else:
                seen += wanted[start:stop]
        return seen

    def _arrive(self, uids: tuple[int, ...]) -> Iterable[int]:
        """Those of new messages that the class sees."""
        seen = self._visible(uids)
        if self._own is None:
            if len(seen) == len(uids):
                return uids
            hidden = set(uids).difference(seen)
            self._own = array("I", [uid for uid in self._columns.uid if uid not in hidden])
        else:
            self._insert(seen)
        return seen

    def _insert(self, uids: Iterable[int]) -> None:
        assert self._own is not None
        for uid in uids:
            insort(self._own, uid)
        if len(self._own) == len(self._columns):
            self._own = None

    def _remove(self, uids: Iterable[int]) -> Iterable[int]:
        """Those of expunged (or now hidden) messages that the class saw."""
        if self._own is None:
            return uids
        gone = [uid for uid in uids if self.has(uid)]
        cut(self._own, [bisect_left(self._own, uid) for uid in gone])
        if len(self._own) == len(self._columns):
            self._own = None
        return gone

    def _flags_changed(self, uids: tuple[int, ...], modseq: int, author: object) -> None:
        seen = self._visible(uids)
        if self._own is None and len(seen) == len(uids):
            self._log_mark(uids, modseq, author)
            return
        if self._own is None:
            self._own = self._columns.uid[:]
        visible = set(seen)
        left = [uid for uid in uids if uid not in visible and self.has(uid)]
        joined = [uid for uid in seen if not self.has(uid)]
        cut(self._own, [bisect_left(self._own, uid) for uid in left])
        self._insert(joined)
        self._log_move(tuple(left), modseq, joined=False)
        self._log_move(tuple(joined), modseq, joined=True)
        # A view that had not told the hiding yet has the message back, and missed what changed while it was hidden.
        self._log_mark(tuple(joined), modseq, None)
        self._log_mark(tuple(uid for uid in seen if uid not in set(joined)) if joined else tuple(seen), modseq, author)

    def _log_move(self, uids: tuple[int, ...], modseq: int, *, joined: bool) -> None:
        if not uids:
            return
        self.moves.append(Move(uids, modseq, joined))
        if self.moves.full:
            keep = self.moves.half()
            for follower in self._followers:
                if follower.moves_at < keep:
                    follower.follow()
            self.moves.drop(keep)

    def mark(self, uids: tuple[int, ...], modseq: int, author: object) -> None:
        """Something of these messages (ascending) changed for the views of this picture only."""
        self._log_mark(tuple(filter(self.has, uids)), modseq, author)

    def changed_since(self, modseq: int) -> list[int]:
        """UIDs of the messages whose flags changed after ``modseq``, of other classes too; ascending."""
        columns = self._columns
        return [uid for uid, changed in zip(columns.uid, columns.modseq, strict=True) if changed > modseq]

    def _log_mark(self, uids: tuple[int, ...], modseq: int, author: object) -> None:
        if not uids:
            return
        self.marks.append(Mark(uids, modseq, author))
        if self.marks.full:
            keep = self.marks.half()
            for follower in self._followers:
                if follower.marks_at < keep:
                    follower.collapse()
            self.marks.drop(keep)

    def first_unseen(self) -> int:
        """The lowest UID without Seen, 0 if there is none."""
        if not self.filtered:
            place = _seen_bytes(self._columns).find(0)
            return 0 if place < 0 else self._columns.uid[place]
        return next(iter(self._without_seen()), 0)

    def unseen(self) -> int:
        """How many messages have no Seen."""
        return len(self._without_seen()) if self.filtered else _seen_bytes(self._columns).count(0)

    def _without_seen(self) -> list[int]:
        hidden = self.hides | SEEN
        return [uid for uid, mask in zip(self._columns.uid, self._columns.flags, strict=True) if not mask & hidden]


def _summarise(moves: list[Move]) -> list[Move]:
    """At most one move of each kind, with the MODSEQ of the oldest."""
    first: dict[int, bool] = {}
    moved: set[int] = set()
    for move in moves:
        moved.symmetric_difference_update(move.uids)
        for uid in move.uids:
            first.setdefault(uid, move.joined)
    odd = array("I", sorted(moved))
    oldest = moves[0].modseq
    kinds = (Move(array("I", [uid for uid in odd if first[uid] == joined]), oldest, joined) for joined in (False, True))
    return [move for move in kinds if move.uids]


_SEEN_BIT = bytes(value & SEEN for value in range(256))  # Seen is in the lowest byte of a mask


def _seen_bytes(columns: Columns) -> bytes:
    """One byte a message, 0 without Seen: found and counted at the speed of memory."""
    return _bytes_of(columns.flags, 0).translate(_SEEN_BIT)


def _any_with(column: array[int], mask: int) -> bool:
    """Whether a number of the column has a bit of ``mask``; at the speed of memory too."""
    for place in range(column.itemsize):
        bits = mask >> 8 * place & 0xFF
        if bits and _bytes_of(column, place).translate(None, bytes(value for value in range(256) if not value & bits)):
            return True
    return False


def _bytes_of(column: array[int], place: int) -> bytes:
    """The byte at ``place``, counted from the lowest, of every number."""
    return column.tobytes()[place if sys.byteorder == "little" else column.itemsize - 1 - place :: column.itemsize]
