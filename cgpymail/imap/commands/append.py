"""APPEND (RFC 3501 6.3.11) of one message or several (MULTIAPPEND, RFC 3502), and REPLACE (RFC 8508); UIDs RFC 4315.

All messages of an APPEND are stored, or none: they are taken in first, and go to the store in one request.
"""

from __future__ import annotations

from cgpymail.grammar.imap import messagecommands as verbs
from cgpymail.grammar.imap.responses import appenduid_code, status_line
from cgpymail.imap.context import Context, Reply
from cgpymail.imap.intake import Intake
from cgpymail.imap.selection import selected


async def append(context: Context, command: verbs.Append) -> Reply:
    """Store the messages; if their mailbox is selected, EXISTS is told before the tagged reply."""
    await context.account.may_append(command.mailbox)
    intake = Intake(context, several=True)
    try:
        await intake.take(command.message)
        uidvalidity, uids = await context.account.append(command.mailbox, intake.messages)
    finally:
        await intake.release()
    await context.has_put(command.mailbox, uids)
    return Reply(b"APPEND completed", appenduid_code(uidvalidity, uids))


async def replace(context: Context, command: verbs.Replace) -> Reply:
    """Store the new message, then remove the old one, whose flags do not matter.

    Nobody ever sees neither of them: the old one goes when the new one is on disk. The UID of the new one is said
    before the EXPUNGE, as for MOVE, while the numbers still mean something (RFC 8508 section 3.4).
    """
    handle = context.mailbox
    chosen = selected(handle, command.number, by_uid=command.uid).uids
    handle.may_remove(chosen)
    await context.account.may_append(command.mailbox)
    intake = Intake(context, several=False)
    try:
        await intake.take(command.message)
        uidvalidity, uids = await handle.replace(
            chosen[0], lambda: context.account.append(command.mailbox, intake.messages)
        )
    finally:
        await intake.release()
    await context.has_put(command.mailbox, uids)
    context.send(status_line(b"*", b"OK", "Replacement stored", appenduid_code(uidvalidity, uids)))
    return Reply(b"REPLACE completed")
