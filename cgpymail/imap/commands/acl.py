"""SETACL, DELETEACL, GETACL, LISTRIGHTS and MYRIGHTS (RFC 4314 section 3; RFC 2086; spec 3.6)."""

from __future__ import annotations

from cgpymail.grammar.imap import aclcommands as verbs
from cgpymail.grammar.imap.aclresponses import acl_line, listrights_line, myrights_line
from cgpymail.imap.context import Context, Reply


async def set_acl(context: Context, command: verbs.SetAcl) -> Reply:
    """In force, in every session, before it is answered."""
    context.flush()  # what this session was told before stays told, also if it shuts itself out
    await context.account.sharing.change(command.mailbox, command.identifier, command.change)
    return Reply(b"SETACL completed")


async def delete_acl(context: Context, command: verbs.DeleteAcl) -> Reply:
    """The same."""
    context.flush()
    await context.account.sharing.remove(command.mailbox, command.identifier)
    return Reply(b"DELETEACL completed")


async def get_acl(context: Context, command: verbs.GetAcl) -> Reply:
    """The whole list."""
    elements = await context.account.sharing.elements(command.mailbox)
    context.send(acl_line(command.mailbox, elements, context.dialect))
    return Reply(b"GETACL completed")


async def list_rights(context: Context, command: verbs.ListRights) -> Reply:
    """What the list can grant to an identifier."""
    grantable = await context.account.sharing.grantable(command.mailbox, command.identifier)
    context.send(listrights_line(command.mailbox, command.identifier, grantable, context.dialect))
    return Reply(b"LISTRIGHTS completed")


async def my_rights(context: Context, command: verbs.MyRights) -> Reply:
    """What the user himself may do."""
    held = await context.account.sharing.held(command.mailbox)
    context.send(myrights_line(command.mailbox, held, context.dialect))
    return Reply(b"MYRIGHTS completed")
