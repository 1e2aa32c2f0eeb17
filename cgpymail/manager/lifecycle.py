"""The life of open mailboxes: opened once however many ask, shared, kept warm, checkpointed, closed.

A mailbox is opened by the first who enters it; those who enter meanwhile wait for the same opening. After the last has
left, it stays open for a while (``limits.warm_seconds``), because clients come back: POP polls, IMAP walks through the
folders. What all unused mailboxes together may hold in memory is bounded; the one unused longest goes first. One who
enters while a mailbox is being closed waits for that and opens it anew, so two stores never share a file.

Checkpoints write journals through to the mail files while a mailbox is open for long. At the end of the process every
mailbox is closed, in use or not; sessions have been told by then.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from twisted.internet.defer import Deferred, DeferredList
from twisted.python.failure import Failure

from cgpymail.errors import Busy, MailError
from cgpymail.manager.facts import Facts
from cgpymail.manager.hub import Hub
from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.readers import Readers
from cgpymail.manager.waiters import Waiters
from cgpymail.model.identity import AccountName
from cgpymail.runtime import logs
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.runtime import DelayedCall, Runtime

if TYPE_CHECKING:
    from cgpymail.manager.account import Account

Key = tuple[AccountName, str]
LEAVE_TIME = 8.0  # seconds for sessions to leave a mailbox that is about to end


class Opened:
    """One mailbox in the table. ``busy`` while it is being opened or closed; ``box`` is there once it was opened."""

    def __init__(self, account: Account, key: Key) -> None:
        self.account = account
        self.key = key
        self.box: Mailbox
        self.busy: Waiters | None = None
        self.users = 0
        self.timer: DelayedCall | None = None
        self.noted = 0  # MODSEQ at the last checkpoint
        self.left = Waiters()  # fires when nobody uses it any more

    def idle(self, problem: BaseException | None = None) -> None:
        """No longer busy: those who waited go on, or fail with ``problem``."""
        busy, self.busy = self.busy, None
        if busy is not None and problem is not None:
            busy.fail(problem)
        elif busy is not None:
            busy.settle(None)

    def cancel_timer(self) -> None:
        """It need not be closed for lack of users now."""
        if self.timer is not None and self.timer.active():
            self.timer.cancel()
        self.timer = None


class OpenMailboxes:
    """All open mailboxes of the process, by owner account and name."""

    def __init__(self, runtime: Runtime, limits: Limits) -> None:
        self._runtime = runtime
        self._limits = limits
        self._hub = Hub(runtime)
        self.watching = self._hub.watching
        self._facts = Facts(limits)
        self._log = runtime.logs.module("MAILBOX")
        self._table: dict[Key, Opened] = {}
        self._by_mailbox: dict[Mailbox, Opened] = {}
        self._warm: dict[Opened, int] = {}  # unused ones with their octets, the one unused longest first
        self._warm_octets = 0
        self._stopping = False
        self._tick: DelayedCall | None = None

    # entering and leaving

    def enter(self, account: Account, name: str) -> Deferred[Mailbox]:
        """Fires with the mailbox, which counts one user more until ``leave``. Fails with NoSuchMailbox, StorageFailed.

        What the account knew of the name must hold now: the caller has the account's turn.
        """
        return Deferred.fromCoroutine(self._enter(account, name))

    async def _enter(self, account: Account, name: str) -> Mailbox:
        key = (account.name, name)
        while not self._stopping:
            opened = self._table.get(key)
            if opened is None:
                return await self._open(account, key)
            if opened.busy is None:
                self._use(opened)
                return opened.box
            await opened.busy.wait()  # fails as the opening does
        raise Busy("The server is going down")

    def _use(self, opened: Opened) -> None:
        opened.users += 1
        self._no_longer_warm(opened)

    async def _open(self, account: Account, key: Key) -> Mailbox:
        opened = self._table[key] = Opened(account, key)
        opened.busy = Waiters()
        try:
            store = await account.open_store(key[1])
            opened.box = Mailbox(
                store, *key, runtime=self._runtime, limits=self._limits, hub=self._hub, facts=self._facts
            )
        except BaseException as problem:
            del self._table[key]
            opened.idle(problem)
            raise
        if account.infos.own_seen(opened.key[1]):
            opened.box.readers = Readers(opened.box)
        opened.users = 1
        opened.noted = store.modseq
        self._by_mailbox[opened.box] = opened
        self._keep_ticking()
        opened.idle()
        return opened.box

    def leave(self, mailbox: Mailbox) -> None:
        """One user less. The last one leaves it warm, or closes it if it was deleted."""
        opened = self._by_mailbox.get(mailbox)
        if opened is None:  # closed already, at the end of the process
            return
        opened.users -= 1
        if not opened.users:
            opened.left.settle(None)
        if opened.users or opened.busy:
            return
        if self._table.get(opened.key) is not opened:
            self._start(self._retire(opened))
            return
        self._warm[opened] = opened.box.octets
        self._warm_octets += self._warm[opened]
        opened.timer = self._runtime.clock.callLater(self._limits.warm_seconds, self._cool, opened)
        while self._warm_octets > self._limits.warm_octets:
            self._cool(next(iter(self._warm)))

    def _cool(self, opened: Opened) -> None:
        self._no_longer_warm(opened)
        self._start(self._retire(opened))

    def _no_longer_warm(self, opened: Opened) -> None:
        self._warm_octets -= self._warm.pop(opened, 0)
        opened.cancel_timer()

    async def _retire(self, opened: Opened, *, in_use: bool = False) -> None:
        """Close it if it still has no users, or even if it is ``in_use``; not while its account's names change."""
        async with opened.account.turn:
            if (opened.users and not in_use) or opened.busy or opened.box not in self._by_mailbox:
                return
            closing = Deferred.fromCoroutine(self._close(opened))
        await closing

    async def _close(self, opened: Opened) -> None:
        self._no_longer_warm(opened)
        opened.busy = Waiters()
        try:
            try:
                await self._note(opened)
            finally:
                await opened.box.close()
        finally:
            if self._table.get(opened.key) is opened:
                del self._table[opened.key]
            self._by_mailbox.pop(opened.box, None)
            opened.idle()

    async def _note(self, opened: Opened) -> None:
        """Keep the numbers in account.info; a mailbox that was deleted has no entry there any more."""
        if self._table.get(opened.key) is opened:
            store = opened.box.store
            await opened.account.infos.note(opened.key[1], store.uidvalidity, store.uidnext)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        """Something that nobody waits for: what goes wrong is logged."""
        Deferred.fromCoroutine(work).addErrback(self._failed)

    def _failed(self, failure: Failure) -> None:
        if isinstance(failure.value, MailError):
            self._log.write(logs.CRASH, f"a mailbox could not be written through: {failure.value}")
        else:
            self._log.failure("while a mailbox was being closed or checkpointed", failure)

    # what happens to the names

    def in_use(self, owner: AccountName) -> bool:
        """Whether any mailbox of that account is open, warm ones included."""
        return any(key[0] == owner for key in self._table)

    async def settled(self, owner: AccountName) -> None:
        """Wait until no mailbox of that account is being opened or closed. The caller has the account's turn, so
        nobody new comes in meanwhile; but one who waited for a mailbox to close may open it first."""
        while busy := [each for key, each in self._table.items() if key[0] == owner and each.busy is not None]:
            await self._no_longer_busy(busy[0])

    def renamed(self, owner: AccountName, moves: Mapping[str, str]) -> None:
        """Mailboxes have other names now; sessions in them follow."""
        moved = [(self._table.pop((owner, old)), new) for old, new in moves.items() if (owner, old) in self._table]
        for opened, new in moved:
            opened.key = (owner, new)
            self._table[opened.key] = opened
            opened.box.renamed(new)

    def rights_changed(self, owner: AccountName, name: str) -> None:
        """The ACL of a mailbox was changed; its sessions are told."""
        opened = self._table.get((owner, name))
        if opened is not None and opened.busy is None:
            opened.box.rights_changed()

    def standings_changed(self) -> None:
        """Somebody is in another group now, or has other rights as an administrator: every session looks for itself."""
        for opened in list(self._table.values()):  # who leaves may close one
            if opened.busy is None:
                opened.box.rights_changed()

    def deleted(self, owner: AccountName, name: str) -> None:
        """A mailbox is no more: its sessions are told, and the next who enters that name finds another."""
        opened = self._table.pop((owner, name), None)
        if opened is None:
            return
        opened.box.end()
        if not opened.users:
            self._start(self._retire(opened))

    async def close_all(self, owner: AccountName) -> None:
        """End every mailbox of an account that nobody can enter any more. Its sessions are told and have a while to
        leave (LEAVE_TIME); what they do later finds the mailbox gone."""
        for opened in self._of(owner):
            if opened.busy is None:
                opened.box.end()
        await self._deserted(owner)
        while mine := self._of(owner):
            for opened in mine:
                await self._no_longer_busy(opened)
            last = [self._retire(opened, in_use=True) for opened in mine if opened.box in self._by_mailbox]
            await DeferredList([Deferred.fromCoroutine(each).addErrback(self._failed) for each in last])

    def _of(self, owner: AccountName) -> list[Opened]:
        """Every mailbox of the account, also those that were deleted and are still in use."""
        return [opened for opened in self._by_mailbox.values() if opened.key[0] == owner]

    async def _deserted(self, owner: AccountName) -> None:
        """Wait until nobody uses a mailbox of the account, or for LEAVE_TIME."""
        waits = [opened.left.wait() for opened in self._of(owner) if opened.users]
        if not waits:
            return
        all_left: Any = DeferredList(waits, consumeErrors=True)
        late = self._runtime.clock.callLater(LEAVE_TIME, all_left.cancel)
        await all_left
        if late.active():
            late.cancel()

    # as time goes by

    def _keep_ticking(self) -> None:
        if self._tick is None and not self._stopping:
            self._tick = self._runtime.clock.callLater(self._limits.checkpoint_seconds, self._on_tick)

    def _on_tick(self) -> None:
        self._tick = None
        self._start(self._checkpoint_changed())
        if self._table:
            self._keep_ticking()

    async def _checkpoint_changed(self) -> None:
        """One after the other, so that the disk is not asked for everything at once."""
        for opened in list(self._table.values()):
            if opened.busy is None and opened.box.store.modseq != opened.noted:
                await Deferred.fromCoroutine(self._checkpoint(opened)).addErrback(self._failed)

    async def _checkpoint(self, opened: Opened) -> None:
        opened.noted = opened.box.store.modseq
        await opened.box.store.checkpoint()
        await self._note(opened)

    async def stop(self) -> None:
        """Close every mailbox. Nothing can be opened from now on."""
        self._stopping = True
        if self._tick is not None:
            self._tick.cancel()
            self._tick = None
        while self._table or self._by_mailbox:
            for opened in [*self._table.values(), *self._by_mailbox.values()]:
                await self._no_longer_busy(opened)
            last = [self._retire(opened, in_use=True) for opened in self._by_mailbox.values()]
            await DeferredList([Deferred.fromCoroutine(each).addErrback(self._failed) for each in last])

    async def _no_longer_busy(self, opened: Opened) -> None:
        while opened.busy is not None:
            try:
                await opened.busy.wait()
            except Exception:  # noqa: S112 - whoever opens it is told
                continue
