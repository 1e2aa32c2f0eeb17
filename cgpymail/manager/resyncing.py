"""What a client that comes back missed (RFC 7162 3.2.5, 3.2.6): the messages that went since a MODSEQ it remembers.

The store remembers which UIDs were expunged, as far back as its record reaches; beyond that, whatever the client may
know of and does not find any more is gone. A message that is hidden from this user looks gone to him too, whenever it
was hidden: he may have lost the right to see it, which no MODSEQ tells; so whoever sees messages that are hidden from
others is told of them each time, because he may have got the right since. Messages that still have a number in the
session are never among them; of their end the session is told in its own time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.picture import Picture
from cgpymail.manager.slicing import Breathe
from cgpymail.manager.view import View
from cgpymail.model.uidset import NumberSet, UidSet

STRIDE = 4_000  # messages looked at before others may have their turn
MOST_PAIRS = 1_000  # of a client's numbering that are looked at; clients name a few


@dataclass(frozen=True, slots=True)
class Match:
    """What a client remembers of the numbering: sequence numbers and the UIDs they had, in parallel."""

    seqs: NumberSet
    uids: NumberSet


@dataclass(frozen=True, slots=True)
class Since:
    """What a client remembers: the MODSEQ it had heard of, and which UIDs it knows, None for all there ever were."""

    modseq: int
    known: NumberSet | None = None
    match: Match | None = None


@dataclass(frozen=True, slots=True)
class Missed:
    """What a client is to be told: UIDs that went, and the messages with a MODSEQ above ``modseq``."""

    vanished: UidSet
    modseq: int


async def missed(mailbox: Mailbox, picture: Picture, view: View, since: Since, breathe: Breathe) -> Missed:
    """UIDs that the client may know of and that went after its MODSEQ, or cannot be seen now; and from which MODSEQ on
    it is to be told of changes.

    More UIDs may be in it where the record of expunged messages does not reach back that far; the numbering that the
    client remembers then spares those below the place up to which it still holds. A MODSEQ of the future, which a
    backup took back, is as good as none.
    """
    modseq = since.modseq if since.modseq <= mailbox.store.modseq else 0
    gone, complete = mailbox.store.expunged_since(modseq)
    if not complete:
        held = _held(mailbox, view, modseq, since.match) if since.match else 0
        gone = await _absent(_present(picture, view), held + 1, mailbox.store.uidnext - 1, breathe)
    elif picture.filtered:
        hidden = await _hidden(mailbox, picture.hides, breathe)
        gone = UidSet.from_ranges((*gone.ranges, *hidden))
    if since.known is not None:
        gone = await _common(gone, since.known.resolve(mailbox.store.uidnext - 1), breathe)
    ghosts = view.ghosts
    return Missed(gone.without(UidSet.of_ascending(ghosts)) if ghosts else gone, modseq)


def _present(picture: Picture, view: View) -> Sequence[int]:
    """All that has a number, or will have one when it is told."""
    uids = picture.uids
    return [*view.all().uids, *uids[bisect_right(uids, view.top) :]]


async def _hidden(mailbox: Mailbox, hides: int, breathe: Breathe) -> list[tuple[int, int]]:
    """Each message that the class does not see, as a range."""
    uids, masks = mailbox.store.columns.uid[:], mailbox.store.columns.flags[:]
    found: list[tuple[int, int]] = []
    for start in range(0, len(uids), STRIDE):
        await breathe()
        piece = zip(uids[start : start + STRIDE], masks[start : start + STRIDE], strict=True)
        found += [(uid, uid) for uid, mask in piece if mask & hides]
    return found


async def _common(some: UidSet, others: UidSet, breathe: Breathe) -> UidSet:
    """What both sets have."""
    found: list[tuple[int, int]] = []
    for start in range(0, len(some.ranges), STRIDE):
        await breathe()
        piece = some.ranges[start : start + STRIDE]
        first = bisect_right(others.ranges, (piece[0][0], 1 << 64))
        last = bisect_right(others.ranges, (piece[-1][1], 1 << 64))
        found += UidSet(piece).within(UidSet(others.ranges[max(first - 1, 0) : last])).ranges
    return UidSet(tuple(found))


async def _absent(uids: Sequence[int], low: int, top: int, breathe: Breathe) -> UidSet:
    """Every number from ``low`` to ``top`` that is not among the ascending ``uids``."""
    gaps: list[tuple[int, int]] = []
    for start in range(0, len(uids), STRIDE):
        await breathe()
        for uid in uids[start : start + STRIDE]:
            if uid > low:
                gaps.append((low, uid - 1))
            low = max(low, uid + 1)
    if low <= top:
        gaps.append((low, top))
    return UidSet(tuple(gaps))


def _held(mailbox: Mailbox, view: View, modseq: int, match: Match) -> int:
    """The highest UID up to which the client has what there is: it has the number that the client remembers.

    What was not changed since ``modseq`` was there then. So a message that became visible later, and could make up
    for another that went, is not taken for one the client knows.
    """
    best = 0
    columns = mailbox.store.columns
    changed = next((uid for uid, mod in zip(columns.uid, columns.modseq, strict=True) if mod > modseq), 0)
    for seq, uid in islice(_pairs(match), MOST_PAIRS):
        if (changed and uid >= changed) or view.seq(uid) != seq:
            break
        best = uid
    return best


def _pairs(match: Match) -> Iterator[tuple[int, int]]:
    """Number and UID of each message that the client named, ascending; the end of the shorter list ends both."""
    return zip(_numbers(match.seqs), _numbers(match.uids), strict=False)


def _numbers(numbers: NumberSet) -> Iterator[int]:
    for low, high in numbers.parts:
        yield from range(low, high + 1)
