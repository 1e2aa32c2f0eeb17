"""SELECT, EXAMINE, CHECK, CLOSE (RFC 3501 6.3.1, 6.3.2, 6.4.1, 6.4.2) and UNSELECT (RFC 3691)."""

from __future__ import annotations

from cgpymail.errors import NotPermitted
from cgpymail.grammar.imap import commands as verbs
from cgpymail.imap.context import Context, Reply
from cgpymail.imap.state import State
from cgpymail.imap.updates import flag_names
from cgpymail.manager.handle import Handle


async def select(context: Context, command: verbs.Select) -> Reply:
    """Open a mailbox for reading and writing, as far as the rights go."""
    return await _open(context, command.mailbox, read_only=False)


async def examine(context: Context, command: verbs.Examine) -> Reply:
    """Open a mailbox for reading only."""
    return await _open(context, command.mailbox, read_only=True)


async def _open(context: Context, name: str, *, read_only: bool) -> Reply:
    await context.unselect()  # also when the new one cannot be opened (RFC 3501 6.3.1)
    handle = await context.account.open(name, read_only=read_only, notify=context.notify)
    context.handle = handle
    context.state = State.SELECTED
    context.send(_described(handle))
    return Reply(b"Opened", b"READ-ONLY" if handle.read_only else b"READ-WRITE")


def _described(handle: Handle) -> bytes:
    """The untagged answers. HIGHESTMODSEQ is always there: a client that waits for it would wait for ever."""
    unseen = handle.first_unseen
    first_unseen = b"* OK [UNSEEN %d] First unseen message\r\n" % unseen if unseen else b""
    return b"".join(
        (
            flag_names(handle),
            b"* %d EXISTS\r\n* %d RECENT\r\n" % (handle.exists, handle.recent),
            first_unseen,
            b"* OK [UIDVALIDITY %d] UIDs are valid\r\n" % handle.uidvalidity,
            b"* OK [UIDNEXT %d] Predicted next UID\r\n" % handle.uidnext,
            b"* OK [HIGHESTMODSEQ %d] Highest\r\n" % max(handle.highest_modseq, 1),
        )
    )


def check(context: Context, command: verbs.Check) -> Reply:
    """Nothing to do: what was answered with OK is safe already."""
    return Reply(b"CHECK completed")


async def close(context: Context, command: verbs.Close) -> Reply:
    """Expunge without a word, where that is allowed, and leave the mailbox."""
    handle = context.mailbox
    try:
        if not handle.read_only:
            await handle.expunge()
    except NotPermitted:
        pass  # without the right d CLOSE only closes, as with EXAMINE
    finally:
        await context.unselect()
    return Reply(b"CLOSE completed")


async def unselect(context: Context, command: verbs.Unselect) -> Reply:
    """Leave the mailbox without expunging."""
    await context.unselect()
    return Reply(b"UNSELECT completed")
