"""Threads for what would block the reactor: syncs, cold reads, password hashing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")


class ThreadedPool:
    """A pool of at most ``size`` threads, started at the first call. ``reactor`` brings the results home."""

    def __init__(self, reactor: Any, size: int, name: str) -> None:
        self._reactor = reactor
        self._threads = ThreadPool(0, size, name)
        self._started = False

    def run(self, function: Callable[P, T], *args: P.args, **kw: P.kwargs) -> Deferred[T]:
        """Run it on a thread; fires on the reactor thread."""
        if not self._started:
            self._started = True
            self._threads.start()
        return deferToThreadPool(self._reactor, self._threads, function, *args, **kw)

    def stop(self) -> None:
        """Finish what is queued and end the threads."""
        if self._started:
            self._started = False
            self._threads.stop()


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
