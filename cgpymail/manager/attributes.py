"""Class and Locked of a mailbox (manual, Mailboxes, "Mailbox Classes", "Locked Mailboxes"; spec 6.1, 6.3): the only
place that changes them after it was made.

Neither touches the sessions that have it open. A class changes whether LIST shows the name to those who only know mail
(spec 14.5.3), so who watches names is told of it (RFC 5465); that a mailbox is locked is found out by who tries.
"""

from __future__ import annotations

from typing import Any

from cgpymail.errors import NoSuchMailbox, NotSelectable
from cgpymail.manager.account import Account, Check, unasked
from cgpymail.manager.watching import Annotated, Named
from cgpymail.model.annotations import CLASS_ENTRY
from cgpymail.model.classes import check_class
from cgpymail.model.mailbox import TreeEntry


async def write_class(
    account: Account, name: str, mailbox_class: str, author: Any = None, allowed: Check = unasked
) -> None:
    """Say what the mailbox of a canonical name is meant for; empty: for mail. Rights are the caller's business;
    ``allowed`` asks for them again when its turn has come. ``author``: the watch of who does it.

    Raises NoSuchMailbox, NotSelectable, CannotDo (see model.classes), StorageFailed, and as ``allowed``.
    """
    check_class(mailbox_class)
    async with account.changing(allowed):
        entry = _existing(account, name)
        if not entry.format:
            raise NotSelectable
        if account.infos.mailbox_class(name) == mailbox_class:
            return
        await account.infos.classify(name, mailbox_class)
    account.watching.tell(account.name, Named((name,), author=author, acls={name: account.infos.acl(name)}))
    account.watching.tell(account.name, Annotated(name, (CLASS_ENTRY,), author))


async def write_lock(account: Account, name: str, *, locked: bool) -> None:
    """Forbid that a mailbox, or a level, is removed or renamed by itself, or allow it. Raises NoSuchMailbox,
    StorageFailed."""
    async with account.changing():
        _existing(account, name)
        await account.infos.lock(name, locked=locked)


def _existing(account: Account, name: str) -> TreeEntry:
    entry = account.find(name)
    if entry is None:
        raise NoSuchMailbox
    return entry
