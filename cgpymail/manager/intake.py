"""A message that a client sends line by line with doubled dots: LMTP's DATA, POP's XTND XMIT."""

from __future__ import annotations

from cgpymail.errors import MailError, StorageFailed
from cgpymail.grammar.dots import DotReader
from cgpymail.interfaces import IContent
from cgpymail.runtime.spool import SpoolWriter


class Intake:
    """Dots undone, spooled; an error waits until the end of the data."""

    def __init__(self, writer: SpoolWriter) -> None:
        self._writer = writer
        self._reader = DotReader()
        self.error: MailError | None = None

    def feed(self, data: bytes) -> None:
        """The next bytes."""
        self.write(self._reader.feed(data))

    def write(self, message: bytes) -> None:
        """Bytes of the message itself."""
        if self.error is not None:
            return
        try:
            self._writer.write(message)
        except MailError as problem:
            self.error = problem
        except OSError as problem:
            self._writer.abort()
            self.error = StorageFailed(detail=str(problem))

    @property
    def finished(self) -> bool:
        """Whether the end was seen."""
        return self._reader.finished

    @property
    def rest(self) -> bytes:
        """What follows the message."""
        return self._reader.rest

    def content(self) -> IContent:
        """The whole message. Raises the error that waited."""
        if self.error is not None:
            raise self.error
        try:
            content: IContent = self._writer.finish()
        except OSError as problem:
            self._writer.abort()
            raise StorageFailed(detail=str(problem)) from problem
        return content

    def abort(self) -> None:
        """The link broke."""
        self._writer.abort()
