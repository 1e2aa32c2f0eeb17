"""The mailboxes that a new account gets beside its INBOX: those that its preferences name (spec 6.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cgpymail.errors import IllegalName, LimitExceeded, MailboxExists
from cgpymail.manager.special import SPECIAL_USE
from cgpymail.model import names

if TYPE_CHECKING:
    from cgpymail.manager.account import Account


async def furnish(account: Account) -> None:
    """Make them; the caller has the account's turn. Raises StorageFailed."""
    if account.record.single:
        return
    for _, key in SPECIAL_USE:
        name = names.canonical(account.record.preference(key))
        try:
            names.check_new(name)
            account.check_count()
            await account.add(name, account.default_format)
        except (IllegalName, LimitExceeded, MailboxExists):
            continue  # a template may name what cannot be made, but not keep the user out
