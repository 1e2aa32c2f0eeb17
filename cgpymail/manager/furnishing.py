"""The mailboxes that a new account gets beside its INBOX: those that its preferences name (spec 6.2), and those of its
domain's template (spec 6.3).

What is to be made is noted in the account until all of it is there (IBeginning), so that a crash or a full disk in
between leaves no account without it: who comes next goes on, over what is there already.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from cgpymail.errors import CannotDo, IllegalName, LimitExceeded, MailboxExists
from cgpymail.manager.special import SPECIAL_USE
from cgpymail.model import names
from cgpymail.model.mailbox import PlannedMailbox
from cgpymail.runtime.logs import PROBLEM

if TYPE_CHECKING:
    from cgpymail.manager.account import Account


async def furnish(account: Account, planned: Sequence[PlannedMailbox]) -> None:
    """Make them; the caller has the account's turn. Raises StorageFailed."""
    log = account.runtime.logs.module("ACCOUNT")
    if not account.record.single:
        special = (names.canonical(account.record.preference(key)) for _, key in SPECIAL_USE)
        for each in (*(PlannedMailbox(name) for name in special if name), *planned):
            try:
                await _make(account, each)
            except (CannotDo, IllegalName, LimitExceeded, MailboxExists) as problem:
                # a template may name what cannot be made, but not keep the user out
                log.write(PROBLEM, f"{account.name} does not get the mailbox {each.name}: {problem}")
    await account.record.made_all()


async def _make(account: Account, planned: PlannedMailbox) -> None:
    """One that may be there, or half done."""
    name = planned.name
    names.check_new(name)
    entry = account.find(name)
    if entry is None or not entry.format:
        account.check_count()
        await account.add(name, account.default_format, planned.mailbox_class)
    elif planned.mailbox_class and not account.infos.mailbox_class(name):
        await account.infos.classify(name, planned.mailbox_class)
    if planned.locked and not account.infos.locked(name):
        await account.infos.lock(name, locked=True)
