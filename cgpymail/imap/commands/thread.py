"""THREAD and UID THREAD (RFC 5256): SEARCH whose answer tells what answers what."""

from __future__ import annotations

from cgpymail.grammar.imap import searchcommands as verbs
from cgpymail.grammar.imap.searchresponses import thread_line, thread_pieces
from cgpymail.imap.commands.search import numbering
from cgpymail.imap.context import CONDSTORE, Context, Reply
from cgpymail.model.search import asks_modseq


async def thread(context: Context, command: verbs.Thread) -> Reply:
    """One response, also when nothing was found."""
    handle = context.mailbox
    if asks_modseq(command.key):
        context.enable(CONDSTORE)
    found = await handle.searches.thread(command.key, command.by, context.breathe)
    numbers = None if command.uid else numbering(handle)
    pieces: list[str] = []
    for piece in thread_pieces(found, numbers):
        await context.breathe()
        pieces.append(piece)
    context.send(thread_line(pieces))
    return Reply(b"THREAD completed")
