"""One IMAP connection, sans-IO: bytes in through ``received``, bytes out through the wire.

Commands run strictly one after the other: the next one is taken from the input only after the tagged reply of the one
before, and only while the client reads what it is sent. A command ends like this: what other sessions did is told (as
far as its row in the command table allows), then the tagged reply follows, then, if the mailbox is gone, BYE.

Nothing an exception says reaches the client unless it is a MailError with a public text; anything else is logged with
its traceback, and the client gets the number under which it can be found.
"""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure

from cgpymail import __version__
from cgpymail.errors import BadCharset, MailError
from cgpymail.grammar.imap.aclcommands import DeleteAcl, SetAcl
from cgpymail.grammar.imap.commands import Command, Logout
from cgpymail.grammar.imap.errors import CharsetError, CommandError
from cgpymail.grammar.imap.events import CommandText, Continue, Event, MessageLiteral, TooLong
from cgpymail.grammar.imap.messagecommands import Append, Replace
from cgpymail.grammar.imap.reading import read_command
from cgpymail.grammar.imap.tokens import ReadLimits
from cgpymail.imap.commands.table import TABLE, Entry
from cgpymail.imap.context import BadCommand, Context, ProtocolEnd, Refused, Reply
from cgpymail.imap.input import Disconnected, Input
from cgpymail.imap.logged import shown
from cgpymail.imap.notifications import Notifications
from cgpymail.imap.refusals import bug, coded, refusal
from cgpymail.imap.running import Running
from cgpymail.imap.state import State
from cgpymail.manager.services import Services
from cgpymail.model.uidset import UidSet
from cgpymail.runtime.coroutines import begin
from cgpymail.runtime.logs import ALL, LOW, PROBLEM, Log
from cgpymail.runtime.sessions import SessionFacts
from cgpymail.runtime.wire import Wire


