"""STORE and UID STORE (RFC 3501 6.4.6)."""

from __future__ import annotations

from cgpymail.grammar.imap import messagecommands as verbs
from cgpymail.imap.context import Context, Reply
from cgpymail.imap.selection import selected
from cgpymail.imap.texts import fetch_rows

_ROWS = 1_000  # messages answered in one piece


async def store(context: Context, command: verbs.Store) -> Reply:
    """Change flags; messages that another session expunged are passed over in silence (RFC 2180)."""
    handle = context.mailbox
    chosen = selected(handle, command.numbers, by_uid=command.uid)
    changed = handle.store_flags(chosen.uids, command.action, command.flags)
    if command.silent or not changed:
        return Reply(b"STORE completed")
    context.tell_changes(expunge=False)  # a keyword that is new here is announced before it is used
    for start in range(0, len(changed), _ROWS):
        await context.room()
        uids = changed[start : start + _ROWS]
        seqs = [handle.seq(uid) for uid in uids]
        context.send(fetch_rows(seqs, uids=uids if command.uid else None, flags=handle.flags(uids)))
    return Reply(b"STORE completed")
