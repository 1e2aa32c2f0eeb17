"""Sessions whose commands overlap, because disks take their time: nothing is lost, nothing is there twice.

The pool does its jobs when the test says so, in any order that threads could. Each session has one command under way
at most, as protocols do it; whatever the others finish meanwhile comes in between.
"""

from __future__ import annotations

import pathlib
import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import ExpungeIssued
from cgpymail.manager.handle import Handle
from cgpymail.model.message import NewMessage
from cgpymail.runtime.runtime import Pools
from cgpymail.runtime.spool import MemoryContent
from tests.support.crowd import whole
from tests.support.sharing import DiskStores, MakeStore, Shared, listed, memory_store, run


class LatePool:
    """Keeps its jobs until they are let go."""

    def __init__(self) -> None:
        self.jobs: list[Callable[[], None]] = []

    def run(self, function: Callable[..., Any], *args: Any, **kw: Any) -> Deferred[Any]:
        """To be done later."""
        done: Deferred[Any] = Deferred()

        def job() -> None:
            try:
                value = function(*args, **kw)
            except Exception:
                done.errback()
            else:
                done.callback(value)

        self.jobs.append(job)
        return done

    def stop(self) -> None:
        """No threads."""


class Session:
    """One client; ``busy`` while its command is under way."""

    def __init__(self, world: World, handle: Handle) -> None:
        self.world = world
        self.handle = handle
        self.busy = False
        self.uids = listed(handle)

    def begin(self, command: Any) -> None:
        """Start a command; its end tells the client what happened to its mailbox."""
        self.busy = True
        Deferred.fromCoroutine(command).addBoth(self._ended)

    def _ended(self, outcome: Any) -> None:
        self.busy = False
        if getattr(outcome, "check", None):
            assert outcome.check(ExpungeIssued), outcome
        self.poll()

    def poll(self) -> None:
        """The client's list after what it is told is the session's."""
        told = self.handle.changes(expunge=True)
        for seq in told.expunged:
            del self.uids[seq - 1]
        if told.exists is not None:
            now = listed(self.handle)
            assert len(now) == told.exists
            self.uids += now[len(self.uids) :]
        assert listed(self.handle) == self.uids


class World:
    """Two mailboxes, six sessions, a slow disk."""

    def __init__(self, seed: int, make: MakeStore) -> None:
        self.random = random.Random(seed)
        self.shared = Shared(change_log=8, make=make)
        self.pool = LatePool()
        self.shared.runtime.pools = Pools(self.pool, self.pool, self.pool)
        self.sessions = [Session(self, self.shared.handle(name=name)) for name in ("INBOX", "Other") for _ in range(3)]
        self.appended: list[bytes] = []  # acknowledged
        self.serial = 0

    async def append(self, name: str) -> None:
        """Deliver a few messages, each like no other."""
        bodies = []
        for _ in range(self.random.randint(1, 3)):
            self.serial += 1
            bodies.append(b"N: %d\r\n\r\n" % self.serial)
        await self.shared.boxes[name].append([NewMessage(MemoryContent(body), 1) for body in bodies])
        self.appended += bodies

    def step(self) -> None:
        """The disk does something, or a session that waits for nothing begins something."""
        if self.pool.jobs and self.random.random() < 0.6:
            self.pool.jobs.pop(self.random.randrange(len(self.pool.jobs)))()
            return
        session = self.random.choice(self.sessions)
        if session.busy:
            return
        name = session.handle.name
        chosen = self.random.sample(session.uids, min(len(session.uids), self.random.randint(1, 3)))
        if self.random.random() < 0.3 or not chosen:
            session.begin(self.append(name))
        elif self.random.random() < 0.7:
            session.begin(session.handle.move(chosen, "Other" if name == "INBOX" else "INBOX"))
        else:
            session.handle.store_flags(chosen, "add", ["\\Flagged"])
            session.poll()

    def finish(self) -> None:
        """Let the disk end everything."""
        while self.pool.jobs:
            self.pool.jobs.pop(0)()
        assert not any(session.busy for session in self.sessions)

    def bodies(self) -> Counter[bytes]:
        """What is in both mailboxes, and how often."""
        found: list[bytes] = []
        for box in self.shared.boxes.values():
            found += [self.read(box.store.content(uid)) for uid in box.store.columns.uid]
        return Counter(found)

    def read(self, content: Any) -> bytes:
        """A message, with the disk doing its part."""
        data = whole(content)
        content.release()
        return data


def stores_of(format: str, path: pathlib.Path) -> MakeStore:
    """Of a disk format, or in memory."""
    return memory_store if format == "memory" else DiskStores(path, format)


@pytest.mark.parametrize("format", ["memory", "mbox", "mdir"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_moves_that_overlap_keep_every_message_once(format: str, seed: int, tmp_path: pathlib.Path) -> None:
    """Three clients here and three there move the same messages to and fro while mail arrives."""
    world = World(seed, stores_of(format, tmp_path))
    inline = Shared().runtime.pools
    for _ in range(1_500):
        world.step()
    world.finish()
    for session in world.sessions:
        session.poll()
        assert listed(session.handle) == listed(world.shared.handle(name=session.handle.name))
    world.shared.runtime.pools = inline
    assert world.bodies() == Counter(world.appended)
    for session in world.sessions:
        run(session.handle.close())
    assert not any(len(box.departed.rows) for box in world.shared.boxes.values())
