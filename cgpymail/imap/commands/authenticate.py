"""STARTTLS, AUTHENTICATE, LOGIN (RFC 3501 6.2; SASL-IR RFC 4959; spec section 9.1.6)."""

from __future__ import annotations

import binascii

from cgpymail.directory.dialogue import Dialogue, begin
from cgpymail.errors import AuthenticationFailed, NoSuchAccount, PrivacyRequired, ServiceDisabled
from cgpymail.grammar.imap import commands as verbs
from cgpymail.grammar.imap.events import LineText
from cgpymail.grammar.imap.responses import challenge_line
from cgpymail.grammar.sasl.mechanism import SaslError
from cgpymail.imap.context import SERVICE, BadCommand, Context, Reply
from cgpymail.imap.state import State
from cgpymail.model.identity import AccountName, PlainCredentials
from cgpymail.runtime.logs import MAJOR, PROBLEM

_REFUSED = (AuthenticationFailed, NoSuchAccount, ServiceDisabled)


def start_tls(context: Context, command: verbs.StartTls) -> Reply:
    """The session begins the handshake after the tagged reply; what came behind the command in clear is forgotten."""
    if not context.wire.can_start_tls:
        raise BadCommand("STARTTLS is not possible on this connection")
    dropped = context.input.discard()
    if dropped:
        context.log.write(PROBLEM, f"{dropped} octets sent in clear behind STARTTLS were thrown away")
    context.handshaking = True
    return Reply(b"Begin TLS negotiation now")


async def login(context: Context, command: verbs.Login) -> Reply:
    """Name and password in clear. Raises PrivacyRequired before anything else is looked at."""
    _check_privacy(context)
    try:
        name = command.user.decode()
    except UnicodeDecodeError:
        raise AuthenticationFailed from None
    try:
        account = await context.services.directory.login(PlainCredentials(name, command.password), context.link)
        return await _enter(context, account)
    except _REFUSED:
        _count_failure(context, name)
        raise


async def authenticate(context: Context, command: verbs.Authenticate) -> Reply:
    """A SASL exchange; an exchange that the client breaks off or gets wrong is BAD (RFC 3501 6.2.2)."""
    services, mechanism = context.services, command.mechanism
    limit = services.limits.sasl_line
    dialogue = begin(services.directory, services.runtime, services.host, mechanism, context.link, limit)
    try:
        return await _enter(context, await _converse(context, dialogue, _encoded(command.initial)))
    except SaslError as problem:
        raise BadCommand(str(problem)) from None
    except _REFUSED:
        _count_failure(context, dialogue.login)
        raise


async def _converse(context: Context, dialogue: Dialogue, initial: bytes | None) -> AccountName:
    limit = context.services.limits.sasl_line
    outcome = await dialogue.first(initial)
    while isinstance(outcome, bytes):
        context.send(challenge_line(outcome))
        event = await context.input.wait(limit)
        if not isinstance(event, LineText):
            raise BadCommand("The response is too long")
        outcome = await dialogue.feed(event.text)
    return outcome


def _encoded(initial: bytes | None) -> bytes | None:
    return initial if initial is None else binascii.b2a_base64(initial, newline=False) or b"="


def _check_privacy(context: Context) -> None:
    if not context.services.directory.clear_text_allowed(context.link):
        raise PrivacyRequired


async def _enter(context: Context, name: AccountName) -> Reply:
    context.user = await context.services.manager.connect(name, SERVICE, context.log.name)
    context.state = State.AUTHENTICATED
    context.logged_in()
    context.log.write(MAJOR, f"{name} logged in from [{context.wire.peer}]")
    return Reply(b"Logged in", b"CAPABILITY " + context.capabilities)


def _count_failure(context: Context, login: str) -> None:
    """Too many of them end the connection."""
    context.log.write(PROBLEM, f"login of {login!r} from [{context.wire.peer}] failed")
    context.failed_logins += 1
    if context.failed_logins >= context.services.limits.failed_logins:
        context.ending = "Too many failed logins"
