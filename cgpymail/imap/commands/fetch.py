"""FETCH and UID FETCH (RFC 3501 6.4.5)."""

from __future__ import annotations

from cgpymail.grammar.imap import messagecommands as verbs
from cgpymail.imap.context import Context, Reply
from cgpymail.imap.fetchwriter import FetchWriter
from cgpymail.imap.selection import selected


async def fetch(context: Context, command: verbs.Fetch) -> Reply:
    """Facts and bodies; reading a body without PEEK sets Seen. Messages expunged elsewhere can still be read here."""
    handle = context.mailbox
    chosen = selected(handle, command.numbers, by_uid=command.uid)
    await FetchWriter(context, handle, command.items).write(chosen)
    return Reply(b"FETCH completed")
