"""The bytes of one message file, pinned by an open descriptor.

The file is opened when it is first read, not when somebody takes the content, and on a thread if opening may wait for
the disk. Between the two its name may change (flags are in the name) or go; the mailbox opens it before it unlinks it.
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import TYPE_CHECKING

from cgpymail.runtime.files import Files
from cgpymail.runtime.spool import SharedFile
from cgpymail.stores.content import Source, WireContent
from cgpymail.stores.mailfile import AS_IS, Stored

if TYPE_CHECKING:
    from cgpymail.runtime.runtime import Pool


class MessageFile(Source):
    """One message file. ``find`` gives a descriptor of it, ``find_now`` the same or None when that would wait;
    ``dropped`` is told when nobody needs it any more."""

    def __init__(
        self,
        files: Files,
        find: Callable[[], int],
        find_now: Callable[[], int | None],
        dropped: Callable[[MessageFile], None],
    ) -> None:
        self._files = files
        self._find = find
        self._find_now = find_now
        self._dropped = dropped
        self._fd = -1
        self._released = False
        self._lock = Lock()  # the mailbox opens it on one thread while a reader does on another

    def open(self) -> None:
        """Pin the file. Blocking. Raises OSError."""
        with self._lock:
            if self._fd < 0 and not self._released:
                self._fd = self._find()

    def read_now(self, offset: int, length: int) -> bytes | None:
        """Nothing while the file is not open and cannot be opened at once."""
        return self._files.read_now(self._fd, length, offset) if self._fd >= 0 or self._open_now() else None

    def _open_now(self) -> bool:
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self._fd < 0 and not self._released:
                found = self._find_now()
                self._fd = -1 if found is None else found
            return self._fd >= 0
        finally:
            self._lock.release()

    def read(self, offset: int, length: int) -> bytes:
        """Opens the file first. Blocking."""
        self.open()
        return self._files.pread(self._fd, length, offset)

    def release(self) -> None:
        """Close it."""
        with self._lock:
            self._released = True
            fd, self._fd = self._fd, -1
        if fd >= 0:
            self._files.close(fd)
        self._dropped(self)


class MdirContent(WireContent):
    """A stored message whose file can be hard-linked into another .mdir (spec 5.6)."""

    def __init__(self, source: Source, stored: Stored, pool: Pool, share: Callable[[], SharedFile | None]) -> None:
        super().__init__(source, stored, pool)
        self._share = None if stored.location.disk & AS_IS else share

    @property
    def shared_file(self) -> SharedFile | None:
        """The file as it is called just now. Blocking."""
        return self._share() if self._share else None
