"""SORT and UID SORT (RFC 5256, RFC 5957): SEARCH whose answer has an order."""

from __future__ import annotations

from cgpymail.grammar.imap import searchcommands as verbs
from cgpymail.grammar.imap.searchresponses import sort_line
from cgpymail.imap.commands.search import sequence_numbers
from cgpymail.imap.context import Context, Reply


async def sort(context: Context, command: verbs.Sort) -> Reply:
    """One response, also when nothing was found."""
    handle = context.mailbox
    found = await handle.searches.sort(command.key, command.criteria, context.breathe)
    context.send(sort_line(found if command.uid else sequence_numbers(handle, found)))
    return Reply(b"SORT completed")
