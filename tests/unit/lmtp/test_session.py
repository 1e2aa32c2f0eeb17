"""LMTP sessions over the whole server in memory (RFC 2033; spec sections 8.13, 14.1)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cgpymail.runtime.limits import DEFAULTS
from tests.support.wire import MemoryWire
from tests.support.world import World

LHLO = b"LHLO client.example.net\r\n"
MESSAGE = b"Subject: hello\r\n\r\n..dot\r\nend\r\n"


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A server with the accounts john and mary."""
    world = World(tmp_path, replace(DEFAULTS, message_size=300_000, spool_memory=50_000, recipients=3))
    world.account("john")
    world.account("mary")
    return world


def connect(world: World) -> MemoryWire:
    """A connection that has said LHLO."""
    link = world.connect("LMTP")
    assert link.take() == b"220 mail.example.org cgpymail LMTP Server ready\r\n"
    assert link.feed(LHLO).startswith(b"250-mail.example.org\r\n")
    return link


def transaction(link: MemoryWire, *recipients: bytes, message: bytes = MESSAGE) -> list[bytes]:
    """One transaction; the replies to the end of the data."""
    link.feed(b"MAIL FROM:<a@b.example>\r\n")
    for recipient in recipients:
        link.feed(b"RCPT TO:<" + recipient + b">\r\n")
    assert link.feed(b"DATA\r\n").startswith(b"354 ")
    return link.feed(message + b".\r\n").split(b"\r\n")[:-1]


def stored(world: World, name: str = "john", mailbox: str = "INBOX") -> list[bytes]:
    """The messages of a mailbox."""
    user = world.user(name)
    handle = world.run(user.open(mailbox))
    found = []
    for uid in range(1, handle.uidnext):
        content = handle.content(uid)
        found.append(b"".join(content.chunks()))
        content.release()
    return found


def test_lhlo_announces(world: World) -> None:
    """What issue and RFC ask for is announced."""
    link = world.connect("LMTP")
    link.take()
    words = link.feed(LHLO)
    for word in (b"PIPELINING", b"8BITMIME", b"SMTPUTF8", b"SIZE 300000", b"ENHANCEDSTATUSCODES"):
        assert word in words


def test_one_reply_per_recipient_in_order(world: World) -> None:
    """Two recipients, one message in each mailbox, with the envelope sender on top and dots undone."""
    replies = transaction(connect(world), b"john@example.org", b"mary")
    assert [reply[:9] for reply in replies] == [b"250 2.1.5", b"250 2.1.5"]
    for name in ("john", "mary"):
        (message,) = stored(world, name)
        assert message.startswith(b"Return-Path: <a@b.example>\r\nReceived: from client.example.net ")
        assert message.endswith(b"\r\nSubject: hello\r\n\r\n.dot\r\nend\r\n")


def test_many_transactions_and_rset(world: World) -> None:
    """A connection carries dozens, with RSET between, as Postfix does."""
    link = connect(world)
    for _ in range(30):
        assert transaction(link, b"john") == [b"250 2.1.5 <john> delivered"]
        assert link.feed(b"RSET\r\n") == b"250 2.0.0 Reset\r\n"
    assert len(stored(world)) == 30


def test_unknown_recipients(world: World) -> None:
    """Refused at RCPT; the others go on; without any, DATA is refused."""
    link = connect(world)
    link.feed(b"MAIL FROM:<>\r\n")
    assert link.feed(b"RCPT TO:<nobody@example.org>\r\n").startswith(b"550 5.1.1 ")
    assert link.feed(b"RCPT TO:<john@elsewhere.example>\r\n").startswith(b"550 5.1.1 ")
    assert link.feed(b"DATA\r\n").startswith(b"503 5.5.1 ")
    link.feed(b"RSET\r\n")
    assert len(transaction(link, b"john", b"nobody", b"mary")) == 2


def test_direct_addressing(world: World) -> None:
    """box#account names a mailbox, account+box too, falling back to INBOX."""
    world.run(world.user().create("lists/twisted"))
    link = connect(world)
    replies = transaction(link, b"lists/twisted#john", b"john+lists/twisted@example.org", b"john+none")
    assert len(replies) == 3
    assert len(stored(world, mailbox="lists/twisted")) == 2
    assert len(stored(world)) == 1
    link.feed(b"MAIL FROM:<>\r\n")
    assert link.feed(b"RCPT TO:<none#john>\r\n").startswith(b"550 5.1.1 ")


def test_pipelined_transaction_byte_by_byte(world: World) -> None:
    """However the bytes come, the same happens."""
    script = (
        b"MAIL FROM:<x@y.example> SIZE=100 BODY=8BITMIME\r\nRCPT TO:<john>\r\nDATA\r\n" + MESSAGE + b".\r\nQUIT\r\n"
    )
    for bytewise in (False, True):
        link = connect(world)
        replies = link.feed(script, bytewise=bytewise).split(b"\r\n")
        assert [reply[:3] for reply in replies] == [b"250", b"250", b"354", b"250", b"221", b""]
        assert link.closed
    assert len(stored(world)) == 2


