"""Messages that a client sends within a command, on their way into the spool (RFC 3501 6.3.11, RFC 3502, RFC 7888).

What can be refused is refused before the message is sent: a client that waits for ``+`` does not even send it. When
storing fails, the rest of that message is still taken in and thrown away, so that the connection stays usable. All
messages of one command share the memory that a single one may take; what does not fit waits in files.
"""

from __future__ import annotations

from cgpymail.errors import CannotDo, LimitExceeded, MailError, MessageTooLarge, StorageFailed
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.events import MessageChunk, MessageEnd, MessageLiteral
from cgpymail.grammar.imap.messagecommands import Message
from cgpymail.grammar.imap.readmessage import read_next_message
from cgpymail.grammar.imap.responses import continue_line
from cgpymail.grammar.imap.tokens import ReadLimits
from cgpymail.imap.context import BadCommand, Context
from cgpymail.interfaces import IContent
from cgpymail.model import flags
from cgpymail.model.message import NewMessage
from cgpymail.runtime.spool import MemoryContent, SpoolWriter


class Intake:
    """The messages of one command; only one if not ``several``. To be released when they are stored, or not."""

    def __init__(self, context: Context, *, several: bool) -> None:
        self._context = context
        self._limits = context.services.limits
        self._several = several
        self._announced = 0  # octets of all messages so far
        self._memory = self._limits.spool_memory  # octets that may still be kept in memory
        self._contents: list[IContent] = []
        self.messages: list[NewMessage] = []

    async def take(self, message: Message) -> None:
        """Take in ``message``, which was offered, and all that follow up to the end of the command.

        Raises BadCommand, CannotDo, LimitExceeded, MessageTooLarge, StorageFailed; Disconnected.
        """
        offer = self._context.offer
        assert offer is not None, "the session starts these commands only when a message stands there"
        while True:
            self._check(message)
            self._context.input.accept()
            if offer.waits:
                self._context.send(continue_line("Ready for the message"))
            self._announced += message.size
            following = await self._receive(message)
            if isinstance(following, MessageEnd):
                if following.rest != (b")" if message.utf8 else b""):
                    raise BadCommand("Nothing may follow the message")
                return
            offer, message = following, self._read_next(following, message)

    async def release(self) -> None:
        """The messages are stored, or never will be: their place in the spool is given back."""
        for content in self._contents:
            if not isinstance(content, MemoryContent):  # that one has no file to remove
                await self._context.services.runtime.pools.sync.run(content.release)
        self._contents.clear()

    def _check(self, message: Message) -> None:
        """Whether the message that is offered is wanted."""
        if message.utf8 and "UTF8=ACCEPT" not in self._context.enabled:
            raise BadCommand("UTF8=ACCEPT was not enabled")
        if self._contents and not self._several:
            raise BadCommand("Nothing may follow the message")
        if len(self._contents) >= self._limits.append_messages:
            raise LimitExceeded("Too many messages in one command")
        if message.size > self._limits.message_size:
            raise MessageTooLarge
        if self._contents and self._announced + message.size > self._limits.append_size:
            raise LimitExceeded("The messages of one command are too large together")
        if not message.size:
            raise CannotDo("An empty message cannot be stored")

    def _read_next(self, offer: MessageLiteral, before: Message) -> Message:
        limits = ReadLimits(arguments=self._limits.arguments)
        try:
            return read_next_message(offer.text, before, limits)
        except CommandError as problem:
            raise BadCommand(problem.reason) from problem

    async def _receive(self, message: Message) -> MessageLiteral | MessageEnd:
        """One whole message; what stands behind it."""
        services = self._context.services
        writer = services.spool.begin(self._limits.message_size, self._memory)
        try:
            following, problem = await self._fill(writer, message.size)
            if problem is not None:
                raise problem
            content = writer.finish() if writer.in_memory else await services.runtime.pools.sync.run(writer.finish)
        except OSError as failure:
            writer.abort()
            raise StorageFailed(detail=f"spool: {failure}") from failure
        except BaseException:
            writer.abort()
            raise
        self._contents.append(content)
        if content.size <= self._memory:
            self._memory -= content.size
        mask, keywords = sorted_flags(message.flags)
        date = services.runtime.now() if message.date is None else message.date
        self.messages.append(NewMessage(content, date, mask, keywords))
        return following

    async def _fill(self, writer: SpoolWriter, size: int) -> tuple[MessageLiteral | MessageEnd, MailError | None]:
        """Take in a message up to what stands behind it; what was wrong with storing it, if anything."""
        run = self._context.services.runtime.pools.sync.run
        in_memory = size <= self._memory // 2  # whatever line ends may add
        problem: MailError | None = None
        while True:
            event = await self._context.input.wait()
            if isinstance(event, MessageEnd | MessageLiteral):
                return event, problem
            if not isinstance(event, MessageChunk):
                raise BadCommand("The command line is too long")
            if problem is None:
                try:
                    if in_memory:
                        writer.write(event.data)
                    else:
                        await run(writer.write, event.data)
                except MailError as failure:
                    problem = failure
                except OSError as failure:
                    problem = StorageFailed(detail=f"spool: {failure}")


def sorted_flags(names: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Built-in flags as a mask, and the keywords; system flags that do not exist here are left out."""
    mask = 0
    keywords: list[str] = []
    for name in names:
        bit = flags.from_imap(name)
        mask |= bit
        if not bit and not name.startswith("\\"):
            keywords.append(name)
    return mask, tuple(keywords)
