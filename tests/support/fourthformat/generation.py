"""One file with its descriptor, kept open as long as somebody reads from it."""

from __future__ import annotations

from threading import Lock

from cgpymail.runtime.files import Files
from cgpymail.stores.content import Source


class Generation:
    """The mail file as it was between two compactions. ``pin`` and ``unpin`` count its users."""

    def __init__(self, files: Files, fd: int) -> None:
        self.files = files
        self.fd = fd
        self._users = 1
        self._lock = Lock()

    def pin(self) -> Generation:
        """One user more."""
        with self._lock:
            self._users += 1
        return self

    def unpin(self) -> None:
        """One user less; the last one closes the file."""
        with self._lock:
            self._users -= 1
            last = self._users == 0
        if last:
            self.files.close(self.fd)


class RecordSource(Source):
    """The payload of one record."""

    def __init__(self, generation: Generation, start: int) -> None:
        self._generation = generation.pin()
        self._start = start

    def read_now(self, offset: int, length: int) -> bytes | None:
        """From the page cache."""
        return self._generation.files.read_now(self._generation.fd, length, self._start + offset)

    def read(self, offset: int, length: int) -> bytes:
        """From the disk."""
        return self._generation.files.pread(self._generation.fd, length, self._start + offset)

    def release(self) -> None:
        """Unpin."""
        self._generation.unpin()
