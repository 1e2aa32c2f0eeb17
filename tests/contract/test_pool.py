"""Threads (runtime/pool.py): what runs on them comes home to the reactor's thread, which here goes round by hand."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from queue import Queue
from typing import Any

import pytest
from twisted.python.failure import Failure

from cgpymail.runtime.pool import ThreadedPool


class Reactor:
    """Takes calls from threads, and does them when it is told to."""

    def __init__(self) -> None:
        self.calls: Queue[tuple[Callable[..., object], tuple[Any, ...]]] = Queue()

    def callFromThread(self, call: Callable[..., object], *args: Any) -> None:
        self.calls.put((call, args))

    def turn(self, count: int) -> None:
        for _ in range(count):
            call, args = self.calls.get(timeout=10)
            call(*args)


@pytest.fixture
def reactor() -> Reactor:
    return Reactor()


@pytest.fixture
def pool(reactor: Reactor) -> Iterator[ThreadedPool]:
    made = ThreadedPool(reactor, 2, "test")
    yield made
    made.stop()


def test_results_and_failures_come_home(pool: ThreadedPool, reactor: Reactor) -> None:
    """The function runs elsewhere; the Deferred fires here."""
    results: list[Any] = []
    pool.run(lambda: (threading.current_thread(), 7)).addCallback(results.append)
    pool.run(int, "no number").addErrback(results.append)
    reactor.turn(2)
    number, failed = sorted(results, key=lambda each: isinstance(each, Failure))
    assert number[0] is not threading.current_thread() and number[1] == 7
    assert failed.check(ValueError)


def test_no_more_threads_than_allowed_and_none_before_it_is_needed(pool: ThreadedPool, reactor: Reactor) -> None:
    """Jobs beyond the size wait for a thread."""
    gate, names = threading.Event(), set[str]()
    before = threading.active_count()
    pool.run(lambda: None)
    reactor.turn(1)
    pool.run(lambda: None)
    reactor.turn(1)
    assert threading.active_count() == before + 1
    for _ in range(6):
        pool.run(lambda: gate.wait(10) and names.add(threading.current_thread().name))
    assert threading.active_count() == before + 2
    gate.set()
    reactor.turn(6)
    assert names <= {"test-0", "test-1"}


def test_stopping_finishes_what_is_queued(pool: ThreadedPool, reactor: Reactor) -> None:
    """And a pool can be used again."""
    done: list[int] = []
    for number in range(20):
        pool.run(done.append, number)
    pool.stop()
    assert sorted(done) == list(range(20))
    reactor.turn(20)
    pool.run(done.append, 20)
    reactor.turn(1)
    assert done[-1] == 20
