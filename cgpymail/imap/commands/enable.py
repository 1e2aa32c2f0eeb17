"""ENABLE (RFC 5161): the client says which extensions it understands beyond what every client does."""

from __future__ import annotations

from cgpymail.grammar.imap import commands as verbs
from cgpymail.imap.capabilities import ENABLING, METADATA, REVISION2, SPELLINGS
from cgpymail.imap.context import Context, Reply


async def enable(context: Context, command: verbs.Enable) -> Reply:
    """Switch on what is known; the rest is passed over. What is on stays on until the connection ends.

    Only before a mailbox is selected, says RFC 5161; later is too late for the answers to change for IMAP4rev2.
    """
    known = (name for name in command.names if name in ENABLING and name not in context.enabled)
    new = [name for name in dict.fromkeys(known) if name != REVISION2 or context.handle is None]
    context.send(b" ".join([b"* ENABLED", *(SPELLINGS[name] for name in new)]) + b"\r\n")
    for name in new:
        context.enable(name)
    if METADATA in new:
        await context.notifications.start_annotations()
    return Reply(b"ENABLE completed")
