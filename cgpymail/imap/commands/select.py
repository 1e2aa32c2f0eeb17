"""SELECT, EXAMINE, CHECK, CLOSE (RFC 3501 6.3.1, 6.3.2, 6.4.1, 6.4.2; QRESYNC and CLOSED, RFC 7162) and UNSELECT
(RFC 3691).
"""

from __future__ import annotations

from cgpymail.errors import NotPermitted
from cgpymail.grammar.imap import commands as verbs
from cgpymail.grammar.imap.dialect import Dialect
from cgpymail.grammar.imap.responses import exists_line, list_line, mailboxid_code, recent_line
from cgpymail.imap.condstore import require_qresync, resynchronise
from cgpymail.imap.context import CONDSTORE, Context, Reply
from cgpymail.imap.state import State
from cgpymail.imap.updates import flag_names
from cgpymail.manager.handle import Handle
from cgpymail.model.mailbox import ListedMailbox
from cgpymail.model.names import SEPARATOR


async def select(context: Context, command: verbs.Select) -> Reply:
    """Open a mailbox for reading and writing, as far as the rights go."""
    return await _open(context, command, read_only=False)


async def examine(context: Context, command: verbs.Examine) -> Reply:
    """Open a mailbox for reading only."""
    return await _open(context, command, read_only=True)


async def _open(context: Context, command: verbs.Select | verbs.Examine, *, read_only: bool) -> Reply:
    if command.resync is not None:
        require_qresync(context)
    if context.handle is not None:  # it is left also when the new one cannot be opened (RFC 3501 6.3.1)
        await context.unselect()
        context.send(b"* OK [CLOSED] The mailbox before is closed\r\n")
    if command.condstore:
        context.enable(CONDSTORE)
    handle = await context.account.open(
        command.mailbox,
        read_only=read_only,
        notify=context.notify,
        lost=context.shut_out,
        knows_recent=not context.dialect.revision2,
    )
    context.handle = handle
    context.state = State.SELECTED
    context.send(_described(handle, command.mailbox, context.dialect))
    if handle.mailbox_id:
        context.send(b"* OK [%b] Lasting name\r\n" % mailboxid_code(handle.mailbox_id))
    if command.resync is not None:
        await resynchronise(context, handle, command.resync)
    return Reply(b"Opened", b"READ-ONLY" if handle.read_only else b"READ-WRITE")


def _described(handle: Handle, asked: str, dialect: Dialect) -> bytes:
    """The untagged answers. HIGHESTMODSEQ is always there: a client that waits for it would wait for ever."""
    return b"".join(
        (
            flag_names(handle),
            exists_line(handle.exists),
            _described_in_revision2(handle, asked, dialect) if dialect.revision2 else _described_in_revision1(handle),
            b"* OK [UIDVALIDITY %d] UIDs are valid\r\n" % handle.uidvalidity,
            b"* OK [UIDNEXT %d] Predicted next UID\r\n" % handle.uidnext,
            b"* OK [HIGHESTMODSEQ %d] Highest\r\n" % handle.highest_modseq,
        )
    )


def _described_in_revision1(handle: Handle) -> bytes:
    """What a client of IMAP4rev2 does not want to know any more (RFC 9051 appendix E.11 and E.12)."""
    unseen = handle.first_unseen
    first_unseen = b"* OK [UNSEEN %d] First unseen message\r\n" % unseen if unseen else b""
    return recent_line(handle.recent) + first_unseen


def _described_in_revision2(handle: Handle, asked: str, dialect: Dialect) -> bytes:
    """The name by which LIST has it, which may be another one than the client used (RFC 9051 6.3.2, 6.3.9.7)."""
    asked = asked.removesuffix(SEPARATOR)
    return list_line(b"LIST", ListedMailbox(handle.name, old_name="" if handle.name == asked else asked), dialect)


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
