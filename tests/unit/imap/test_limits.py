"""Who goes over a limit is refused, and its neighbours do not notice (limits of logins: test_login.py)."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from cgpymail.manager.user import User
from cgpymail.runtime.limits import DEFAULTS, KB, Limits
from tests.support.imapclient import ImapClient
from tests.support.world import World

Connect = Callable[..., ImapClient]
MAIL = b"Subject: x\r\n\r\ntext\r\n"
SMALL = replace(
    DEFAULTS,
    line_before_login=200,
    line=400,
    literal_before_login=100,
    literal=300,
    command_before_login=300,
    command=600,
    swallow_before_login=1000,
    swallow=2000,
    nesting=5,
    arguments=10,
    search_keys=5,
)


@pytest.fixture
def small(tmp_path: Path) -> World:
    """A server with small limits, and an account with a message."""
    world = World(tmp_path, SMALL)
    world.account("john")
    world.append(MAIL)
    return world


@pytest.fixture(params=["whole", "bytewise"])
def client(small: World, request: pytest.FixtureRequest) -> ImapClient:
    """A session with the mailbox selected."""
    made = ImapClient(small, bytewise=request.param == "bytewise")
    made.do(b"SELECT INBOX")
    return made


@pytest.fixture
def neighbour(small: World) -> ImapClient:
    """Another session, which must not notice anything."""
    return ImapClient(small)


@pytest.mark.parametrize(
    "command",
    [
        b"a SUBSCRIBE " + b"x" * 500,
        b"a SUBSCRIBE {301+}\r\n" + b"x" * 301,
        b"a SEARCH OR BODY {250+}\r\n"
        + b"x" * 250
        + b" BODY {250+}\r\n"
        + b"x" * 250
        + b" BODY {250+}\r\n"
        + b"x" * 250,
        b"a SEARCH " + b"(" * 6 + b"ALL" + b")" * 6,
        b"a SEARCH NOT NOT NOT NOT NOT NOT ALL",
        b"a SEARCH ALL ALL ALL ALL ALL ALL",
        b"a FETCH 1 (" + b" ".join([b"UID"] * 11) + b")",
        b"a FETCH " + b",".join([b"1"] * 11) + b" UID",
        b"a FETCH 1 BODY[1.1.1.1.1.1]",
        b"a STORE 1 FLAGS (" + b" ".join([b"x"] * 11) + b")",
    ],
)
def test_a_command_over_a_limit_is_bad(client: ImapClient, neighbour: ImapClient, command: bytes) -> None:
    """BAD with the command's tag, and the next command is understood."""
    answers = client.lines(command, b"b NOOP")
    assert answers[0].startswith(b"a BAD ")
    assert answers[-1] == b"b OK NOOP completed"
    assert len(answers) == 2
    neighbour.do(b"NOOP")


@pytest.mark.parametrize(
    "command",
    [
        b"a NOOP " + b"x" * 250,
        b"a LOGIN {101+}\r\n" + b"x" * 101,
        b"a LOGIN {90+}\r\n" + b"x" * 90 + b" {101+}\r\n" + b"x" * 101,
    ],
)
def test_smaller_limits_before_login(small: World, neighbour: ImapClient, command: bytes) -> None:
    """Who is not known gets less; literals that do not wait count too."""
    client = ImapClient(small, login="")
    assert client.lines(command)[0].startswith(b"a BAD ")
    client.do(b"NOOP")
    neighbour.do(b"NOOP")


def test_a_waiting_client_is_not_told_to_send_too_much(client: ImapClient) -> None:
    """No continuation for a literal over the limit."""
    assert client.lines(b"a SUBSCRIBE {301}") == [b"a BAD The literal is too long"]
    client.do(b"NOOP")


@pytest.mark.parametrize(
    "flood", [b"a NOOP " + b"x" * 5000, b"a SUBSCRIBE {99999999999+}\r\n", b"a APPEND nothing {99999999999+}\r\n"]
)
def test_what_cannot_be_resynchronised_ends_with_bye(client: ImapClient, neighbour: ImapClient, flood: bytes) -> None:
    """Too much to skip: an answer, BYE, the end; the neighbour does not notice."""
    answers = client.lines(flood)
    assert any(line.startswith((b"a BAD ", b"a NO ")) for line in answers)
    assert answers[-1] == b"* BYE Too much input"
    assert client.wire.closed
    neighbour.do(b"NOOP")


