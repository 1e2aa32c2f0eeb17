"""A message that a client sends line by line with doubled dots: LMTP's DATA, POP's XTND XMIT."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from cgpymail.errors import MailError, StorageFailed
from cgpymail.grammar.dots import DotReader
from cgpymail.interfaces import IContent
from cgpymail.manager.services import Services
from cgpymail.runtime.linesession import LineSession
from cgpymail.runtime.logs import Log
from cgpymail.runtime.spool import SpoolWriter
from cgpymail.runtime.wire import Wire


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


class IntakeSession(LineSession):
    """A session of lines in which messages come in, too. The protocol overrides ``message_received``."""

    def __init__(self, wire: Wire, log: Log, services: Services, line_limit: int) -> None:
        super().__init__(wire, log, services.runtime.clock, services.limits, line_limit)
        self.services = services
        self._intake: Intake | None = None

    def message_received(self, intake: Intake) -> Coroutine[Any, Any, None]:
        """The end of a message was seen: the work that takes it, and answers."""
        raise AssertionError("a protocol knows what messages are for")

    def begin_message(self, first: bytes = b"") -> None:
        """The next bytes are a message, up to its dot; ``first`` comes in front of it."""
        self._intake = Intake(self.services.spool.begin(self.limits.message_size))
        self._intake.write(first)

    @property
    def raw(self) -> bool:
        """Whether a message is coming in."""
        return self._intake is not None

    def raw_received(self, data: bytes) -> bytes:
        """A piece of the message."""
        intake = self._intake
        assert intake is not None
        intake.feed(data)
        if not intake.finished:
            return b""
        self._intake = None
        self.run(self.message_received(intake))
        return intake.rest

    async def left(self) -> None:
        """A message that did not come to its end is forgotten."""
        if self._intake is not None:
            self._intake.abort()
            self._intake = None
