"""A runtime for one command: no reactor and no threads; what waits for time is slept through."""

from __future__ import annotations

import time
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.python.failure import Failure

from cgpymail.runtime.files import Files
from cgpymail.runtime.logs import Logs
from cgpymail.runtime.pool import InlinePool
from cgpymail.runtime.runtime import Pools, Runtime

T = TypeVar("T")


class CommandLoop:
    """Runs coroutines to their end. The clock is the time of day at the start, and goes on with what is slept."""

    def __init__(self, emit: Callable[[str], None], files: Files | None = None) -> None:
        self._clock: Any = Clock()
        self._clock.rightNow = time.time()
        pools = Pools(InlinePool(), InlinePool(), InlinePool())
        self.runtime = Runtime(self._clock, pools, files or Files(), Logs(emit))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Its outcome. Raises what it raised."""
        outcomes: list[T | Failure] = []
        deferred: Deferred[T] = Deferred.fromCoroutine(work)
        deferred.addBoth(outcomes.append)
        while not outcomes:
            self._next_call()
        outcome = outcomes[0]
        if isinstance(outcome, Failure):
            problem: Any = outcome.value
            raise problem
        return outcome

    def _next_call(self) -> None:
        calls = self._clock.getDelayedCalls()
        if not calls:
            raise RuntimeError("the command waits for something that cannot happen")
        delay = min(call.getTime() for call in calls) - self._clock.seconds()
        if delay > 0:
            time.sleep(delay)
        self._clock.advance(max(0.0, delay))
