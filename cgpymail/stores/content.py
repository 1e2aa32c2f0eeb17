"""Reading a stored message in wire form from anywhere, over LF bytes on disk.

The disk form is taken in blocks whose wire form is at most 64 KB. The wire position at which each block begins is
remembered as it becomes known, so sequential reading converts every byte once and a second visit anywhere costs one
block; the block converted last is kept. A block that is not in the page cache is read on a thread.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Callable, Iterator
from threading import Lock
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from cgpymail.errors import StorageFailed
from cgpymail.interfaces import IStoredContent
from cgpymail.model.flags import QUOTED
from cgpymail.runtime.runtime import Pool
from cgpymail.stores.mailfile import AS_IS, Stored
from cgpymail.stores.wireform import Quoting

BLOCK = 32 * 1024  # on disk: at worst every byte is an LF and becomes two
STEPS = 16  # blocks that one call on the reactor thread goes through to find its place
FIRST = (b"\n", b"")


class Source(ABC):
    """The bytes of one message on disk, held until released. Offsets count from the first byte of the message."""

    @abstractmethod
    def read_now(self, offset: int, length: int) -> bytes | None:
        """What the page cache has, None for nothing. Reactor thread. Raises OSError."""

    @abstractmethod
    def read(self, offset: int, length: int) -> bytes:
        """Fewer bytes only where the file ends. Blocking. Raises OSError."""

    @abstractmethod
    def release(self) -> None:
        """Let go of it; called once."""


@implementer(IStoredContent)
class WireContent:
    """The IStoredContent of the formats on disk."""

    def __init__(self, source: Source, stored: Stored, pool: Pool) -> None:
        self.size = stored.size
        self._length = stored.location.length
        self._quoting = Quoting(undo=True) if stored.location.disk & QUOTED else None
        self._as_is = bool(stored.location.disk & AS_IS)
        self._source = source
        self._pool = pool
        self._starts: list[int] = [0]  # wire position of each block known so far
        self._states: list[tuple[bytes, bytes]] = [FIRST]
        self._kept = (-1, b"")
        self._lock = Lock()  # a read on a thread and a read_now at the same time
        self._reading = 0
        self._released = False

    def chunks(self) -> Iterator[bytes]:
        """The wire form in pieces of at most 64 KB. Blocking. Raises StorageFailed."""
        offset = 0
        while offset < self.size:
            piece = self._wait(offset, self.size)
            offset += len(piece)
            yield piece

    def read_now(self, offset: int, length: int) -> bytes | None:
        """Up to ``length`` octets if the page cache has them, else None. Raises StorageFailed."""
        if offset >= self.size:
            return b""
        if not self._lock.acquire(blocking=False):
            return None
        try:
            return self._piece(offset, length, self._source.read_now, STEPS)
        except OSError as problem:
            raise StorageFailed(detail=str(problem)) from problem
        finally:
            self._lock.release()

    def read(self, offset: int, length: int) -> Deferred[bytes]:
        """The same, on a thread."""
        self._reading += 1
        return self._pool.run(self._wait, offset, length).addBoth(self._done)

    def release(self) -> None:
        """No longer needed. Idempotent; a read that is under way finishes first."""
        if not self._released:
            self._released = True
            if not self._reading:
                self._source.release()

    def _done(self, result: Any) -> Any:
        self._reading -= 1
        if self._released and not self._reading:
            self._source.release()
        return result

    def _wait(self, offset: int, length: int) -> bytes:
        """Blocking read. Raises StorageFailed."""
        if offset >= self.size:
            return b""
        with self._lock:
            try:
                piece = self._piece(offset, length, self._source.read, self._length + 1)
            except OSError as problem:
                raise StorageFailed(detail=str(problem)) from problem
        if piece is None:
            raise StorageFailed(detail="the message on disk was cut short")
        return piece

    def _piece(self, offset: int, length: int, reader: Callable[[int, int], bytes | None], steps: int) -> bytes | None:
        """Wire octets from ``offset`` to the end of their block; None when ``reader`` has too few of its bytes."""
        block = bisect_right(self._starts, offset) - 1
        for _ in range(steps):
            wire = self._block(block, reader)
            if wire is None:
                return None
            begin = offset - self._starts[block]
            if begin < len(wire):
                return wire[begin : begin + length] if begin or length < len(wire) else wire
            block += 1
        return None

    def _block(self, block: int, reader: Callable[[int, int], bytes | None]) -> bytes | None:
        if self._kept[0] == block:
            return self._kept[1]
        start = block * BLOCK
        wanted = min(BLOCK, self._length - start)
        raw = reader(start, wanted) if wanted > 0 else b""
        if raw is None or len(raw) < wanted:
            return None
        wire = self._convert(block, raw, last=start + wanted >= self._length)
        self._kept = (block, wire)
        return wire

    def _convert(self, block: int, raw: bytes, *, last: bool) -> bytes:
        if self._quoting:
            self._quoting.state = self._states[block]
            wire = self._quoting.feed(raw) + (self._quoting.finish() if last else b"")
        else:
            wire = raw
        if not self._as_is:
            wire = wire.replace(b"\n", b"\r\n")
        if last and raw and raw[-1:] != b"\n":
            wire += b"\r\n"
        end = self._starts[block] + len(wire)
        if last:
            if end != self.size:
                raise StorageFailed(detail="the message on disk is not the one that was indexed")
        elif block + 1 == len(self._starts):
            self._starts.append(end)
            self._states.append(self._quoting.state if self._quoting else FIRST)
        return wire
