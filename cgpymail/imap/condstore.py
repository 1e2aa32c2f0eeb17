"""CONDSTORE and QRESYNC (RFC 7162): which messages changed or went since a MODSEQ that the client remembers.

A client that comes back is told with the SELECT what it missed: VANISHED (EARLIER) first, because it is about a
numbering that is no more, then the messages that changed. What is told is decided in one go; while it is sent, others
may change more, which is told at the end of the command like everything else.
"""

from __future__ import annotations

from collections.abc import Sequence

from cgpymail.grammar.imap.commands import Resync
from cgpymail.grammar.imap.modseqs import vanished_lines
from cgpymail.imap.context import CONDSTORE, QRESYNC, BadCommand, Context
from cgpymail.imap.texts import fetch_rows
from cgpymail.manager.handle import Handle, Match, Selection
from cgpymail.model.uidset import STAR, MessageSet, NumberSet, SavedResult

_ROWS = 1_000  # messages told in one piece
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
    places = [place for place, value in enumerate(column) if value > modseq]
    return Selection([chosen.seqs[place] for place in places], [chosen.uids[place] for place in places])


def tell_vanished(context: Context, handle: Handle, modseq: int, uids: MessageSet) -> None:
    """VANISHED (EARLIER) for what a UID FETCH names and does not find any more."""
    known = NumberSet(handle.searches.saved.ranges) if isinstance(uids, SavedResult) else uids
    context.send(vanished_lines(handle.vanished(modseq, known), earlier=True))


async def resynchronise(context: Context, handle: Handle, resync: Resync) -> None:
    """Tell what the client missed since it knew the mailbox; nothing if it knew another one of that name."""
    if resync.uidvalidity != handle.uidvalidity:
        return
    match = Match(*resync.match) if resync.match is not None else None
    gone = handle.vanished(resync.modseq, resync.known, match)
    changed = changed_since(handle, handle.select(resync.known or _ALL, by_uid=True), resync.modseq)
    context.send(vanished_lines(gone, earlier=True))
    for start in range(0, len(changed.uids), _ROWS):
        await context.room()
        seqs, uids = changed.seqs[start : start + _ROWS], changed.uids[start : start + _ROWS]
        context.send(fetch_rows(seqs, uids=uids, flags=handle.flags(uids), modseqs=handle.rows(uids).modseq))
