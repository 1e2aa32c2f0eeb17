"""Waiting in line: a few may work, a bounded number may wait, the favoured go first."""

from __future__ import annotations

from collections import deque

from twisted.internet.defer import CancelledError, Deferred

from cgpymail.errors import Busy
from cgpymail.runtime.limits import Limits


class Turns:
    """At most ``limits.hashes`` inside at once; in each of the two lines one ``share``-th of ``limits.login_queue``."""

    def __init__(self, limits: Limits, share: int = 1) -> None:
        self._limits = limits
        self._share = share
        self._inside = 0
        self._favoured: deque[Deferred[None]] = deque()
        self._others: deque[Deferred[None]] = deque()
        self.users = 0  # inside or waiting

    async def enter(self, favoured: bool = False) -> None:
        """Wait for a turn; ``leave`` must follow. Raises Busy when the line is full."""
        line = self._favoured if favoured else self._others
        if self._inside < self._limits.hashes:
            self._inside += 1
            self.users += 1
            return
        if len(line) >= max(1, self._limits.login_queue // self._share):
            raise Busy("Too many logins are waiting; try again later")
        waiter: Deferred[None] = Deferred()
        line.append(waiter)
        self.users += 1
        try:
            await waiter
        except CancelledError:
            line.remove(waiter)
            self.users -= 1
            raise

    def leave(self) -> None:
        """The turn is over: the next one's begins, and more than one if there is more room than before."""
        self.users -= 1
        self._inside -= 1
        while (line := self._favoured or self._others) and self._inside < self._limits.hashes:
            self._inside += 1
            line.popleft().callback(None)
