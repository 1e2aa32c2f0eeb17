"""What a client that comes back missed (RFC 7162 3.2.5, 3.2.6): the messages that went since a MODSEQ it remembers.

The store remembers which UIDs were expunged, as far back as its record reaches; beyond that, whatever the client may
know of and does not find any more is gone. A message that is hidden from this user looks gone to him too, whenever it
was hidden: he may have lost the right to see it, which no MODSEQ tells. Messages that still have a number in the
session are never among them; of their end the session is told in its own time.
"""

from __future__ import annotations

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


async def vanished(mailbox: Mailbox, picture: Picture, view: View, since: Since, breathe: Breathe) -> UidSet:
    """UIDs that the client may know of and that went after its MODSEQ, or cannot be seen now.

    More may be in it where the record of expunged messages does not reach back that far; the numbering that the client
    remembers then spares those below the place up to which it still holds.
    """
    store, known = mailbox.store, since.known
    modseq = since.modseq if since.modseq <= store.modseq else 0  # of a future that a backup took back
    top = store.uidnext - 1
    asked = known.resolve(top).within(UidSet(((1, top),))) if known else UidSet(((1, top),)) if top else UidSet()
    gone, complete = store.expunged_since(modseq)
    if not complete:
        held = _held(mailbox, view, modseq, since.match) if since.match else 0
        absent = await _absent(view.all().uids, held + 1, top, breathe)
        return absent.within(asked) if known else absent
    if picture.filtered:
        columns = mailbox.store.columns
        rows = zip(columns.uid, columns.flags, strict=True)
        hidden = UidSet.of_ascending([uid for uid, mask in rows if mask & picture.hides])
        gone = UidSet.from_ranges((*gone.ranges, *hidden.ranges))
    return asked.within(gone).without(UidSet.of_ascending(view.ghosts))


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
