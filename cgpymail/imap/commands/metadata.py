"""GETMETADATA and SETMETADATA (RFC 5464): annotations of mailboxes, and of the account where no name is given."""

from __future__ import annotations

from cgpymail.grammar.imap.metadatacommands import GetMetadata, SetMetadata
from cgpymail.grammar.imap.metadataresponses import long_entries_code, max_size_code, metadata_line
from cgpymail.imap.context import Context, Refused, Reply


async def get_metadata(context: Context, command: GetMetadata) -> Reply:
    """One response; none if all that is there is too large for the client, which is told how large then."""
    found = await context.account.annotations.read(command.mailbox, command.wish)
    if found.values:
        context.send(metadata_line(command.mailbox, found.values, context.dialect))
    return Reply(b"GETMETADATA completed", long_entries_code(found.longest) if found.longest else b"")


async def set_metadata(context: Context, command: SetMetadata) -> Reply:
    """All entries, or none."""
    most = context.services.limits.metadata_value
    if any(value is not None and len(value) > most for _, value in command.values):
        raise Refused("A value is too large", max_size_code(most))
    await context.account.annotations.change(command.mailbox, dict(command.values))
    return Reply(b"SETMETADATA completed")
