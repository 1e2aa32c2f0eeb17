"""TextMailbox, as the registry knows it."""

from __future__ import annotations

import contextlib

from zope.interface import implementer

from cgpymail.interfaces import IFormat
from cgpymail.runtime.files import Files
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.mailfile import Format, Note
from cgpymail.stores.mbox.attributes import note_message
from cgpymail.stores.mbox.mailbox import MboxFile


@implementer(IFormat)
class MboxFormat(Format):
    """One text file per mailbox: the default format (spec section 4.1)."""

    extension = "mbox"
    name = "TextMailbox"
    is_directory = False

    def create(self, files: Files, path: str, note: Note) -> None:
        """A file with nothing but the note. Raises FileExistsError."""
        if files.exists(path):
            raise FileExistsError(path)
        message, _ = note_message(note, note.uidvalidity)
        files.write_file(path, message)

    def mail_file(self, runtime: Runtime, path: str) -> MboxFile:
        """The mailbox, not opened."""
        return MboxFile(runtime, path)

    def destroy(self, files: Files, path: str) -> None:
        """Unlink the file."""
        with contextlib.suppress(FileNotFoundError):
            files.unlink(path)
        files.sync_directory(path.rpartition("/")[0])
