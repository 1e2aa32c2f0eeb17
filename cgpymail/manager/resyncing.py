"""What a client that comes back missed (RFC 7162 3.2.5, 3.2.6): the messages that went since a MODSEQ it remembers.

The store remembers which UIDs were expunged, as far back as its record reaches; beyond that, whatever the client may
know of and does not find any more is gone. A message that is hidden from this user looks gone to him too, whenever it
was hidden: he may have lost the right to see it, which no MODSEQ tells. Messages that still have a number in the
session are never among them; of their end the session is told in its own time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.picture import Picture
from cgpymail.manager.view import View
from cgpymail.model.uidset import NumberSet, UidSet

MOST_PAIRS = 1_000  # of a client's numbering that are looked at; clients name a few


@dataclass(frozen=True, slots=True)
class Match:
    """What a client remembers of the numbering: sequence numbers and the UIDs they had, in parallel."""

    seqs: NumberSet
    uids: NumberSet


def vanished(
    mailbox: Mailbox, picture: Picture, view: View, modseq: int, known: NumberSet | None, match: Match | None
) -> UidSet:
    """UIDs among ``known`` (None: all that were ever given out) that went after ``modseq`` or cannot be seen now.

    More may be in it where the record of expunged messages does not reach back to ``modseq``; ``match`` then spares
    those below the place up to which the client's numbering still holds.
    """
    store = mailbox.store
    top = store.uidnext - 1
    asked = known.resolve(top).within(UidSet(((1, top),))) if known else UidSet(((1, top),)) if top else UidSet()
    gone, complete = store.expunged_since(modseq)
    if not complete:
        held = _held(mailbox, view, modseq, match) if match else 0
        there = UidSet.of_ascending(view.all().uids)
        return asked.without(there).without(UidSet(((1, held),)) if held else UidSet())
    if picture.filtered:
        columns = mailbox.store.columns
        rows = zip(columns.uid, columns.flags, strict=True)
        hidden = UidSet.of_ascending([uid for uid, mask in rows if mask & picture.hides])
        gone = UidSet.from_ranges((*gone.ranges, *hidden.ranges))
    return asked.within(gone).without(UidSet.of_ascending(view.ghosts))


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
