"""A mailbox alias for whom something is shared with: ``boss`` leads to ``~boss`` when the boss grants ``l`` by name.

Only where the setting AliasesForGrants of the account that shares, or of its domain, is YES (spec 14.5.6), and only in
accounts of the same domain. It is done behind the grant, which does not wait for it: how long that takes must not say
whether there is such an account. A name that is taken is left alone, and an alias that is there already is enough. What
is withdrawn leaves the alias, as the user may have come to use it; he can remove it like a mailbox.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cgpymail.errors import MailError
from cgpymail.interfaces import IDirectory
from cgpymail.manager.account import Account
from cgpymail.manager.aliases import MailboxAliases
from cgpymail.manager.namespace import NameSpace
from cgpymail.manager.words import is_yes
from cgpymail.model.identity import AccountName, Grantee
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.logs import LOW
from cgpymail.runtime.runtime import Runtime

SETTING = "AliasesForGrants"


class Offering:
    """``find_account`` gives the Account of a canonical account name, or None."""

    def __init__(
        self,
        runtime: Runtime,
        directory: IDirectory,
        find_account: Callable[[AccountName], Awaitable[Account | None]],
        limits: Limits,
    ) -> None:
        self._log = runtime.logs.module("ACCOUNT")
        self._directory = directory
        self._find_account = find_account
        self._limits = limits
        self._under_way: set[Deferred[None]] = set()

    def granted(self, owner: Account, grantees: Collection[Grantee]) -> None:
        """``owner`` shares something with these that was not shared with them before."""
        if not is_yes(owner.record.setting(SETTING, "NO")):
            return
        named = (AccountName(who.name, who.domain) for who in grantees if not who.group)
        wanted = sorted(who for who in named if who.domain == owner.name.domain and who != owner.name)
        if wanted:
            done = Deferred.fromCoroutine(self._offer(owner.name, wanted))
            self._under_way.add(done)
            done.addErrback(self._failed, owner.name)
            done.addCallback(lambda _: self._under_way.discard(done))

    async def _offer(self, owner: AccountName, wanted: Collection[AccountName]) -> None:
        """One after the other, so that a grant to many does not take all places in the line for the disk."""
        for who in wanted:
            try:
                account = await self._find_account(who)
                if account is None:
                    continue
                space = NameSpace(account, self._directory, self._find_account)
                aliases, target = MailboxAliases(space, self._limits), space.name_of(owner)
                if target and owner.name not in aliases.table() and not aliases.leads_to(target):
                    await aliases.set(owner.name, target)
            except MailError as problem:
                self._log.write(LOW, f"{who} gets no mailbox alias for {owner}: {problem}")

    def _failed(self, failure: Failure, owner: AccountName) -> None:
        self._log.failure(f"mailbox aliases for {owner}", failure)

    async def settled(self) -> None:
        """Fires when nothing is under way."""
        for done in list(self._under_way):
            waiter: Deferred[None] = Deferred()
            done.addCallback(waiter.callback)
            await waiter
