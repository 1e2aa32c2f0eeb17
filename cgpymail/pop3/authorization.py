"""The AUTHORIZATION state: who is it (RFC 1939 section 7, RFC 5034, RFC 2595; spec sections 8.11, 9.1.6, 11.4)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any

from cgpymail.directory.dialogue import Dialogue, begin
from cgpymail.directory.methods import APOP
from cgpymail.errors import MailError, PrivacyRequired
from cgpymail.grammar.pop3 import BadCommand, Command, err, ok
from cgpymail.grammar.sasl.mechanism import SaslError
from cgpymail.grammar.sasl.registry import MECHANISMS
from cgpymail.grammar.saslprep import Prohibited, saslprep
from cgpymail.model.identity import AccountName, ApopCredentials, Credentials, Link, PlainCredentials
from cgpymail.model.names import INBOX
from cgpymail.pop3.capabilities import capa
from cgpymail.pop3.international import lang, utf8
from cgpymail.pop3.logindelay import LoginTooSoon
from cgpymail.pop3.replies import refusal
from cgpymail.runtime.logs import PROBLEM
from cgpymail.runtime.wire import link_of

if TYPE_CHECKING:
    from cgpymail.pop3.session import PopSession

Handler = Callable[["PopSession", Command], Coroutine[Any, Any, None]]

Step = Callable[[], Coroutine[Any, Any, bytes | AccountName]]

DIRECT = "#"


class Login:
    """What is known of the client before it is logged in."""

    def __init__(self, session: PopSession) -> None:
        services = session.services
        token = services.runtime.random(8).hex()
        self.stamp = f"<{token}.{services.runtime.now()}@{services.host}>".encode()
        self.name = ""
        self._box = INBOX  # the mailbox to open
        self._session = session
        self._failures = 0

    @property
    def link(self) -> Link:
        """What a login needs to know of the connection."""
        return link_of(self._session.wire, "POP", self._session.services.trust_same_host)

    @property
    def clear_text_allowed(self) -> bool:
        """Whether the client may send its password over this link as it is."""
        return self._session.services.directory.clear_text_allowed(self.link)

    @property
    def methods(self) -> frozenset[str]:
        """The SASL mechanisms that may be used over this link, and APOP."""
        return self._session.services.directory.methods(self.link)

    @property
    def offers(self) -> list[str]:
        """The SASL mechanisms, in the order of preference."""
        possible = self.methods
        return [name for name in MECHANISMS if name in possible]

    def begin(self, mechanism: str) -> Dialogue:
        """A SASL exchange. Raises MailError."""
        services, limit = self._session.services, self._session.limits.sasl_line
        self.name, self._box = "", INBOX
        runtime, host = services.runtime, services.host
        return begin(services.directory, runtime, host, mechanism, self.link, limit, self._account)

    def _account(self, name: str) -> str:
        """``box#account`` opens another mailbox than INBOX (spec 8.13, 14.4.3)."""
        box, direct, account = name.rpartition(DIRECT)
        if direct:
            self._box = box
        try:
            return saslprep(account)  # RFC 6856 2.2
        except Prohibited:
            return account  # which nobody is called

    async def attempt(self, login: str, credentials: Callable[[str], Credentials]) -> None:
        """Check what a client shows and enter, or say why not. ``credentials`` makes them for an account's name."""
        self.name, self._box = "", INBOX
        try:
            shown = credentials(self._account(login))
            name = await self._session.services.directory.login(shown, self.link)
        except MailError as error:
            self.refused(login, error)
        else:
            await self.enter(name, login)

    def refused(self, login: str, error: MailError) -> None:
        """Say why not; too many failures end the session."""
        session = self._session
        session.log.write(PROBLEM, f"login of {login!r} from [{session.wire.peer}] refused: {error}")
        if isinstance(error, LoginTooSoon):  # the client knows the password
            session.reply(refusal(error))
        else:
            self.failed(refusal(error))

    def failed(self, words: bytes) -> None:
        """One more time: answer, or end with the answer."""
        self._failures += 1
        if self._failures >= self._session.limits.failed_logins:
            self._session.end(words)
        else:
            self._session.reply(words)

    async def enter(self, name: AccountName, login: str) -> None:
        """The client is who he says: open his mailbox, or say why not."""
        session = self._session
        try:
            await session.enter(name, self._box)
        except MailError as error:
            self.refused(login, error)
            return
        assert session.maildrop is not None or session.wire.closed
        if session.maildrop is not None:
            count, octets = session.maildrop.totals()
            session.reply(ok(f"{count} messages ({octets} octets)"))


async def user(session: PopSession, command: Command) -> None:
    """USER: refused before a password is sent where passwords must not go in clear; never says who exists."""
    if not session.login.clear_text_allowed:
        raise PrivacyRequired
    session.login.name = command.arguments[0].decode("utf-8", "surrogateescape")
    session.reply(ok("Password please"))


async def password(session: PopSession, command: Command) -> None:
    """PASS."""
    if not session.login.name:
        session.reply(err("USER first"))
        return
    await session.login.attempt(session.login.name, lambda name: PlainCredentials(name, command.arguments[0]))


async def apop(session: PopSession, command: Command) -> None:
    """APOP: the password is never sent, so it is possible on any link; a domain may have it off (spec 11.4)."""
    if APOP not in session.login.methods:
        raise BadCommand("APOP is not possible here")
    name, digest = (argument.decode("utf-8", "surrogateescape") for argument in command.arguments)
    await session.login.attempt(name, lambda account: ApopCredentials(account, session.login.stamp, digest))


async def auth(session: PopSession, command: Command) -> None:
    """AUTH: without argument the mechanisms, else an exchange (RFC 5034)."""
    if not command.arguments:
        listed = "".join(f"{name}\r\n" for name in session.login.offers)
        session.reply(ok("Mechanisms follow") + listed.encode() + b".\r\n")
        return
    mechanism = command.arguments[0].decode("ascii", "replace").upper()
    if mechanism not in MECHANISMS:
        raise BadCommand("Unknown mechanism")
    initial = command.arguments[1] if len(command.arguments) > 1 else None
    dialogue = session.login.begin(mechanism)
    await _proceed(session, dialogue, lambda: dialogue.first(initial))


async def _proceed(session: PopSession, dialogue: Dialogue, step: Step) -> None:
    """One step of the exchange: a challenge, whose answer takes the next one, or the end."""
    try:
        outcome = await step()
    except SaslError as problem:
        session.login.failed(err(str(problem)))
    except MailError as error:
        session.login.refused(dialogue.login, error)
    else:
        if isinstance(outcome, bytes):
            session.challenge(outcome)
            session.expect(lambda line: _proceed(session, dialogue, lambda: dialogue.feed(line)))
        else:
            await session.login.enter(outcome, dialogue.login)


async def stls(session: PopSession, command: Command) -> None:
    """STLS: what came behind it in clear is thrown away."""
    if session.utf8 or not session.wire.can_start_tls:
        session.reply(err("TLS is not possible now"))
        return
    session.reply(ok("Begin TLS"))
    session.login.name = ""
    session.lines.clear()
    session.wire.start_tls()


async def leave(session: PopSession, command: Command) -> None:
    """QUIT before the login: nothing to remove."""
    session.end(ok("cgpymail POP3 Server connection closed"))


COMMANDS: dict[str, Handler] = {
    "CAPA": capa,
    "UTF8": utf8,
    "LANG": lang,
    "USER": user,
    "PASS": password,
    "APOP": apop,
    "AUTH": auth,
    "STLS": stls,
    "QUIT": leave,
}
