"""The accounts in use: one Account object for each in the process, loaded once however many ask.

An account stays loaded while a session of its user, an open mailbox or a recent question needs it, and for a while
after, because clients come back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress

from twisted.internet.defer import Deferred

from cgpymail.errors import Busy, MailError, NoSuchAccount
from cgpymail.interfaces import IAccountRecord, IDirectory, IMailboxTree
from cgpymail.manager.account import NEVER, Account
from cgpymail.manager.lifecycle import OpenMailboxes
from cgpymail.manager.waiters import Waiters
from cgpymail.model.identity import AccountName
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.runtime import DelayedCall, Runtime

OpenTree = Callable[[IAccountRecord], IMailboxTree]
MOST_ABSENT = 1_000  # names without an account that are remembered


class Accounts:
    """Gives Account objects by canonical name, and counts the sessions of each."""

    def __init__(
        self,
        runtime: Runtime,
        directory: IDirectory,
        open_tree: OpenTree,
        opened: OpenMailboxes,
        limits: Limits,
        formats: Mapping[str, str],
    ) -> None:
        self._runtime = runtime
        self._directory = directory
        self._open_tree = open_tree
        self._opened = opened
        self._limits = limits
        self._formats = formats
        self._loaded: dict[AccountName, Account] = {}
        self._loading: dict[AccountName, Waiters] = {}
        self._used: dict[AccountName, float] = {}
        self._sessions: dict[AccountName, int] = {}
        self._withdrawn: set[AccountName] = set()
        self._absent: dict[AccountName, float] = {}  # names that users typed -> when there was no such account
        self._sweep: DelayedCall | None = None

    async def find(self, name: AccountName) -> Account | None:
        """The account, None if there is none. Raises StorageFailed, Busy (it is withdrawn)."""
        if name in self._withdrawn:
            raise Busy("The account is being renamed or removed; try again later")
        account = self._loaded.get(name)
        if account is None:
            account = await self._load_once(name)
        if account is not None:
            self._used[name] = self._runtime.clock.seconds()
            self.appeared(name)
        return account

    async def look_up(self, name: AccountName) -> Account | None:
        """``find`` for a name that a user typed. That there is no such account is believed for as long as one that is
        there stays loaded, or until it appears, so that asking costs as much for the one as for the other."""
        now = self._runtime.clock.seconds()
        if now - self._absent.get(name, NEVER) < self._limits.warm_seconds:
            return None
        account = await self.find(name)
        if account is None:
            if len(self._absent) >= MOST_ABSENT:
                self._absent.clear()
            self._absent[name] = now
        return account

    def appeared(self, name: AccountName) -> None:
        """There is an account of that name now."""
        self._absent.pop(name, None)

    def _load_once(self, name: AccountName) -> Deferred[Account | None]:
        waiters = self._loading.get(name)
        if waiters is not None:
            return waiters.wait()
        return Deferred.fromCoroutine(self._load(name))

    async def _load(self, name: AccountName) -> Account | None:
        waiters = self._loading[name] = Waiters()
        try:
            account = await self._make(name)
        except BaseException as problem:
            del self._loading[name]
            waiters.fail(problem)
            raise
        del self._loading[name]
        if account is not None:
            self._loaded[name] = account
            self._used[name] = self._runtime.clock.seconds()
            self._keep_sweeping()
        waiters.settle(account)
        return account

    async def _make(self, name: AccountName) -> Account | None:
        record: IAccountRecord | None = await self._directory.find(name)
        if record is None:
            return None
        account = Account(
            record,
            self._open_tree(record),
            self._opened,
            self._runtime,
            self._limits,
            self._formats,
            self._directory.grants,
        )
        await account.load()
        return account

    async def enter(self, name: AccountName) -> Account:
        """The account for one session more of its user. Raises NoSuchAccount, Busy (too many), StorageFailed."""
        account = await self.find(name)
        if account is None:
            raise NoSuchAccount
        count = self._sessions.get(name, 0)
        if count >= self._limits.sessions_per_account:
            raise Busy("Too many sessions are open for this account")
        self._sessions[name] = count + 1
        return account

    def leave(self, name: AccountName) -> None:
        """One session less."""
        self._sessions[name] -= 1
        if not self._sessions[name]:
            del self._sessions[name]
            if name in self._loaded:
                self._used[name] = self._runtime.clock.seconds()

    @asynccontextmanager
    async def withdrawn(self, name: AccountName, end_sessions: Callable[[], object]) -> AsyncIterator[None]:
        """While it lasts, nobody uses the account: its files may be moved or removed.

        ``end_sessions`` is called when nobody can enter any more. Raises Busy when it is withdrawn already.
        """
        if name in self._withdrawn:
            raise Busy("The account is being renamed or removed already")
        self._withdrawn.add(name)
        try:
            if name in self._loading:
                with suppress(MailError):
                    await self._loading[name].wait()
            end_sessions()
            account = self._loaded.get(name)
            if account is not None:
                await account.end()
                self._loaded.pop(name, None)
                self._used.pop(name, None)
            yield
        finally:
            self._withdrawn.discard(name)

    def stop(self) -> None:
        """Forget about time."""
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None

    def _keep_sweeping(self) -> None:
        if self._sweep is None:
            self._sweep = self._runtime.clock.callLater(self._limits.warm_seconds, self._drop_unused)

    def _drop_unused(self) -> None:
        self._sweep = None
        latest = self._runtime.clock.seconds() - self._limits.warm_seconds
        for name, account in list(self._loaded.items()):
            wanted = name in self._sessions or account.busy or self._opened.in_use(name)
            if not wanted and self._used[name] <= latest:
                del self._loaded[name], self._used[name]
        if self._loaded:
            self._keep_sweeping()
