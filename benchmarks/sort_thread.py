"""SORT and THREAD on one mailbox of 10,000 messages: how long they take, and how long they hold up everybody else.

Run: ``python -m benchmarks.sort_thread``. Times are those of the thread (neighbours on the machine do not count). A
session gives others their turn where ``breathe`` is called, once it has computed for 5 ms; the longest time between two
such places, and the answer's line, are what it can add to that.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Coroutine
from typing import Any

from twisted.internet.defer import Deferred, succeed

from cgpymail.grammar.imap.searchresponses import sort_line, thread_line, thread_pieces
from cgpymail.imap.commands.search import numbering, sequence_numbers
from cgpymail.manager.handle import Handle
from cgpymail.model.message import NewMessage
from cgpymail.model.search import All
from cgpymail.model.sorting import Criterion, SortKey
from cgpymail.model.threads import ThreadBy
from cgpymail.runtime.spool import MemoryContent
from tests.support.sharing import Shared, run

MESSAGES = 10_000
WORDS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta")


def message(number: int, chance: random.Random) -> NewMessage:
    """Of a list with many threads; 1.2 KB of header."""
    subject = " ".join(chance.choices(WORDS, k=4)) + f" {chance.randrange(MESSAGES)}"
    answers = [f"<{chance.randrange(max(1, number))}@example.org>" for _ in range(chance.randrange(5))]
    head = (
        "Received: from somewhere by elsewhere; Mon, 2 Feb 2026 10:00:00 +0100\r\n" * 4
        + f"From: Person {chance.randrange(300)} <person{chance.randrange(300)}@example.org>\r\n"
        + f"To: list@example.org\r\nSubject: {'Re: ' if answers else ''}{subject}\r\n"
        + f"Message-ID: <{number}@example.org>\r\nReferences: {' '.join(answers)}\r\n"
        + f"Date: Mon, {chance.randrange(1, 28)} Feb 2026 {chance.randrange(24):02}:00:00 +0100\r\n"
        + "X-Other: this field is not looked at by anybody\r\n" * 10
    )
    return NewMessage(MemoryContent(head.encode() + b"\r\ntext\r\n"), number, 0, ())


class Stopwatch:
    """Measures commands and their longest slices."""

    def __init__(self) -> None:
        self._last = 0.0
        self._longest = 0.0

    def breathe(self) -> Deferred[None]:
        """A place where others could have their turn."""
        now = time.thread_time()
        self._longest = max(self._longest, now - self._last)
        self._last = now
        return succeed(None)

    def measure(self, name: str, work: Callable[[], Coroutine[Deferred[Any], Any, bytes]]) -> None:
        """Run it and tell."""
        start = self._last = time.thread_time()
        self._longest = 0.0
        octets = len(run(work()))
        self.breathe()
        total = (self._last - start) * 1000
        print(f"{name:32} {total:7.0f} ms, longest slice {self._longest * 1000:4.1f} ms, {octets} octets")


async def sort(handle: Handle, criteria: tuple[Criterion, ...], watch: Stopwatch) -> bytes:
    """By number, to the finished line."""
    found = await handle.searches.sort(All(), criteria, watch.breathe)
    numbers = await sequence_numbers(handle, found, watch.breathe)
    await watch.breathe()
    return sort_line(numbers)


async def thread(handle: Handle, by: ThreadBy, watch: Stopwatch) -> bytes:
    """By number, to the finished line."""
    found = await handle.searches.thread(All(), by, watch.breathe)
    await watch.breathe()
    numbers = numbering(handle)
    pieces = []
    for piece in thread_pieces(found, numbers):
        await watch.breathe()
        pieces.append(piece)
    return thread_line(pieces)


def main() -> None:
    """The first command reads every header, the others know it."""
    shared, watch, chance = Shared(), Stopwatch(), random.Random(1)
    run(shared.box.append([message(number, chance) for number in range(MESSAGES)]))
    handle = shared.handle()
    by_subject = (Criterion(SortKey.SUBJECT),)
    by_sender = (Criterion(SortKey.FROM, reverse=True), Criterion(SortKey.DATE))
    watch.measure("SORT (SUBJECT), first", lambda: sort(handle, by_subject, watch))
    watch.measure("SORT (SUBJECT), again", lambda: sort(handle, by_subject, watch))
    watch.measure("SORT (REVERSE FROM DATE)", lambda: sort(handle, by_sender, watch))
    watch.measure("SORT (ARRIVAL)", lambda: sort(handle, (Criterion(SortKey.ARRIVAL),), watch))
    for by in ThreadBy:
        watch.measure(f"THREAD {by.value}", lambda by=by: thread(handle, by, watch))  # type: ignore[misc]


if __name__ == "__main__":
    main()
