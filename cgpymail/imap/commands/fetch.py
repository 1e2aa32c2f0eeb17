"""FETCH and UID FETCH (RFC 3501 6.4.5; CHANGEDSINCE and VANISHED, RFC 7162; PARTIAL, RFC 9394)."""

from __future__ import annotations

from cgpymail.grammar.imap import messagecommands as verbs
from cgpymail.grammar.imap.readfetch import MODSEQ
from cgpymail.imap.condstore import changed_since, missed_since, require_qresync
from cgpymail.imap.context import CONDSTORE, Context, Reply
from cgpymail.imap.fetchwriter import FetchWriter
from cgpymail.imap.selection import selected
from cgpymail.manager.handle import Selection


async def fetch(context: Context, command: verbs.Fetch) -> Reply:
    """Facts and bodies; reading a body without PEEK sets Seen. Messages expunged elsewhere can still be read here."""
    handle = context.mailbox
    if command.vanished:
        require_qresync(context)
    if MODSEQ in command.items:
        context.enable(CONDSTORE)
    chosen = selected(handle, command.numbers, by_uid=command.uid)
    if command.changed_since is not None:
        if command.vanished:
            chosen = await missed_since(context, handle, chosen, command.changed_since, command.numbers)
        else:
            chosen = await changed_since(context, handle, chosen, command.changed_since)
    if command.page is not None:
        chosen = Selection(command.page.of(chosen.seqs), command.page.of(chosen.uids))
    await FetchWriter(context, handle, command.items).write(chosen)
    return Reply(b"FETCH completed")
