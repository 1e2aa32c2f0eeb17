"""Moving a mailbox from one name to another, crash-safe.

Snapshot and journals get their new names as hard links first, then the mail file goes over with one rename, then the
old names of its companions go away: at no moment is a mail file without the journal that tells what happened to it.
Where the file system knows no links they are renamed, which costs at most the index. Blocking, for a worker thread.
"""

from __future__ import annotations

from dataclasses import dataclass

from cgpymail.model.companions import is_companion
from cgpymail.runtime.files import Files
from cgpymail.stores.paths import Place
from cgpymail.stores.scanning import remove_companions


@dataclass(frozen=True, slots=True)
class Move:
    """What is to go where. ``extension``: of the mail file, empty if it stays; ``folder``: the directory entity too."""

    files: Files
    source: Place
    target: Place
    extension: str
    folder: bool

    def run(self) -> None:
        """Do it, or nothing of it. Raises OSError."""
        if self.extension:
            self._bring_companions()
        self._rename_all()
        self.files.sync_directory(self.target.directory)
        if self.source.directory != self.target.directory:
            self.files.sync_directory(self.source.directory)
        if self.extension:
            remove_companions(self.files, self.source.directory, self.source.stem)

    def _bring_companions(self) -> None:
        """Link or rename them, over whatever an older mailbox left under the new name."""
        names = [name for name in self.files.listdir(self.source.directory) if is_companion(name, self.source.stem)]
        same = self.source.directory == self.target.directory and self.source.stem.lower() == self.target.stem.lower()
        if not same:
            remove_companions(self.files, self.target.directory, self.target.stem)
        for name in names:
            old = f"{self.source.directory}/{name}"
            new = f"{self.target.directory}/{self.target.stem}{name[len(self.source.stem) :]}"
            try:
                self.files.link(old, new)
            except OSError:
                self.files.rename(old, new)
        self.files.sync_directory(self.target.directory)

    def _rename_all(self) -> None:
        """Folder and mail file; the first goes back if the second cannot follow."""
        if self.folder:
            self.files.rename(self.source.folder, self.target.folder)
        if not self.extension:
            return
        try:
            self.files.rename(self.source.file(self.extension), self.target.file(self.extension))
        except OSError:
            if self.folder:
                self.files.rename(self.target.folder, self.source.folder)
            raise
