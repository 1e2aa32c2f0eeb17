"""One session's numbering of a mailbox, and what it has not been told yet. Sequence numbers exist only here.

The list a client has in mind is never stored. With ``top`` = the highest UID told, it is

    picture's UIDs up to top  +  ghosts  -  late

*Ghosts* left the picture (expunged, or hidden from this class) and the client may not be told yet: they keep their
numbers. *Late* messages became visible below ``top``, where IMAP cannot insert: they stay out until the next SELECT.
Both lists are short or empty, so number and UID are found in each other by rank arithmetic over the shared UIDs.

A view stands at a position in each log of its picture (see picture.py). Moves are taken into the two lists before any
number is computed; marks wait until they are told, or collapse into ``floor``: everything with MODSEQ above it.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass

from cgpymail.manager.departed import Departed
from cgpymail.manager.picture import Move, Picture
from cgpymail.manager.runs import as_array, runs
from cgpymail.model.columns import Columns
from cgpymail.model.uidset import NumberSet, UidSet

_NONE: array[int] = array("I")  # never changed: lists begin as this and are replaced
_NO_FLOOR = -1
FAR_BEHIND = 512  # moves after which a view is brought forward between commands, not at the next one


@dataclass(frozen=True, slots=True)
class Selection:
    """Messages of a view: sequence numbers and UIDs, parallel, ascending."""

    seqs: Sequence[int]
    uids: Sequence[int]


NOTHING = Selection((), ())
NOBODY = UidSet()


@dataclass(frozen=True, slots=True)
class Told:
    """What a view tells: expunges first, then the new number of messages, then flags by the resulting numbering."""

    expunged: Sequence[int]
    expunged_uids: UidSet
    exists: int | None
    flags: Selection


class View:
    """The numbering of one session; begins with everything that the picture shows."""

    __slots__ = ("_columns", "_departed", "_floor", "_ghost_modseq", "_ghosts", "_late", "_late_modseq", "_picture",
                 "_pin", "marks_at", "moves_at", "top")  # fmt: skip

    def __init__(self, picture: Picture, columns: Columns, departed: Departed) -> None:
        self._picture = picture
        self._columns = columns
        self._departed = departed
        self._pin = departed.pin()
        self._ghosts = _NONE
        self._ghost_modseq = 0  # of the oldest ghost
        self._late = _NONE
        self._late_modseq = 0  # of the oldest late message
        self._floor = _NO_FLOOR
        self.moves_at = picture.moves.end
        self.marks_at = picture.marks.end
        self.top = picture.uids[-1] if picture.uids else 0
        picture.join(self)

    def close(self) -> bool:
        """Let go of ghosts and picture. Whether the picture has no view any more."""
        self._departed.unpin(self._pin)
        return self._picture.leave(self)

    # -- following the logs --------------------------------------------------------------------------------------

    def follow(self) -> None:
        """Take the moves since last time into the lists."""
        moves = self._picture.moves
        if self.moves_at == moves.end:
            return
        for move in self._picture.moves_since(self.moves_at):
            mine = move.uids if move.uids[-1] <= self.top else move.uids[: bisect_right(move.uids, self.top)]
            if mine:
                (self._rejoined if move.joined else self._left)(mine, move)
        self.moves_at = moves.end

    def _left(self, uids: Sequence[int], move: Move) -> None:
        fresh = uids
        if self._late:
            late = self._late
            fresh = [uid for uid in uids if not _has(late, uid)]
            self._late = _without(late, uids)
        if fresh and not self._ghosts:
            self._ghost_modseq = move.modseq
        self._ghosts = _with(self._ghosts, fresh)

    def _rejoined(self, uids: Sequence[int], move: Move) -> None:
        ghosts = self._ghosts
        late = [uid for uid in uids if not _has(ghosts, uid)] if ghosts else uids
        if late and not self._late:
            self._late_modseq = move.modseq
        self._late = _with(self._late, late)
        self._ghosts = _without(ghosts, uids)

    def collapse(self) -> None:
        """Stop following single flag changes: everything from here on is told by MODSEQ."""
        marks = self._picture.marks
        if self._floor == _NO_FLOOR and self.marks_at < marks.end:
            self._floor = marks.at(self.marks_at).modseq - 1
        self.marks_at = marks.end

    def change_picture(self, picture: Picture, modseq: int) -> bool:
        """Follow another one. Messages that it has not are as if hidden now, further ones as if shown now, by a change
        with ``modseq``. Whether the old one has no view any more."""
        self.follow()
        self.collapse()
        last = self._picture.leave(self)
        if picture.hides != self._picture.hides and picture.uids is not self._picture.uids:
            before, after = (set(uids[: bisect_right(uids, self.top)]) for uids in (self._picture.uids, picture.uids))
            self._left(sorted(before - after), Move((), modseq, joined=False))
            if not after.isdisjoint(self._ghosts):  # what changed while they were hidden is still to be told
                hidden = self._ghost_modseq - 1
                self._floor = hidden if self._floor == _NO_FLOOR else min(self._floor, hidden)
            self._rejoined(sorted(after - before), Move((), modseq, joined=True))
        self._picture = picture
        self.moves_at, self.marks_at = picture.moves.end, picture.marks.end
        picture.join(self)
        return last

    def follow_if_far(self) -> None:
        """Between commands: keep a session that never asks from having everything to do at once."""
        if self._picture.moves.end - self.moves_at > FAR_BEHIND:
            self.follow()

    # -- numbers -------------------------------------------------------------------------------------------------

    @property
    def exists(self) -> int:
        """How many messages the client knows of."""
        self.follow()
        return self._rank(self.top)

    @property
    def ghosts(self) -> Sequence[int]:
        """UIDs that left and are not told; ascending."""
        self.follow()
        return self._ghosts

    @property
    def oldest_move_modseq(self) -> int:
        """MODSEQ of the oldest change that made a ghost or a late message, 0 without any."""
        self.follow()
        moves = (self._ghost_modseq if self._ghosts else 0, self._late_modseq if self._late else 0)
        return min(filter(None, moves), default=0)

    @property
    def oldest_untold_modseq(self) -> int:
        """MODSEQ of the oldest change by others that was not told, 0 when everything was."""
        moved, marks = self.oldest_move_modseq, self._picture.marks
        mark = next((mark.modseq for mark in marks.since(self.marks_at) if mark.author is not self), 0)
        floor = self._floor + 1 if self._floor != _NO_FLOOR else 0
        return min(filter(None, (moved, floor, mark, self._oldest_arrival())), default=0)

    def _oldest_arrival(self) -> int:
        """The lowest MODSEQ of messages above those told, 0 if there is none."""
        uids = self._picture.uids
        places = map(self._columns.find, uids[bisect_right(uids, self.top) :])
        return min((self._columns.modseq[place] for place in places), default=0)

    def has(self, uid: int) -> bool:
        """Whether the client knows the message (a ghost too)."""
        self.follow()
        if uid > self.top:
            return False
        return self._listed(uid) or _has(self._ghosts, uid)

    def _listed(self, uid: int) -> bool:
        return self._picture.has(uid) and not (self._late and _has(self._late, uid))

    def is_ghost(self, uid: int) -> bool:
        """Whether it left and is not told."""
        self.follow()
        return _has(self._ghosts, uid)

    def seq(self, uid: int) -> int:
        """The sequence number, 0 if the message is not in the view."""
        return self._rank(uid) if self.has(uid) else 0

    def _rank(self, uid: int) -> int:
        """How many messages of the view have a UID of at most ``uid`` (itself at most ``top``)."""
        return bisect_right(self._picture.uids, uid) + bisect_right(self._ghosts, uid) - bisect_right(self._late, uid)

    def _uid_at(self, seq: int) -> int:
        """The UID of an existing number: the smallest of rank ``seq``."""
        if not self._ghosts and not self._late:
            return self._picture.uids[seq - 1]
        return bisect_left(range(self.top), seq, key=self._rank)

    def _between(self, low: int, high: int) -> array[int]:
        """The UIDs of the view from ``low`` to ``high``, ascending."""
        uids = self._picture.uids
        start = bisect_left(uids, low)
        end = bisect_right(uids, min(high, self.top), start)
        ghosts = self._ghosts[bisect_left(self._ghosts, low) : bisect_right(self._ghosts, high)]
        late = self._late[bisect_left(self._late, low) : bisect_right(self._late, high)]
        if not ghosts and not late:
            return uids[start:end]
        merged = array("I")
        for uid in sorted((*ghosts, *late)):
            place = bisect_left(uids, uid, start, end)
            merged.extend(uids[start:place])
            if _has(late, uid):
                start = place + 1
            else:
                merged.append(uid)
                start = place
        merged.extend(uids[start:end])
        return merged

    def select(self, numbers: NumberSet, *, by_uid: bool) -> Selection:
        """The messages that ``numbers`` name, ascending (unknown UIDs dropped, RFC 3501 6.4.8).

        Raises ValueError if a sequence number is above ``exists``; in an empty view ``*`` names nothing.
        """
        exists = self.exists
        if not exists:
            if by_uid or any(0 in part for part in numbers.parts):
                return NOTHING
            raise ValueError("there are no messages")
        ranges = numbers.resolve(self._uid_at(exists) if by_uid else exists).ranges
        if not by_uid and ranges and ranges[-1][1] > exists:
            raise ValueError(f"there are {exists} messages")
        pieces = [self._piece(low, high, by_uid=by_uid) for low, high in ranges]
        if len(pieces) == 1:
            return Selection(*pieces[0])
        seqs: list[int] = []
        uids = array("I")
        for some_seqs, some_uids in pieces:
            seqs.extend(some_seqs)
            uids.extend(some_uids)
        return Selection(seqs, uids)

    def _piece(self, low: int, high: int, *, by_uid: bool) -> tuple[range, array[int]]:
        if not by_uid:
            return range(low, high + 1), self._between(self._uid_at(low), self._uid_at(high))
        uids = self._between(low, high)
        first = self._rank(uids[0]) if uids else 0
        return range(first, first + len(uids)), uids

    def all(self) -> Selection:
        """Every message of the view."""
        self.follow()
        uids = self._between(0, self.top)
        return Selection(range(1, len(uids) + 1), uids)

    def count(self, low: int, high: int) -> int:
        """How many messages of the view have a UID from ``low`` to ``high`` (at most ``top``)."""
        self.follow()
        return self._rank(high) - self._rank(low - 1)

    def present(self, uids: Sequence[int]) -> list[int]:
        """Those of ``uids`` (any order) that are in the view and no ghosts, ascending."""
        self.follow()
        wanted = as_array(sorted(uids))
        found: list[int] = []
        for start, stop, _ in runs(self._picture.uids, wanted):
            found.extend(wanted[start:stop])
        if found and found[-1] > self.top:
            del found[bisect_right(found, self.top) :]
        if self._late:
            found = [uid for uid in found if not _has(self._late, uid)]
        return found

    # -- telling -------------------------------------------------------------------------------------------------

    def tell(self, *, expunge: bool) -> Told:
        """What the session is to be told now; the view moves on. Without ``expunge`` ghosts keep their numbers."""
        self.follow()
        gone = self._ghosts if expunge else _NONE
        expunged = self._expunge_numbers() if gone else ()
        if gone:
            self._ghosts = _NONE
        if expunge:
            self._pin = self._departed.repin(self._pin)
        changed = self._take_marks()
        exists = None
        uids = self._picture.uids
        if uids and uids[-1] > self.top:
            self.top = uids[-1]
            exists = self._rank(self.top)
        return Told(expunged, UidSet.of(gone) if gone else NOBODY, exists, self._numbered(changed))

    def _expunge_numbers(self) -> list[int]:
        """What to send for each ghost, lowest first: each is counted without those sent before it."""
        uids, late = self._picture.uids, self._late
        if not late:
            return [bisect_left(uids, uid) + 1 for uid in self._ghosts]
        return [bisect_left(uids, uid) + 1 - bisect_left(late, uid) for uid in self._ghosts]

    def _take_marks(self) -> list[int]:
        """UIDs of messages told before whose flags others changed."""
        marks = self._picture.marks
        if self._floor != _NO_FLOOR:
            floor, self._floor = self._floor, _NO_FLOOR
            changed = self._picture.changed_since(floor)
        elif self.marks_at == marks.end:
            return []
        else:
            others = [mark.uids for mark in marks.since(self.marks_at) if mark.author is not self]
            changed = list(others[0]) if len(others) == 1 else sorted(set().union(*others))
        self.marks_at = marks.end
        return self.present(changed) if changed else changed

    def _numbered(self, uids: list[int]) -> Selection:
        if not uids:
            return NOTHING
        first, last = self._rank(uids[0]), self._rank(uids[-1])
        if last - first == len(uids) - 1:
            return Selection(range(first, last + 1), uids)
        return Selection([self._rank(uid) for uid in uids], uids)


def _has(uids: array[int], uid: int) -> bool:
    place = bisect_left(uids, uid)
    return place < len(uids) and uids[place] == uid


def _with(some: array[int], more: Sequence[int]) -> array[int]:
    """``some`` and ``more``; in place if it is a list of our own and one is added."""
    if not more:
        return some
    if not some:
        return array("I", more)
    if len(more) == 1:
        insort(some, more[0])
        return some
    if more[0] > some[-1]:
        return some + as_array(more)
    return array("I", sorted((*some, *more)))


def _without(some: array[int], less: Sequence[int]) -> array[int]:
    """``some`` without those of ``less`` that are in it; a new list if anything changes."""
    if not some:
        return some
    gone = set(less)
    kept = array("I", [uid for uid in some if uid not in gone])
    return kept if kept else _NONE
