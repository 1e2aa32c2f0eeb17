"""The Mailbox Manager: one in the process, in the middle of everything. Who has what open.

Here its parts are put together: the accounts in use (accounts.py), the open mailboxes (lifecycle.py), delivery; and a
door for each session (user.py).
"""

from __future__ import annotations

from collections.abc import Mapping

from cgpymail.errors import Busy
from cgpymail.interfaces import IDirectory
from cgpymail.manager.accounts import Accounts, OpenTree
from cgpymail.manager.delivery import Delivery
from cgpymail.manager.lifecycle import OpenMailboxes
from cgpymail.manager.namespace import NameSpace
from cgpymail.manager.user import User
from cgpymail.model.identity import AccountName
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.runtime import Runtime

# Extension -> the manual's name, as in the setting DefaultMailboxType (spec 5.10).
FORMATS = {"mbox": "TextMailbox", "mdir": "MailDirMailbox"}


class MailboxManager:
    """``open_tree`` gives the mailboxes on disk of an account; ``formats`` the storage formats that there are."""

    delivery: Delivery

    def __init__(
        self,
        runtime: Runtime,
        directory: IDirectory,
        open_tree: OpenTree,
        limits: Limits,
        formats: Mapping[str, str] = FORMATS,
    ) -> None:
        self._directory = directory
        self._limits = limits
        self._opened = OpenMailboxes(runtime, limits)
        self._accounts = Accounts(runtime, directory, open_tree, self._opened, limits, formats)
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
        try:
            await user.look_around()
        except BaseException:
            await user.close()
            raise
        return user

    async def stop(self) -> None:
        """Checkpoint and close every mailbox. Sessions have been ended before; nothing can be opened any more."""
        self._stopping = True
        await self._opened.stop()
        self._accounts.stop()
