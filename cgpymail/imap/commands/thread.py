"""THREAD and UID THREAD (RFC 5256): SEARCH whose answer tells what answers what."""

from __future__ import annotations

from cgpymail.grammar.imap import searchcommands as verbs
from cgpymail.grammar.imap.searchresponses import thread_line
from cgpymail.imap.commands.search import numbering
from cgpymail.imap.context import Context, Reply


async def thread(context: Context, command: verbs.Thread) -> Reply:
    """One response, also when nothing was found."""
    handle = context.mailbox
    found = await handle.searches.thread(command.key, command.by, context.breathe)
    await context.breathe()
    context.send(thread_line(found, None if command.uid else numbering(handle)))
    return Reply(b"THREAD completed")
