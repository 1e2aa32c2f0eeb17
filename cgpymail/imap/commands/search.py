"""SEARCH and UID SEARCH (RFC 3501 6.4.4), answered by SEARCH, or by ESEARCH if the client asked for it (RFC 4731)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from cgpymail.errors import MailError
from cgpymail.grammar.imap import searchcommands as verbs
from cgpymail.grammar.imap.searchcommands import Returns
from cgpymail.grammar.imap.searchresponses import esearch_line, search_line
from cgpymail.imap.context import CONDSTORE, Context, Reply
from cgpymail.manager.handle import Handle
from cgpymail.manager.slicing import Breathe
from cgpymail.model.search import SearchKey, asks_modseq
from cgpymail.model.uidset import STAR, NumberSet, UidSet

_EVERYTHING = NumberSet(((1, STAR),))
_FEW = 100  # messages whose numbers are looked up one by one


async def search(context: Context, command: verbs.Search) -> Reply:
    """One response, also when nothing was found; none if the result was only to be saved.

    A client of IMAP4rev2 is always answered by ESEARCH (RFC 9051 6.4.4).
    """
    returns = command.returns or (Returns(all=True) if context.dialect.revision2 else None)
    await answer(context, command, returns, context.mailbox.searches.search(command.key), search_line)
    return Reply(b"SEARCH completed")


async def answer(
    context: Context,
    command: verbs.Search | verbs.Sort,
    returns: Returns | None,
    work: Coroutine[Any, Any, list[int]],
    line: Callable[[Sequence[int], int], bytes],
) -> None:
    """Say what ``work`` finds, in its order: by ``line``, which takes numbers and MODSEQ, or by ESEARCH as ``returns``
    wants it. Raises what ``work`` raises."""
    handle = context.mailbox
    if asks_modseq(command.key):
        context.enable(CONDSTORE)
    found = await saved(handle, returns, work)
    numbers = found if command.uid else await sequence_numbers(handle, found, context.breathe)
    modseq = highest_of(handle, command.key, found, returns)
    await context.breathe()
    if returns is None:
        context.send(line(numbers, modseq))
    elif not returns.silent:
        context.send(esearch_line(command.tag, returns, numbers, uid=command.uid, modseq=modseq))


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


def highest_of(handle: Handle, key: SearchKey, uids: Sequence[int], returns: Returns | None = None) -> int:
    """The highest MODSEQ of the messages that are told, if the search was about MODSEQs; else 0 (RFC 7162 3.1.6,
    RFC 4731 3.2: of MIN and MAX alone, of these two)."""
    if not uids or not asks_modseq(key):
        return 0
    told = returns.to_save(uids) if returns is not None else uids
    return max(handle.rows(sorted(told)).modseq)


async def sequence_numbers(handle: Handle, uids: Sequence[int], breathe: Breathe) -> list[int]:
    """The numbers of messages, in their order; those that are not in the view are left out."""
    if len(uids) <= _FEW:
        return [seq for seq in map(handle.seq, uids) if seq]
    await breathe()
    numbers = numbering(handle)
    await breathe()
    return [numbers[uid] for uid in uids if uid in numbers]


def numbering(handle: Handle) -> dict[int, int]:
    """The sequence numbers of all messages by their UIDs."""
    everything = handle.select(_EVERYTHING, by_uid=True)
    return dict(zip(everything.uids, everything.seqs, strict=True))
