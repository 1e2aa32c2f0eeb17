"""APPEND (RFC 3501 6.3.11; LITERAL+ RFC 7888; UIDPLUS RFC 4315).

What can be refused is refused before the message is sent: a client that waits for ``+`` does not even send it. The
message goes into the spool as it comes, and when the spool fails, the rest is still taken in and thrown away, so that
the connection stays usable.
"""

from __future__ import annotations

from cgpymail.errors import CannotDo, MailError, MessageTooLarge, StorageFailed
from cgpymail.grammar.imap import messagecommands as verbs
from cgpymail.grammar.imap.events import MessageChunk, MessageEnd
from cgpymail.grammar.imap.responses import appenduid_code, continue_line
from cgpymail.imap.context import BadCommand, Context, Reply
from cgpymail.interfaces import IContent
from cgpymail.model import flags
from cgpymail.model.message import NewMessage
from cgpymail.runtime.spool import SpoolWriter


async def append(context: Context, command: verbs.Append) -> Reply:
    """Store one message; if its mailbox is selected, EXISTS is told before the tagged reply."""
    services, offer = context.services, context.offer
    if command.size > services.limits.message_size:
        raise MessageTooLarge
    if not command.size:
        raise CannotDo("An empty message cannot be stored")
    await context.account.may_append(command.mailbox)
    context.input.accept()
    if offer is not None and offer.waits:
        context.send(continue_line("Ready for the message"))
    content = await _receive(context, command.size)
    try:
        mask, keywords = _sorted_flags(command.flags)
        date = services.runtime.now() if command.date is None else command.date
        message = NewMessage(content, date, mask, keywords)
        uidvalidity, uids = await context.account.append(command.mailbox, [message])
    finally:
        await services.runtime.pools.sync.run(content.release)
    return Reply(b"APPEND completed", appenduid_code(uidvalidity, uids))


def _sorted_flags(names: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    """Built-in flags as a mask, and the keywords; system flags that do not exist here are left out."""
    mask = 0
    keywords: list[str] = []
    for name in names:
        bit = flags.from_imap(name)
        mask |= bit
        if not bit and not name.startswith("\\"):
            keywords.append(name)
    return mask, tuple(keywords)


async def _receive(context: Context, size: int) -> IContent:
    """The whole message, to be released by the caller.

    Raises BadCommand, MessageTooLarge, StorageFailed; and Disconnected, when nothing is kept.
    """
    writer = context.services.spool.begin(context.services.limits.message_size)
    try:
        problem = await _fill(context, writer, size)
        if problem is not None:
            raise problem
        return await context.services.runtime.pools.sync.run(writer.finish)
    except OSError as failure:
        writer.abort()
        raise StorageFailed(detail=f"spool: {failure}") from failure
    except BaseException:
        writer.abort()
        raise


async def _fill(context: Context, writer: SpoolWriter, size: int) -> MailError | None:
    """Take in the message up to the end of the command; what was wrong with storing it, if anything."""
    run = context.services.runtime.pools.sync.run
    in_memory = size <= context.services.limits.spool_memory // 2  # whatever line ends may add
    problem: MailError | None = None
    while True:
        event = await context.input.wait()
        if isinstance(event, MessageEnd):
            if event.rest:
                raise BadCommand("Nothing may follow the message")
            return problem
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
