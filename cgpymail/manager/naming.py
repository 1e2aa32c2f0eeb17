"""Changes of an account's names, told to those who watch it (RFC 5465 5.4).

A name that comes or goes affects the level above it as well, and CREATE may make several levels. ``author`` is the
watch of the session that does it, None if it has none; ``allowed`` raises if its user may not do it any more when the
account's turn has come.
"""

from __future__ import annotations

from typing import Any

from cgpymail.manager.account import Account, Check, unasked
from cgpymail.manager.watching import Named, Touched
from cgpymail.model import names
from cgpymail.model.watching import MESSAGE_EVENTS


async def create(
    account: Account,
    name: str,
    format: str = "",
    *,
    mailbox_class: str = "",
    author: Any = None,
    allowed: Check = unasked,
) -> None:
    """Account.create."""
    affected = _with_levels(account, name)
    await account.create(name, format, mailbox_class=mailbox_class, allowed=allowed)
    account.watching.tell(account.name, _named(account, affected, author=author))
    account.watching.tell(account.name, Touched(name, MESSAGE_EVENTS))  # it has a UIDVALIDITY now


async def create_directory(account: Account, name: str, author: Any = None, allowed: Check = unasked) -> None:
    """Account.create_directory."""
    affected = _with_levels(account, name)
    await account.create_directory(name, allowed)
    account.watching.tell(account.name, _named(account, affected, author=author))


async def delete(
    account: Account, name: str, *, children: bool = False, author: Any = None, allowed: Check = unasked
) -> None:
    """Account.delete."""
    below = account.below(name) if children else []
    affected = tuple(filter(None, (*below, name, names.parent(name))))
    told = _named(account, affected, author=author)  # with the access lists as long as they are there
    await account.delete(name, children=children, allowed=allowed)
    account.watching.tell(account.name, told)


async def rename(
    account: Account, old: str, new: str, *, children: bool = True, author: Any = None, allowed: Check = unasked
) -> None:
    """Account.rename. Names below are told to those only who may not hear of what they lie below, but the numbers of
    their mailboxes are."""
    made = [above for above in names.ancestors(new) if not account.exists(above)]
    await account.rename(old, new, children=children, allowed=allowed)
    watching = account.watching
    if made:
        watching.tell(account.name, _named(account, tuple(made), author=author))
    moved = (new, *account.below(new))
    watching.tell(account.name, _named(account, moved, old=old, author=author))
    if account.exists(old):  # as a level of the names below
        watching.tell(account.name, _named(account, (old,), author=author))
    for name in moved:
        watching.tell(account.name, Touched(name, MESSAGE_EVENTS))


def _named(account: Account, affected: tuple[str, ...], *, old: str = "", author: Any = None) -> Named:
    return Named(affected, old, author, {name: account.infos.acl(name) for name in affected})


def _with_levels(account: Account, name: str) -> tuple[str, ...]:
    """A name to be made, the levels that are made for it, and the one above these."""
    above = names.ancestors(name)
    missing = [level for level in above if not account.exists(level)]
    top = names.parent(missing[0] if missing else name)
    return (*([top] if top else []), *missing, name)
