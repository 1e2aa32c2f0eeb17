"""STORE and UID STORE (RFC 3501 6.4.6; UNCHANGEDSINCE, RFC 7162 3.1.3)."""

from __future__ import annotations

from collections.abc import Sequence

from cgpymail.grammar.imap import messagecommands as verbs
from cgpymail.grammar.imap.modseqs import modified_code
from cgpymail.imap.context import CONDSTORE, Context, Refused, Reply
from cgpymail.imap.selection import selected
from cgpymail.imap.texts import fetch_rows

_ROWS = 1_000  # messages answered in one piece


async def store(context: Context, command: verbs.Store) -> Reply:
    """Change flags; messages that another session expunged are passed over in silence (RFC 2180)."""
    chosen = selected(context.mailbox, command.numbers, by_uid=command.uid)
    if command.unchanged_since is not None:
        return await _store_if(context, command, chosen.uids, command.unchanged_since)
    changed = context.mailbox.store_flags(chosen.uids, command.action, command.flags)
    await _tell(context, command, changed)
    return Reply(b"STORE completed")


async def _store_if(context: Context, command: verbs.Store, uids: Sequence[int], since: int) -> Reply:
    """Only where nothing changed since the client looked; it is told which messages did not pass. One that was
    expunged cannot be changed either: then the answer is NO, though the others were."""
    handle = context.mailbox
    context.enable(CONDSTORE)
    modseqs = handle.rows(uids).modseq
    passed = [uid for uid, modseq in zip(uids, modseqs, strict=True) if modseq <= since]
    changed = handle.store_flags(passed, command.action, command.flags)
    await _tell(context, command, changed)
    done = set(changed)
    failed = [uid for uid in uids if uid not in done]
    if not failed:
        return Reply(b"STORE completed")
    code = modified_code(failed if command.uid else [handle.seq(uid) for uid in failed])
    if len(changed) < len(passed):
        raise Refused("Some of the messages are no longer there", code)
    return Reply(b"STORE completed; some messages were changed by others", code)


async def _tell(context: Context, command: verbs.Store, changed: Sequence[int]) -> None:
    """The new flags, unless the client wants silence; the new MODSEQ even then if it works with them."""
    handle = context.mailbox
    condstore = CONDSTORE in context.enabled
    if not changed or (command.silent and not condstore):
        return
    context.tell_changes(expunge=False)  # a keyword that is new here is announced before it is used
    for start in range(0, len(changed), _ROWS):
        await context.room()
        uids = changed[start : start + _ROWS]
        rows = fetch_rows(
            [handle.seq(uid) for uid in uids],
            uids=uids if command.uid or context.tells_uids else None,
            flags=None if command.silent else handle.flags(uids),
            modseqs=handle.rows(uids).modseq if condstore else None,
        )
        context.send(rows)
