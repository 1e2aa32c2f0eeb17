"""Changes of access control lists: the only place that writes one after a mailbox was made (spec 3; 14.2).

What a change means is decided when it is used (access.py); here it is written and told: to the sessions that have the
mailbox open, which may see more or less of it now or lose it (spec 14.3.1e), and to those who watch names (RFC 5465).

Before the list itself is changed, the grants index (IGrants) has everybody who is granted ``l`` by it: a crash in
between leaves a hint too many. What a new mailbox inherits is in the index by the mailbox it inherits from.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cgpymail.errors import Busy, NoSuchMailbox
from cgpymail.manager.account import Account
from cgpymail.manager.grants import grantees
from cgpymail.manager.infos import ACL
from cgpymail.manager.watching import Granted
from cgpymail.model import names
from cgpymail.model.acl import take_apart


async def set_acl(account: Account, name: str, acl: Mapping[str, str], *, author: Any = None) -> None:
    """Replace the ACL of a canonical name (identifier -> letters); what is withdrawn is so before this returns, and
    for everybody at once. Rights of who asks are the caller's business. A caller whose ``acl`` depends on what it was
    has the account's turn, as this may wait for the disk before it changes anything.

    Raises NoSuchMailbox, LimitExceeded, Busy, StorageFailed (what could not be written of the list goes with the next
    write of account.info).
    """
    _check(account, name)
    with account.grants.holding(account.name):
        granted = grantees(take_apart(acl, account.name.domain)) - grantees(account.record.access(name))
        if granted:
            await account.grants.add(account.name, granted)
            _check(account, name)
        before = account.infos.acl(name)
        written = account.record.update_mailboxes({name: {ACL: dict(acl) or None}})
        account.rights_changed(name)
        above = account.infos.acl(names.parent(name))
        account.watching.tell(account.name, Granted(name, before, dict(acl), above, author))
        await written
    account.watching.shared(account, granted)


def _check(account: Account, name: str) -> None:
    if account.ended:
        raise Busy("The account is being renamed or removed; try again later")
    if not account.exists(name):
        raise NoSuchMailbox
