"""Running a coroutine that seldom waits: what is answered from memory costs no Deferred."""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

T = TypeVar("T")


def begin(coroutine: Coroutine[Any, Any, T], done: Callable[[T | Failure], object]) -> bool:
    """Run it, and call ``done`` once with its result or Failure. Whether it is over already, not having waited."""
    try:
        awaited = coroutine.send(None)
    except StopIteration as end:
        result: T | Failure = end.value
    except BaseException:
        result = Failure()  # type: ignore[no-untyped-call]
    else:
        rest = Deferred.fromCoroutine(_go_on(coroutine, awaited))
        rest.addBoth(done)
        return bool(rest.called)
    done(result)
    return True


@types.coroutine
def _go_on(coroutine: Coroutine[Any, Any, T], awaited: Any) -> Generator[Any, Any, T]:
    """The rest of a coroutine that waits for ``awaited``."""
    while True:
        try:
            try:
                value = yield awaited
            except GeneratorExit:  # nobody waits any more; the coroutine may have been closed before us
                coroutine.close()
                raise
            except BaseException as problem:
                awaited = coroutine.throw(problem)
            else:
                awaited = coroutine.send(value)
        except StopIteration as end:
            result: T = end.value
            return result
