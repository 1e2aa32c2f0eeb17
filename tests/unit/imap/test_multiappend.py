"""MULTIAPPEND (RFC 3502): all messages or none; what can be refused is refused before it is sent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from cgpymail.runtime.limits import DEFAULTS
from tests.support.imapclient import ImapClient
from tests.support.world import World

MAIL = b"Subject: x\r\n\r\ntext\r\n"


def append(client: ImapClient, messages: Sequence[bytes]) -> bytes:
    """Append all with non-synchronizing literals; the whole answer."""
    literals = b"".join(b" {%d+}\r\n%b" % (len(message), message) for message in messages)
    return client.raw(b"a APPEND INBOX%b\r\n" % literals)


def exists(client: ImapClient) -> int:
    """How many messages INBOX has."""
    answer = client.do(b"STATUS INBOX (MESSAGES)")[0]
    return int(answer.rpartition(b" ")[2].rstrip(b")"))


def limited(folder: Path, **limits: int) -> ImapClient:
    """A session in a world with other limits."""
    world = World(folder, replace(DEFAULTS, **limits))
    world.account("john")
    return ImapClient(world)


def test_uids_in_order(john: ImapClient) -> None:
    """APPENDUID tells those of all messages."""
    assert append(john, [MAIL] * 3).endswith(b" 1:3] APPEND completed\r\n")
    assert exists(john) == 3


def test_too_many_messages_are_refused_before_they_are_sent(tmp_path: Path) -> None:
    """[LIMIT], no continuation, and nothing of the others is stored."""
    john = limited(tmp_path, append_messages=2)
    assert append(john, [MAIL] * 2).startswith(b"a OK ")
    answer = john.raw(b"a APPEND INBOX {1+}\r\nx {1+}\r\ny {1}\r\n")
    assert answer.startswith(b"a NO [LIMIT] ")
    assert b"+ " not in answer
    assert append(john, [MAIL] * 4).startswith(b"a NO [LIMIT] ")
    assert exists(john) == 2


def test_too_many_octets_are_refused_before_they_are_sent(tmp_path: Path) -> None:
    """The limit counts all messages of the command; one message alone may be as large as any."""
    john = limited(tmp_path, append_size=100)
    assert append(john, [b"x" * 200]).startswith(b"a OK ")
    assert append(john, [b"x" * 50, b"x" * 50]).startswith(b"a OK ")
    assert append(john, [b"x" * 50, b"x" * 51]).startswith(b"a NO [LIMIT] ")
    assert john.raw(b"a APPEND INBOX {50+}\r\n%b {51}\r\n" % (b"x" * 50)).startswith(b"a NO [LIMIT] ")
    assert exists(john) == 3


def test_one_that_is_too_large_refuses_all(tmp_path: Path) -> None:
    """[TOOBIG], and the next command is understood."""
    john = limited(tmp_path, message_size=100)
    assert append(john, [MAIL, b"x" * 101, MAIL]).startswith(b"a NO [TOOBIG] ")
    assert append(john, [MAIL, b"\n" * 60]).startswith(b"a NO [TOOBIG] ")
    assert exists(john) == 0


def test_together_they_take_no_more_memory_than_one(tmp_path: Path) -> None:
    """What does not fit waits in files, and no file stays behind."""
    john = limited(tmp_path, spool_memory=1000)
    body = b"x" * 398 + b"\r\n"
    pending = b"".join(b" {400+}\r\n" + body for _ in range(4))
    john.raw(b"a APPEND INBOX" + pending)
    assert len(list(tmp_path.iterdir())) == 2
    assert john.raw(b" {400+}\r\n" + body + b"\r\n").startswith(b"a OK ")
    assert list(tmp_path.iterdir()) == []
    assert exists(john) == 5


def test_a_broken_link_stores_nothing(tmp_path: Path) -> None:
    """Not even the messages that were complete."""
    world = World(tmp_path, replace(DEFAULTS, spool_memory=10))
    world.account("john")
    john, other = ImapClient(world), ImapClient(world)
    john.raw(b"a APPEND INBOX {%d+}\r\n%b {100+}\r\nhalf" % (len(MAIL), MAIL))
    john.wire.drop()
    assert list(tmp_path.iterdir()) == []
    assert exists(other) == 0


@pytest.mark.parametrize("between", [b" (\\Seen {4+}", b" x {4+}", b"{4+}", b") {4+}", b" UTF8 (~{4+}"])
def test_what_stands_between_is_read_with_care(john: ImapClient, between: bytes) -> None:
    """Whatever is no description of a message is BAD; its octets are never taken for commands."""
    answers = john.lines(b"a APPEND INBOX {1+}\r\nx%b\r\nxxxx" % between, b"b NOOP")
    assert answers[0].startswith(b"a BAD ")
    assert answers[1:] == [b"b OK NOOP completed"]
    assert exists(john) == 0


def test_nul_is_kept(john: ImapClient) -> None:
    """A literal8 may hold it, and it is stored as it came (architecture, byte fidelity)."""
    assert john.raw(b"a APPEND INBOX ~{3+}\r\na\0b ~{3+}\r\n\0\0\0\r\n").startswith(b"a OK ")
    john.do(b"SELECT INBOX")
    assert john.raw(b"b FETCH 1:2 BINARY.PEEK[]\r\n").split(b"b OK")[0] == (
        b"* 1 FETCH (BINARY[] ~{5}\r\na\0b\r\n)\r\n* 2 FETCH (BINARY[] ~{5}\r\n\0\0\0\r\n)\r\n"
    )
