"""What the parts of an open store share: its state, its journal, its mail file, and the two locks that order the work.

``turn`` is the serial queue of the mailbox's disk jobs: a batch, a checkpoint, the end of a compaction. ``upkeep`` is
held around checkpoints and compactions as a whole, and is always taken before ``turn``.
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred, DeferredList, DeferredLock
from twisted.python.failure import Failure

from cgpymail.errors import MailError, StorageFailed, StorageFull
from cgpymail.interfaces import IStoreListener
from cgpymail.model.changes import Change
from cgpymail.runtime.logs import CRASH
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.journal import Journal
from cgpymail.stores.mailfile import MailFile, Note, Stored
from cgpymail.stores.state import State

P = ParamSpec("P")
T = TypeVar("T")
SYNC_DELAY = 0.5  # seconds from a flag change to its sync


class Core:
    """The inside of a store. ``journal`` is None only while the mailbox is out of use for writing (``broken``)."""

    def __init__(self, runtime: Runtime, mail: MailFile, path: str, state: State, journal: Journal | None) -> None:
        self.runtime = runtime
        self.log = runtime.logs.module("MAILBOX")
        self.mail = mail
        self.path = path
        self.state = state
        self.journal = journal
        self.broken = journal is None
        self.closed = False
        self.listener: IStoreListener | None = None
        self.departed: dict[int, Stored] = {}
        self.retired: list[tuple[int, bool]] = []  # journals to go after the next checkpoint; whether damaged
        self.snapshot_size = 0
        self.rewrites = 0  # how often the mail file was made anew
        self.stale = False  # whether the snapshot tells other locations than the mail file has
        self.changed = False  # whether a checkpoint would write anything
        self.turn: DeferredLock = DeferredLock()
        self.upkeep: DeferredLock = DeferredLock()
        self._timer: Any = None
        self._drawn = state.modseq  # the last one, whoever it was for

    @property
    def stem(self) -> str:
        """Path of the mail file without its extension."""
        return self.path.rpartition(".")[0]

    @property
    def note(self) -> Note:
        """What the mail file is to say of the mailbox."""
        return Note(self.state.uidvalidity, self.state.uidnext)

    def draw_modseq(self) -> int:
        """One for a change that everybody sees: max(microseconds since the epoch, last + 1), which does not go back
        even when every index is lost."""
        self.state.modseq = self.draw_for_one()
        return self.state.modseq

    def draw_for_one(self) -> int:
        """One for a change that a single user sees, which only his record remembers: of the same order, but nobody else
        is to hear that it was given out."""
        self._drawn = max(int(self.runtime.clock.seconds() * 1_000_000), self._drawn + 1)
        return self._drawn

    def draw_above(self, least: int) -> None:
        """Draw none up to ``least`` any more."""
        self._drawn = max(self._drawn, least)

    def tell(self, change: Change) -> None:
        """Publish a change that was accepted."""
        if self.listener is not None:
            self.listener.changed(change)

    def check_usable(self) -> None:
        """Raise StorageFailed when the store does not take changes."""
        if self.closed:
            raise StorageFailed(detail=f"the mailbox is closed: {self.path}")
        if self.broken:
            raise StorageFailed(detail=f"the mailbox takes no changes after a failure: {self.path}")

    def write(self, bodies: Sequence[bytes]) -> None:
        """Journal records inline, and see to their sync. Raises StorageFailed, StorageFull."""
        self.check_usable()
        assert self.journal is not None
        try:
            self.journal.write(bodies)
        except OSError as problem:
            self.broken = self.broken or self.journal.broken
            raise mail_error(problem) from problem
        self.changed = True
        self.sync_soon()

    def sync_soon(self) -> None:
        """Have the journal on disk within a second."""
        if self._timer is None:
            self._timer = self.runtime.clock.callLater(SYNC_DELAY, self._sync)

    def stop_timer(self) -> None:
        """The journal is synced in another way."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sync(self) -> None:
        self._timer = None
        if self.journal is None or self.closed:
            return
        journal = self.journal

        def failed(failure: Failure) -> None:
            if journal is self.journal:
                self.fail(failure)

        self.runtime.pools.sync.run(journal.sync).addErrback(failed)

    def fail(self, failure: Failure) -> None:
        """Something written cannot be trusted: refuse changes until everything is rewritten from memory."""
        self.broken = True
        self.log.write(CRASH, f"no changes taken until {self.path} is rewritten: {failure.value}")

    async def run(self, function: Callable[P, T], *args: P.args, **kw: P.kwargs) -> T:
        """On a sync thread. Raises StorageFailed, StorageFull for what the disk refuses."""
        try:
            return await self.runtime.pools.sync.run(function, *args, **kw)
        except OSError as problem:
            raise mail_error(problem) from problem

    async def run_all(self, functions: Sequence[Callable[[], None]]) -> None:
        """In parallel, each on its thread; all have ended when it returns or raises."""
        jobs = [self.runtime.pools.sync.run(function) for function in functions]
        outcomes: list[tuple[bool, Any]] = await DeferredList(jobs, consumeErrors=True)
        for done, outcome in outcomes:
            if not done:
                problem = outcome.value
                raise mail_error(problem) if isinstance(problem, OSError) else problem


def current_failure() -> Failure:
    """The exception that is being handled; what the disk refuses becomes an error that a client can be told."""
    failure = Failure()  # type: ignore[no-untyped-call]
    if isinstance(failure.value, OSError):
        return Failure(mail_error(failure.value))  # type: ignore[no-untyped-call]
    return failure


def mail_error(problem: OSError) -> MailError:
    """What the disk said, as an error that a client can be told."""
    if problem.errno in (errno.ENOSPC, errno.EDQUOT):
        return StorageFull(detail=str(problem))
    return StorageFailed(detail=str(problem))


def untrusted(problem: Exception) -> bool:
    """Whether a job failed in a way after which nobody knows what is on disk, and not for want of room."""
    cause = problem.__cause__
    return isinstance(cause, OSError) and cause.errno == errno.EIO


def in_turn(lock: DeferredLock, job: Callable[[], Any]) -> Deferred[Any]:
    """Run an ``async def`` when the lock is free."""
    return lock.run(lambda: Deferred.fromCoroutine(job()))
