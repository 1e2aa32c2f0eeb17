"""The option that gives every user of a mailbox a Seen of his own; the manual has one for all, which is the default.

Switched on, nobody sees a difference at first: whoever has read nothing since sees what was read for all until then,
and so does the owner, who is a reader like any other. Switched off, the common Seen is there again as it was, what each
has read is forgotten, and every message counts as changed, so that no client keeps a Seen that is no more. Sessions
that have the mailbox open go on in both cases. How it works is told in readers.py.

The option stays with the mailbox through a rename. It is not inherited by mailboxes made below, nor by the one that
RENAME of INBOX makes: what goes there takes the common Seen along.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cgpymail.errors import MailboxGone, NoSuchMailbox
from cgpymail.manager.account import Account, Check, unasked
from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.namespace import NameSpace
from cgpymail.manager.readers import Reader, Readers, reader_key
from cgpymail.manager.reading import next_turn
from cgpymail.manager.watching import Annotated
from cgpymail.model.annotations import OWN_SEEN_ENTRY
from cgpymail.model.identity import AccountName
from cgpymail.model.message import FlagUpdate

PIECE = 1_000  # messages that are told of in one turn of the reactor


async def reader_of(mailbox: Mailbox, space: NameSpace, *, changing: bool = True) -> Reader | None:
    """The user of ``space`` as a reader of an open mailbox, until ``leave``; None where there is one Seen for all.

    ``changing``: he may read messages there. Raises StorageFailed.
    """
    while mailbox.readers is not None:
        readers = mailbox.readers
        reader = await readers.enter(space.own, changing=changing)
        if readers is mailbox.readers:
            readers.tidy_once(lambda name: _key_of(space, name))
            return reader
        reader.leave()
    return None


async def _key_of(space: NameSpace, name: AccountName) -> str:
    account = await space.account_named(name)
    return "" if account is None else await reader_key(account)


async def set_own_seen(account: Account, name: str, *, on: bool, author: Any = None, allowed: Check = unasked) -> None:
    """Switch the option of a canonical name; nothing happens if it is so already. Rights are the caller's business, who
    does not hold the account's turn; ``allowed`` asks for them again when its turn has come. In force for everybody
    when it returns. ``author``: the watch of who does it.

    Raises NoSuchMailbox, NotSelectable, StorageFailed, and as ``allowed``.
    """
    mailbox = await account.open(name)
    before = mailbox.readers
    try:
        async with mailbox.switching:
            if on and mailbox.readers is None:
                await _forget(mailbox, await _kept(mailbox))
                await _write(account, mailbox, on=True, allowed=allowed)
                await _switch_on(mailbox)
            elif not on and (mailbox.readers is not None or await _kept(mailbox)):
                await _write(account, mailbox, on=False, allowed=allowed)
                await _switch_off(mailbox)
        if mailbox.readers is not before:
            account.watching.tell(account.name, Annotated(mailbox.name, (OWN_SEEN_ENTRY,), author))
    except MailboxGone:  # deleted meanwhile; the session may have another one open
        raise NoSuchMailbox from None
    finally:
        account.close(mailbox)


async def _write(account: Account, mailbox: Mailbox, *, on: bool, allowed: Check) -> None:
    async with account.turn:
        allowed()
        if mailbox.gone:
            raise NoSuchMailbox
        await account.infos.set_own_seen(mailbox.name, on=on)


async def _switch_on(mailbox: Mailbox) -> None:
    """Find out who has it open; when all are known, in one step everybody goes on with a Seen of his own."""
    readers = Readers(mailbox)
    found: dict[Any, tuple[int, Reader]] = {}
    while unknown := [member for member in mailbox.members() if member not in found]:
        for member in unknown:
            found[member] = mailbox.version, await readers.enter(member.own)
    mailbox.readers = readers
    present = set(mailbox.members())
    for member, (version, reader) in found.items():
        if member in present:
            if version != mailbox.version:
                reader.take_over()
            member.read_as(reader)
        else:
            reader.leave()


async def _switch_off(mailbox: Mailbox) -> None:
    """The records go last: as long as there are any, switching it off again does what is still to be done."""
    readers, mailbox.readers = mailbox.readers, None
    for member in mailbox.members():
        member.read_as(None)
    if readers is not None:
        await readers.close()
    kept = await _kept(mailbox)
    uids: Sequence[int] = mailbox.store.columns.uid[:]
    for start in range(0, len(uids), PIECE):
        await next_turn(mailbox.runtime.clock)
        rows = [mailbox.row(uid) for uid in uids[start : start + PIECE]]
        mailbox.set_flags([FlagUpdate(row.uid, row.flags, row.keywords) for row in rows if row is not None])
    await _forget(mailbox, kept)


async def _kept(mailbox: Mailbox) -> list[str]:
    return [known.reader for known in await mailbox.store.seen.known()]


async def _forget(mailbox: Mailbox, kept: Sequence[str]) -> None:
    await mailbox.store.seen.remove(kept)
