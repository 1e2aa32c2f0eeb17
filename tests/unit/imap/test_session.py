"""The state machine of a connection: order of commands, what may be said when, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import MailboxGone, StorageFailed
from cgpymail.grammar.imap import aclcommands, messagecommands, metadatacommands, notifycommands, searchcommands
from cgpymail.grammar.imap import commands as verbs
from cgpymail.imap.commands import always
from cgpymail.imap.commands.table import TABLE
from cgpymail.manager.handle import Handle
from cgpymail.manager.user import User
from cgpymail.runtime.limits import DEFAULTS
from tests.support.imapclient import ImapClient
from tests.support.world import World

Connect = Callable[..., ImapClient]
VERBS = (verbs, aclcommands, messagecommands, metadatacommands, notifycommands, searchcommands)


@pytest.mark.parametrize("command", [b"SELECT INBOX", b'LIST "" *', b"IDLE", b"NAMESPACE", b"FETCH 1 FLAGS", b"CLOSE"])
def test_nothing_but_logging_in_before_login(connect: Connect, command: bytes) -> None:
    """Commands of other states are BAD."""
    connect(login="").refused(command, b"BAD")


@pytest.mark.parametrize(
    "command", [b"FETCH 1 FLAGS", b"STORE 1 FLAGS ()", b"SEARCH ALL", b"EXPUNGE", b"CLOSE", b"CHECK"]
)
def test_message_commands_need_a_mailbox(john: ImapClient, command: bytes) -> None:
    """Without SELECT there are no messages."""
    john.refused(command, b"BAD")


def test_append_before_login_is_refused_with_its_message(connect: Connect) -> None:
    """A message that nobody may send is skipped, and the next command understood."""
    client = connect(login="")
    assert client.lines(b"a APPEND INBOX {4+}", b"mail", b"b NOOP") == [
        b"a BAD APPEND is not possible now",
        b"b OK NOOP completed",
    ]


def test_pipelined_commands_are_answered_in_order(john: ImapClient) -> None:
    """Many commands in one packet."""
    answers = john.lines(b"1 NOOP", b"2 SELECT INBOX", b"3 NOOP", b"4 CLOSE", b"5 NOOP")
    tagged = [line for line in answers if not line.startswith(b"*")]
    assert [line.split()[:2] for line in tagged] == [[b"%d" % number, b"OK"] for number in range(1, 6)]


def test_a_command_waits_for_the_answer_to_the_one_before(
    world: World, john: ImapClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the disk is slow, pipelined commands wait in their order."""
    slow: Deferred[None] = Deferred()

    async def subscribe(user: User, name: str) -> None:
        await slow

    monkeypatch.setattr(User, "subscribe", subscribe)
    assert john.lines(b"1 SUBSCRIBE x", b"2 NOOP") == []
    slow.callback(None)
    assert john.told() == [b"1 OK SUBSCRIBE completed", b"2 OK NOOP completed"]


def test_an_ill_formed_command_is_bad_with_a_reason(john: ImapClient) -> None:
    """The client's author reads what is wrong."""
    assert john.lines(b"a FROBNICATE", b"b SELECT", b"+", b"")[:2] == [
        b"a BAD Unknown command",
        b"b BAD A space expected",
    ]


