"""THE seam through which every write, sync, rename, link and unlink of the project goes, and reading too.

Stores and account files alike take a ``Files``; tests give another one: recording, failing, crashing, or with the
names of a file system that folds case. All methods are blocking and meant for worker threads, but for ``pwrite`` of a
few hundred bytes into a preallocated journal, ``open_now`` and ``read_now``, which never wait for the disk.

Paths are text and absolute. OSError is what goes wrong; callers above the stores never see it.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
from collections.abc import Iterator

from cgpymail.runtime.opening import open_cached

_NOWAIT = getattr(os, "RWF_NOWAIT", 0)
_READING = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK


class Files:
    """The real file system."""

    def __init__(self) -> None:
        self._no_nowait: set[int] = set()  # devices that answered EOPNOTSUPP to RWF_NOWAIT (tmpfs)

    # -- writing -------------------------------------------------------------------------------------------------

    def create(self, path: str, mode: int = 0o600) -> int:
        """A descriptor for reading and writing of a file that was not there. Raises FileExistsError."""
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_NOFOLLOW, mode)

    def open(self, path: str) -> int:
        """A descriptor for reading and writing of a file that is there; never follows a symbolic link.

        A pipe or device in its place makes nobody wait (O_NONBLOCK means nothing for a file).
        """
        return os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        """Write all of ``data`` at ``offset``; returns its length. A short write at the end of space raises ENOSPC."""
        view = memoryview(data)
        done = 0
        while done < len(view):
            count = os.pwrite(fd, view[done:], offset + done)
            if count == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            done += count
        return done

    def allocate(self, fd: int, offset: int, length: int) -> None:
        """Reserve room on the device and extend the file with zeros."""
        try:
            os.posix_fallocate(fd, offset, length)
        except OSError as problem:
            if problem.errno not in (errno.EOPNOTSUPP, errno.EINVAL):
                raise
            self.truncate(fd, offset + length)

    def truncate(self, fd: int, length: int) -> None:
        """Cut or extend a file."""
        os.ftruncate(fd, length)

    def sync(self, fd: int) -> None:
        """fdatasync: contents and size are on disk."""
        os.fdatasync(fd)

    def sync_directory(self, path: str) -> None:
        """The names in a directory are on disk."""
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def rename(self, old: str, new: str) -> None:
        """Replace ``new`` atomically."""
        os.rename(old, new)

    def link(self, old: str, new: str) -> None:
        """A hard link. Raises OSError (EXDEV, EMLINK, FileExistsError): copy then."""
        os.link(old, new, follow_symlinks=False)

    def unlink(self, path: str) -> None:
        """Remove a file. Raises FileNotFoundError."""
        os.unlink(path)

    def mkdir(self, path: str, mode: int = 0o700) -> None:
        """Make one directory. Raises FileExistsError."""
        os.mkdir(path, mode)

    def rmdir(self, path: str) -> None:
        """Remove an empty directory."""
        os.rmdir(path)

    def write_file(self, path: str, data: bytes, mode: int = 0o600) -> None:
        """Put a whole small file in place, crash-safe: temporary name, sync, rename, sync of the directory."""
        directory, _, name = path.rpartition("/")
        temporary = f"{directory}/.{name}.new"
        with contextlib.suppress(FileNotFoundError):
            self.unlink(temporary)
        fd = self.create(temporary, mode)
        try:
            self.pwrite(fd, data, 0)
            self.sync(fd)
        finally:
            self.close(fd)
        self.rename(temporary, path)
        self.sync_directory(directory)

    # -- reading -------------------------------------------------------------------------------------------------

    def open_read(self, path: str) -> int:
        """A descriptor for reading; never follows a symbolic link, nor waits for a pipe or device."""
        return os.open(path, _READING)

    def open_now(self, path: str) -> int | None:
        """The same, None when it would wait for the disk. Raises OSError."""
        return open_cached(path, _READING)

    def pread(self, fd: int, length: int, offset: int) -> bytes:
        """Up to ``length`` bytes; fewer only at the end of the file."""
        parts: list[bytes] = []
        while length > 0:
            part = os.pread(fd, min(length, 1 << 20), offset)
            if not part:
                break
            parts.append(part)
            offset += len(part)
            length -= len(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def read_now(self, fd: int, length: int, offset: int) -> bytes | None:
        """What the page cache has of it, without waiting: maybe fewer bytes than asked, None when it has nothing.

        b"" means the end of the file.
        """
        device = os.fstat(fd).st_dev if self._no_nowait else 0
        if device and device in self._no_nowait:
            return os.pread(fd, length, offset)  # memory-backed: a plain read does not wait either
        buffer = bytearray(length)
        try:
            count = os.preadv(fd, [buffer], offset, _NOWAIT)
        except BlockingIOError:
            return None
        except OSError as problem:
            if problem.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
            self._no_nowait.add(os.fstat(fd).st_dev)
            return os.pread(fd, length, offset)
        return bytes(buffer) if count == length else bytes(buffer[:count])

    def read_file(self, path: str, limit: int = 64 << 20) -> bytes:
        """A whole file of at most ``limit`` bytes. Raises FileNotFoundError, OSError(EFBIG)."""
        fd = self.open_read(path)
        try:
            if os.fstat(fd).st_size > limit:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), path)
            return self.pread(fd, limit, 0)
        finally:
            self.close(fd)

    def boot_id(self) -> bytes:
        """16 bytes that differ from one start of the machine to the next; writes before it may be lost without sync."""
        try:
            with open("/proc/sys/kernel/random/boot_id", "rb") as source:
                return bytes.fromhex(source.read().strip().replace(b"-", b"").decode("ascii"))[:16].ljust(16, b"\0")
        except (OSError, ValueError):
            return os.urandom(16)  # no way to tell: as if every process had its own

    def facts(self, fd: int) -> os.stat_result:
        """Facts about an open file."""
        return os.fstat(fd)

    def size(self, fd: int) -> int:
        """Length of an open file."""
        return os.fstat(fd).st_size

    def stat(self, path: str) -> os.stat_result:
        """Facts about a name, links not followed. Raises FileNotFoundError."""
        return os.lstat(path)

    def exists(self, path: str) -> bool:
        """Whether the name is there."""
        return os.path.lexists(path)

    def listdir(self, path: str) -> list[str]:
        """Names in a directory, sorted; those that are not UTF-8 come with surrogate escapes."""
        return sorted(os.listdir(path))

    def entries(self, path: str) -> Iterator[os.DirEntry[str]]:
        """The same with file types."""
        with os.scandir(path) as found:
            yield from found

    def close(self, fd: int) -> None:
        """Give a descriptor back."""
        os.close(fd)

    def lock(self, path: str) -> int:
        """An open-file-description lock on a file made if need be; keeps it while the descriptor is open.

        Raises BlockingIOError when another process (or this one) holds it.
        """
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(fd)
            raise
        return fd
