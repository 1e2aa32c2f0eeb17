"""A disk whose power can be cut before any of its operations, and what may be on it then.

Until a file is synced its bytes may be as they were at the last sync; until a directory is synced its names may be as
they were. How much of that has reached the disk by itself nobody knows, so there are three extremes:

* ``all``: everything that was asked for
* ``names``: all names, but of each file only what was synced (the classic file of length zero)
* ``synced``: only what was synced, names and bytes

``operations`` counts; a run without ``limit`` tells a test how many places there are to cut.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from tests.support.processfiles import ProcessFiles

Kept = Literal["all", "names", "synced"]
KEPT: tuple[Kept, ...] = ("all", "names", "synced")


class PowerCut(BaseException):
    """The machine is off: not an Exception, so that no code under test takes it for an error of the disk."""


@dataclass(slots=True)
class Unsynced:
    """A change of names that may not last. ``moves``: how many directories had been renamed before it."""

    paths: tuple[str, ...]
    undo: Callable[..., None]
    moves: int


class CrashFiles(ProcessFiles):
    """``limit``: operations that are still done. ``attic``: a directory on the same device, for what may come back."""

    def __init__(self, attic: str, limit: int | None = None) -> None:
        super().__init__()
        os.makedirs(attic, exist_ok=True)
        self.boots = 1
        self.operations = 0
        self.limit = limit
        self.off = False
        self._attic = attic
        self._serial = 0
        self._names: list[Unsynced] = []  # changes of names, in order
        self._moves: list[tuple[str, str]] = []  # directories that got another name
        self._bytes: dict[tuple[int, int], tuple[int, bytes]] = {}  # unsynced file: descriptor of ours, synced bytes

    # -- the cut ---------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        if self.limit is not None and self.operations >= self.limit:
            self.off = True
        if self.off:
            raise PowerCut
        self.operations += 1

    def settle(self) -> None:
        """Everything so far is on disk."""
        for fd, _ in self._bytes.values():
            os.close(fd)
        self._bytes.clear()
        self._names.clear()
        self._moves.clear()

    def restart(self, kept: Kept) -> None:
        """The machine comes up again with what was kept; there is no further cut."""
        self.end_process()
        if kept != "all":
            for fd, data in self._bytes.values():
                os.ftruncate(fd, 0)
                os.pwrite(fd, data, 0)
        if kept == "synced":
            for change in reversed(self._names):
                self._undo(change)
        self.settle()
        self.boots += 1
        self.limit, self.off = None, False

    def _unsynced(self, undo: Callable[..., None], *paths: str) -> None:
        self._names.append(Unsynced(paths, undo, len(self._moves)))

    def _now(self, path: str, moves: int) -> str:
        """What a path is called since directories above it were renamed."""
        for old, new in self._moves[moves:]:
            if path.startswith(old + "/"):
                path = new + path[len(old) :]
        return path

    def _undo(self, change: Unsynced) -> None:
        paths = [self._now(path, change.moves) for path in change.paths]
        if all(os.path.isdir(os.path.dirname(path)) for path in paths):  # else its directory is gone for good
            change.undo(*paths)

    def _keep(self, path: str) -> str:
        """A second name for a file that is about to lose its own."""
        self._serial += 1
        kept = f"{self._attic}/{self._serial}"
        os.link(path, kept, follow_symlinks=False)
        return kept

    def _dirty(self, fd: int) -> None:
        """Remember the synced bytes before the first change after a sync."""
        status = os.fstat(fd)
        if (status.st_dev, status.st_ino) not in self._bytes:
            data = os.pread(fd, status.st_size, 0)
            self._bytes[status.st_dev, status.st_ino] = (os.dup(fd), data)

    def boot_id(self) -> bytes:
        """Another one after every cut."""
        return self.boots.to_bytes(16, "big")

    # -- operations --------------------------------------------------------------------------------------------------

    def create(self, path: str, mode: int = 0o600) -> int:
        self._step()
        fd = super().create(path, mode)
        self._dirty(fd)
        self._unsynced(_remove, path)
        return fd

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        self._step()
        self._dirty(fd)
        return super().pwrite(fd, data, offset)

    def allocate(self, fd: int, offset: int, length: int) -> None:
        self._step()
        self._dirty(fd)
        super().allocate(fd, offset, length)

    def truncate(self, fd: int, length: int) -> None:
        self._step()
        self._dirty(fd)
        super().truncate(fd, length)

    def sync(self, fd: int) -> None:
        self._step()
        super().sync(fd)
        status = os.fstat(fd)
        kept = self._bytes.pop((status.st_dev, status.st_ino), None)
        if kept:
            os.close(kept[0])

    def sync_directory(self, path: str) -> None:
        self._step()
        super().sync_directory(path)
        self._names = [
            change
            for change in self._names
            if path not in {os.path.dirname(self._now(name, change.moves)) for name in change.paths}
        ]

    def rename(self, old: str, new: str) -> None:
        self._step()
        replaced = self._keep(new) if os.path.isfile(new) else ""
        moves = os.path.isdir(old)
        super().rename(old, new)

        def undo(old: str, new: str) -> None:
            if os.path.lexists(new):
                os.rename(new, old)
            if replaced:
                os.rename(replaced, new)
            if moves:
                self._moves.remove((old, new))

        self._unsynced(undo, old, new)
        if moves:
            self._moves.append((old, new))

    def link(self, old: str, new: str) -> None:
        self._step()
        super().link(old, new)
        self._unsynced(_remove, new)

    def unlink(self, path: str) -> None:
        self._step()
        kept = self._keep(path)
        super().unlink(path)
        self._unsynced(lambda path: os.rename(kept, path), path)

    def mkdir(self, path: str, mode: int = 0o700) -> None:
        self._step()
        super().mkdir(path, mode)
        self._unsynced(lambda path: shutil.rmtree(path, ignore_errors=True), path)

    def rmdir(self, path: str) -> None:
        self._step()
        super().rmdir(path)
        self._unsynced(lambda path: os.makedirs(path, exist_ok=True), path)


def _remove(path: str) -> None:
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)
