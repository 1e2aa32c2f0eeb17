"""SEARCH and UID SEARCH (RFC 3501 6.4.4), answered by SEARCH, or by ESEARCH if the client asked for it (RFC 4731)."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from typing import Any

from cgpymail.errors import MailError
from cgpymail.grammar.imap import searchcommands as verbs
from cgpymail.grammar.imap.searchcommands import Returns
from cgpymail.grammar.imap.searchresponses import esearch_line, search_line
from cgpymail.imap.context import Context, Reply
from cgpymail.manager.handle import Handle
from cgpymail.model.uidset import STAR, NumberSet, UidSet

REV2 = "IMAP4REV2"  # a client that enabled it is always answered by ESEARCH (RFC 9051 6.4.4)
_EVERYTHING = NumberSet(((1, STAR),))
_FEW = 100  # messages whose numbers are looked up one by one


async def search(context: Context, command: verbs.Search) -> Reply:
    """One response, also when nothing was found; none if the result was only to be saved."""
    handle = context.mailbox
    returns = command.returns or (Returns(all=True) if REV2 in context.enabled else None)
    found = await saved(handle, returns, handle.searches.search(command.key))
    numbers = found if command.uid else sequence_numbers(handle, found)
    if returns is None:
        context.send(search_line(numbers))
    elif not returns.silent:
        context.send(esearch_line(command.tag, returns, numbers, uid=command.uid))
    return Reply(b"SEARCH completed")


async def saved(handle: Handle, returns: Returns | None, work: Coroutine[Any, Any, list[int]]) -> list[int]:
    """The UIDs that the search at ``work`` finds, saved if the client wants it.

    If it fails, nothing is saved any more (RFC 5182 2.1). Raises what ``work`` raises.
    """
    if returns is None or not returns.save:
        return await work
    try:
        found = await work
    except MailError:
        handle.searches.saved = UidSet()
        raise
    handle.searches.saved = returns.to_save(found)
    return found


def sequence_numbers(handle: Handle, uids: Sequence[int]) -> list[int]:
    """The numbers of messages, in their order; those that are not in the view are left out."""
    if len(uids) <= _FEW:
        return [seq for seq in map(handle.seq, uids) if seq]
    everything = handle.select(_EVERYTHING, by_uid=True)
    numbers = dict(zip(everything.uids, everything.seqs, strict=True))
    return [numbers[uid] for uid in uids if uid in numbers]
