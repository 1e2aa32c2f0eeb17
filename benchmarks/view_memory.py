"""Memory of sessions on one mailbox of 10,000 messages, and the time of the commands that clients repeat.

Run: ``python benchmarks/view_memory.py``. Octets are those of ``tracemalloc`` (what Python objects take), best of some
runs for times. Beside quiet sessions it shows what waits for a session that never asks while 10,000 changes pass.
"""

from __future__ import annotations

import gc
import time
import tracemalloc
from collections.abc import Callable

from cgpymail.manager.handle import Handle
from tests.support.sharing import EVERYTHING, Shared, listed, run

MESSAGES = 10_000
SESSIONS = 500
CHANGES = 10_000


def measure(make: Callable[[], object]) -> tuple[object, int]:
    """What ``make`` gives, and the octets that came with it."""
    gc.collect()
    before = tracemalloc.get_traced_memory()[0]
    made = make()
    gc.collect()
    return made, tracemalloc.get_traced_memory()[0] - before


def best(act: Callable[[], object], times: int = 30) -> float:
    """Seconds of the fastest of some runs."""
    fastest = float("inf")
    for _ in range(times):
        start = time.perf_counter()
        act()
        fastest = min(fastest, time.perf_counter() - start)
    return fastest


def memory() -> None:
    """Octets per session: quiet, and behind by 10,000 changes."""
    tracemalloc.start()
    shared = Shared()
    shared.fill(MESSAGES)
    handles, octets = measure(lambda: [shared.handle() for _ in range(SESSIONS)])
    assert isinstance(handles, list)
    print(f"quiet session, {MESSAGES} messages: {octets / SESSIONS:.0f} octets")
    other = shared.handle()

    def flag() -> None:
        for number in range(CHANGES):
            other.store_flags([number % 100 + 1], "add" if number // 100 % 2 else "remove", ["\\Flagged"])

    _, octets = measure(flag)
    print(f"{CHANGES} flag changes, nobody asks: {octets / SESSIONS:.0f} octets a session, {octets} in all")

    def expunge() -> None:
        for uid in range(MESSAGES // 2, MESSAGES // 2 + 1_000):
            run(other.remove([uid]))
        shared.turn()

    _, octets = measure(expunge)
    print(f"1,000 expunges, nobody asks: {octets / SESSIONS:.0f} octets a session, {octets} in all")
    sleeper: Handle = handles[0]
    told = sleeper.changes(expunge=True)
    assert len(told.expunged) == 1_000
    assert listed(sleeper) == listed(shared.handle())
    tracemalloc.stop()


def speed() -> None:
    """Times of the common calls."""
    shared = Shared()
    shared.fill(MESSAGES)
    shared.handle()
    handle, other = shared.handle(), shared.handle()

    def fetch() -> None:
        handle.flags(handle.select(EVERYTHING, by_uid=False).uids)

    def noops() -> None:
        for _ in range(1_000):
            handle.changes(expunge=True)

    print(f"FETCH 1:* (UID FLAGS), {MESSAGES} messages: {best(fetch) * 1e3:.3f} ms in select() and flags()")
    print(f"NOOP, nothing new: {best(noops) * 1e3:.3f} us in changes()")
    print(f"SELECT: {best(shared.handle, 100) * 1e6:.1f} us for a handle")
    run(other.remove([10, 5_000]))
    print(f"the same FETCH with two ghosts: {best(fetch) * 1e3:.3f} ms")


if __name__ == "__main__":
    memory()
    speed()
