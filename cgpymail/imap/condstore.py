"""CONDSTORE and QRESYNC (RFC 7162): which messages changed or went since a MODSEQ that the client remembers.

A client that comes back is told with the SELECT what it missed: VANISHED (EARLIER) first, because it is about a
numbering that is no more, then the messages that changed. While that is sent, others may change more, which is told at
the end of the command like everything else: until then every message of the mailbox as it was opened has a number.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import compress

from cgpymail.grammar.imap.commands import Resync
from cgpymail.grammar.imap.modseqs import vanished_lines
from cgpymail.imap.context import CONDSTORE, QRESYNC, BadCommand, Context
from cgpymail.imap.texts import fetch_rows
from cgpymail.manager.handle import Handle, Match, Selection, Since
from cgpymail.model.flags import HIDDEN, SERVICE
from cgpymail.model.uidset import STAR, MessageSet, NumberSet, SavedResult, UidSet

_STRIDE = 4_000  # messages looked at before others may have their turn
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


async def changed_since(
    context: Context, handle: Handle, chosen: Selection, modseq: int, *, or_with: int = 0
) -> Selection:
    """Those of ``chosen`` with a MODSEQ above ``modseq``, or one of the flags ``or_with``. Raises MessageGone."""
    seqs, uids = array("I"), array("I")
    for start in range(0, len(chosen.uids), _STRIDE):
        await context.breathe()
        some_seqs, some_uids = chosen.seqs[start : start + _STRIDE], chosen.uids[start : start + _STRIDE]
        rows = handle.rows(some_uids)
        wanted = [mod > modseq or mask & or_with for mod, mask in zip(rows.modseq, rows.flags, strict=True)]
        seqs.extend(compress(some_seqs, wanted))
        uids.extend(compress(some_uids, wanted))
    return Selection(seqs, uids)


async def missed_since(context: Context, handle: Handle, chosen: Selection, modseq: int, uids: MessageSet) -> Selection:
    """Tell VANISHED (EARLIER) for what a UID FETCH names and does not find any more; those of ``chosen`` to tell."""
    known = NumberSet(handle.searches.saved.ranges) if isinstance(uids, SavedResult) else uids
    return await _missed(context, handle, chosen, Since(modseq, known))


async def _missed(context: Context, handle: Handle, chosen: Selection, since: Since) -> Selection:
    found = await handle.missed(since, context.breathe)
    await _tell(context, found.vanished)
    return await changed_since(context, handle, chosen, found.modseq, or_with=HIDDEN | SERVICE)


async def _tell(context: Context, gone: UidSet) -> None:
    for start in range(0, len(gone.ranges), _RANGES):
        context.send(vanished_lines(UidSet(gone.ranges[start : start + _RANGES]), earlier=True))
        await context.room()


async def resynchronise(context: Context, handle: Handle, resync: Resync) -> None:
    """Tell what the client missed since it knew the mailbox; nothing if it knew another one of that name."""
    if resync.uidvalidity != handle.uidvalidity:
        return
    match = Match(*resync.match) if resync.match is not None else None
    chosen = handle.select(resync.known or _ALL, by_uid=True)
    changed = await _missed(context, handle, chosen, Since(resync.modseq, resync.known, match))
    for start in range(0, len(changed.uids), _ROWS):
        await context.room()
        seqs, uids = changed.seqs[start : start + _ROWS], changed.uids[start : start + _ROWS]
        context.send(fetch_rows(seqs, uids=uids, flags=handle.flags(uids), modseqs=handle.rows(uids).modseq))
