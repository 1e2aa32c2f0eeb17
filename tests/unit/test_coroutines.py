"""Coroutines that seldom wait (runtime/coroutines.py)."""

from __future__ import annotations

import gc
import sys
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail, succeed
from twisted.python.failure import Failure

from cgpymail.runtime.coroutines import begin


async def add(*awaited: Any) -> int:
    """The sum of what was waited for."""
    return sum([await one for one in awaited])


async def rescued(awaited: Deferred[int]) -> int:
    """A failure is met where it is waited for."""
    try:
        return await awaited
    except ValueError:
        return -1


def test_what_need_not_wait_is_over_at_once() -> None:
    """The result is there before ``begin`` returns, though it awaited what had fired already."""
    results: list[Any] = []
    assert begin(add(succeed(1), succeed(2)), results.append)
    assert results == [3]


def test_what_waits_goes_on_when_it_can() -> None:
    """Several waits, one after the other; ``done`` is called once."""
    first: Deferred[int] = Deferred()
    second: Deferred[int] = Deferred()
    results: list[Any] = []
    assert not begin(add(succeed(1), first, second), results.append)
    second.callback(30)
    assert not results
    first.callback(200)
    assert results == [231]


@pytest.mark.parametrize("late", [False, True])
def test_failures_reach_those_who_wait(late: bool) -> None:
    """Inside the coroutine as an exception, outside as a Failure."""
    results: list[Any] = []
    for work in (add, rescued):
        awaited: Deferred[int] = Deferred() if late else fail(ValueError("no"))
        begin(work(awaited), results.append)
        if late:
            awaited.errback(ValueError("no"))
    assert isinstance(results[0], Failure) and results[0].check(ValueError)
    assert results[1] == -1


def test_what_waits_for_ever_can_be_thrown_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that is dropped in the middle leaves a circle of objects; its end puts no warning into the log."""
    problems: list[Any] = []
    monkeypatch.setattr(sys, "unraisablehook", problems.append)
    ended: list[str] = []

    async def work(held: dict[str, Any]) -> None:
        try:
            await held["awaited"]
        finally:
            ended.append("cleaned up")

    held: dict[str, Any] = {"awaited": Deferred()}
    held["work"] = work(held)
    begin(held["work"], ended.append)
    del held
    gc.collect()
    assert ended == ["cleaned up"]
    assert problems == []
