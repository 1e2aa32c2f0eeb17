"""LIST and LSUB (RFC 3501 6.3.8, 6.3.9), LIST also with options (RFC 5258, 6154) with the numbers of what it lists
(RFC 5819), with what the user may do there (RFC 8440), and with annotations (RFC 9590).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from cgpymail.errors import MailError
from cgpymail.grammar.imap import commands as verbs
from cgpymail.grammar.imap.aclresponses import myrights_line
from cgpymail.grammar.imap.metadataresponses import metadata_line
from cgpymail.grammar.imap.responses import list_line, separator_line, status_data_line
from cgpymail.imap.capabilities import NON_MAIL
from cgpymail.imap.condstore import look_for_modseq
from cgpymail.imap.context import Context, Reply
from cgpymail.manager.choosing import NONEXISTENT
from cgpymail.manager.listing import root_name
from cgpymail.model.annotations import Wish
from cgpymail.model.mailbox import ListedMailbox
from cgpymail.runtime.logs import LOW, PROBLEM


async def list_names(context: Context, command: verbs.List) -> Reply:
    """Names that match; an empty pattern asks for the separator and the root of the reference only.

    With IMAP4rev2 every LIST has the attributes of the extended one. A client that has enabled it is shown what is not
    for mail (spec 14.5.3).
    """
    if command.patterns == ("",) and not command.choice.criteria:
        context.send(separator_line(b"LIST", root_name(command.reference), context.dialect))
        return Reply(b"LIST completed")
    extended, non_mail = command.choice.extended or context.dialect.revision2, NON_MAIL in context.enabled
    choice = replace(command.choice, extended=extended, non_mail=non_mail)
    found = await context.account.list_mailboxes(command.reference, command.patterns, choice, context.breathe)
    if command.status or command.rights or command.entries:
        look_for_modseq(context, command.status)
        await _with_more(context, found, command)
    else:
        await _listed(context, b"LIST", found)
    return Reply(b"LIST completed")


async def list_subscribed(context: Context, command: verbs.Lsub) -> Reply:
    """Subscribed names that match, as they were subscribed (spec section 7.1)."""
    found = await context.account.list_subscribed(command.reference, [command.pattern], context.breathe)
    await _listed(context, b"LSUB", found)
    return Reply(b"LSUB completed")


async def _listed(context: Context, kind: bytes, found: Sequence[ListedMailbox]) -> None:
    for entry in found:
        await context.room()
        context.send(list_line(kind, entry, context.dialect))


async def _with_more(context: Context, found: Sequence[ListedMailbox], command: verbs.List) -> None:
    """Each that was asked for itself, and is there, is followed by what else is wanted of it: MYRIGHTS, METADATA, and
    STATUS if it can be opened.

    One after the other: opening a mailbox is work for a thread, and several threads at work make it no faster but keep
    other sessions waiting (benchmarks/listing.py).
    """
    for entry in found:
        await context.room()
        context.send(list_line(b"LIST", entry, context.dialect))
        there = entry.chosen and NONEXISTENT not in entry.attributes
        if command.rights and there:
            await _rights_of(context, entry.name)
        if command.entries and there:
            await _annotations_of(context, entry.name, Wish(command.entries))
        if command.status and entry.chosen and entry.selectable:
            await _status_of(context, entry.name, command.status)


async def _rights_of(context: Context, name: str) -> None:
    """A level above mailboxes that the user sees may be nothing to him: then there is nothing to say (RFC 8440 3)."""
    try:
        held = await context.account.sharing.held(name)
    except MailError as problem:
        context.log.write(PROBLEM if problem.temporary else LOW, f"no MYRIGHTS of {name!r} in LIST: {problem}")
    else:
        context.send(myrights_line(name, held, context.dialect))


async def _annotations_of(context: Context, name: str, wish: Wish) -> None:
    """Those that are not there are NIL; nothing of a name where the user may not read any (RFC 9590 section 3)."""
    try:
        found = await context.account.annotations.read(name, wish)
    except MailError as problem:
        context.log.write(PROBLEM if problem.temporary else LOW, f"no METADATA of {name!r} in LIST: {problem}")
    else:
        context.send(metadata_line(name, found.values, context.dialect))


async def _status_of(context: Context, name: str, items: Sequence[str]) -> None:
    """What goes wrong with one mailbox leaves its STATUS out (RFC 5819 section 2)."""
    try:
        found = await context.account.status(name)
    except MailError as problem:
        context.log.write(PROBLEM if problem.temporary else LOW, f"no STATUS of {name!r} in LIST: {problem}")
    else:
        context.send(status_data_line(name, items, found, context.dialect))
