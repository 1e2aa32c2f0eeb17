"""The Mailbox Manager: one in the process, in the middle of everything. Who has what open.

Here its parts are put together: the accounts in use (accounts.py), the open mailboxes (lifecycle.py), delivery; and a
door for each session (user.py).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager

from cgpymail.errors import Busy, NoSuchAccount
from cgpymail.interfaces import IDirectory
from cgpymail.manager.accounts import Accounts, OpenTree
from cgpymail.manager.administration import Administration
from cgpymail.manager.computed import OF_ACCOUNTS
from cgpymail.manager.delivery import Delivery
from cgpymail.manager.lifecycle import OpenMailboxes
from cgpymail.manager.namechanges import NameChanges
from cgpymail.manager.namespace import NameSpace
from cgpymail.manager.offering import Offering
from cgpymail.manager.user import User
from cgpymail.manager.watching import Annotated
from cgpymail.model.annotations import ACCOUNT
from cgpymail.model.identity import AccountName
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.runtime import Runtime


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
        directory.tell_changes(self._opened.standings_changed)
        self._accounts = Accounts(runtime, directory, open_tree, self._opened, limits, formats)
        self._offering = Offering(runtime, directory, self._accounts.look_up, limits)
        self._opened.watching.shared = self._offering.granted
        self._stopping = False
        self.delivery = Delivery(runtime, directory, self._accounts)

    async def connect(self, name: AccountName, service: str, session: str) -> User:
        """A door for a session after a successful login; ``close`` it at the end.

        Raises NoSuchAccount, Busy (too many sessions of this account, or the server goes down), StorageFailed.
        """
        if self._stopping:
            raise Busy("The server is going down")
        own = await self._accounts.enter(name)
        space = NameSpace(own, self._directory, self._accounts.look_up)
        user = User(space, service, session, self._limits, lambda: self._accounts.leave(name))
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

    async def names_of(self, name: AccountName) -> NameChanges:
        """The names of an account as its user may change them, for an administrator: mailbox aliases, subscription.

        Raises NoSuchAccount, Busy, StorageFailed.
        """
        account = await self._accounts.find(name)
        if account is None:
            raise NoSuchAccount
        return NameChanges(NameSpace(account, self._directory, self._accounts.look_up), self._limits)

    def withdrawn(self, name: AccountName, end_sessions: Callable[[], object]) -> AbstractAsyncContextManager[None]:
        """While it lasts, nobody uses the account, and its mailboxes are closed; see Accounts.withdrawn."""
        return self._accounts.withdrawn(name, end_sessions)

    def settings_changed(self, name: AccountName, keys: Collection[str]) -> None:
        """Settings of an account have other values: sessions that watch hear of the annotations that show them."""
        entries = tuple(entry for entry, key in OF_ACCOUNTS.items() if key in keys)
        if entries:
            self._opened.watching.tell(name, Annotated(ACCOUNT, entries))

    def appeared(self, name: AccountName) -> None:
        """There is an account of that name now, which may have been asked for before."""
        self._accounts.appeared(name)

    async def stop(self) -> None:
        """Checkpoint and close every mailbox. Sessions have been ended before; nothing can be opened any more."""
        self._stopping = True
        await self._offering.settled()
        await self._opened.stop()
        self._accounts.stop()
