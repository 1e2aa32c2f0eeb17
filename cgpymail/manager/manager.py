"""The Mailbox Manager: one in the process, in the middle of everything. Who has what open.

Here its parts are put together: the accounts in use (accounts.py), the open mailboxes (lifecycle.py), delivery; and a
door for each session (user.py).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

from cgpymail.errors import Busy, MailError, NoSuchAccount
from cgpymail.interfaces import IDirectory
from cgpymail.manager.account import Account
from cgpymail.manager.accounts import Accounts, OpenTree
from cgpymail.manager.administration import Administration
from cgpymail.manager.delivery import Delivery
from cgpymail.manager.lifecycle import OpenMailboxes
from cgpymail.manager.namespace import NameSpace
from cgpymail.manager.user import PUBLIC, User
from cgpymail.model.identity import AccountName
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.logs import PROBLEM
from cgpymail.runtime.runtime import Runtime

NO_PUBLIC_SECONDS = 10.0


class MailboxManager:
    """``open_tree`` gives the mailboxes on disk of an account.

    ``formats``: the storage formats that there are, extension -> the manual's name, as in the setting
    DefaultMailboxType (spec 5.10); the first is the default.
    """

    delivery: Delivery

    def __init__(
        self,
        runtime: Runtime,
        directory: IDirectory,
        open_tree: OpenTree,
        limits: Limits,
        formats: Mapping[str, str],
    ) -> None:
        self._runtime = runtime
        self._directory = directory
        self._log = runtime.logs.module("MAILBOX")
        self._limits = limits
        self._opened = OpenMailboxes(runtime, limits)
        self._accounts = Accounts(runtime, directory, open_tree, self._opened, limits, formats)
        self._no_public: dict[AccountName, float] = {}
        self._stopping = False
        self.delivery = Delivery(runtime, directory, self._accounts)

    async def connect(self, name: AccountName, service: str, session: str) -> User:
        """A door for a session after a successful login; ``close`` it at the end.

        Raises NoSuchAccount, Busy (too many sessions of this account, or the server goes down), StorageFailed.
        """
        if self._stopping:
            raise Busy("The server is going down")
        own = await self._accounts.enter(name)
        space = NameSpace(own, self._directory, self._accounts.find)
        user = User(space, service, session, self._limits, lambda: self._accounts.leave(name))
        public = await self._find_public(name.domain)
        if public is not None:
            user.look_at_public(public)
        if own.ended:  # meanwhile, before anybody could know of this session
            await user.close()
            raise Busy("The account is being renamed or removed; try again later")
        return user

    async def administrate(self, name: AccountName) -> Administration:
        """The mailboxes of an account for an administrator. Raises NoSuchAccount, Busy, StorageFailed."""
        account = await self._accounts.find(name)
        if account is None:
            raise NoSuchAccount
        return Administration(account)

    def withdrawn(self, name: AccountName, end_sessions: Callable[[], object]) -> AbstractAsyncContextManager[None]:
        """While it lasts, nobody uses the account, and its mailboxes are closed; see Accounts.withdrawn."""
        return self._accounts.withdrawn(name, end_sessions)

    async def _find_public(self, domain: str) -> Account | None:
        """The account of the public mailboxes. Asked at every login: that there is none is believed for a while."""
        name = self._directory.route(PUBLIC, domain)
        now = self._runtime.clock.seconds()
        if name is None or self._no_public.get(name, now) > now:
            return None
        try:
            account = await self._accounts.find(name)
        except MailError as problem:  # which must not keep anybody out
            self._log.write(PROBLEM, f"the account of the public mailboxes, {name}, cannot be opened: {problem}")
            account = None
        if account is None:
            self._no_public[name] = now + NO_PUBLIC_SECONDS
        return account

    async def stop(self) -> None:
        """Checkpoint and close every mailbox. Sessions have been ended before; nothing can be opened any more."""
        self._stopping = True
        await self._opened.stop()
        self._accounts.stop()
