"""EXPUNGE (RFC 3501 6.4.3) and UID EXPUNGE (RFC 4315 2.1); the view tells this session too what went."""

from __future__ import annotations

from cgpymail.grammar.imap import messagecommands as verbs
from cgpymail.imap.context import Context, Reply
from cgpymail.imap.selection import selected
from cgpymail.model.uidset import UidSet


async def expunge(context: Context, command: verbs.Expunge) -> Reply:
    """Remove what is marked Deleted; in the UID form only among the messages named."""
    handle = context.mailbox
    if command.uids is None:
        await handle.expunge()
    else:
        await handle.expunge(UidSet.of(selected(handle, command.uids, by_uid=True).uids))
    return Reply(b"EXPUNGE completed")
