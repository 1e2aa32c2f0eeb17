"""What one session does, and when the others are told (RFC 3501 5.2, 5.5, 7.4.1; spec 14.3.1)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cgpymail.model.flags import DELETED
from tests.support.imapclient import ImapClient
from tests.support.world import World

MAIL = b"Subject: x\r\n\r\ntext\r\n"
Connect = Callable[..., ImapClient]


@pytest.fixture
def pair(world: World, connect: Connect) -> tuple[ImapClient, ImapClient]:
    """Two sessions on a mailbox with three messages, none of them recent."""
    world.append(MAIL, MAIL, MAIL)
    first, second = connect(), connect()
    first.do(b"SELECT INBOX")
    first.do(b"SELECT INBOX")
    second.do(b"SELECT INBOX")
    return first, second


def test_store_answers_and_tells_others(pair: tuple[ImapClient, ImapClient]) -> None:
    """The session itself gets the new flags as the answer, the other one before its next tagged reply."""
    mine, other = pair
    assert mine.do(b"STORE 2 +FLAGS (\\Flagged)") == [b"* 2 FETCH (FLAGS (\\Flagged))"]
    assert other.do(b"NOOP") == [b"* 2 FETCH (FLAGS (\\Flagged))"]
    assert mine.do(b"NOOP") == []


def test_silent_store_is_silent_to_its_own_session_only(pair: tuple[ImapClient, ImapClient]) -> None:
    """.SILENT (RFC 3501 6.4.6)."""
    mine, other = pair
    assert mine.do(b"STORE 1 FLAGS.SILENT (\\Seen)") == []
    assert other.do(b"NOOP") == [b"* 1 FETCH (FLAGS (\\Seen))"]


def test_uid_store_answers_with_the_uid(pair: tuple[ImapClient, ImapClient]) -> None:
    """Without being asked (RFC 3501 6.4.8)."""
    assert pair[0].do(b"UID STORE 3 FLAGS (\\Draft)") == [b"* 3 FETCH (UID 3 FLAGS (\\Draft))"]


def test_a_new_keyword_is_announced_before_it_is_used(pair: tuple[ImapClient, ImapClient]) -> None:
    """FLAGS and PERMANENTFLAGS first, for the session itself and for others."""
    mine, other = pair
    for answers in (mine.do(b"STORE 1 +FLAGS (holiday)"), other.do(b"NOOP")):
        assert answers[0].startswith(b"* FLAGS (") and b" holiday)" in answers[0]
        assert answers[1].startswith(b"* OK [PERMANENTFLAGS (")
        assert answers[2:] == [b"* 1 FETCH (FLAGS (holiday))"]


@pytest.mark.parametrize("command", [b"FETCH 1 UID", b"STORE 1 FLAGS.SILENT ()", b"SEARCH ALL"])
def test_no_expunge_while_numbers_are_in_use(pair: tuple[ImapClient, ImapClient], command: bytes) -> None:
    """FETCH, STORE and SEARCH by number never tell of an EXPUNGE; the next NOOP does."""
    mine, other = pair
    mine.do(b"STORE 2 FLAGS.SILENT (\\Deleted)")
    mine.do(b"EXPUNGE")
    assert not any(b"EXPUNGE" in line for line in other.do(command))
    assert b"* 2 EXPUNGE" in other.do(b"NOOP")


@pytest.mark.parametrize("command", [b"UID FETCH 1 FLAGS", b"UID STORE 1 FLAGS.SILENT ()", b"UID SEARCH ALL", b"NOOP"])
def test_expunge_is_told_where_numbers_are_not_in_use(pair: tuple[ImapClient, ImapClient], command: bytes) -> None:
    """Commands by UID may tell of it."""
    mine, other = pair
    mine.do(b"STORE 2 FLAGS.SILENT (\\Deleted)")
    assert mine.do(b"EXPUNGE") == [b"* 2 EXPUNGE"]
    assert b"* 2 EXPUNGE" in other.do(command)


def test_a_message_expunged_elsewhere_can_still_be_read(pair: tuple[ImapClient, ImapClient]) -> None:
    """Until this session was told (spec 14.3.1d); changing its flags is silently ignored (RFC 2180)."""
    mine, other = pair
    mine.do(b"STORE 2 FLAGS.SILENT (\\Deleted)")
    mine.do(b"EXPUNGE")
    assert b"* 2 FETCH (UID 2 BODY[] {%d}" % len(MAIL) in other.do(b"FETCH 2 (UID BODY.PEEK[])")
    assert other.do(b"STORE 2 +FLAGS (\\Flagged)") == []
    assert other.refused(b"MOVE 1:2 Trash").startswith(b"[EXPUNGEISSUED] ")


def test_uid_expunge_takes_only_what_is_named(pair: tuple[ImapClient, ImapClient]) -> None:
    """Other messages marked Deleted stay (RFC 4315)."""
    mine, _ = pair
    mine.do(b"STORE 1:3 FLAGS.SILENT (\\Deleted)")
    assert mine.do(b"UID EXPUNGE 2:3,99") == [b"* 2 EXPUNGE", b"* 2 EXPUNGE"]


def test_idle_tells_at_once(world: World, pair: tuple[ImapClient, ImapClient]) -> None:
    """Arrivals, flags and expunges, as they happen (RFC 2177)."""
    mine, other = pair
    assert other.lines(b"a IDLE") == [b"+ idling"]
    world.append(MAIL)
    assert other.told()[0] == b"* 4 EXISTS"
    mine.do(b"STORE 1 FLAGS.SILENT (\\Seen \\Deleted)")
    assert other.told() == [b"* 1 FETCH (FLAGS (\\Seen \\Deleted))"]
    mine.do(b"EXPUNGE")
    assert b"* 1 EXPUNGE" in other.told()
    assert other.lines(b"done") == [b"a OK IDLE terminated"]


def test_idle_begins_with_what_was_not_told(world: World, pair: tuple[ImapClient, ImapClient]) -> None:
    """Nothing is forgotten between commands."""
    world.append(MAIL)
    assert b"* 4 EXISTS" in pair[1].lines(b"a IDLE")


@pytest.mark.parametrize("line", [b"NOOP", b"a NOOP", b"x" * 500])
def test_idle_ends_with_done_only(pair: tuple[ImapClient, ImapClient], line: bytes) -> None:
    """Anything else is BAD and ends it."""
    client = pair[0]
    client.lines(b"a IDLE")
    assert client.lines(line)[-1].startswith(b"a BAD ")
    client.do(b"NOOP")


def test_idle_without_a_mailbox(connect: Connect) -> None:
    """There is nothing to tell, but it is allowed."""
    client = connect()
    assert client.lines(b"a IDLE", b"DONE", b"b NOOP") == [
        b"+ idling",
        b"a OK IDLE terminated",
        b"b OK NOOP completed",
    ]


def test_thousands_of_changes_cost_one_answer(world: World, pair: tuple[ImapClient, ImapClient]) -> None:
    """Who never polls gets the state in the end, not the history."""
    mine, other = pair
    for number in range(1000):
        mine.do(b"STORE 1:3 FLAGS.SILENT (%b)" % (b"\\Seen" if number % 2 else b"\\Flagged"))
    world.append(MAIL, flags=DELETED)
    assert other.do(b"NOOP") == [
        b"* 4 EXISTS",
        b"* 1 RECENT",
        b"* 1 FETCH (FLAGS (\\Seen))",
        b"* 2 FETCH (FLAGS (\\Seen))",
        b"* 3 FETCH (FLAGS (\\Seen))",
    ]


def test_idle_waits_for_a_client_that_does_not_read(world: World, pair: tuple[ImapClient, ImapClient]) -> None:
    """Changes do not pile up as output; when it reads again, it gets the outcome."""
    mine, other = pair
    other.lines(b"a IDLE")
    other.wire.hold()
    for number in range(1, 2501):
        mine.do(b"STORE 1 FLAGS.SILENT (%b)" % (b"\\Seen" if number % 2 else b"\\Flagged"))
        world.clock.advance(0)
    assert 64_000 < len(other.wire.sent) < 66_000
    other.wire.take()
    other.wire.release()
    world.clock.advance(0)
    assert other.told() == [b"* 1 FETCH (FLAGS (\\Flagged))"]


def test_a_link_that_breaks_while_idle_waits_to_tell(world: World, pair: tuple[ImapClient, ImapClient]) -> None:
    """There is nobody left to tell."""
    mine, other = pair
    world.append(b"Subject: x\r\n\r\n" + b"x" * 100_000 + b"\r\n")
    other.do(b"NOOP")
    other.wire.hold()
    other.wire.feed(b"a FETCH 4 BODY.PEEK[TEXT]<0.66000>\r\n")
    other.wire.read_some()
    other.wire.feed(b"a IDLE\r\n")
    other.wire.write(b"x" * 70_000)
    mine.do(b"STORE 1 FLAGS.SILENT (\\Seen)")
    world.clock.advance(0)
    other.wire.drop()
    mine.do(b"NOOP")
    lines: list[str] = world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    assert not [line for line in lines if "Traceback" in line]
