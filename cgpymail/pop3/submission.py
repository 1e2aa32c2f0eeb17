"""XTND XMIT: a client sends a message through its POP session (spec 8.2, 8.1).

The envelope sender is the account that is logged in, whatever the message says; the recipients are those of its header.
The answer after the message says whether somebody else has taken it over: until then it is the client's.
"""

from __future__ import annotations

from email.utils import formatdate
from typing import TYPE_CHECKING

from cgpymail.errors import Busy, MailError, StorageFailed
from cgpymail.grammar.pop3 import BadCommand, Command, ok
from cgpymail.interfaces import IContent
from cgpymail.manager.intake import Intake
from cgpymail.model.identity import AccountName
from cgpymail.pop3.handover import Envelope, Way
from cgpymail.pop3.outgoing import Outgoing, prepare
from cgpymail.pop3.relaying import RelayWay
from cgpymail.pop3.replies import refusal
from cgpymail.pop3.sendmail import SendmailWay
from cgpymail.runtime.logs import MAJOR, PROBLEM

if TYPE_CHECKING:
    from cgpymail.pop3.session import PopSession

ROOM = 8 * 1024  # octets that the message may grow by what we write into its header


async def xtnd(session: PopSession, command: Command) -> None:
    """XTND XMIT, if the configuration says where messages go; there is no other XTND."""
    if command.arguments[0].upper() != b"XMIT" or len(command.arguments) > 1 or not session.services.pop.submits:
        raise BadCommand("This extension is not there")
    session.begin_message()
    session.reply(ok("Send the message, and a line with a dot"))


async def submit(session: PopSession, intake: Intake) -> None:
    """The message is here: hand it over, and answer."""
    name = session.account
    assert name is not None, "XTND is possible after the login only"
    state = session.services.pop_state
    try:
        content = intake.content()
        state.handing += 1
        session.handing = True
        session.wire.set_timeout(0)  # the handing over has a time of its own
        try:
            if state.handing > session.limits.submissions:
                raise Busy("Too many messages are being sent, try again later")
            recipients = await _hand_over(session, name, content)
        finally:
            state.handing -= 1
            session.handing = False
            session.wire.set_timeout(session.limits.pop_idle_time)
            content.release()
    except MailError as error:
        session.log.write(PROBLEM, f"message of {name} not sent: {error}")
        session.reply(refusal(error))
        return
    session.log.write(MAJOR, f"message of {name} sent to {', '.join(f'<{recipient}>' for recipient in recipients)}")
    session.reply(ok("The message was sent"))


async def _hand_over(session: PopSession, name: AccountName, content: IContent) -> tuple[str, ...]:
    """The recipients. Raises MailError."""
    services, limits = session.services, session.limits
    date = formatdate(services.runtime.clock.seconds())
    trace = f"Received: from [{session.wire.peer}]\r\n\tby {services.host} (cgpymail) with POP3; {date}\r\n".encode()
    pool = services.runtime.pools.sync
    try:
        outgoing = await pool.run(prepare, content, name.domain, trace, limits)
        leaving = await pool.run(_rewrite, session, outgoing, content)
    except OSError as problem:
        raise StorageFailed(detail=str(problem)) from problem
    try:
        await _way(session).send(Envelope(str(name), outgoing.recipients), leaving)
    finally:
        leaving.release()
    return outgoing.recipients


def _rewrite(session: PopSession, outgoing: Outgoing, content: IContent) -> IContent:
    """The message as it leaves. Blocking."""
    writer = session.services.spool.begin(content.size + ROOM)
    try:
        for chunk in outgoing.chunks(content):
            writer.write(chunk)
        leaving: IContent = writer.finish()
    except BaseException:
        writer.abort()
        raise
    return leaving


def _way(session: PopSession) -> Way:
    services, options, seconds = session.services, session.services.pop, session.limits.submit_time
    if options.submit_program:
        return SendmailWay(services.runtime, services.spool, session.log, options.submit_program, seconds)
    return RelayWay(services.runtime, session.log, options.submit_address, services.host, seconds)
