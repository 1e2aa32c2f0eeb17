"""SORT and UID SORT (RFC 5256, RFC 5957), answered by SORT, or by ESEARCH if the client asked for it (RFC 5267)."""

from __future__ import annotations

from cgpymail.grammar.imap import searchcommands as verbs
from cgpymail.grammar.imap.searchresponses import esearch_line, sort_line
from cgpymail.imap.commands.search import saved, sequence_numbers
from cgpymail.imap.context import Context, Reply


async def sort(context: Context, command: verbs.Sort) -> Reply:
    """One response, also when nothing was found; none if the result was only to be saved."""
    handle, returns = context.mailbox, command.returns
    found = await saved(handle, returns, handle.searches.sort(command.key, command.criteria, context.breathe))
    numbers = found if command.uid else sequence_numbers(handle, found)
    if returns is None:
        context.send(sort_line(numbers))
    elif not returns.silent:
        context.send(esearch_line(command.tag, returns, numbers, uid=command.uid))
    return Reply(b"SORT completed")
