"""A file system that folds case, over a real directory: it keeps the spelling of names and finds them in any."""

from __future__ import annotations

import os
from collections.abc import Iterator

from tests.support.processfiles import ProcessFiles


class FoldingFiles(ProcessFiles):
    """Below ``root`` a name means the entry that differs from it in case only, if there is one."""

    def __init__(self, root: str) -> None:
        super().__init__()
        self.root = root

    def _real(self, path: str, *, last: bool = True) -> str:
        """The path as it is spelled on disk; with ``last`` False the last component stays as given."""
        if not path.startswith(self.root + "/"):
            return path
        real = self.root
        parts = path[len(self.root) + 1 :].split("/")
        for number, part in enumerate(parts):
            names = os.listdir(real) if os.path.isdir(real) and (last or number < len(parts) - 1) else []
            real += "/" + next((name for name in names if name.lower() == part.lower()), part)
        return real

    def create(self, path: str, mode: int = 0o600) -> int:
        return super().create(self._real(path), mode)

    def open(self, path: str) -> int:
        return super().open(self._real(path))

    def open_read(self, path: str) -> int:
        return super().open_read(self._real(path))

    def open_now(self, path: str) -> int | None:
        return super().open_now(self._real(path))

    def sync_directory(self, path: str) -> None:
        super().sync_directory(self._real(path))

    def rename(self, old: str, new: str) -> None:
        """The new spelling counts; what has it in another case is replaced, unless it is the same file."""
        source, target = self._real(old), self._real(new)
        if source != target and os.path.isfile(target):
            os.unlink(target)
        super().rename(source, self._real(new, last=False))

    def link(self, old: str, new: str) -> None:
        super().link(self._real(old), self._real(new))

    def unlink(self, path: str) -> None:
        super().unlink(self._real(path))

    def mkdir(self, path: str, mode: int = 0o700) -> None:
        super().mkdir(self._real(path), mode)

    def rmdir(self, path: str) -> None:
        super().rmdir(self._real(path))

    def stat(self, path: str) -> os.stat_result:
        return super().stat(self._real(path))

    def exists(self, path: str) -> bool:
        return super().exists(self._real(path))

    def listdir(self, path: str) -> list[str]:
        return super().listdir(self._real(path))

    def entries(self, path: str) -> Iterator[os.DirEntry[str]]:
        return super().entries(self._real(path))