def test_too_many_bad_commands_in_a_row_end_the_connection(connect: Connect) -> None:
    """Something that does not speak IMAP is cut off; a good command in between starts the count anew."""
    client, neighbour = connect(), connect()
    for _ in range(3):
        for _ in range(DEFAULTS.bad_commands - 1):
            client.refused(b"FROBNICATE", b"BAD")
        client.do(b"NOOP")
    answers = client.lines(*[b"x"] * DEFAULTS.bad_commands)
    assert answers[-1] == b"* BYE Too many bad commands"
    assert client.wire.closed
    neighbour.do(b"NOOP")


def test_pipelined_input_stops_the_reading(world: World, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    """While a command runs, input waits up to a limit, then in the client; nothing is lost."""
    slow: Deferred[None] = Deferred()

    async def subscribe(user: User, name: str) -> None:
        await slow

    client, neighbour = ImapClient(world), connect()
    monkeypatch.setattr(User, "subscribe", subscribe)
    client.raw(b"a SUBSCRIBE x\r\n")
    count = DEFAULTS.pending_commands // len(b"b NOOP\r\n")
    client.raw(b"b NOOP\r\n" * count)
    assert not client.wire.paused
    client.raw(b"b NOOP\r\n" * 2)
    assert client.wire.paused
    neighbour.do(b"NOOP")
    slow.callback(None)
    assert not client.wire.paused
    assert client.told().count(b"b OK NOOP completed") == count + 2


def test_commands_wait_for_a_client_that_does_not_read(world: World, connect: Connect) -> None:
    """Commands wait in the server up to a limit, then the reading stops; the neighbour does not notice."""
    world.append(*[MAIL] * 200)
    client, neighbour = ImapClient(world), connect()
    client.do(b"SELECT INBOX")
    client.wire.hold()
    while not client.wire.paused:
        assert len(client.raw(b"a FETCH 1:* (UID FLAGS)\r\n" * 100)) < 2 * DEFAULTS.output_buffer
    neighbour.do(b"NOOP")
    client.wire.release()
    assert not client.wire.paused


def test_one_reply_that_is_far_too_large_ends_the_connection(tmp_path: Path) -> None:
    """Where output cannot wait (SEARCH is one line), the last limit holds; the neighbour does not notice."""
    world = World(tmp_path, replace(DEFAULTS, output_hard=2000))
    world.account("john")
    world.append(*[MAIL] * 1000)
    client, neighbour = ImapClient(world), ImapClient(world)
    client.do(b"SELECT INBOX")
    client.raw(b"a SEARCH ALL\r\n")
    assert client.wire.aborted
    neighbour.do(b"NOOP")


def test_the_output_of_a_client_that_does_not_read_is_bounded(world: World) -> None:
    """However many answers it asked for."""
    world.append(*[MAIL] * 200)
    client = ImapClient(world)
    client.do(b"SELECT INBOX")
    client.wire.hold()
    sent = client.raw(b"a FETCH 1:* (UID FLAGS)\r\n" * 1000)
    assert len(sent) < 2 * DEFAULTS.output_buffer
    total = sent.count(b"a OK FETCH completed\r\n")
    for _ in range(300):
        more = client.wire.read_some()
        assert len(more) < 2 * DEFAULTS.output_buffer
        total += more.count(b"a OK FETCH completed\r\n")
    assert total == 1000


def test_bulk_answers_come_in_pieces(world: World) -> None:
    """Flags of very many messages for a client that does not read."""
    world.append(*[MAIL] * 10_000)
    client = ImapClient(world)
    client.do(b"SELECT INBOX")
    client.do(b"SELECT INBOX")
    client.wire.hold()
    sent = client.raw(b"a FETCH 1:* (UID FLAGS)\r\n")
    assert 0 < len(sent) < 2 * DEFAULTS.output_buffer
    sent += b"".join(client.wire.read_some() for _ in range(10))
    assert sent.count(b" FETCH (UID ") == 10_000


def test_many_large_header_lists_are_not_held_at_once(world: World) -> None:
    """One command can name thousands of sections, each as large as the header."""
    world.append(b"X-Long: " + b"y" * 200_000 + b"\r\nSubject: x\r\n\r\nx\r\n")
    client = ImapClient(world)
    client.do(b"SELECT INBOX")
    items = b" ".join(b"BODY.PEEK[HEADER.FIELDS.NOT (A%d)]" % number for number in range(500))
    client.wire.hold()
    tracemalloc.start()
    sent = client.raw(b"a FETCH 1 (%b)\r\n" % items)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(sent) < 500_000
    assert peak < 5_000_000
    client.wire.drop()


@pytest.mark.parametrize(
    "attack",
    [
        b"a LOGIN " + b"(" * 1_000_000,
        b"a LOGIN {8000+}\r\n" * 1000,
        b"a LOGIN {999999999}\r\n" * 1000,
        b"a APPEND INBOX {999999999+}\r\n" + b"x" * 1_000_000,
        b"a NOOP\r\n" * 20_000,
        b"a AUTHENTICATE PLAIN\r\n" + b"A" * 1_000_000,
        b"A" * 1_000_000,
        b"a ID (" + b'"x" "y" ' * 100_000,
    ],
)
def test_before_login_a_connection_costs_little(world: World, attack: bytes) -> None:
    """Never more than 256 KB, whatever is sent, and the neighbour does not notice."""
    neighbour = ImapClient(world)
    client = ImapClient(world, login="")
    pieces = [attack[place : place + 16 * KB] for place in range(0, len(attack), 16 * KB)]
    tracemalloc.start()
    for piece in pieces:
        client.wire.feed(piece)
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 256 * KB
    assert peak < 256 * KB
    neighbour.do(b"NOOP")


def test_the_limits_after_login_are_those_of_the_settings(world: World) -> None:
    """A known client may send long lists of UIDs."""
    client = ImapClient(world)
    client.do(b"SELECT INBOX")
    uids = b",".join(b"%d" % number for number in range(1, 9000))
    assert len(uids) > Limits().line_before_login
    assert client.do(b"UID FETCH " + uids + b" FLAGS") == []


def test_others_get_their_turn_between_costly_sections(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two thousand lists of fields of one long header are no reason for everybody else to wait."""
    world.append(b"".join(b"x-%d: y\r\n" % number for number in range(1000)) + b"\r\n")
    busy, other = ImapClient(world), ImapClient(world)
    busy.do(b"SELECT INBOX")
    monkeypatch.setattr("cgpymail.imap.context.SLICE", -1.0)  # every computation takes too long
    items = b" ".join(b"BODY.PEEK[HEADER.FIELDS (x-%d)]" % number for number in range(100))
    assert busy.raw(b"a FETCH 1 (%b)\r\n" % items) == b""
    turns: list[list[bytes]] = []
    world.clock.callLater(0, lambda: turns.append([*other.do(b"NOOP"), busy.wire.take()]))
    world.clock.advance(0)
    assert turns == [[b""]]
    assert busy.wire.take().endswith(b"a OK FETCH completed\r\n")


def test_one_structure_has_a_limited_number_of_addresses(tmp_path: Path) -> None:
    """Hundreds of messages inside a message, each with many addresses, make no endless answer."""
    world = World(tmp_path, replace(DEFAULTS, addresses=100))
    world.account()
    inside = b"Content-Type: message/rfc822\r\n\r\nTo: " + b"a@b, " * 50 + b"\r\n\r\n"
    world.append(b"Content-Type: multipart/digest; boundary=q\r\n\r\n" + (b"--q\r\n" + inside) * 300 + b"--q--\r\n")
    client = ImapClient(world)
    client.do(b"SELECT INBOX")
    (answer,) = client.do(b"FETCH 1 BODYSTRUCTURE")
    assert answer.count(b'"message" "rfc822"') == 300
    assert answer.count(b'(NIL NIL "a" "b")') == 100


@pytest.mark.parametrize(
    "begun",
    [
        b"a AUTHENTICATE LOGIN\r\nam9obg==\r\n",
        b"a LOGIN john secret\r\nb IDLE\r\n",
        b"a LOGIN john secret\r\nb APPEND INBOX {1+}\r\nx",
    ],
)
def test_too_much_inside_a_command_ends_the_session(small: World, begun: bytes) -> None:
    """As between commands: nobody waits in vain for answers in a session that takes nothing any more."""
    link = small.connect("IMAP")
    link.feed(begun)
    answer = link.feed(b"x" * 20_000 + b"\r\n")
    small.turns(5)
    answer += link.take()
    assert b" BAD " in answer and answer.endswith(b"* BYE Too much input\r\n")
    assert link.closed
