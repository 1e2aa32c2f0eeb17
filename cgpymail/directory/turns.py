"""Waiting in line: a few may work, a bounded number may wait, the favoured go first."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

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

    @asynccontextmanager
    async def turn(self, favoured: bool = False) -> AsyncIterator[None]:
        """``async with turns.turn():`` the work. Raises Busy when the line is full."""
        line = self._favoured if favoured else self._others
        if len(line) >= self._most:
            raise Busy("Too many logins are waiting; try again later")
        self.users += 1
        try:
            await self._enter(line)
            try:
                yield
            finally:
                self._leave()
        finally:
            self.users -= 1

    async def _enter(self, line: deque[Deferred[None]]) -> None:
        if self._free:
            self._free -= 1
            return
        waiter: Deferred[None] = Deferred()
        line.append(waiter)
        try:
            await waiter
        except CancelledError:
            line.remove(waiter)
            raise

    def _leave(self) -> None:
        line = self._favoured or self._others
        if line:
            line.popleft().callback(None)
        else:
            self._free += 1
