"""COPY (RFC 3501 6.4.7) and MOVE (RFC 6851), each also by UID, with the UIDs of the copies (RFC 4315)."""

from __future__ import annotations

from cgpymail.grammar.imap import messagecommands as verbs
from cgpymail.grammar.imap.responses import copyuid_code, status_line
from cgpymail.imap.commands.expunge import highest_after
from cgpymail.imap.context import Context, Reply
from cgpymail.imap.selection import selected
from cgpymail.manager.handle import CopyResult


async def copy(context: Context, command: verbs.Copy) -> Reply:
    """All messages or none."""
    handle = context.mailbox
    chosen = selected(handle, command.numbers, by_uid=command.uid)
    if not chosen.uids:
        return Reply(b"COPY completed; there was nothing to copy")
    result = await handle.copy(chosen.uids, command.mailbox)
    await context.has_put(command.mailbox, result.copied)
    return Reply(b"COPY completed", _copy_uid(result))


async def move(context: Context, command: verbs.Move) -> Reply:
    """The UIDs of the copies are said before the EXPUNGE responses, while the numbers still mean something."""
    handle = context.mailbox
    chosen = selected(handle, command.numbers, by_uid=command.uid)
    if not chosen.uids:
        return Reply(b"MOVE completed; there was nothing to move")
    result = await handle.move(chosen.uids, command.mailbox)
    await context.has_put(command.mailbox, result.copied)
    code = _copy_uid(result)
    if code:
        context.send(status_line(b"*", b"OK", "Moved", code))
    return Reply(b"MOVE completed", highest_after(context, handle))


def _copy_uid(result: CopyResult) -> bytes:
    """The response code; empty when nothing was copied, which it cannot say."""
    return copyuid_code(result.uidvalidity, result.source, result.copied) if result.copied else b""
