"""Waiting in line: a few may work, a bounded number may wait, the favoured go first."""

from __future__ import annotations

from collections import deque

from twisted.internet.defer import CancelledError, Deferred

from cgpymail.errors import Busy


class Turns:
    """At most ``working`` inside at once and ``waiting`` in each of the two lines."""

    def __init__(self, working: int, waiting: int) -> None:
        self._free = working
        self._most = waiting
        self._favoured: deque[Deferred[None]] = deque()
        self._others: deque[Deferred[None]] = deque()
        self.users = 0  # inside or waiting

    async def enter(self, favoured: bool = False) -> None:
        """Wait for a turn; ``leave`` must follow. Raises Busy when the line is full."""
        line = self._favoured if favoured else self._others
        if self._free:
            self._free -= 1
            self.users += 1
            return
        if len(line) >= self._most:
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
        """The turn is over: the next one's begins."""
        self.users -= 1
        line = self._favoured or self._others
        if line:
            line.popleft().callback(None)
        else:
            self._free += 1
