"""Waiting in line."""

from dataclasses import replace

import pytest
from twisted.internet.defer import CancelledError, Deferred

from cgpymail.directory.turns import Turns
from cgpymail.errors import Busy
from cgpymail.runtime.limits import DEFAULTS, LiveLimits
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


def turns_of(working, waiting):
    """Turns for so many at once."""
    return Turns(replace(DEFAULTS, hashes=working, login_queue=waiting))


def test_changed_limits():
    """More may work as soon as the limit says so; fewer do when it is lowered."""
    limits = LiveLimits.of(replace(DEFAULTS, hashes=1, login_queue=10))
    turns = Turns(limits)
    workers = [Worker(turns) for _ in range(5)]
    limits.take(replace(DEFAULTS, hashes=2))
    workers[0].done.callback(None)
    assert [worker.inside for worker in workers] == [False, True, True, False, False]
    limits.take(replace(DEFAULTS, hashes=1))
    workers[1].done.callback(None)
    assert not workers[3].inside
    for worker in workers[2:]:
        assert worker.inside
        worker.done.callback(None)


def test_order():
    """As many as may work do; the favoured go first, the others in the order they came."""
    turns = turns_of(1, 10)
    first, second, third, favoured = Worker(turns), Worker(turns), Worker(turns), Worker(turns, True)
    for worker in (first, favoured, second, third):
        assert worker.inside
        assert sum(each.inside for each in (first, second, third, favoured)) == 1
        worker.done.callback(None)
    assert turns.users == 0


def test_full():
    """A full line refuses; that of the favoured is another one."""
    turns = turns_of(1, 1)
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
    turns = turns_of(1, 10)
    first, second, third = Worker(turns), Worker(turns), Worker(turns)
    second.outcome.cancel()
    with pytest.raises(CancelledError):
        result(second.outcome)
    first.done.errback(ValueError())
    with pytest.raises(ValueError):
        result(first.outcome)
    assert third.inside
    third.done.callback(None)
