"""APPEND: messages on their way in (RFC 3501 6.3.11, RFC 7888, RFC 4315)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from cgpymail.runtime.limits import DEFAULTS
from tests.support.imapclient import ImapClient
from tests.support.world import World

Connect = Callable[..., ImapClient]
MAIL = b"Subject: x\r\n\r\ntext\r\n"


def append(client: ImapClient, message: bytes, arguments: bytes = b"INBOX") -> bytes:
    """Append with a non-synchronizing literal; the whole answer."""
    return client.raw(b"a APPEND %b {%d+}\r\n%b\r\n" % (arguments, len(message), message))


def fetched(client: ImapClient, number: int = 1) -> bytes:
    """The whole message as the server has it."""
    answer = client.raw(b"a FETCH %d BODY.PEEK[]\r\n" % number)
    head, _, rest = answer.partition(b"}\r\n")
    return rest[: int(head.rpartition(b"{")[2])]


def test_flags_date_and_uid(john: ImapClient) -> None:
    """What the client gives is stored; APPENDUID says where."""
    assert b" OK [APPENDUID " in append(john, MAIL, b'INBOX (\\Seen $Label1 holiday) "01-Feb-2020 10:00:00 +0100"')
    john.do(b"SELECT INBOX")
    answer = john.do(b"FETCH 1 (FLAGS INTERNALDATE)")[0]
    assert answer == (b'* 1 FETCH (FLAGS (\\Seen $Label1 holiday \\Recent) INTERNALDATE "01-Feb-2020 09:00:00 +0000")')
    assert fetched(john) == MAIL


def test_a_waiting_client_is_told_to_go_on(john: ImapClient) -> None:
    """A synchronizing literal gets its continuation, then the message is taken."""
    assert john.raw(b"a APPEND INBOX {%d}\r\n" % len(MAIL)) == b"+ Ready for the message\r\n"
    assert john.raw(MAIL + b"\r\n").startswith(b"a OK [APPENDUID ")


def test_the_selected_mailbox_tells_of_it_first(john: ImapClient) -> None:
    """EXISTS comes before the tagged reply."""
    john.do(b"SELECT INBOX")
    answer = append(john, MAIL).split(b"\r\n")
    assert answer[:2] == [b"* 1 EXISTS", b"* 1 RECENT"]
    assert answer[2].startswith(b"a OK ")


def test_bare_line_feeds_become_line_ends(john: ImapClient) -> None:
    """Intake is the same for every protocol; the final line end is added."""
    append(john, b"Subject: x\n\nno end")
    john.do(b"SELECT INBOX")
    assert fetched(john) == b"Subject: x\r\n\r\nno end\r\n"


def test_a_missing_mailbox_is_refused_before_the_message_is_sent(john: ImapClient) -> None:
    """[TRYCREATE], and no continuation."""
    assert john.refused(b"APPEND nothing {1000000}").startswith(b"[TRYCREATE] ")
    john.do(b"NOOP")


def test_a_refused_message_that_is_sent_all_the_same_is_skipped(john: ImapClient) -> None:
    """LITERAL+ clients do not wait; their next command is understood."""
    answers = john.lines(b"a APPEND nothing {6+}", b"x NOOP", b"b NOOP")
    assert answers[0].startswith(b"a NO [TRYCREATE] ")
    assert answers[1:] == [b"b OK NOOP completed"]


@pytest.mark.parametrize("mark", [b"", b"+"])
def test_an_empty_message_is_refused(john: ImapClient, mark: bytes) -> None:
    """It could be the sign of a client that gave up."""
    answers = john.lines(b"a APPEND INBOX {0%b}" % mark, *([b""] if mark else []), b"b NOOP")
    assert answers[0].startswith(b"a NO ")
    assert answers[1:] == [b"b OK NOOP completed"]


def test_messages_over_the_limit_are_refused(tmp_path: Path) -> None:
    """[TOOBIG], before the message is sent or after skipping it; the neighbour does not notice."""
    world = World(tmp_path, replace(DEFAULTS, message_size=1000))
    world.account("john")
    john, neighbour = ImapClient(world), ImapClient(world)
    assert john.refused(b"APPEND INBOX {1001}").startswith(b"[TOOBIG] ")
    assert append(john, b"x" * 1001).startswith(b"a NO [TOOBIG] ")
    assert append(neighbour, b"x" * 990).startswith(b"a OK ")
    john.do(b"NOOP")


def test_line_ends_count_for_the_limit(tmp_path: Path) -> None:
    """A message that grows over the limit when it is brought into wire form is refused too."""
    world = World(tmp_path, replace(DEFAULTS, message_size=1000))
    world.account("john")
    john = ImapClient(world)
    assert append(john, b"\n" * 900).startswith(b"a NO [TOOBIG] ")
    john.do(b"NOOP")


def test_a_large_message_goes_through_the_spool(tmp_path: Path) -> None:
    """Over the limit of memory it waits in a file, which is gone afterwards."""
    world = World(tmp_path, replace(DEFAULTS, spool_memory=10_000))
    world.account("john")
    john = ImapClient(world)
    message = b"Subject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 20_000
    opening = b"a APPEND INBOX {%d+}\r\n" % len(message)
    john.raw(opening + message[:50_000])
    assert len(list(tmp_path.iterdir())) == 1
    assert john.raw(message[50_000:] + b"\r\n").startswith(b"a OK ")
    assert list(tmp_path.iterdir()) == []
    john.do(b"SELECT INBOX")
    assert fetched(john) == message


def test_a_broken_link_leaves_no_file(tmp_path: Path) -> None:
    """Nor a message."""
    world = World(tmp_path, replace(DEFAULTS, spool_memory=10_000))
    world.account("john")
    john = ImapClient(world)
    john.raw(b"a APPEND INBOX {100000+}\r\n" + b"x" * 50_000)
    assert len(list(tmp_path.iterdir())) == 1
    john.wire.drop()
    assert list(tmp_path.iterdir()) == []
    assert b"* 0 EXISTS" in ImapClient(world).do(b"SELECT INBOX")


def test_nothing_but_messages_may_follow(john: ImapClient) -> None:
    """What is left over on the line is BAD, and nothing is stored."""
    assert john.raw(b"a APPEND INBOX {4+}\r\nmail x\r\nb NOOP\r\n").split(b"\r\n")[:2] == [
        b"a BAD Nothing may follow the message",
        b"b OK NOOP completed",
    ]
    assert b"* 0 EXISTS" in john.do(b"SELECT INBOX")


def test_an_ill_formed_append_skips_its_message(john: ImapClient) -> None:
    """The octets of the message are never taken for commands."""
    answers = john.lines(b'a APPEND INBOX "no date" {6+}', b"x NOOP", b"b NOOP")
    assert answers[0].startswith(b"a BAD ")
    assert answers[1:] == [b"b OK NOOP completed"]


def test_a_spool_that_breaks_in_the_middle_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The rest of the message is still taken in; the session stays usable, and no file stays."""
    world = World(tmp_path, replace(DEFAULTS, spool_memory=1000))
    world.account("john")
    john = ImapClient(world)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(world.runtime.files, "pwrite", full)
        assert john.raw(b"a APPEND INBOX {5000+}\r\n" + b"x" * 3000) == b""
        assert john.raw(b"x" * 2000 + b"\r\n").startswith(b"a NO [UNAVAILABLE] ")
    john.do(b"NOOP")
    assert append(john, b"x" * 5000).startswith(b"a OK ")
    assert list(tmp_path.iterdir()) == []


