"""The AUTHORIZATION state: who is it (RFC 1939 section 7, RFC 5034, RFC 2595; spec sections 8.11, 9.1.6, 11.4)."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cgpymail.errors import MailError, PrivacyRequired
from cgpymail.grammar import sasl
from cgpymail.grammar.pop3 import BadCommand, Command, err, ok
from cgpymail.model.identity import ApopCredentials, Credentials, PlainCredentials
from cgpymail.model.names import INBOX
from cgpymail.pop3.replies import refusal
from cgpymail.runtime.logs import PROBLEM
from cgpymail.runtime.wire import link_of

if TYPE_CHECKING:
    from cgpymail.pop3.session import PopSession

Handler = Callable[["PopSession", Command], Coroutine[Any, Any, None]]

DIRECT = "#"


class Login:
    """What is known of the client before it is logged in."""

    def __init__(self, session: PopSession) -> None:
        services = session.services
        token = services.runtime.random(8).hex()
        self.stamp = f"<{token}.{services.runtime.now()}@{services.host}>".encode()
        self.name = ""
        self._session = session
        self._failures = 0

    @property
    def clear_text_allowed(self) -> bool:
        """Whether the client may send its password over this link as it is."""
        services = self._session.services
        return services.directory.clear_text_allowed(link_of(self._session.wire, "POP", services.trust_same_host))

    async def attempt(self, credentials: Credentials) -> None:
        """Check them and enter, or say why not; too many failures end the session.

        ``box#account`` opens another mailbox than INBOX (spec 8.13, 14.4.3).
        """
        session = self._session
        link = link_of(session.wire, "POP", session.services.trust_same_host)
        self.name = ""
        box, direct, account = credentials.login.rpartition(DIRECT)
        try:
            name = await session.services.directory.login(replace(credentials, login=account), link)
            await session.enter(name, box if direct else INBOX)
        except MailError as error:
            session.log.write(PROBLEM, f"login of {credentials.login!r} from [{session.wire.peer}] refused: {error}")
            self._failures += 1
            if self._failures >= session.limits.failed_logins:
                session.end(refusal(error))
            else:
                session.reply(refusal(error))
            return
        assert session.maildrop is not None or session.wire.closed
        if session.maildrop is not None:
            count, octets = session.maildrop.totals()
            session.reply(ok(f"{count} messages ({octets} octets)"))


async def capa(session: PopSession, command: Command) -> None:
    """CAPA (RFC 2449): what may be said in this state."""
    lines = ["TOP", "UIDL", "RESP-CODES", "AUTH-RESP-CODE", "PIPELINING"]
    if session.maildrop is None and session.login.clear_text_allowed:
        lines.append("USER")
    if session.maildrop is None and (offers := _offers(session)):
        lines.append("SASL " + " ".join(offers))
    if session.maildrop is None and session.wire.can_start_tls:
        lines.append("STLS")
    lines += ["EXPIRE NEVER", "IMPLEMENTATION cgpymail"]
    session.reply(ok("Capabilities follow") + "".join(f"{line}\r\n" for line in lines).encode() + b".\r\n")


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
    await session.login.attempt(PlainCredentials(session.login.name, command.arguments[0]))


async def apop(session: PopSession, command: Command) -> None:
    """APOP: the password is never sent, so it is possible on any link."""
    name, digest = (argument.decode("utf-8", "surrogateescape") for argument in command.arguments)
    await session.login.attempt(ApopCredentials(name, session.login.stamp, digest))


def _offers(session: PopSession) -> list[str]:
    allowed = session.login.clear_text_allowed
    return [offer.name for offer in sasl.MECHANISMS.values() if allowed or not offer.clear]


async def auth(session: PopSession, command: Command) -> None:
    """AUTH: without argument the mechanisms, else an exchange (RFC 5034)."""
    if not command.arguments:
        listed = "".join(f"{name}\r\n" for name in _offers(session))
        session.reply(ok("Mechanisms follow") + listed.encode() + b".\r\n")
        return
    name = command.arguments[0].decode("ascii", "replace").upper()
    offer = sasl.MECHANISMS.get(name)
    if offer is None:
        raise BadCommand("Unknown mechanism")
    if name not in _offers(session):
        raise PrivacyRequired
    exchange = sasl.Exchange(offer, session.limits.sasl_line)
    initial = command.arguments[1] if len(command.arguments) > 1 else None
    await _proceed(session, exchange, lambda: exchange.first(initial))


async def _proceed(session: PopSession, exchange: sasl.Exchange, step: Callable[[], bytes | Credentials]) -> None:
    """One step of the exchange: a challenge, whose answer takes the next one, or the check of the password."""
    try:
        outcome = step()
    except sasl.SaslError as problem:
        session.reply(err(str(problem)))
        return
    if isinstance(outcome, bytes):
        session.reply(b"+ " + outcome + b"\r\n")
        session.expect(lambda line: _proceed(session, exchange, lambda: exchange.feed(line)))
    else:
        await session.login.attempt(outcome)


async def stls(session: PopSession, command: Command) -> None:
    """STLS: what came behind it in clear is thrown away."""
    if not session.wire.can_start_tls:
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
    "USER": user,
    "PASS": password,
    "APOP": apop,
    "AUTH": auth,
    "STLS": stls,
    "QUIT": leave,
}
