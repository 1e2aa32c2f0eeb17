"""A message on its way in: brought to wire form, in memory when small, in a spool file when large.

Intake is the same for every protocol and format (architecture, "Byte fidelity"): bare LF becomes CRLF, a missing
final CRLF is added, lone CR and NUL are kept. What a store writes later is made from this form.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zope.interface import implementer

from cgpymail.errors import MessageTooLarge
from cgpymail.interfaces import IContent
from cgpymail.runtime.files import Files
from cgpymail.runtime.limits import DEFAULTS, Limits

CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True)
class SharedFile:
    """A file that holds the disk form of a content already, to be hard-linked by the next mailbox that takes it.

    ``identity``: device, inode, length and mtime in nanoseconds, because the name may be another file's by then.
    ``lines``: lines in wire form; ``header``: octets of the header in wire form.
    """

    path: str
    identity: tuple[int, int, int, int]
    lines: int
    header: int


@implementer(IContent)
class MemoryContent:
    """A small message."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.shared_file: SharedFile | None = None  # set by the store that wrote it into a file of its own
        self.size = len(data)

    def chunks(self) -> Iterator[bytes]:
        """The wire form in pieces."""
        for start in range(0, len(self._data), CHUNK):
            yield self._data[start : start + CHUNK]

    def release(self) -> None:
        """Nothing to give back: the memory goes with the object."""


@implementer(IContent)
class SpooledContent:
    """A large message in an unlinked-on-release spool file."""

    def __init__(self, files: Files, path: str, fd: int, size: int) -> None:
        self._files = files
        self._path = path
        self._fd = fd
        self.size = size
        self.shared_file: SharedFile | None = None

    def chunks(self) -> Iterator[bytes]:
        """The wire form in pieces. Blocking."""
        offset = 0
        while offset < self.size:
            piece = self._files.pread(self._fd, CHUNK, offset)
            if not piece:
                raise OSError("the spool file was cut short")
            offset += len(piece)
            yield piece

    def release(self) -> None:
        """Close and remove the file."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            self._files.close(fd)
            self._files.unlink(self._path)


class SpoolWriter:
    """Takes the bytes of one message as they come in; ``finish`` or ``abort`` ends it."""

    def __init__(self, spool: Spool, limit: int, memory: int) -> None:
        self._spool = spool
        self._limit = limit
        self._memory = memory
        self._parts: list[bytes] = []
        self._path = ""
        self._fd = -1
        self._size = 0
        self._last = b""

    def write(self, data: bytes) -> None:
        """The next bytes. Raises MessageTooLarge past the limit (the writer is then aborted), OSError."""
        if not data:
            return
        data = normalise(data, self._last)
        self._last = data[-1:]
        self._put(data)

    def _put(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > self._limit:
            self.abort()
            raise MessageTooLarge
        if self._fd >= 0:
            self._spool.files.pwrite(self._fd, data, self._size - len(data))
            return
        self._parts.append(data)
        if self._size > self._memory:
            self._path = self._spool.next_path()
            self._fd = self._spool.files.create(self._path)
            joined, self._parts = b"".join(self._parts), []
            self._spool.files.pwrite(self._fd, joined, 0)

    @property
    def in_memory(self) -> bool:
        """Whether no file is needed, for a final CRLF neither: then ``finish`` does not wait for the disk."""
        return self._fd < 0 and self._size + 2 <= self._memory

    def finish(self) -> MemoryContent | SpooledContent:
        """The whole message, with its final CRLF; to be released by the caller. Blocking, unless ``in_memory``."""
        if self._size and self._last != b"\n":
            self._put(b"\r\n")
        if self._fd < 0:
            return MemoryContent(b"".join(self._parts))
        fd, self._fd = self._fd, -1
        return SpooledContent(self._spool.files, self._path, fd, self._size)

    def abort(self) -> None:
        """Forget it. Idempotent."""
        self._parts = []
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            self._spool.files.close(fd)
            self._spool.files.unlink(self._path)


def normalise(data: bytes, before: bytes) -> bytes:
    """``data`` with bare LF as CRLF; ``before`` is the byte in front of it (empty at the beginning)."""
    bare_first = data[:1] == b"\n" and before != b"\r"
    if data.count(b"\n") != data.count(b"\r\n") + (1 if data[:1] == b"\n" and not bare_first else 0):
        first = b"\n" if data[:1] == b"\n" and not bare_first else b""
        rest = data[len(first) :]
        data = first + rest.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    return data


class Spool:
    """Makes writers; ``directory`` holds the large messages while they are on their way."""

    def __init__(self, files: Files, directory: str, limits: Limits = DEFAULTS) -> None:
        self.files = files
        self.directory = directory
        self.limits = limits
        self._serial = 0

    def begin(self, limit: int, memory: int | None = None) -> SpoolWriter:
        """A writer for a message of at most ``limit`` octets in wire form; ``memory``: above so many octets it waits
        in a file (limits.spool_memory if None)."""
        return SpoolWriter(self, limit, self.limits.spool_memory if memory is None else memory)

    def next_path(self) -> str:
        """A name that no other writer of this process has."""
        self._serial += 1
        return f"{self.directory}/message-{self._serial}.tmp"

    def clear(self) -> None:
        """At start: remove what a former process left."""
        for name in self.files.listdir(self.directory):
            if name.startswith("message-") and name.endswith(".tmp"):
                self.files.unlink(f"{self.directory}/{name}")