def test_a_bug_is_answered_with_a_reference_only(
    world: World, john: ImapClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text of an exception stays in the log; the session goes on."""

    async def broken(user: User, name: str, uses: object) -> None:
        raise RuntimeError("password is hunter2")

    monkeypatch.setattr(User, "create", broken)
    answer = john.refused(b"CREATE x")
    assert answer.startswith(b"[SERVERBUG] Internal error; the server log has it as ")
    reference = answer.split()[-1].decode()
    lines: list[str] = world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    assert any(reference in line and "RuntimeError: password is hunter2" in line for line in lines)
    john.do(b"NOOP")


def test_a_bug_in_a_command_that_answers_at_once(john: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same for commands that never wait."""

    def broken(*_: object) -> None:
        raise RuntimeError("x")

    monkeypatch.setitem(TABLE, verbs.Noop, replace(TABLE[verbs.Noop], now=broken))  # type: ignore[arg-type]
    assert john.refused(b"NOOP").startswith(b"[SERVERBUG] ")
    monkeypatch.setitem(TABLE, verbs.Noop, replace(TABLE[verbs.Noop], now=always.noop))
    john.do(b"NOOP")


def test_a_failing_disk_says_so_in_general_words(john: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths and system errors are for the log."""

    async def broken(user: User, name: str, uses: object) -> None:
        raise StorageFailed(detail="/var/mail/john: EIO")

    monkeypatch.setattr(User, "create", broken)
    assert john.refused(b"CREATE x") == b"[UNAVAILABLE] The mailbox storage failed; try again later"


def test_logout_says_goodbye_then_closes(john: ImapClient) -> None:
    """BYE, OK, end; what follows is not executed."""
    assert john.lines(b"a LOGOUT", b"b NOOP") == [
        b"* BYE cgpymail IMAP Server connection closed",
        b"a OK LOGOUT completed",
    ]
    assert john.wire.closed


def test_id_says_who_we_are(world: World, connect: Connect) -> None:
    """In every state (RFC 2971); what the client says of itself is in the log."""
    client = connect(login="")
    world.runtime.logs.levels["IMAP"] = 4
    assert client.do(b'ID ("name" "test" "version" NIL)')[0].startswith(b'* ID ("name" "cgpymail" "version" ')
    assert client.do(b"ID NIL")[0].startswith(b"* ID (")
    lines: list[str] = world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    assert any("name=test, version=None" in line for line in lines)
    world.runtime.logs.levels["IMAP"] = 2
    lines.clear()
    client.do(b'ID ("name" "test")')
    assert lines == []


def test_silence_ends_the_session(world: World, connect: Connect) -> None:
    """After the idle time, which every command starts anew (RFC 3501 5.4: at least 30 minutes)."""
    client = connect()
    world.clock.advance(DEFAULTS.idle_time - 1)
    client.do(b"NOOP")
    world.clock.advance(DEFAULTS.idle_time - 1)
    assert not client.wire.closed
    world.clock.advance(2)
    assert client.wire.take() == b"* BYE Autologout; idle for too long\r\n"
    assert client.wire.closed


def test_a_long_command_is_no_silence(world: World, john: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server's own slowness does not cost the client its session."""
    slow: Deferred[None] = Deferred()

    async def subscribe(user: User, name: str) -> None:
        await slow

    monkeypatch.setattr(User, "subscribe", subscribe)
    john.lines(b"1 SUBSCRIBE x")
    world.clock.advance(DEFAULTS.idle_time + 1)
    slow.callback(None)
    assert john.told()[-1] == b"1 OK SUBSCRIBE completed"


def test_who_does_not_read_is_cut_off_after_the_idle_time(world: World, john: ImapClient) -> None:
    """Nobody keeps output for a dead client for ever."""
    world.append(b"Subject: x\r\n\r\n" + b"x" * 100_000 + b"\r\n")
    john.do(b"SELECT INBOX")
    john.wire.hold()
    john.raw(b"a FETCH 1 BODY.PEEK[]\r\n")
    world.clock.advance(DEFAULTS.idle_time + 1)
    assert john.wire.aborted


def test_shutdown_says_goodbye(john: ImapClient) -> None:
    """Clients learn that the server goes down on purpose."""
    assert john.wire.session is not None
    john.wire.session.shut_down()
    assert john.wire.take() == b"* BYE Server is shutting down\r\n"
    assert john.wire.closed


def test_a_broken_link_gives_the_mailbox_back(world: World, connect: Connect) -> None:
    """Also in the middle of IDLE, and when a command is still running."""
    idle, waiting = connect(), connect()
    for client in (idle, waiting):
        client.do(b"SELECT INBOX")
    idle.lines(b"a IDLE")
    waiting.lines(b"a APPEND INBOX {100}")
    idle.wire.drop()
    waiting.wire.drop()
    again = connect()
    again.do(b"SELECT INBOX")
    again.do(b"LOGOUT")
    assert not world.manager._accounts._sessions  # type: ignore[attr-defined]


def test_a_login_that_ends_after_the_link_is_given_back(
    world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A client that does not wait for its slow login leaves nothing behind."""
    slow: Deferred[object] = Deferred()
    name = next(iter(world.directory.records))
    monkeypatch.setattr(world.directory, "login", lambda credentials, link: slow)
    client = connect(login="")
    client.lines(b"a LOGIN john secret")
    client.wire.drop()
    slow.callback(name)
    assert not world.manager._accounts._sessions  # type: ignore[attr-defined]


def test_a_deleted_mailbox_ends_its_sessions(world: World, connect: Connect) -> None:
    """BYE between commands, in IDLE, and after the answer to a command (spec 14.3.1e)."""
    owner, quiet, idle, busy = connect(), connect(), connect(), connect()
    owner.do(b"CREATE box")
    for client in (quiet, idle, busy):
        client.do(b"SELECT box")
    idle.lines(b"a IDLE")
    owner.do(b"DELETE box")
    answers = busy.lines(b"a NOOP") + busy.told()
    goodbye = b"* BYE The mailbox is no longer available"
    assert quiet.told() == [goodbye]
    assert idle.told() == [goodbye]
    assert goodbye in answers
    assert quiet.wire.closed and idle.wire.closed and busy.wire.closed
    owner.do(b"NOOP")


def test_a_renamed_mailbox_is_followed(connect: Connect) -> None:
    """Sessions do not notice a rename (spec 14.3.1e)."""
    owner, reader = connect(), connect()
    owner.do(b"CREATE box")
    reader.do(b"SELECT box")
    owner.do(b"RENAME box other")
    assert reader.do(b"NOOP") == []
    owner.raw(b"a APPEND other {4+}\r\nmail\r\n")
    assert b"* 1 EXISTS" in reader.do(b"NOOP")


def test_low_level_log_shows_commands_without_literals(world: World, john: ImapClient) -> None:
    """An administrator can follow a session; message content and literals stay out."""
    world.runtime.logs.levels["IMAP"] = 4
    john.raw(b"a SUBSCRIBE {6+}\r\nhidden\r\nb APPEND INBOX {7+}\r\nprivate\r\n")
    lines: list[str] = world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    shown = "\n".join(lines)
    assert "in: a SUBSCRIBE {6+}" in shown
    assert "out: a OK SUBSCRIBE completed" in shown
    assert "hidden" not in shown
    assert "private" not in shown


def test_every_command_value_has_its_row() -> None:
    """What the grammar can read, the server can run."""
    values = [value for module in VERBS for value in vars(module).values()]
    known = {value for value in values if isinstance(value, type) and issubclass(value, verbs.Command)}
    assert set(TABLE) == known - {verbs.Command}
    assert all((row.now is None) != (row.later is None) for row in TABLE.values())


def test_a_spool_that_is_not_there_is_a_failure_in_general_words(tmp_path: Path) -> None:
    """A large message cannot be stored then, the session stays usable."""
    world = World(tmp_path / "missing", replace(DEFAULTS, spool_memory=1000))
    world.account("john")
    john = ImapClient(world)
    assert john.refused(b"APPEND INBOX {5000+}\r\n" + b"x" * 5000).startswith(b"[UNAVAILABLE] ")
    john.do(b"NOOP")


def test_a_bug_in_the_session_ends_only_this_session(
    world: World, john: ImapClient, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even a broken answer does not reach the neighbours; the log has the traceback."""
    neighbour = connect()

    def broken(context: object, **how: object) -> bool:
        raise RuntimeError("broken view")

    context = john.wire.session._context  # type: ignore[union-attr]
    monkeypatch.setattr(context, "tell_changes", lambda **how: broken(context, **how))
    assert john.raw(b"a NOOP\r\n") == b""
    assert john.wire.aborted
    neighbour.do(b"NOOP")
    lines: list[str] = world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    assert any("RuntimeError: broken view" in line for line in lines)


def test_a_bug_while_reading_ends_only_this_session(
    john: ImapClient, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for one met before any command was known."""
    neighbour = connect()
    source = john.wire.session._input  # type: ignore[union-attr]

    def broken() -> None:
        raise RuntimeError

    monkeypatch.setattr(source, "take", broken)
    john.raw(b"a NOOP\r\n")
    assert john.wire.aborted
    neighbour.do(b"NOOP")


def test_long_work_lets_other_sessions_have_their_turn(
    world: World, john: ImapClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A FETCH of many messages is done in slices."""
    world.append(*[b"Subject: x\r\n\r\nx\r\n"] * 100)
    john.do(b"SELECT INBOX")
    monkeypatch.setattr("cgpymail.imap.context.SLICE", -1.0)
    assert not john.raw(b"a FETCH 1:* ENVELOPE\r\n").endswith(b"completed\r\n")
    ImapClient(world, login="mary").do(b"NOOP")
    for _ in range(20):
        world.clock.advance(0)
    assert john.wire.take().endswith(b"a OK FETCH completed\r\n")


def test_a_mailbox_that_does_not_close_cleanly_is_left_all_the_same(
    john: ImapClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client cannot help it."""
    john.do(b"SELECT INBOX")

    async def broken(handle: Handle) -> None:
        raise StorageFailed

    monkeypatch.setattr(Handle, "close", broken)
    john.do(b"UNSELECT")
    john.refused(b"CHECK", b"BAD")
    monkeypatch.undo()
    john.do(b"SELECT INBOX")


def test_a_link_that_breaks_while_the_disk_is_asked(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that would wait for input finds nobody there, and ends."""
    slow: Deferred[None] = Deferred()

    async def may_append(user: User, name: str) -> None:
        await slow

    monkeypatch.setattr(User, "may_append", may_append)
    client = ImapClient(world)
    client.raw(b"a APPEND INBOX {4+}\r\n")
    client.wire.drop()
    slow.callback(None)
    assert not world.manager._accounts._sessions  # type: ignore[attr-defined]


def test_shutdown_in_the_middle_of_a_fetch(world: World, john: ImapClient) -> None:
    """A client that does not read does not hold up the end of the server."""
    world.append(b"Subject: x\r\n\r\n" + b"x" * 1_000_000 + b"\r\n")
    john.do(b"SELECT INBOX")
    john.wire.hold()
    john.raw(b"a FETCH 1 BODY.PEEK[]\r\n")
    assert john.wire.session is not None
    john.wire.session.shut_down()
    assert john.wire.closed
    assert not world.manager._accounts._sessions  # type: ignore[attr-defined]


def test_a_link_that_is_closing_gets_no_more_work(world: World, john: ImapClient) -> None:
    """Between our close and the end of the link, a running command stops."""
    world.append(b"Subject: x\r\n\r\n" + b"x" * 1_000_000 + b"\r\n")
    john.do(b"SELECT INBOX")
    john.wire.hold()
    john.raw(b"a FETCH 1 BODY.PEEK[]\r\n")
    session = john.wire.session
    assert session is not None
    john.wire.closed = True
    john.wire.release()
    session.shut_down()
    assert john.wire.take() == b""
    session.disconnected()
    assert not world.manager._accounts._sessions  # type: ignore[attr-defined]


def test_a_mailbox_that_is_gone_when_idle_begins(connect: Connect) -> None:
    """BYE, although the session was not told before."""
    owner, idle = connect(), connect()
    owner.do(b"CREATE box")
    idle.do(b"SELECT box")
    owner.do(b"DELETE box")
    answers = idle.lines(b"a IDLE")
    assert answers == [b"+ idling", b"a OK IDLE terminated", b"* BYE The mailbox is no longer available"]


def test_a_mailbox_that_goes_in_the_middle_of_a_command(john: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command is refused at once."""
    john.world.append(b"Subject: x\r\n\r\nx\r\n")
    john.do(b"SELECT INBOX")

    def gone(handle: Handle, uid: int) -> None:
        raise MailboxGone

    monkeypatch.setattr(Handle, "row", gone)
    assert john.refused(b"FETCH 1:* ENVELOPE").startswith(b"[NONEXISTENT] ")
