"""Commands on mailboxes that need not be selected: CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, LIST, LSUB, STATUS
(RFC 3501 6.3; LIST also RFC 5258, 5819, 6154) and NAMESPACE (RFC 2342).
"""

from __future__ import annotations

from collections.abc import Sequence

from cgpymail.errors import MailError
from cgpymail.grammar.imap import commands as verbs
from cgpymail.grammar.imap.responses import list_line, mailboxid_code, namespace_line, separator_line, status_data_line
from cgpymail.imap.context import CONDSTORE, Context, Reply
from cgpymail.model.mailbox import ListedMailbox
from cgpymail.model.names import INBOX, SEPARATOR
from cgpymail.runtime.logs import LOW, PROBLEM


async def create(context: Context, command: verbs.Create) -> Reply:
    """A mailbox, or a directory entity when the name ends in a slash."""
    made = await context.account.create(command.mailbox)
    asked = command.mailbox.removesuffix(SEPARATOR)
    if context.dialect.revision2 and made.name != asked:
        _named(context, made.name, asked)
    return Reply(b"CREATE completed", mailboxid_code(made.mailbox_id))


async def delete(context: Context, command: verbs.Delete) -> Reply:
    """A mailbox; what is below it stays."""
    await context.account.delete(command.mailbox)
    return Reply(b"DELETE completed")


async def rename(context: Context, command: verbs.Rename) -> Reply:
    """A mailbox with all below it; INBOX is emptied into the new one instead."""
    old = await context.account.seen(command.old)
    await context.account.rename(command.old, command.new)
    if context.dialect.revision2 and old != INBOX:
        _named(context, await context.account.seen(command.new), old)
    return Reply(b"RENAME completed")


def _named(context: Context, name: str, old: str) -> None:
    """A mailbox has another name than the client thinks (RFC 9051 6.3.9.7)."""
    context.send(list_line(b"LIST", ListedMailbox(name, old_name=old), context.dialect))


async def subscribe(context: Context, command: verbs.Subscribe) -> Reply:
    """Add a name to the list; it need not exist."""
    await context.account.subscribe(command.mailbox)
    return Reply(b"SUBSCRIBE completed")


async def unsubscribe(context: Context, command: verbs.Unsubscribe) -> Reply:
    """Take a name off the list."""
    await context.account.unsubscribe(command.mailbox)
    return Reply(b"UNSUBSCRIBE completed")


async def list_names(context: Context, command: verbs.List) -> Reply:
    """Names that match; an empty pattern asks for the separator and the root of the reference only."""
    if command.patterns == ("",) and not command.choice.criteria:
        context.send(separator_line(b"LIST", _root(command.reference), context.dialect))
    else:
        _look_for_modseq(context, command.status)
        found = await context.account.list_mailboxes(
            command.reference, command.patterns, command.choice, context.breathe
        )
        await _listed(context, b"LIST", found, command.status)
    return Reply(b"LIST completed")


async def list_subscribed(context: Context, command: verbs.Lsub) -> Reply:
    """Subscribed names that match, as they were subscribed (spec section 7.1)."""
    found = await context.account.list_subscribed(command.reference, [command.pattern], context.breathe)
    await _listed(context, b"LSUB", found)
    return Reply(b"LSUB completed")


def _root(reference: str) -> str:
    """``~account/`` for a name in another account, else empty (RFC 3501 6.3.8)."""
    return reference.partition(SEPARATOR)[0] + SEPARATOR if reference.startswith("~") else ""


async def _listed(context: Context, kind: bytes, found: Sequence[ListedMailbox], items: Sequence[str] = ()) -> None:
    """The lines; with ``items`` each that was asked for and can be opened is followed by its STATUS (RFC 5819)."""
    for entry in found:
        await context.room()
        context.send(list_line(kind, entry, context.dialect))
        if items and entry.chosen and entry.selectable:
            await _status_of(context, entry.name, items)


async def _status_of(context: Context, name: str, items: Sequence[str]) -> None:
    """STATUS in the course of a LIST: what goes wrong with one mailbox leaves its STATUS out (RFC 5819 section 2)."""
    try:
        found = await context.account.status(name)
    except MailError as problem:
        context.log.write(PROBLEM if problem.temporary else LOW, f"no STATUS of {name!r} in LIST: {problem}")
    else:
        context.send(status_data_line(name, items, found, context.dialect))


async def status(context: Context, command: verbs.Status) -> Reply:
    """Numbers of a mailbox that need not be selected."""
    _look_for_modseq(context, command.items)
    found = await context.account.status(command.mailbox)
    context.send(status_data_line(command.mailbox, command.items, found, context.dialect))
    return Reply(b"STATUS completed")


def _look_for_modseq(context: Context, items: Sequence[str]) -> None:
    """A client that asks for HIGHESTMODSEQ works with MODSEQs (RFC 7162 3.1)."""
    if "HIGHESTMODSEQ" in items:
        context.enable(CONDSTORE)


def namespace(context: Context, command: verbs.Namespace) -> Reply:
    """Where own, others' and shared mailboxes are (spec section 14.5.5)."""
    context.send(namespace_line(*context.account.namespaces))
    return Reply(b"NAMESPACE completed")
