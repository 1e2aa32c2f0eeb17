"""One result for many who ask at the same moment."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred


class Waiters:
    """Each who waits gets a Deferred of its own, so none can disturb another's. Fires once."""

    def __init__(self) -> None:
        self._waiting: list[Deferred[Any]] = []

    def wait(self) -> Deferred[Any]:
        """Fires with the result, when it is there; to be asked for before."""
        waiter: Deferred[Any] = Deferred()
        self._waiting.append(waiter)
        return waiter

    def settle(self, result: object) -> None:
        """The result is there."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(result)

    def fail(self, problem: BaseException) -> None:
        """There will be none."""
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.errback(problem)
