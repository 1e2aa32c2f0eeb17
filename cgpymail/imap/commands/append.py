"""APPEND (RFC 3501 6.3.11) of one message or several (MULTIAPPEND, RFC 3502); UIDPLUS RFC 4315.

All messages are stored, or none: they are taken in first, and go to the store in one request.
"""

from __future__ import annotations

from cgpymail.grammar.imap import messagecommands as verbs
from cgpymail.grammar.imap.responses import appenduid_code
from cgpymail.imap.context import Context, Reply
from cgpymail.imap.intake import Intake


async def append(context: Context, command: verbs.Append) -> Reply:
    """Store the messages; if their mailbox is selected, EXISTS is told before the tagged reply."""
    await context.account.may_append(command.mailbox)
    intake = Intake(context, context.services.limits.append_messages)
    try:
        await intake.take(command.message)
        uidvalidity, uids = await context.account.append(command.mailbox, intake.messages)
    finally:
        await intake.release()
    return Reply(b"APPEND completed", appenduid_code(uidvalidity, uids))
