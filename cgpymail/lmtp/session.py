"""One LMTP session: mail for accounts of this server, one reply per recipient (RFC 2033).

A connection carries any number of transactions. The message goes into a spool as it comes in, never held whole when
it is large; it is handed to the delivery once, for all recipients, and OK means that it is on disk.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

from cgpymail.errors import LimitExceeded, MailError, MessageTooLarge
from cgpymail.grammar.lmtp import BadCommand, Command, multi_reply, parse, parse_path, reply
from cgpymail.lmtp.replies import refusal
from cgpymail.manager.delivery import Recipient
from cgpymail.manager.intake import Intake, IntakeSession
from cgpymail.manager.services import Services
from cgpymail.runtime.logs import LOW, MAJOR, PROBLEM, Log
from cgpymail.runtime.wire import Wire

Handler = Callable[["LmtpSession", Command], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Transaction:
    """From MAIL to the end of the message. ``sender``: with its quotes. ``recipients``: each as given, and resolved."""

    sender: str
    size: int = 0
    recipients: list[tuple[str, Recipient]] = field(default_factory=list)


class LmtpSession(IntakeSession):
    """A session of the LMTP module."""

    idle_words = reply(421, "4.4.2", "Idle for too long")
    stop_words = reply(421, "4.3.2", "Server shutting down")
    long_words = reply(500, "5.5.2", "The line is too long")
    flood_words = reply(421, "4.7.0", "Too many bad commands")

    def __init__(self, wire: Wire, log: Log, services: Services) -> None:
        super().__init__(wire, log, services, services.limits.lmtp_line)
        self.client = ""
        self.transaction: Transaction | None = None

    def connected(self) -> None:
        """Greet."""
        self.wire.set_timeout(self.limits.lmtp_idle_time)
        self.reply(f"220 {self.services.host} cgpymail LMTP Server ready\r\n".encode())

    def line_received(self, line: bytes) -> Coroutine[Any, Any, None] | None:
        """A command."""
        try:
            command = parse(line)
        except BadCommand as problem:
            self.refuse(problem.reply)
            return None
        if self.log.shows(LOW):
            self.log.write(LOW, f"in: {line.decode('utf-8', 'replace')}")
        return self._execute(command)

    async def _execute(self, command: Command) -> None:
        handler = COMMANDS.get(command.verb)
        if handler is None:
            self.refuse(reply(500, "5.5.1", f"This is LMTP: {command.verb} is not spoken here"))
            return
        try:
            await handler(self, command)
            self.understood()
        except BadCommand as problem:
            self.refuse(problem.reply)
        except MailError as error:
            self.log.write(PROBLEM, f"{command.verb}: {error}")
            self.reply(refusal(error))

    def kill_words(self, reason: str) -> bytes:
        """The last words when an administrator ends the session."""
        return reply(421, "4.3.2", reason)

    def broken_words(self, reference: str) -> bytes:
        """The reply for an error of ours."""
        return reply(451, "4.3.0", f"Internal error, reference {reference}")

    # -- the message ---------------------------------------------------------------------------------------------

    def trace(self, transaction: Transaction) -> bytes:
        """What comes in front of the message (RFC 5321 section 4.4)."""
        date = formatdate(self.services.runtime.clock.seconds())
        return (
            f"Return-Path: <{transaction.sender}>\r\n"
            f"Received: from {self.client} ([{self.wire.peer}])\r\n"
            f"\tby {self.services.host} (cgpymail) with LMTP; {date}\r\n"
        ).encode()

    async def message_received(self, intake: Intake) -> None:
        """Deliver it, and answer for each recipient."""
        transaction, self.transaction = self.transaction, None
        assert transaction is not None
        try:
            content = intake.content()
        except MailError as error:
            self.log.write(PROBLEM, f"message from <{transaction.sender}> refused: {error}")
            self.reply(refusal(error) * len(transaction.recipients))
            return
        try:
            targets = [recipient for _, recipient in transaction.recipients]
            outcomes = await self.services.manager.delivery.deliver(targets, content, transaction.sender.encode())
        finally:
            content.release()
        for (address, _), outcome in zip(transaction.recipients, outcomes, strict=True):
            words = "stored" if outcome is None else f"not stored: {outcome}"
            level = MAJOR if outcome is None else PROBLEM
            self.log.write(level, f"message from <{transaction.sender}> for <{address}> {words}")
        self.reply(
            b"".join(
                _outcome(address, outcome)
                for (address, _), outcome in zip(transaction.recipients, outcomes, strict=True)
            )
        )


def _outcome(address: str, error: MailError | None) -> bytes:
    return reply(250, "2.1.5", f"<{address}> delivered") if error is None else refusal(error)


async def lhlo(session: LmtpSession, command: Command) -> None:
    """LHLO: what is spoken here; begins anew."""
    client = command.rest.decode("ascii", "replace").strip()
    if not client or not client.isprintable():
        raise BadCommand(501, "5.5.4", "LHLO wants the name of the client")
    session.client, session.transaction = client[:255], None
    words = ["PIPELINING", "8BITMIME", "SMTPUTF8", f"SIZE {session.limits.message_size}", "ENHANCEDSTATUSCODES"]
    session.reply(multi_reply(250, [session.services.host, *words]))


async def mail(session: LmtpSession, command: Command) -> None:
    """MAIL FROM."""
    if not session.client:
        raise BadCommand(503, "5.5.1", "LHLO first")
    if session.transaction is not None:
        raise BadCommand(503, "5.5.1", "A transaction is open already")
    path = parse_path(command.rest, b"FROM")
    size = path.parameters.pop("SIZE", "0")
    body = path.parameters.pop("BODY", "7BIT").upper()
    path.parameters.pop("SMTPUTF8", "")
    if path.parameters:
        raise BadCommand(555, "5.5.4", f"Unknown parameter {min(path.parameters)}")
    if not size.isdigit() or body not in ("7BIT", "8BITMIME"):
        raise BadCommand(501, "5.5.4", "Malformed parameter")
    if len(size) > 15 or int(size) > session.limits.message_size:
        raise MessageTooLarge
    session.transaction = Transaction(path.written, int(size))
    session.reply(reply(250, "2.1.0", "Sender accepted"))


async def rcpt(session: LmtpSession, command: Command) -> None:
    """RCPT TO: accepted only if the message can be stored there."""
    transaction = session.transaction
    if transaction is None:
        raise BadCommand(503, "5.5.1", "MAIL first")
    path = parse_path(command.rest, b"TO")
    if path.parameters:
        raise BadCommand(555, "5.5.4", f"Unknown parameter {min(path.parameters)}")
    if len(transaction.recipients) >= session.limits.recipients:
        raise LimitExceeded("Too many recipients")
    recipient = await session.services.manager.delivery.recipient(path.address, transaction.size)
    transaction.recipients.append((path.address, recipient))
    session.reply(reply(250, "2.1.5", "Recipient accepted"))


async def data(session: LmtpSession, command: Command) -> None:
    """DATA."""
    transaction = session.transaction
    if transaction is None:
        raise BadCommand(503, "5.5.1", "MAIL first")
    if not transaction.recipients:
        raise BadCommand(503, "5.5.1", "No valid recipients")
    session.begin_message(session.trace(transaction))
    session.reply(b"354 Send the message, end with a dot\r\n")


async def rset(session: LmtpSession, command: Command) -> None:
    """RSET: no transaction is open."""
    session.transaction = None
    session.reply(reply(250, "2.0.0", "Reset"))


async def noop(session: LmtpSession, command: Command) -> None:
    """NOOP."""
    session.reply(reply(250, "2.0.0", "OK"))


async def vrfy(session: LmtpSession, command: Command) -> None:
    """VRFY tells nothing (RFC 5321 section 7.3)."""
    session.reply(reply(252, "2.1.5", "Send mail to find out"))


async def help_words(session: LmtpSession, command: Command) -> None:
    """HELP."""
    session.reply(reply(214, "2.0.0", "See RFC 2033"))


async def leave(session: LmtpSession, command: Command) -> None:
    """QUIT."""
    session.end(reply(221, "2.0.0", f"{session.services.host} closing connection"))


COMMANDS: dict[str, Handler] = {
    "LHLO": lhlo,
    "MAIL": mail,
    "RCPT": rcpt,
    "DATA": data,
    "RSET": rset,
    "NOOP": noop,
    "VRFY": vrfy,
    "HELP": help_words,
    "QUIT": leave,
}
