"""IDLE (RFC 2177): the session tells changes as they happen, until the client says DONE."""

from __future__ import annotations

from cgpymail.grammar.imap import commands as verbs
from cgpymail.grammar.imap.events import LineText
from cgpymail.imap.context import BadCommand, Context, Reply

_LINE = 100  # octets; DONE is all that may come


async def idle(context: Context, command: verbs.Idle) -> Reply:
    """Also without a mailbox, where there is nothing to tell."""
    context.send(b"+ idling\r\n")
    gone = context.tell_changes(expunge=True)
    if not gone:
        context.idling = True
        try:
            event = await context.input.wait(_LINE)
        finally:
            context.idling = False
        if not isinstance(event, LineText) or event.text.upper() != b"DONE":
            raise BadCommand("DONE expected")
    return Reply(b"IDLE terminated")
