"""RecordMailbox, as a registry would know it."""

from __future__ import annotations

import contextlib

from zope.interface import implementer

from cgpymail.interfaces import IFormat
from cgpymail.runtime.files import Files
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.attributes import write_note
from cgpymail.stores.mailfile import Format, Note
from tests.support.fourthformat.mailbox import RecordFile
from tests.support.fourthformat.records import MAGIC


@implementer(IFormat)
class RecordFormat(Format):
    """One file per mailbox, one record per message."""

    extension = "rec"
    name = "RecordMailbox"
    is_directory = False

    def create(self, files: Files, path: str, note: Note) -> None:
        """An empty mailbox."""
        if files.exists(path):
            raise FileExistsError(path)
        files.write_file(path, MAGIC + write_note(note))

    def mail_file(self, runtime: Runtime, path: str) -> RecordFile:
        """Not opened."""
        return RecordFile(runtime, path)

    def destroy(self, files: Files, path: str) -> None:
        """Remove it."""
        with contextlib.suppress(FileNotFoundError):
            files.unlink(path)
