"""CONDSTORE and QRESYNC (RFC 7162): which messages changed or went since a MODSEQ that the client remembers.

A client that comes back is told with the SELECT what it missed: VANISHED (EARLIER) first, because it is about a
numbering that is no more, then the messages that changed. While that is sent, others may change more, which is told at
the end of the command like everything else: until then every message of the mailbox as it was opened has a number.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress

from cgpymail.grammar.imap.commands import Resync
from cgpymail.grammar.imap.modseqs import vanished_lines
from cgpymail.imap.context import CONDSTORE, QRESYNC, BadCommand, Context
from cgpymail.imap.texts import fetch_rows
from cgpymail.manager.handle import Handle, Match, Selection, Since
from cgpymail.model.uidset import STAR, MessageSet, NumberSet, SavedResult, UidSet

_ROWS = 1_000  # messages told in one piece
_RANGES = 2_000
_ALL = NumberSet(((1, STAR),))


def require_qresync(context: Context) -> None:
    """Raise BadCommand unless the client enabled it (RFC 7162 3.2.3)."""
    if QRESYNC not in context.enabled:
        raise BadCommand("QRESYNC is not enabled")


def look_for_modseq(context: Context, items: Sequence[str]) -> None:
    """A client that asks STATUS for HIGHESTMODSEQ works with MODSEQs (RFC 7162 3.1)."""
    if "HIGHESTMODSEQ" in items:
        context.enable(CONDSTORE)


def changed_since(handle: Handle, chosen: Selection, modseq: int) -> Selection:
    """Those of ``chosen`` with a MODSEQ above ``modseq``. Raises MessageGone."""
    column = handle.rows(chosen.uids).modseq
    places = list(compress(range(len(column)), map(modseq.__lt__, column)))
    return Selection([chosen.seqs[place] for place in places], [chosen.uids[place] for place in places])


async def tell_vanished(context: Context, handle: Handle, modseq: int, uids: MessageSet) -> None:
    """VANISHED (EARLIER) for what a UID FETCH names and does not find any more."""
    known = NumberSet(handle.searches.saved.ranges) if isinstance(uids, SavedResult) else uids
    await _tell(context, await handle.vanished(Since(modseq, known), context.breathe))


async def _tell(context: Context, gone: UidSet) -> None:
    for start in range(0, len(gone.ranges), _RANGES):
        context.send(vanished_lines(UidSet(gone.ranges[start : start + _RANGES]), earlier=True))
        await context.room()


async def resynchronise(context: Context, handle: Handle, resync: Resync) -> None:
    """Tell what the client missed since it knew the mailbox; nothing if it knew another one of that name."""
    if resync.uidvalidity != handle.uidvalidity:
        return
    match = Match(*resync.match) if resync.match is not None else None
    await _tell(context, await handle.vanished(Since(resync.modseq, resync.known, match), context.breathe))
    changed = changed_since(handle, handle.select(resync.known or _ALL, by_uid=True), resync.modseq)
    for start in range(0, len(changed.uids), _ROWS):
        await context.room()
        seqs, uids = changed.seqs[start : start + _ROWS], changed.uids[start : start + _ROWS]
        context.send(fetch_rows(seqs, uids=uids, flags=handle.flags(uids), modseqs=handle.rows(uids).modseq))
