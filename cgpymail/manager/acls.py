"""Changes of access control lists: the only place that writes one after a mailbox was made (spec 3; 14.2).

What a change means is decided when it is used (access.py); here it is written and told: to the sessions that have the
mailbox open, which may see more or less of it now or lose it (spec 14.3.1e), and to those who watch names (RFC 5465).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cgpymail.errors import NoSuchMailbox
from cgpymail.manager.account import Account
from cgpymail.manager.infos import ACL
from cgpymail.manager.watching import Named


async def set_acl(account: Account, name: str, acl: Mapping[str, str], *, author: Any = None) -> None:
    """Replace the ACL of a canonical name (identifier -> letters); what is withdrawn is so before this returns, and
    for everybody at once. Rights of who asks are the caller's business.

    Raises NoSuchMailbox, StorageFailed (what could not be written goes with the next write of account.info).
    """
    if not account.exists(name):
        raise NoSuchMailbox
    before = account.infos.acl(name)
    written = account.record.update_mailboxes({name: {ACL: dict(acl) or None}})
    account.rights_changed(name)
    account.watching.tell(account.name, Named((name,), author=author, acls={name: before}))
    account.watching.tell(account.name, Named((name,), author=author, acls={name: dict(acl)}))
    await written
