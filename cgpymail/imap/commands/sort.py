"""SORT and UID SORT (RFC 5256, RFC 5957), answered by SORT, or by ESEARCH if the client asked for it (RFC 5267)."""

from __future__ import annotations

from cgpymail.grammar.imap import searchcommands as verbs
from cgpymail.grammar.imap.searchresponses import esearch_line, sort_line
from cgpymail.imap.commands.search import highest_of, saved, sequence_numbers
from cgpymail.imap.context import CONDSTORE, Context, Reply
from cgpymail.model.search import asks_modseq


async def sort(context: Context, command: verbs.Sort) -> Reply:
    """One response, also when nothing was found; none if the result was only to be saved."""
    handle, returns = context.mailbox, command.returns
    if asks_modseq(command.key):
        context.enable(CONDSTORE)
    found = await saved(handle, returns, handle.searches.sort(command.key, command.criteria, context.breathe))
    numbers = found if command.uid else await sequence_numbers(handle, found, context.breathe)
    modseq = highest_of(handle, command.key, found, returns)
    await context.breathe()
    if returns is None:
        context.send(sort_line(numbers, modseq))
    elif not returns.silent:
        context.send(esearch_line(command.tag, returns, numbers, uid=command.uid, modseq=modseq))
    return Reply(b"SORT completed")
