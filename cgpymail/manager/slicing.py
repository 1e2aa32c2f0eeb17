"""Sorting much without holding up others: in pieces, between which the reactor has its turn."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Awaitable, Callable, Collection
from typing import Any, TypeVar

T = TypeVar("T")
Breathe = Callable[[], Awaitable[object]]  # gives others their turn when it is time to

PIECE = 1_000  # values sorted or merged at a time: about a millisecond


async def sort_unique(values: Collection[T], breathe: Breathe) -> list[T]:
    """``values``, no two of which are equal, in ascending order."""
    rest: list[T] = list(values)
    runs: list[list[Any]] = []
    for start in range(0, len(rest), PIECE):
        await breathe()
        runs.append(sorted(rest[start : start + PIECE]))
    while len(runs) > 1:
        last = [runs[-1]] if len(runs) % 2 else []
        runs = [await _merge(first, second, breathe) for first, second in zip(runs[::2], runs[1::2], strict=False)]
        runs += last
    return runs[0] if runs else []


async def _merge(first: list[Any], second: list[Any], breathe: Breathe) -> list[Any]:
    """Two ascending lists in one. The smallest ``PIECE`` of both are among the first ``PIECE`` of each."""
    merged: list[Any] = []
    at, other = 0, 0
    while at < len(first) and other < len(second):
        await breathe()
        some, more = first[at : at + PIECE], second[other : other + PIECE]
        smallest = sorted(some + more)[:PIECE]
        merged += smallest
        at += bisect_right(some, smallest[-1])
        other += bisect_right(more, smallest[-1])
    return merged + first[at:] + second[other:]
