"""Files of a process that can die: its descriptors go with it, its writes stay."""

from __future__ import annotations

import os

from cgpymail.runtime.files import Files


class ProcessFiles(Files):
    """Knows what is open; ``end_process`` closes it all, as the kernel does, and says how much that was."""

    def __init__(self) -> None:
        super().__init__()
        self.descriptors: set[int] = set()

    def _opened(self, fd: int) -> int:
        self.descriptors.add(fd)
        return fd

    def create(self, path: str, mode: int = 0o600) -> int:
        return self._opened(super().create(path, mode))

    def open(self, path: str) -> int:
        return self._opened(super().open(path))

    def open_read(self, path: str) -> int:
        return self._opened(super().open_read(path))

    def open_now(self, path: str) -> int | None:
        fd = super().open_now(path)
        return fd if fd is None else self._opened(fd)

    def lock(self, path: str) -> int:
        return self._opened(super().lock(path))

    def close(self, fd: int) -> None:
        self.descriptors.discard(fd)
        super().close(fd)

    def end_process(self) -> int:
        """Close what is open; returns how many descriptors that were."""
        count = len(self.descriptors)
        for fd in self.descriptors:
            os.close(fd)
        self.descriptors.clear()
        return count
