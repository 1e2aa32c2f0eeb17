"""Moving every message of a mailbox into another: what RENAME of INBOX is (spec section 1.1.2).

All of them are copied before the first is removed, so that a failure on the way loses nothing. Messages that arrive
meanwhile stay; one that somebody expunges before its turn is left out. Flags go along, Hidden and Service included
(spec 2.8), and so do keywords.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from cgpymail.errors import MailboxExists, MailError
from cgpymail.manager.mailbox import Mailbox
from cgpymail.model.message import NewMessage
from cgpymail.model.names import INBOX

if TYPE_CHECKING:
    from cgpymail.manager.account import Account

BATCH = 500  # messages whose bytes are pinned at a time


async def move_inbox(account: Account, new: str, allowed: Callable[[], object]) -> None:
    """RENAME INBOX: its messages go to a new mailbox of the same format. Raises as Account.rename does."""
    async with account.changing(allowed):
        if account.exists(new):
            raise MailboxExists
        await account.add(new, account.entries[INBOX].format)
    source = await account.open(INBOX)
    try:
        target = await account.open(new)
        try:
            await _move(account, source, target)
        finally:
            account.close(target)
    finally:
        account.close(source)


async def _move(account: Account, source: Mailbox, target: Mailbox) -> None:
    async with source.moving:
        try:
            await account.infos.copy_annotations(source.name, target.name)
            copied = await copy_all(source, target)
        except MailError:  # nothing was taken out of the source: what was copied goes away again
            if not target.gone:
                await account.delete(target.name)
            raise
        await source.expunge(copied)


async def copy_all(source: Mailbox, target: Mailbox) -> list[int]:
    """Copy what ``source`` has now; the UIDs there of what was copied, to be expunged when all of it was.

    Raises MailboxGone, StorageFailed, StorageFull, LimitExceeded.
    """
    uids = list(source.store.columns.uid)
    copied: list[int] = []
    for start in range(0, len(uids), BATCH):
        copied += await _copy(source, target, uids[start : start + BATCH])
    return copied


async def _copy(source: Mailbox, target: Mailbox, uids: Sequence[int]) -> list[int]:
    messages: dict[int, NewMessage] = {}
    try:
        for uid in uids:
            message = _message(source, uid)
            if message is not None:
                messages[uid] = message
        await target.append(list(messages.values()))
    finally:
        for message in messages.values():
            message.content.release()
    return list(messages)


def _message(source: Mailbox, uid: int) -> NewMessage | None:
    """The message with its bytes pinned, None if it was expunged meanwhile."""
    source.check_usable()
    store = source.store
    place = store.columns.find(uid)
    if place < 0:
        return None
    row = store.columns.row(place)
    keywords = tuple(store.keywords.names(row.keywords))
    return NewMessage(store.content(uid), row.date, row.flags, keywords)
