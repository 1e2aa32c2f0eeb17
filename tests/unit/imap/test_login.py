"""Getting in: LOGIN, AUTHENTICATE, STARTTLS, and the limits on those who are not in yet."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cgpymail.runtime.limits import DEFAULTS, Limits
from tests.support.imapclient import ImapClient
from tests.support.world import World

Connect = Callable[..., ImapClient]
PLAIN = b64encode(b"\0john\0secret")


def limited(spool: Path, limits: Limits) -> World:
    """A server with an account and other limits."""
    world = World(spool, limits)
    world.account("john")
    return world


def test_the_greeting_names_server_host_and_capabilities(connect: Connect) -> None:
    """A client knows at once whom it talks to and what it may use (spec section 13)."""
    greeting = connect(login="").greeting
    assert greeting.startswith(b"* OK [CAPABILITY IMAP4rev1 ")
    assert b"] cgpymail IMAP Server " in greeting
    assert greeting.endswith(b" at mail.example.org ready\r\n")


def test_login_answers_with_the_new_capabilities(connect: Connect) -> None:
    """No further round trip is needed to learn of IDLE and MOVE."""
    client = connect(login="")
    answer = client.ok(b"LOGIN john secret")
    assert answer.startswith(b"[CAPABILITY IMAP4rev1 ")
    assert b" IDLE " in answer
    assert b"AUTH=" not in answer


def test_name_and_password_may_be_literals(connect: Connect) -> None:
    """Passwords with any characters can be sent."""
    client = connect(login="")
    assert client.raw(b"a LOGIN {4}\r\n") == b"+ Ready for the literal\r\n"
    assert client.raw(b"john {6+}\r\nsecret\r\n").startswith(b"a OK ")


@pytest.mark.parametrize("attempt", [b"john wrong", b"nobody secret", b"{1+}\r\n\xff x"])
def test_a_wrong_name_looks_like_a_wrong_password(connect: Connect, attempt: bytes) -> None:
    """Nobody finds out which accounts exist."""
    answer = connect(login="").refused(b"LOGIN " + attempt)
    assert answer == b"[AUTHENTICATIONFAILED] Wrong account name or password"


def test_plain_in_one_line(connect: Connect) -> None:
    """SASL-IR (RFC 4959) saves a round trip."""
    assert connect(login="").ok(b"AUTHENTICATE PLAIN " + PLAIN).startswith(b"[CAPABILITY ")


def test_plain_with_a_challenge(connect: Connect) -> None:
    """A client without SASL-IR is asked for its response."""
    client = connect(login="")
    assert client.raw(b"a AUTHENTICATE PLAIN\r\n") == b"+ \r\n"
    assert client.raw(PLAIN + b"\r\n").startswith(b"a OK ")


def test_the_login_mechanism(connect: Connect) -> None:
    """AUTH=LOGIN asks for the name, then for the password."""
    client = connect(login="")
    assert client.raw(b"a AUTHENTICATE LOGIN\r\n") == b"+ " + b64encode(b"Username:") + b"\r\n"
    assert client.raw(b64encode(b"john") + b"\r\n") == b"+ " + b64encode(b"Password:") + b"\r\n"
    assert client.raw(b64encode(b"secret") + b"\r\n").startswith(b"a OK ")


@pytest.mark.parametrize("response", [b"*", b"!!!", b64encode(b"john"), b"A" * 20_000])
def test_an_exchange_broken_off_is_bad(connect: Connect, response: bytes) -> None:
    """After a cancelled or malformed exchange the client can try again."""
    client = connect(login="")
    client.raw(b"a AUTHENTICATE PLAIN\r\n")
    assert client.raw(response + b"\r\n").startswith(b"a BAD ")
    assert client.ok(b"LOGIN john secret")


def test_an_unknown_mechanism_is_refused(connect: Connect) -> None:
    """NO, not BAD: the command is well formed."""
    assert connect(login="").refused(b"AUTHENTICATE MAGIC").startswith(b"[CANNOT] ")


def test_clear_passwords_are_refused_where_they_are_not_allowed(world: World, connect: Connect) -> None:
    """With CLRTXT off, LOGINDISABLED is announced and every clear-text login refused (spec section 9.1.6)."""
    world.directory.clear_text = False
    client = connect(login="")
    assert b" LOGINDISABLED" in client.greeting
    assert b"AUTH=PLAIN" not in client.greeting
    assert b"AUTH=LOGIN" not in client.greeting
    assert client.refused(b"LOGIN john secret").startswith(b"[PRIVACYREQUIRED] ")
    assert client.refused(b"AUTHENTICATE PLAIN " + PLAIN).startswith(b"[PRIVACYREQUIRED] ")


def test_mechanisms_that_hide_the_password_are_possible_in_clear(world: World, connect: Connect) -> None:
    """Only those that send the password itself need a protected link."""
    world.directory.clear_text = False
    client = connect(login="")
    assert b" AUTH=SCRAM-SHA-256 " in client.greeting
    assert client.raw(b"a AUTHENTICATE SCRAM-SHA-256\r\n") == b"+ \r\n"


def test_tls_makes_clear_passwords_possible(world: World, connect: Connect) -> None:
    """LOGINDISABLED and STARTTLS are gone after the handshake."""
    world.directory.clear_text = False
    client = connect(login="")
    client.ok(b"STARTTLS")
    client.wire.handshake()
    words = client.do(b"CAPABILITY")[0].split()
    assert b"LOGINDISABLED" not in words
    assert b"STARTTLS" not in words
    assert b"AUTH=PLAIN" in words
    client.ok(b"LOGIN john secret")


def test_commands_sent_in_clear_behind_starttls_are_not_executed(connect: Connect) -> None:
    """What an attacker slips in before the handshake never runs inside TLS."""
    client = connect(login="")
    answer = client.raw(b"a STARTTLS\r\nb NOOP\r\nc LOGIN john secret\r\nd LOG")
    assert answer == b"a OK Begin TLS negotiation now\r\n"
    client.wire.handshake()
    assert client.raw(b"e NOOP\r\n") == b"e OK NOOP completed\r\n"
    assert client.refused(b"SELECT INBOX", b"BAD")


def test_starttls_only_once_and_only_with_a_certificate(connect: Connect) -> None:
    """BAD, not a hanging connection."""
    client = connect(login="", tls=False)
    assert b"STARTTLS" not in client.greeting
    client.refused(b"STARTTLS", b"BAD")


def test_no_login_twice(john: ImapClient) -> None:
    """A session belongs to one account."""
    john.refused(b"LOGIN mary secret", b"BAD")
    john.refused(b"AUTHENTICATE PLAIN " + PLAIN, b"BAD")
    john.refused(b"STARTTLS", b"BAD")


def test_too_many_failed_logins_end_the_connection(world: World, connect: Connect) -> None:
    """The last answer is still given, then BYE; another client does not notice."""
    client, neighbour = connect(login=""), connect()
    for _ in range(DEFAULTS.failed_logins - 1):
        client.refused(b"LOGIN john wrong")
    answer = client.raw(b"z LOGIN john wrong\r\n").split(b"\r\n")
    assert answer[0].startswith(b"z NO [AUTHENTICATIONFAILED] ")
    assert answer[1] == b"* BYE Too many failed logins"
    assert client.wire.closed
    neighbour.do(b"NOOP")


def test_who_does_not_log_in_in_time_is_cut_off(world: World, connect: Connect) -> None:
    """Activity does not help; a client that is in stays in."""
    client, neighbour = connect(login=""), connect()
    for _ in range(2):
        world.clock.advance(DEFAULTS.login_time / 2 - 1)
        client.do(b"NOOP")
    world.clock.advance(2)
    assert client.wire.take() == b"* BYE Too slow to log in\r\n"
    assert client.wire.closed
    neighbour.do(b"NOOP")


def test_sessions_of_an_account_are_limited(tmp_path: Path) -> None:
    """The session over the limit is refused, those within it go on."""
    world = limited(tmp_path, replace(DEFAULTS, sessions_per_account=2))
    first, second = ImapClient(world), ImapClient(world)
    third = ImapClient(world, login="")
    assert third.refused(b"LOGIN john secret").startswith(b"[INUSE] ")
    first.do(b"NOOP")
    second.do(b"LOGOUT")
    third.ok(b"LOGIN john secret")


def test_the_log_never_shows_a_password(world: World, connect: Connect) -> None:
    """Neither of LOGIN nor of AUTHENTICATE, at any level."""
    world.runtime.logs.levels["IMAP"] = 5
    client = connect(login="")
    client.raw(b"a LOGIN john {6+}\r\nsecret\r\n")
    connect(login="").raw(b"a AUTHENTICATE PLAIN " + PLAIN + b"\r\n")
    connect(login="").raw(b"a LOGIN john secret extra\r\n")
    lines: list[str] = world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    shown = "\n".join(lines)
    assert "a LOGIN ..." in shown
    assert "a AUTHENTICATE ..." in shown
    assert "secret" not in shown
    assert PLAIN.decode() not in shown
