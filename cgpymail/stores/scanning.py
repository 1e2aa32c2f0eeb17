"""Finding the mailboxes of an account by their file names (spec 5.11: the extension decides, no registry is needed).

What is not ours is left alone and reported; what a crash left of a deletion is finished. Blocking, for a worker thread.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from cgpymail.errors import IllegalName
from cgpymail.model.companions import finished, is_companion, looks_like_companion
from cgpymail.model.mailbox import TreeEntry
from cgpymail.runtime.files import Files
from cgpymail.stores import paths
from cgpymail.stores.mailfile import Format

ACCOUNT_FILES = "account."  # account.info, account.settings: the directory layer's, beside the mailboxes


@dataclass(slots=True)
class Scan:
    """One look at everything below ``root``. ``unknown``: paths that were left alone."""

    files: Files
    root: str
    formats: Mapping[str, Format]
    entries: dict[str, TreeEntry] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)

    def run(self) -> Scan:
        """Fill ``entries`` and ``unknown``. Raises OSError when the account's own directory cannot be read."""
        self._directory(self.root, "")
        return self

    def _directory(self, directory: str, above: str) -> None:
        found = sorted(self.files.entries(directory), key=lambda entry: entry.name)
        doomed = [entry.name for entry in found if entry.name.startswith(paths.DOOMED)]
        for name in doomed:
            finish_deletion(self.files, directory, name, self.formats)
        for entry in found:
            if not entry.name.startswith(".") and (above or not entry.name.startswith(ACCOUNT_FILES)):
                self._entry(entry, directory, above)

    def _entry(self, entry: os.DirEntry[str], directory: str, above: str) -> None:
        """Take in one name; a folder's contents too."""
        stem, _, extension = entry.name.rpartition(".")
        is_directory = entry.is_dir(follow_symlinks=False)
        is_folder = "." + extension == paths.FOLDER and is_directory
        if not is_folder and not self._is_mail(entry, extension, is_directory):
            if not looks_like_companion(entry.name):
                self.unknown.append(entry.path)
            return
        try:
            name = paths.component(stem, above)
        except IllegalName:
            self.unknown.append(entry.path)
            return
        known = self.entries.get(name, TreeEntry(name))
        if is_folder:
            self.entries[name] = replace(known, directory=True)
            self._below(f"{directory}/{entry.name}", name)
        elif known.format:
            self.unknown.append(entry.path)  # two mail files of one name: the first in order is the mailbox
        else:
            self.entries[name] = replace(known, format=extension)

    def _is_mail(self, entry: os.DirEntry[str], extension: str, is_directory: bool) -> bool:
        format = self.formats.get(extension)
        if format is None:
            return False
        return is_directory if format.is_directory else entry.is_file(follow_symlinks=False)

    def _below(self, directory: str, name: str) -> None:
        """A folder that cannot be read hides its mailboxes, not those of the whole account."""
        try:
            self._directory(directory, name)
        except OSError:
            self.unknown.append(directory)


def finish_deletion(files: Files, directory: str, name: str, formats: Mapping[str, Format]) -> None:
    """Remove what bears the prefix of a deletion, with its companions if no new mailbox has the name meanwhile."""
    stem, _, extension = name.removeprefix(paths.DOOMED).rpartition(".")
    present = set(files.listdir(directory))
    if not any(f"{stem}.{other}" in present for other in formats):
        remove_companions(files, directory, stem)
    if extension in formats:
        formats[extension].destroy(files, f"{directory}/{name}")


def remove_companions(files: Files, directory: str, stem: str) -> None:
    """Unlink the snapshot and journals of a stem: those of a mailbox that is no more."""
    for name in files.listdir(directory):
        if is_companion(finished(name), stem):
            files.unlink(f"{directory}/{name}")
