"""SORT and UID SORT (RFC 5256, RFC 5957), answered by SORT, or by ESEARCH if the client asked for it (RFC 5267)."""

from __future__ import annotations

from cgpymail.grammar.imap import searchcommands as verbs
from cgpymail.grammar.imap.searchresponses import sort_line
from cgpymail.imap.commands.search import answer
from cgpymail.imap.context import Context, Reply


async def sort(context: Context, command: verbs.Sort) -> Reply:
    """One response, also when nothing was found; none if the result was only to be saved."""
    found = context.mailbox.searches.sort(command.key, command.criteria, context.breathe)
    await answer(context, command, command.returns, found, sort_line)
    return Reply(b"SORT completed")
