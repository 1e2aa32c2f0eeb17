"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, STATUS (RFC 3501 6.3) and NAMESPACE (RFC 2342)."""

from __future__ import annotations

from cgpymail.errors import NoSuchMailbox
from cgpymail.grammar.imap import commands as verbs
from cgpymail.grammar.imap.responses import list_line, mailboxid_code, namespace_line, status_data_line
from cgpymail.imap.condstore import look_for_modseq
from cgpymail.imap.context import Context, Reply
from cgpymail.model.mailbox import ListedMailbox
from cgpymail.model.names import INBOX, SEPARATOR


async def create(context: Context, command: verbs.Create) -> Reply:
    """A mailbox, or a directory entity when the name ends in a slash; with USE one that has special uses."""
    made = await context.account.create(command.mailbox, command.uses)
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
    telling = context.dialect.revision2
    old = await _listed_name(context, command.old) if telling else ""
    await context.account.rename(command.old, command.new)
    new = await _listed_name(context, command.new) if telling else ""
    if new and old not in ("", INBOX):
        _named(context, new, old)
    return Reply(b"RENAME completed")


async def _listed_name(context: Context, name: str) -> str:
    """What LIST calls it; empty if it leads nowhere, as an alias may that can be renamed all the same."""
    try:
        return await context.account.seen(name)
    except NoSuchMailbox:
        return ""


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


async def status(context: Context, command: verbs.Status) -> Reply:
    """Numbers of a mailbox that need not be selected."""
    look_for_modseq(context, command.items)
    found = await context.account.status(command.mailbox)
    context.send(status_data_line(command.mailbox, command.items, found, context.dialect))
    return Reply(b"STATUS completed")


async def namespace(context: Context, command: verbs.Namespace) -> Reply:
    """Where own, others' and shared mailboxes are (spec section 14.5.5)."""
    context.send(namespace_line(*await context.account.namespaces(context.breathe)))
    return Reply(b"NAMESPACE completed")
