"""Transcripts without sockets: sessions on memory wires, real stores, a clock that the transcript moves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from cgpymail.interfaces import IMailboxTree
from cgpymail.manager.objectids import CHANCE
from cgpymail.model.identity import CertificateNames, TlsFacts
from cgpymail.runtime.limits import DEFAULTS
from cgpymail.runtime.pool import InlinePool
from cgpymail.stores.memorytree import MemoryTree
from cgpymail.stores.singletree import SingleTree
from cgpymail.stores.tree import DiskTree
from tests.support.outside import Outside
from tests.support.records import MemoryRecord
from tests.support.wire import MemoryWire
from tests.support.world import World
from tests.transcripts import memorytool
from tests.transcripts.runner import ACCOUNTS, TYPES
from tests.transcripts.script import Script

PASSWORD = "secret"
BINDINGS = {"tls-exporter": b"of this connection"}
PATIENCE = 1.0  # seconds of the world's clock


class MemoryLink:
    """Both ends of a memory wire."""

    def __init__(self, wire: MemoryWire, clock: Any) -> None:
        self._wire = wire
        self._clock = clock

    def send(self, data: bytes) -> None:
        """Straight into the session; what it says stays in the wire."""
        self._wire.sent += self._wire.feed(data)

    def receive(self, patient: bool) -> bytes:
        """What was said; a patient client gives the server a little time."""
        settle(self._clock)
        waited = 0.0
        while patient and not self._wire.sent and not self._wire.closed and waited < PATIENCE:
            self._clock.advance(PATIENCE / 20)
            waited += PATIENCE / 20
        return self._wire.take()

    @property
    def closed(self) -> bool:
        """Whether the server closed it."""
        return self._wire.closed and not self._wire.sent

    def drop(self) -> None:
        """Break it."""
        self._wire.drop()

    def handshake(self) -> None:
        """Nothing is encrypted, but the session is told."""
        self._wire.facts = TlsFacts(BINDINGS, CertificateNames(("john@example.org",)))
        self._wire.handshake()

    def deflate(self) -> None:
        """Nothing is compressed, but the session has asked for it."""
        assert self._wire.compressed


def _chance() -> Callable[[int], bytes]:
    """Nonces are zeroes, so that a transcript can have the answers to them; but what names mailboxes differs."""
    numbers = count(1)
    return lambda size: next(numbers).to_bytes(size, "big") if size == CHANCE else bytes(size)


class SlowPool(InlinePool):
    """Whose threads take their time."""

    def __init__(self, clock: Any, seconds: float) -> None:
        self._clock = clock
        self._seconds = seconds

    def run(self, function: Any, *args: Any, **kw: Any) -> Deferred[Any]:
        """The outcome, late."""
        outcome: Deferred[Any] = super().run(function, *args, **kw)
        late: Deferred[Any] = Deferred()
        self._clock.callLater(self._seconds, outcome.chainDeferred, late)
        return late


class MemoryWorld:
    """``folder`` takes what the stores and the spool write."""

    def __init__(self, format: str, folder: Path, script: Script) -> None:
        spool = folder / "spool"
        spool.mkdir()

        def make_tree(world: World, record: MemoryRecord) -> IMailboxTree:
            if format == "memory":
                return MemoryTree(world.runtime, single=record.single)
            tree: IMailboxTree = (SingleTree if record.single else DiskTree)(world.runtime, record.path)
            return tree

        self._world = World(spool, replace(DEFAULTS, **script.limits), make_tree)
        self._world.services = replace(self._world.services, pop=script.pop)
        self._world.runtime.outside = Outside(self._world.clock)
        self._world.runtime.outside.codes = {"nobody@example.net": 67}  # EX_NOUSER
        self._world.directory.clear_text = not script.private
        self._world.runtime.random = _chance()
        for name in (*ACCOUNTS, *script.accounts):
            self._world.directory.tokens[f"token-of-{name}"] = name
            single = name in script.single
            path = folder / (name if single else f"{name}.macnt")
            if not single:
                path.mkdir()
            record = self._world.account(name, password=PASSWORD.encode(), path=str(path))
            record.single = single
            if format in TYPES:
                record.settings["DefaultMailboxType"] = TYPES[format]
            record.settings |= script.settings.get(name, {})

    def password(self, account: str) -> str:
        """The same for all."""
        return PASSWORD

    def connect(self, protocol: str) -> MemoryLink:
        """A connection to a module."""
        return MemoryLink(self._world.connect(protocol.upper()), self._world.clock)

    def advance(self, seconds: float) -> None:
        """Move the clock, in steps, so that what waits for one another comes in order."""
        for _ in range(10):
            self._world.clock.advance(seconds / 10)

    def slow_down(self, seconds: float) -> None:
        """Writes are done at once and reported late."""
        self._world.runtime.pools.sync = SlowPool(self._world.clock, seconds)

    def tool(self, *words: str) -> None:
        """As the tool would do it."""
        memorytool.do(self._world, words)

    def close(self) -> None:
        """Close every mailbox."""
        self._world.runtime.pools.sync = InlinePool()
        self._world.run(self._world.manager.stop())


def settle(clock: Any) -> None:
    """Do everything that is due now."""
    for _ in range(1000):
        if not any(call.getTime() <= clock.seconds() for call in clock.getDelayedCalls()):
            return
        clock.advance(0)
    raise AssertionError("the server is busy for ever")