def test_a_spool_that_breaks_at_the_end_is_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The missing final line end can be the octets too many."""
    world = World(tmp_path, replace(DEFAULTS, spool_memory=1000))
    world.account("john")
    john = ImapClient(world)
    pwrite = world.runtime.files.pwrite

    def full(fd: int, data: bytes, offset: int) -> int:
        if data == b"\r\n":
            raise OSError(28, "No space left on device")
        return pwrite(fd, data, offset)

    with monkeypatch.context() as patch:
        patch.setattr(world.runtime.files, "pwrite", full)
        assert append(john, b"x" * 5000).startswith(b"a NO [UNAVAILABLE] ")
    john.do(b"NOOP")
    assert list(tmp_path.iterdir()) == []


def test_a_line_without_end_behind_the_message(tmp_path: Path) -> None:
    """BAD, and the message is not stored."""
    world = World(tmp_path, replace(DEFAULTS, line=1000))
    world.account("john")
    john = ImapClient(world)
    answers = john.lines(b"a APPEND INBOX {4+}", b"mail" + b"x" * 2000, b"b NOOP")
    assert answers[0].startswith(b"a BAD ")
    assert answers[-1] == b"b OK NOOP completed"
    assert b"* 0 EXISTS" in john.do(b"SELECT INBOX")
