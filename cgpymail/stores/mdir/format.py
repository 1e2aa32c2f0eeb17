"""MailDirMailbox, as the registry knows it."""

from __future__ import annotations

import os

from zope.interface import implementer

from cgpymail.interfaces import IFormat
from cgpymail.runtime.files import Files
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.attributes import write_note
from cgpymail.stores.mailfile import Format, Note
from cgpymail.stores.mdir.filenames import NOTE
from cgpymail.stores.mdir.mailbox import MdirFile


@implementer(IFormat)
class MdirFormat(Format):
    """A directory per mailbox, a file per message."""

    extension = "mdir"
    name = "MailDirMailbox"
    is_directory = True

    def create(self, files: Files, path: str, note: Note) -> None:
        """Make it under a dot-name with its note, then rename. Raises FileExistsError."""
        if files.exists(path):
            raise FileExistsError(path)
        directory, _, name = path.rpartition("/")
        temporary = f"{directory}/.new-{name}"
        if files.exists(temporary):
            self.destroy(files, temporary)
        files.mkdir(temporary)
        files.write_file(f"{temporary}/{NOTE}", write_note(note))
        files.rename(temporary, path)
        files.sync_directory(directory)

    def mail_file(self, runtime: Runtime, path: str) -> MdirFile:
        """The mailbox, not opened."""
        return MdirFile(runtime, path)

    def destroy(self, files: Files, path: str) -> None:
        """Remove the directory and all that is in it; never follows a link."""
        _remove_tree(files, path)
        files.sync_directory(path.rpartition("/")[0])


def _remove_tree(files: Files, path: str) -> None:
    entries: list[os.DirEntry[str]] = list(files.entries(path))
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            _remove_tree(files, entry.path)
        else:
            files.unlink(entry.path)
    files.rmdir(path)
