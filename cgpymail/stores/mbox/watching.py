"""What other programs do to a .mbox while it is open here: append to it, cut it short, put another file in its place.

No lock keeps them out. So every write begins with a look: whether the file under the name is still ours, and as long as
we left it. What somebody put behind our messages is mail for the next opening: compaction takes it along, and no memo
vouches for a file that has some. Where the file was cut short or replaced, nothing more is written: neither our file
(nobody would see it) nor the other one (we do not know it). Blocking, for a worker thread.
"""

from __future__ import annotations

import errno

from cgpymail.runtime.files import Files


class Watch:
    """One generation of the file. ``end``: how long we left it.

    ``left``: spans that belong to no message we know of, ascending: debris, and what others appended. ``ours``: device
    and inode of another file that we put under the name ourselves.
    """

    def __init__(self, files: Files, fd: int) -> None:
        self._files = files
        self._fd = fd
        self.left: list[tuple[int, int]] = []
        self.ours: tuple[int, int] | None = None
        self.leave()

    def leave(self) -> None:
        """We wrote: this is how the file is now."""
        status = self._files.facts(self._fd)
        self.end = status.st_size
        self._changed = status.st_mtime_ns

    def look(self, path: str) -> None:
        """Before writing. Raises OSError (ESTALE) when another program made the file another one."""
        status, named = self._files.facts(self._fd), self._files.stat(path)
        if (named.st_dev, named.st_ino) not in ((status.st_dev, status.st_ino), self.ours):
            raise OSError(errno.ESTALE, "another program put another file in its place", path)
        if status.st_size < self.end:
            raise OSError(errno.ESTALE, "another program cut it short", path)
        if status.st_size > self.end:
            self.left.append((self.end, status.st_size))
            self.end = status.st_size

    def strangers_behind(self, start: int) -> bool:
        """Whether something from ``start`` on is not ours."""
        return self._files.size(self._fd) > self.end or any(end > start for _, end in self.left)

    @property
    def trusted(self) -> bool:
        """Whether we know every byte of the file."""
        status = self._files.facts(self._fd)
        return not self.left and (status.st_size, status.st_mtime_ns) == (self.end, self._changed)
