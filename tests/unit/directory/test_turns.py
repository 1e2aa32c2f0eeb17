"""Waiting in line."""

import pytest
from twisted.internet.defer import CancelledError, Deferred

from cgpymail.directory.turns import Turns
from cgpymail.errors import Busy
from tests.support.results import result


class Worker:
    """Takes a turn and keeps it until ``done`` is fired."""

    def __init__(self, turns, favoured=False):
        self.inside = False
        self.done = Deferred()
        self.outcome = Deferred.fromCoroutine(self._work(turns, favoured))

    async def _work(self, turns, favoured):
        await turns.enter(favoured)
        try:
            self.inside = True
            await self.done
        finally:
            self.inside = False
            turns.leave()


def test_order():
    """As many as may work do; the favoured go first, the others in the order they came."""
    turns = Turns(1, 10)
    first, second, third, favoured = Worker(turns), Worker(turns), Worker(turns), Worker(turns, True)
    for worker in (first, favoured, second, third):
        assert worker.inside
        assert sum(each.inside for each in (first, second, third, favoured)) == 1
        worker.done.callback(None)
    assert turns.users == 0


def test_full():
    """A full line refuses; that of the favoured is another one."""
    turns = Turns(1, 1)
    workers = [Worker(turns), Worker(turns)]
    with pytest.raises(Busy):
        result(Worker(turns).outcome)
    favoured = Worker(turns, True)
    assert not favoured.inside
    workers[0].done.callback(None)
    assert turns.users == 2
    for worker in (favoured, workers[1]):
        worker.done.callback(None)
    assert turns.users == 0


def test_cancelled():
    """Who hangs up while waiting, or fails at work, holds nobody up."""
    turns = Turns(1, 10)
    first, second, third = Worker(turns), Worker(turns), Worker(turns)
    second.outcome.cancel()
    with pytest.raises(CancelledError):
        result(second.outcome)
    first.done.errback(ValueError())
    with pytest.raises(ValueError):
        result(first.outcome)
    assert third.inside
    third.done.callback(None)