def test_data_ends_at_crlf_dot_crlf_only(world: World) -> None:
    """Bare line feeds and carriage returns around a dot do not end a message: no smuggling."""
    link = connect(world)
    sneaky = b"Subject: x\r\n\r\na\n.\nb\r.\rc\r\n.\nd\n.\r\ne\r\n"
    assert transaction(link, b"john", message=sneaky) == [b"250 2.1.5 <john> delivered"]
    assert stored(world)[0].count(b".") >= 4
    assert stored(world)[0].endswith(b"e\r\n")


def test_large_message_is_spooled_and_too_large_refused(world: World, tmp_path: Path) -> None:
    """Above the memory limit in a file, above the message limit refused once it ended, and the session goes on."""
    link = connect(world)
    large = b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 10_000
    assert transaction(link, b"john", message=large) == [b"250 2.1.5 <john> delivered"]
    assert stored(world)[0].endswith(large)
    replies = transaction(link, b"john", b"mary", message=large * 2)
    assert [reply[:9] for reply in replies] == [b"552 5.3.4", b"552 5.3.4"]
    assert link.feed(b"MAIL FROM:<> SIZE=300001\r\n").startswith(b"552 5.3.4 ")
    assert transaction(link, b"mary") == [b"250 2.1.5 <mary> delivered"]
    assert not list(tmp_path.iterdir())


def test_a_broken_connection_delivers_nothing(world: World, tmp_path: Path) -> None:
    """A message without its end was never accepted."""
    link = connect(world)
    link.feed(b"MAIL FROM:<>\r\nRCPT TO:<john>\r\nDATA\r\n" + b"x" * 60_000 + b"\r\n" * 50_000)
    assert list(tmp_path.iterdir())
    link.drop()
    assert not list(tmp_path.iterdir())
    assert stored(world) == []


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (b"EHLO x", b"500 5.5.1"),
        (b"XYZ", b"500 5.5.2"),
        (b"LHLO", b"501 5.5.4"),
        (b"RCPT TO:<john>", b"503 5.5.1"),
        (b"DATA", b"503 5.5.1"),
        (b"MAIL TO:<a@b>", b"501 5.5.4"),
        (b"MAIL FROM:a@b", b"501 5.1.7"),
        (b"MAIL FROM:<a@b> FOO=1", b"555 5.5.4"),
        (b"MAIL FROM:<a@b> SIZE=x", b"501 5.5.4"),
        (b"MAIL FROM:<\xff@b>", b"501 5.6.7"),
        (b"VRFY john", b"252 2.1.5"),
        (b"NOOP", b"250 2.0.0"),
        (b"HELP", b"214 2.0.0"),
    ],
)
def test_answers_to_odd_commands(world: World, said: bytes, code: bytes) -> None:
    """Every ill-formed or misplaced command has its reply."""
    assert connect(world).feed(said + b"\r\n")[:9] == code


def test_addresses(world: World) -> None:
    """Quoted local parts and source routes are understood."""
    link = connect(world)
    link.feed(b"MAIL FROM:<@relay.example:a@b.example>\r\n")
    assert link.feed(b'RCPT TO:<"john"@example.org>\r\n').startswith(b"250 ")
    assert link.feed("RCPT TO:<jöhn@example.org>\r\n".encode()).startswith(b"550 5.1.1")


def test_limits(world: World) -> None:
    """Recipients, line length, floods of nonsense and silence have their bounds."""
    link = connect(world)
    link.feed(b"MAIL FROM:<>\r\n")
    for _ in range(3):
        assert link.feed(b"RCPT TO:<john>\r\n").startswith(b"250 ")
    assert link.feed(b"RCPT TO:<john>\r\n").startswith(b"452 4.5.3 ")
    assert link.feed(b"NOOP " + b"x" * 5000 + b"\r\n").startswith(b"500 5.5.2 ")
    for _ in range(DEFAULTS.bad_commands):
        link.feed(b"nonsense\r\n")
    assert link.closed
    silent = connect(world)
    world.clock.advance(DEFAULTS.lmtp_idle_time + 1)
    assert silent.take().startswith(b"421 4.4.2 ")
    assert silent.closed


def test_smtputf8(world: World) -> None:
    """Addresses in UTF-8 (RFC 6531): a sender, and a mailbox whose name is not ASCII; the bytes arrive as they are."""
    world.run(world.user().create("Entwürfe"))
    link = connect(world)
    link.feed("MAIL FROM:<jörg@exämple.net> SMTPUTF8 BODY=8BITMIME\r\n".encode())
    assert link.feed("RCPT TO:<john+Entwürfe@example.org>\r\n".encode()).startswith(b"250 ")
    link.feed(b"DATA\r\n")
    assert link.feed("Subject: Grüße\r\n\r\näöü\r\n.\r\n".encode()).startswith(b"250 ")
    (message,) = stored(world, mailbox="Entwürfe")
    assert message.startswith("Return-Path: <jörg@exämple.net>\r\n".encode())
    assert message.endswith("Subject: Grüße\r\n\r\näöü\r\n".encode())


def test_a_quoted_sender_keeps_its_quotes(world: World) -> None:
    """Return-Path is an address that other programs can read (RFC 5321 4.4)."""
    link = connect(world)
    link.feed(b'MAIL FROM:<"a b>"@c.example>\r\nRCPT TO:<john>\r\nDATA\r\nSubject: x\r\n\r\n.\r\n')
    (message,) = stored(world)
    assert message.startswith(b'Return-Path: <"a b>"@c.example>\r\n')
