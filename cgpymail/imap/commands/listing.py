"""LIST and LSUB (RFC 3501 6.3.8, 6.3.9), LIST also with options (RFC 5258, 6154) and with the numbers of what it lists
(RFC 5819).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from twisted.internet.defer import Deferred, DeferredList

from cgpymail.errors import MailError
from cgpymail.grammar.imap import commands as verbs
from cgpymail.grammar.imap.responses import list_line, separator_line, status_data_line
from cgpymail.imap.condstore import look_for_modseq
from cgpymail.imap.context import Context, Reply
from cgpymail.model.mailbox import ListedMailbox, MailboxStatus
from cgpymail.model.names import SEPARATOR
from cgpymail.runtime.logs import LOW, PROBLEM

AHEAD = 6  # mailboxes that are asked for their numbers at once; fewer than there are threads that wait for the disk


async def list_names(context: Context, command: verbs.List) -> Reply:
    """Names that match; an empty pattern asks for the separator and the root of the reference only.

    With IMAP4rev2 every LIST has the attributes of the extended one.
    """
    if command.patterns == ("",) and not command.choice.criteria:
        context.send(separator_line(b"LIST", _root(command.reference), context.dialect))
        return Reply(b"LIST completed")
    choice = replace(command.choice, extended=command.choice.extended or context.dialect.revision2)
    found = await context.account.list_mailboxes(command.reference, command.patterns, choice, context.breathe)
    if command.status:
        look_for_modseq(context, command.status)
        await _with_numbers(context, found, command.status)
    else:
        await _listed(context, b"LIST", found)
    return Reply(b"LIST completed")


async def list_subscribed(context: Context, command: verbs.Lsub) -> Reply:
    """Subscribed names that match, as they were subscribed (spec section 7.1)."""
    found = await context.account.list_subscribed(command.reference, [command.pattern], context.breathe)
    await _listed(context, b"LSUB", found)
    return Reply(b"LSUB completed")


def _root(reference: str) -> str:
    """``~account/`` for a name in another account, else empty (RFC 3501 6.3.8)."""
    return reference.partition(SEPARATOR)[0] + SEPARATOR if reference.startswith("~") else ""


async def _listed(context: Context, kind: bytes, found: Sequence[ListedMailbox]) -> None:
    for entry in found:
        await context.room()
        context.send(list_line(kind, entry, context.dialect))


async def _with_numbers(context: Context, found: Sequence[ListedMailbox], items: Sequence[str]) -> None:
    """Each that was asked for itself, and can be opened, is followed by its STATUS."""
    numbers = _Numbers(context, [entry.name for entry in found if entry.chosen and entry.selectable])
    try:
        for entry in found:
            await context.room()
            context.send(list_line(b"LIST", entry, context.dialect))
            if entry.chosen and entry.selectable:
                status = await numbers.next()
                if status is not None:
                    context.send(status_data_line(entry.name, items, status, context.dialect))
    finally:
        await numbers.end()


class _Numbers:
    """STATUS of mailboxes in the given order. A few are asked ahead: opening one waits for the disk, and several that
    wait at the same time do not wait longer."""

    def __init__(self, context: Context, wanted: Sequence[str]) -> None:
        self._context = context
        self._wanted = iter(wanted)
        self._asked: deque[Deferred[MailboxStatus | None]] = deque()

    async def next(self) -> MailboxStatus | None:
        """Those of the next mailbox; None if they cannot be had, which leaves them out (RFC 5819 section 2)."""
        while len(self._asked) < AHEAD and (name := next(self._wanted, None)) is not None:
            self._asked.append(Deferred.fromCoroutine(self._ask(name)))
        return await self._asked.popleft()

    async def end(self) -> None:
        """Nothing is under way any more, also when the list broke off."""
        await DeferredList(list(self._asked), consumeErrors=True)

    async def _ask(self, name: str) -> MailboxStatus | None:
        try:
            return await self._context.account.status(name)
        except MailError as problem:
            self._context.log.write(PROBLEM if problem.temporary else LOW, f"no STATUS of {name!r}: {problem}")
            return None
