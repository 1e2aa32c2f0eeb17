"""A generation of a .mbox: one file, whatever its name became, open as long as somebody reads from it.

Compaction makes the next generation and puts it under the name of the old one, whose bytes the open descriptor keeps.
A message's location names its generation in spare bits, so that a reader with an older location is never given bytes
of the newer file.
"""

from __future__ import annotations

import errno
from threading import Lock

from cgpymail.runtime.files import Files
from cgpymail.stores.content import Source

NUMBERS = 64  # generations alive at a time can be told apart
SHIFT = 26
BITS = (NUMBERS - 1) << SHIFT  # in Location.disk, beside FOREIGN and AS_IS


class Generation:
    """An open file with the number of those who need it; closed when nobody does."""

    def __init__(self, files: Files, fd: int, number: int) -> None:
        self.fd = fd
        self.bits = number % NUMBERS << SHIFT
        self._files = files
        self._users = 1
        self._lock = Lock()

    @property
    def number(self) -> int:
        """0 to NUMBERS - 1."""
        return self.bits >> SHIFT

    @property
    def alive(self) -> bool:
        """Whether the descriptor is open."""
        return self._users > 0

    def acquire(self) -> Generation:
        """One more user. Raises OSError when it is closed already."""
        with self._lock:
            if self._users == 0:
                raise OSError(errno.EBADF, "the file is closed")
            self._users += 1
        return self

    def release(self) -> None:
        """One user less."""
        with self._lock:
            self._users -= 1
            last = self._users == 0
        if last:
            self._files.close(self.fd)


class MessageBytes(Source):
    """The bytes of one message in a generation, which it pins."""

    def __init__(self, files: Files, generation: Generation, start: int, length: int) -> None:
        self._files = files
        self._generation = generation.acquire()
        self._start = start
        self._length = length

    def read_now(self, offset: int, length: int) -> bytes | None:
        """What the page cache has; None for nothing, and at an end that is too early (the blocking read tells)."""
        wanted = min(length, self._length - offset)
        return self._files.read_now(self._generation.fd, wanted, self._start + offset) or None

    def read(self, offset: int, length: int) -> bytes:
        """Fewer bytes only where the file ends. Blocking."""
        wanted = min(length, self._length - offset)
        return self._files.pread(self._generation.fd, wanted, self._start + offset)

    def release(self) -> None:
        """Let go of the generation."""
        self._generation.release()
