"""Special uses given to a mailbox: CREATE with USE, and SETMETADATA (RFC 6154 sections 3 and 4, spec 14.5.1).

What has a use is a preference of the account (special.py), so one mailbox may have several uses, but no use two
mailboxes. A use that some mailbox has is not taken from it by making another one: the clients that know the old one
would go on with it, or find their mail gone. It is free when its mailbox was removed; and it follows a rename.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from cgpymail.errors import MailError, StorageFailed, UseRefused
from cgpymail.manager import naming
from cgpymail.manager.account import Account
from cgpymail.manager.special import SPECIAL_USE, holder
from cgpymail.manager.watch import Watch

KEYS = {attribute.lower(): key for attribute, key in SPECIAL_USE}


def use_keys(uses: Sequence[str]) -> tuple[str, ...]:
    """The preferences of special-use attributes, in any case, each once. Raises UseRefused for one that is not served
    here: \\All and \\Flagged would be views of all mailboxes."""
    keys = [KEYS.get(attribute.lower(), "") for attribute in uses]
    if not all(keys):
        raise UseRefused("There is no such special use here")
    return tuple(dict.fromkeys(keys))


async def create_with_uses(
    account: Account, name: str, format: str, mailbox_class: str, keys: Sequence[str], author: Watch | None
) -> None:
    """Make a mailbox, and then write that it has these uses; nothing is left of it if that cannot be.

    Raises UseRefused, and what Account.create raises.
    """
    _check_free(account, keys, name)
    await naming.create(account, name, format, mailbox_class=mailbox_class, author=author)
    before = {key: account.record.preference(key) for key in keys}
    try:
        _check_free(account, keys, name)  # of two that are made at the same time one gets it
        await account.record.set_preferences(dict.fromkeys(keys, name))
    except (UseRefused, StorageFailed) as problem:
        await _undo(account, name, before if isinstance(problem, StorageFailed) else {}, author)
        raise


def changed_uses(account: Account, name: str, uses: Sequence[str]) -> dict[str, str]:
    """The preferences to write so that a mailbox that is there has these uses and no others (RFC 6154 section 4).

    Raises UseRefused.
    """
    keys = use_keys(uses)
    _check_free(account, keys, name)
    held = [key for _, key in SPECIAL_USE if holder(account.record, key) == name]
    return {key: "" for key in held if key not in keys} | {key: name for key in keys if key not in held}


def _check_free(account: Account, keys: Sequence[str], name: str) -> None:
    for key in keys:
        other = holder(account.record, key)
        entry = account.find(other)
        if other != name and entry is not None and entry.format:
            raise UseRefused("Another mailbox has this special use")


async def _undo(account: Account, name: str, before: dict[str, str], author: Watch | None) -> None:
    with suppress(MailError):  # then it stays, without a use
        await naming.delete(account, name, author=author)
    with suppress(MailError):  # in memory it is undone all the same
        if before:
            await account.record.set_preferences(before)
