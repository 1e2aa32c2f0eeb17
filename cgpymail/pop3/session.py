"""One POP3 session: states and commands (RFC 1939, RFC 2449; spec section 8)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from cgpymail.directory.methods import APOP
from cgpymail.errors import MailboxGone, MailError
from cgpymail.grammar.pop3 import BadCommand, Command, err, ok, parse
from cgpymail.manager.intake import Intake, IntakeSession
from cgpymail.manager.services import Services
from cgpymail.manager.user import User
from cgpymail.model.identity import AccountName
from cgpymail.pop3 import authorization, transaction
from cgpymail.pop3.handover import UNKNOWN
from cgpymail.pop3.logindelay import admit, delay_of
from cgpymail.pop3.maildrop import Maildrop
from cgpymail.pop3.replies import broken, refusal
from cgpymail.pop3.submission import submit
from cgpymail.runtime.logs import LOW, MAJOR, PROBLEM, Log
from cgpymail.runtime.sessions import SessionFacts
from cgpymail.runtime.wire import Wire

SECRET_VERBS = frozenset({"PASS", "APOP", "AUTH"})
Answer = Callable[[bytes], Coroutine[Any, Any, None]]


class PopSession(IntakeSession):
    """A session of the POP module. ``maildrop`` is None until the login succeeded."""

    idle_words = err("Idle for too long", "SYS/TEMP")
    slow_words = err("Too slow to log in", "SYS/TEMP")
    stop_words = err("Server shutting down", "SYS/TEMP")
    long_words = err("The line is too long")
    flood_words = err("Too many bad commands")

    def __init__(self, wire: Wire, log: Log, services: Services) -> None:
        super().__init__(wire, log, services, services.limits.pop_line)
        self.user: User | None = None
        self.maildrop: Maildrop | None = None
        self.utf8 = False  # the client said so
        self.delay = 0  # seconds to the next login; known after this one
        self.account: AccountName | None = None  # known from the right password on
        self.login = authorization.Login(self)
        self._answer: Answer | None = None  # takes the next line (SASL)
        self.midway = False  # a reply was begun and is sent in pieces
        self.handing = False  # a message is being handed over to somebody else
        self._login_timer: Any = None

    def connected(self) -> None:
        """Greet, with the time stamp for APOP (spec section 8.12), and start the time that a client has to log in."""
        self._login_timer = self.services.runtime.clock.callLater(self.limits.login_time, self._no_login)
        stamp = self.login.stamp.decode() if APOP in self.login.methods else ""
        self.reply(ok(f"cgpymail POP3 Server ready {stamp}"))

    def _no_login(self) -> None:
        self.log.write(PROBLEM, "closed: too slow to log in")
        self.end(self.slow_words)

    def _stop_login_timer(self) -> None:
        if self._login_timer.active():
            self._login_timer.cancel()

    def end(self, last: bytes = b"") -> None:
        """Send the last words and hang up. While a message is being handed over the client takes them for the answer
        to it: if they said that it was not sent, it would send it again."""
        super().end(err(UNKNOWN, "SYS/TEMP") if self.handing and last else last)

    def challenge(self, data: bytes) -> None:
        """The next challenge of a SASL exchange, in base64; not logged, as it would help to guess passwords."""
        if self.log.shows(LOW):
            self.log.write(LOW, "out: + ***")
        self.wire.write(b"+ " + data + b"\r\n")

    def expect(self, answer: Answer) -> None:
        """The next line is not a command but the answer to a challenge; it may be as long as SASL needs."""
        self._answer = answer
        self.lines.limit = self.limits.sasl_line

    async def enter(self, name: AccountName, mailbox: str) -> None:
        """The password was right: open the mailbox. Raises MailError."""
        self.account = name
        try:
            record = await self.services.directory.find(name)
            delay = delay_of(record, self.services)
            user = await self.services.manager.connect(name, "POP", self.log.name)
            try:
                handle = await user.open(mailbox, lost=self._shut_out)
                if not self.ending:
                    admit(self.services, name, handle.mailbox_id or handle.name, delay)
            except BaseException:
                await user.close()
                raise
        except BaseException:
            self.account = None
            raise
        if self.ending:
            await user.close()
            return
        self.user, self.maildrop, self.delay = user, Maildrop(handle), delay
        self._stop_login_timer()
        self.wire.set_timeout(self.limits.pop_idle_time)
        self.log.write(MAJOR, f"{name} connected from [{self.wire.peer}]")

    def _shut_out(self) -> None:
        """The right to read the mailbox was withdrawn (spec 14.3.1e): what was begun, or waits to be sent, is not sent;
        where nothing is under way, -ERR is all that is heard from here on."""
        if self.maildrop is not None and (self.midway or self.wire.unsent):
            self.log.write(PROBLEM, "cut off in the middle: the right to read the mailbox was withdrawn")
            self.wire.abort()

    def line_too_long(self) -> None:
        """Such an answer to a challenge ends the exchange."""
        self._answer = None
        self.lines.limit = self.limits.pop_line
        super().line_too_long()

    def line_received(self, line: bytes) -> Coroutine[Any, Any, None] | None:
        """A command, or the answer to a challenge."""
        if self._answer is not None:
            answer, self._answer = self._answer, None
            self.lines.limit = self.limits.pop_line
            return answer(line)
        try:
            command = parse(line)
        except BadCommand as problem:
            self.refuse(err(problem.text))
            return None
        if self.log.shows(LOW):
            shown = "***" if command.verb in SECRET_VERBS else line.partition(b" ")[2].decode("utf-8", "replace")
            self.log.write(LOW, f"in: {command.verb} {shown}".rstrip())
        return self._execute(command)

    async def _execute(self, command: Command) -> None:
        table = authorization.COMMANDS if self.maildrop is None else transaction.COMMANDS
        handler = table.get(command.verb)
        if handler is None:
            self.refuse(err(f"{command.verb} is not possible now"))
            return
        try:
            if self.maildrop is not None and self.maildrop.gone and command.verb != "QUIT":
                raise MailboxGone
            await handler(self, command)
            self.understood()
        except BadCommand as problem:
            self.refuse(err(problem.text))
        except MailError as error:
            if error.detail:
                self.log.write(PROBLEM, f"{command.verb}: {error}")
            self.reply(refusal(error))

    def kill_words(self, reason: str) -> bytes:
        """The last words when an administrator ends the session."""
        return err(reason, "SYS/TEMP")

    def describe(self) -> SessionFacts:
        """Who is logged in, or about to be."""
        return SessionFacts(self.account, "" if self.maildrop is None else self.maildrop.name)

    def broken_words(self, reference: str) -> bytes:
        """The reply for an error of ours."""
        return broken(reference)

    # -- a message to be sent ------------------------------------------------------------------------------------

    def message_received(self, intake: Intake) -> Coroutine[Any, Any, None]:
        """It is to be handed over (XTND XMIT)."""
        return submit(self, intake)

    async def left(self) -> None:
        """Marks are forgotten (spec 14.4.8), and so is a message that did not come to its end."""
        self._stop_login_timer()
        await super().left()
        maildrop, self.maildrop = self.maildrop, None
        user, self.user = self.user, None
        if maildrop is not None:
            await maildrop.close()
        if user is not None:
            await user.close()
