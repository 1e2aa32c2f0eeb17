"""EXPUNGE (RFC 3501 6.4.3) and UID EXPUNGE (RFC 4315 2.1); the view tells this session too what went."""

from __future__ import annotations

from cgpymail.grammar.imap import messagecommands as verbs
from cgpymail.grammar.imap.modseqs import highest_code
from cgpymail.imap.context import QRESYNC, Context, Reply
from cgpymail.imap.selection import selected
from cgpymail.manager.handle import Handle
from cgpymail.model.uidset import UidSet


async def expunge(context: Context, command: verbs.Expunge) -> Reply:
    """Remove what is marked Deleted; in the UID form only among the messages named."""
    handle = context.mailbox
    if command.uids is None:
        gone = await handle.expunge()
    else:
        gone = await handle.expunge(UidSet.of(selected(handle, command.uids, by_uid=True).uids))
    return Reply(b"EXPUNGE completed", highest_after(context, handle) if gone else b"")


def highest_after(context: Context, handle: Handle) -> bytes:
    """Messages went by this command: tell it, and give the HIGHESTMODSEQ that a client with QRESYNC has then
    (RFC 7162 3.2.7, 3.2.9). Empty for the others."""
    if QRESYNC not in context.enabled or context.tell_changes(expunge=True, whole=context.silent):
        return b""
    return highest_code(handle.highest_modseq)
