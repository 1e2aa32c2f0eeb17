"""Who shares something with a user: what ``LIST "" "~%"`` is made of (spec 14.5.6).

The index (interfaces.IGrants) names accounts that granted the right ``l`` to the user by name, or to a group. It holds
hints: whether a group has the user as a member, and whether an account still has anything for him, is asked here, at
each LIST. What is granted to ``anyone`` is no reason to show an account: nobody could be told apart from anybody then.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from cgpymail.errors import MailError
from cgpymail.interfaces import IAccountRecord, IGrants
from cgpymail.manager.account import Account
from cgpymail.manager.choosing import STRIDE, Pause
from cgpymail.manager.infos import ACL
from cgpymail.manager.namespace import NameSpace, Place
from cgpymail.model import rights
from cgpymail.model.acl import Acl, take_apart
from cgpymail.model.identity import AccountName, Grantee


def grantees(acl: Acl) -> set[Grantee]:
    """Those to whom an access list grants ``l`` by name or as a group (spec 3.3)."""
    found = {Grantee(who.name, who.domain) for who, masks in acl.accounts.items() if masks[0] & rights.LOOKUP}
    groups = (group for group, masks in acl.groups.items() if masks[0] & rights.LOOKUP)
    return found | {Grantee(name, domain, group=True) for name, domain in groups}


def all_grantees(record: IAccountRecord) -> set[Grantee]:
    """Those to whom any mailbox of the account is granted, whether it is there or not."""
    found: set[Grantee] = set()
    for name in record.described_mailboxes():
        found |= grantees(take_apart(record.mailbox_info(name).get(ACL), record.name.domain))
    return found


@asynccontextmanager
async def announced(index: IGrants, record: IAccountRecord, owner: AccountName) -> AsyncIterator[None]:
    """While it lasts, the account may get the name ``owner``: the index has it before that. Whom its lists mean does
    not change by it. Raises StorageFailed, LimitExceeded."""
    with index.holding(owner):
        await index.add(owner, all_grantees(record))
        yield


class Sharers:
    """The accounts that share something with one user."""

    def __init__(self, space: NameSpace, index: IGrants) -> None:
        self._space = space
        self._index = index

    async def accounts(self, wanted: Callable[[str], bool], pause: Pause) -> list[tuple[str, Account]]:
        """Each with its name, ``~account``, if that is ``wanted``, in order. One that cannot be looked at now is left
        out. Others get their turn meanwhile."""
        found: list[tuple[str, Account]] = []
        hints = await self._hints(pause)
        for owner in sorted(hints):
            await pause()
            shown = self._space.name_of(owner)
            if owner == self._space.own.name or (shown and not wanted(shown)):
                continue
            try:
                account = await self._look_at(owner, hints[owner], pause)
            except MailError:
                continue
            if account is not None and shown:
                found.append((shown, account))
        return found

    async def _hints(self, pause: Pause) -> dict[AccountName, list[Grantee]]:
        me = self._space.own.name
        named = [Grantee(me.name, me.domain)]
        for count, group in enumerate(self._index.groups()):
            if not count % STRIDE:
                await pause()
            if self._space.is_among(group):
                named.append(group)
        hints: dict[AccountName, list[Grantee]] = {}
        for grantee in named:
            for owner in await self._index.owners(grantee):
                hints.setdefault(owner, []).append(grantee)
        return hints

    async def _look_at(self, owner: AccountName, hints: list[Grantee], pause: Pause) -> Account | None:
        """The account, if it does share something. Raises StorageFailed, Busy."""
        mark = self._index.mark()
        account = await self._space.account_named(owner)
        if account is not None:
            await account.refresh()
            if await self._shares(account, pause):
                return account
        true = set() if account is None else all_grantees(account.record)
        for grantee in hints:
            if grantee not in true:
                self._index.drop(owner, grantee, mark)
        return None

    async def _shares(self, account: Account, pause: Pause) -> bool:
        """Whether some mailbox that is there is granted to the user himself or to a group of his, and he sees it."""
        for count, name in enumerate(list(account.entries)):
            if not count % STRIDE:
                await pause()
            granted = grantees(account.record.access(name))
            if any(map(self._space.is_among, granted)) and self._space.rights(Place(account, name)) & rights.LOOKUP:
                return True
        return False
