"""Threads for what would block the reactor: syncs, cold reads, password hashing."""

from __future__ import annotations

from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

P = ParamSpec("P")
T = TypeVar("T")

Job = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any], Deferred[Any]]


class ThreadedPool:
    """A pool of at most ``size`` threads, each started when it is first needed. ``reactor`` brings the results home.

    A hand-over costs a fraction of what it does with Twisted's own pool, whose coordination is made for more than this.
    """

    def __init__(self, reactor: Any, size: int, name: str) -> None:
        self._reactor = reactor
        self._size = size
        self._name = name
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[Thread] = []
        self._under_way = 0  # jobs whose results have not come home; reactor thread only

    def run(self, function: Callable[P, T], *args: P.args, **kw: P.kwargs) -> Deferred[T]:
        """Run it on a thread; fires on the reactor thread."""
        done: Deferred[T] = Deferred()
        self._under_way += 1
        self._jobs.put((function, args, kw, done))
        if len(self._threads) < min(self._under_way, self._size):
            thread = Thread(target=self._work, name=f"{self._name}-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()
        return done

    def stop(self) -> None:
        """Finish what is queued and end the threads."""
        threads, self._threads = self._threads, []
        for _ in threads:
            self._jobs.put(None)
        for thread in threads:
            thread.join()

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            function, args, kw, done = job
            try:
                outcome = function(*args, **kw)
            except BaseException:
                outcome = Failure()  # type: ignore[no-untyped-call]
            self._reactor.callFromThread(self._bring_home, done, outcome)
            del job, function, args, kw, done, outcome  # nothing is kept alive by a thread that waits

    def _bring_home(self, done: Deferred[Any], outcome: Any) -> None:
        self._under_way -= 1
        done.callback(outcome)  # a Failure as well: that is all that errback does


class InlinePool:
    """Runs everything at once, in the caller: for tests and for the tool, which have no reactor running."""

    def run(self, function: Callable[P, T], *args: P.args, **kw: P.kwargs) -> Deferred[T]:
        """Run it now; the Deferred has fired already."""
        result: Deferred[T] = Deferred()
        try:
            value = function(*args, **kw)
        except Exception:
            result.errback()
        else:
            result.callback(value)
        return result

    def stop(self) -> None:
        """Nothing to end."""
