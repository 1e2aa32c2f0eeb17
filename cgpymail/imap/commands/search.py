"""SEARCH and UID SEARCH (RFC 3501 6.4.4)."""

from __future__ import annotations

from cgpymail.grammar.imap import messagecommands as verbs
from cgpymail.grammar.imap.responses import search_line
from cgpymail.imap.context import Context, Reply
from cgpymail.manager.handle import Handle
from cgpymail.model.uidset import STAR, NumberSet

_EVERYTHING = NumberSet(((1, STAR),))


async def search(context: Context, command: verbs.Search) -> Reply:
    """One SEARCH response, also when nothing was found."""
    handle = context.mailbox
    found = await handle.search(command.key)
    numbers = found if command.uid else _sequence_numbers(handle, found)
    context.send(search_line(numbers))
    return Reply(b"SEARCH completed")


def _sequence_numbers(handle: Handle, uids: list[int]) -> list[int]:
    if len(uids) == handle.exists:
        return list(handle.select(_EVERYTHING, by_uid=True).seqs)
    return [seq for seq in map(handle.seq, uids) if seq]
