"""The outcome of a Deferred that has fired already, as it has when the pools run inline."""

from __future__ import annotations

from typing import TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


def result(deferred: Deferred[T]) -> T:
    """Its value; raises what it failed with; an AssertionError when it has not fired."""
    outcomes: list[object] = []
    deferred.addBoth(outcomes.append)
    assert outcomes, "the Deferred has not fired"
    outcome = outcomes[0]
    if isinstance(outcome, Failure):
        outcome.raiseException()
    return outcome  # type: ignore[return-value]