class ImapSession:
    """The state machine of one connection; a runtime.wire.Session."""

    def __init__(self, wire: Wire, log: Log, services: Services) -> None:
        self._services = services
        self._wire = wire
        self._log = log
        self._limits = services.limits
        self._read_limits = ReadLimits(
            nesting=self._limits.nesting, arguments=self._limits.arguments, search_keys=self._limits.search_keys
        )
        self._input = Input(wire, self._limits, self._advance)
        self._context = Context(
            services, wire, log, self._input, self._mailbox_changed, self._logged_in, self._shut_out
        )
        self._watch = Running(self._context, services.imap)
        self._notifications = self._context.notifications = Notifications(self._context, self._fetched, self._crashed)
        self._running: tuple[Entry, Command] | None = None
        self._advancing = False  # the loop in _advance is at work, further up the stack
        self._draining = False  # waiting for the client to read
        self._telling = False  # changes are to be told in IDLE as soon as the client reads
        self._bad = 0  # ill-formed commands in a row
        self._ended = False  # the link is gone
        self._login_timer: Any = None

    # -- the wire's side -----------------------------------------------------------------------------------------

    def connected(self) -> None:
        """Greet, and start the time that a client has to log in."""
        context = self._context
        text = f"cgpymail IMAP Server {__version__} at {self._services.host} ready"
        context.send(b"* OK [CAPABILITY %b] %b\r\n" % (context.capabilities, text.encode("ascii", "replace")))
        context.flush()
        self._login_timer = self._services.runtime.clock.callLater(self._limits.login_time, self._no_login)

    def received(self, data: bytes) -> None:
        """Bytes of the client. Those sent in clear behind STARTTLS are thrown away."""
        if self._ended or self._context.handshaking or self._wire.closed:
            return
        self._input.receive(data)
        self._advance()

    def secured(self) -> None:
        """TLS is on."""
        self._context.handshaking = False

    def timed_out(self) -> None:
        """Silence: the end for a client that we wait for, no matter while a command of ours takes its time."""
        if self._wire.full:
            self._log.write(PROBLEM, "the client does not read; disconnected")
            self._wire.abort()
        elif self._at_work:
            self._wire.set_timeout(self._limits.idle_time)
        else:
            self._goodbye("Autologout; idle for too long")

    def shut_down(self) -> None:
        """The server is stopping."""
        self._goodbye("Server is shutting down")

    def describe(self) -> SessionFacts:
        """Who is logged in, and what is selected."""
        user, handle = self._context.user, self._context.handle
        return SessionFacts(user.account if user else None, handle.name if handle else "")

    def kill(self, reason: str) -> None:
        """An administrator ends it: at once, or after the reply of the command that runs and does not wait for us."""
        self._log.write(PROBLEM, f"ended by the administrator: {reason}")
        if self._at_work:
            self._context.ending = reason
        else:
            self._goodbye(reason)

    @property
    def _at_work(self) -> bool:
        """Whether a command runs that does not wait for the client, or new messages are being told of."""
        return (self._running is not None and not self._input.awaited) or self._notifications.fetching

    def disconnected(self) -> None:
        """The link is gone: what is open is given back, at once or when the command that runs is over."""
        self._ended = True
        self._stop_login_timer()
        self._watch.stop()
        self._log.write(ALL, "disconnected")
        self._input.disconnect()
        if self._running is None and not self._notifications.fetching:
            self._release()

    # -- the loop ------------------------------------------------------------------------------------------------

    def _advance(self) -> None:
        """Do everything that can be done now, then send what there is to send."""
        if self._advancing:
            return
        self._advancing = True
        try:
            while self._step():
                pass
            self._notifications.resume()
            self._context.flush()
            self._input.balance()
        except Exception:
            self._crashed()
        finally:
            self._advancing = False

    def _step(self) -> bool:
        """One event, if there is one and its turn has come."""
        if (self._running is None or self._context.idling) and self._notifications.fetch():
            return False
        if self._running is not None:
            return self._input.serve()
        if self._wire.closed or self._context.handshaking or not self._may_write():
            return False
        event = self._input.take()
        if event is None:
            return self._tell_at_once()
        self._handle(event)
        return True

    def _may_write(self) -> bool:
        """Whether a command may start: the client reads what it is sent."""
        if self._draining:
            return False
        if self._context.crowded:
            self._context.flush()
            if self._wire.full:
                self._draining = True
                self._wire.drained().addCallback(self._drained)
                return False
        return True

    def _drained(self, _: object) -> None:
        self._draining = False
        if self._telling:
            self._mailbox_changed()
        self._advance()

    def _handle(self, event: Event) -> None:
        if isinstance(event, CommandText | MessageLiteral):
            self._command(event)
        elif isinstance(event, Continue):
            self._context.send(b"+ Ready for the literal\r\n")
        else:
            assert isinstance(event, TooLong), "lines and messages are for the command that waits for them"
            self._say_bad(event.tag, event.reason)
            if event.fatal:
                self._goodbye("Too much input")

    def _command(self, event: CommandText | MessageLiteral) -> None:
        try:
            command = read_command(event.text, event.literals, self._read_limits, self._context.dialect)
        except CharsetError as problem:
            if problem.saves and self._context.handle is not None:
                self._context.handle.searches.saved = UidSet()
            self._context.send(b"%b NO %b\r\n" % (problem.tag, refusal(BadCharset(problem.reason), "SEARCH")))
            return
        except CommandError as problem:
            self._input.refuse_open()
            self._say_bad(problem.tag, problem.reason)
            return
        entry = TABLE[type(command)]
        has_message = isinstance(command, Append | Replace)
        if self._context.state not in entry.states or isinstance(event, MessageLiteral) != has_message:
            self._input.refuse_open()
            self._say_bad(command.tag, f"{command.name} is not possible now")
            return
        if self._log.shows(LOW):
            self._log.write(LOW, f"in: {shown(command, event)}")
        self._context.offer = event if isinstance(event, MessageLiteral) else None
        self._start(entry, command)

    def _start(self, entry: Entry, command: Command) -> None:
        self._running = (entry, command)
        if entry.now is not None:
            try:
                reply = entry.now(self._context, command)
            except Exception:
                self._finish(_current_failure())
            else:
                self._finish(reply)
        else:
            assert entry.later is not None
            self._context.begin_slice()
            if not begin(entry.later(self._context, command), self._finish):
                self._watch.watch(command.tag)

    # -- the end of a command ------------------------------------------------------------------------------------

    def _finish(self, result: Reply | Failure) -> None:
        """Answer the running command; errors in here are bugs and end the connection."""
        running, self._running = self._running, None
        assert running is not None
        self._watch.over()
        try:
            self._input.refuse_open()
            if self._ended:
                if not self._notifications.fetching:
                    self._release()
            else:
                self._answer(*running, result)
        except Exception:
            self._crashed()
        self._advance()

    def _answer(self, entry: Entry, command: Command, result: Reply | Failure) -> None:
        context = self._context
        gone = context.tell_changes(expunge=entry.may_expunge(command), whole=entry.removes and context.silent)
        context.tell_held_back()
        if isinstance(result, Failure):
            self._refuse(command, result)
        else:
            self._bad = 0
            text = bytes(result)
            context.send(b"%b OK %b\r\n" % (command.tag, text))
            if self._log.shows(LOW):
                self._log.write(LOW, f"out: {command.tag.decode('ascii')} OK {text.decode('ascii')}")
        if context.compressing and not self._wire.compressed:
            context.flush()
            self._wire.start_compression()
        if context.handshaking:
            context.flush()
            self._wire.start_tls()
        elif isinstance(command, Logout):
            self._close()
        elif context.ending or self._input.dead:
            self._goodbye(context.ending or "Too much input")
        elif gone:
            self._goodbye("The mailbox is no longer available")

    def _refuse(self, command: Command, failure: Failure) -> None:
        error = failure.value
        if isinstance(error, Disconnected):
            return
        if isinstance(error, ProtocolEnd):
            self._log.write(PROBLEM, f"disconnected: {error}")
            self._wire.abort()
            return
        if isinstance(error, BadCommand):
            self._say_bad(command.tag, str(error))
            return
        self._bad = 0
        if isinstance(error, Refused):
            answer = coded(error.code, str(error))
        elif isinstance(error, MailError):
            answer = refusal(error, command.name)
            self._log.write(PROBLEM if error.temporary else LOW, f"{command.name} refused: {error}")
        else:
            answer = bug(self._log.failure(f"{command.name} failed", failure))
        self._context.send(b"%b NO %b\r\n" % (command.tag, answer))

    def _say_bad(self, tag: bytes, reason: str) -> None:
        self._log.write(PROBLEM, f"bad command: {reason}")
        self._context.send(b"%b BAD %b\r\n" % (tag or b"*", coded(b"", reason)))
        self._bad += 1
        if self._bad >= self._limits.bad_commands:
            self._goodbye("Too many bad commands")

    # -- the end of the connection -------------------------------------------------------------------------------

    def _goodbye(self, reason: str) -> None:
        if not self._wire.closed:
            self._context.send(b"* BYE %b\r\n" % coded(b"", reason))
            self._log.write(LOW, f"BYE {reason}")
            self._close()

    def _close(self) -> None:
        self._context.state = State.LOGOUT
        self._stop_login_timer()
        self._context.flush()
        self._wire.close()

    def _crashed(self) -> None:
        """A bug in the session itself: this connection ends, the others do not notice."""
        self._log.failure("the session failed")
        self._wire.abort()

    def _release(self) -> None:
        done = Deferred.fromCoroutine(self._context.release())
        done.addErrback(lambda failure: self._log.failure("giving back the session failed", failure))

    def _no_login(self) -> None:
        self._login_timer = None
        self._goodbye("Too slow to log in")

    def _stop_login_timer(self) -> None:
        timer, self._login_timer = self._login_timer, None
        if timer is not None and timer.active():
            timer.cancel()

    # -- what happens by itself ----------------------------------------------------------------------------------

    def _logged_in(self) -> None:
        self._stop_login_timer()
        self._input.logged_in()
        self._wire.set_timeout(self._limits.idle_time)

    def _mailbox_changed(self) -> None:
        """Other sessions did something: told at once in IDLE; a mailbox that is gone ends an idle connection."""
        context = self._context
        self._telling = False
        if self._wire.closed or context.handle is None or self._notifications.fetching:
            return
        if context.idling and self._wire.full:
            self._telling = True
            if not self._draining:
                self._draining = True
                self._wire.drained().addCallback(self._drained)
        elif context.idling:
            gone = context.tell_changes(expunge=True)
            if gone:
                self._goodbye("The mailbox is no longer available")
            self._advance()
        elif self._running is None and context.handle.gone:
            self._goodbye("The mailbox is no longer available")
        elif context.selected is not None:
            self._advance()

    def _shut_out(self) -> None:
        """The right to read the selected mailbox was withdrawn: from here on nothing of it leaves (spec 14.3.1e), what
        is written already and waits least of all. BYE is said where the client can tell it from mail. Who shuts
        himself out is answered first; while a mailbox is being opened nothing of it was said."""
        if self._context.handle is None:
            return
        if self._context.withhold():
            self._log.write(PROBLEM, "cut off in the middle: the right to read the mailbox was withdrawn")
            self._wire.abort()
        elif self._running is None or not isinstance(self._running[1], SetAcl | DeleteAcl):
            self._goodbye("The mailbox is no longer available")

    def _tell_at_once(self) -> bool:
        """No command waits: if NOTIFY wants it, changes are told now; whether there is more to do."""
        context = self._context
        if context.handle is None or context.selected is None or context.handle.gone:
            return False
        unsent = context.unsent
        context.tell_changes(expunge=not context.selected.delayed)
        if context.unsent > unsent:
            context.tell_held_back()
        return bool(context.unfetched)

    def _fetched(self) -> None:
        """New messages were told of: now for what waited for that."""
        if self._ended and self._running is None:
            self._release()
        elif not self._ended:
            if self._context.ending:
                self._goodbye(self._context.ending)
            self._mailbox_changed()
            self._advance()


def _current_failure() -> Failure:
    return Failure()  # type: ignore[no-untyped-call]
