"""POP3 sessions over the whole server in memory (RFC 1939, 2449, 5034; spec sections 8 and 14.4)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import replace

import pytest
from scramp import ScramClient

from cgpymail.model import flags
from cgpymail.model.identity import AccountName
from cgpymail.runtime.limits import DEFAULTS
from cgpymail.runtime.logs import ALL
from tests.support.wire import MemoryWire
from tests.support.world import World

ONE = b"Subject: one\r\n\r\nfirst line\r\n.dot\r\n..two dots\r\nlast\r\n"
TWO = b"Subject: two\r\n\r\nbody\r\n"


@pytest.fixture
def world() -> World:
    """A server with the account john and two messages."""
    world = World()
    world.account()
    world.append(ONE, TWO)
    return world


def login(world: World, link: MemoryWire | None = None) -> MemoryWire:
    """A session in the TRANSACTION state."""
    link = link or world.connect("POP")
    link.take()
    assert link.feed(b"USER john\r\n").startswith(b"+OK")
    assert link.feed(b"PASS secret\r\n") == b"+OK 2 messages (%d octets)\r\n" % (len(ONE) + len(TWO))
    return link


def body(reply: bytes) -> bytes:
    """The message in a multi-line reply."""
    first, _, rest = reply.partition(b"\r\n")
    assert first.startswith(b"+OK")
    assert rest.endswith(b"\r\n.\r\n") or rest == b".\r\n"
    return re.sub(rb"(?m)^\.", b"", rest[:-3])


@pytest.mark.parametrize("bytewise", [False, True])
def test_a_whole_session(world: World, bytewise: bool) -> None:
    """What a client of 1996 says still works, however the network cuts it."""
    link = login(world)
    script = [
        (b"STAT", b"+OK 2 %d\r\n" % (len(ONE) + len(TWO))),
        (b"LIST", b"+OK 2 messages (%d octets)\r\n1 %d\r\n2 %d\r\n.\r\n" % (len(ONE) + len(TWO), len(ONE), len(TWO))),
        (b"list 2", b"+OK 2 %d\r\n" % len(TWO)),
        (b"LIST 3", b"-ERR No such message\r\n"),
        (b"NOOP", b"+OK\r\n"),
        (b"LAST", b"+OK 0\r\n"),
        (b"DELE 2", b"+OK Message 2 marked\r\n"),
        (b"DELE 2", b"-ERR Message 2 is marked as deleted\r\n"),
        (b"LAST", b"+OK 2\r\n"),
        (b"STAT", b"+OK 1 %d\r\n" % len(ONE)),
        (b"RSET", b"+OK\r\n"),
        (b"LAST", b"+OK 0\r\n"),
        (b"STAT", b"+OK 2 %d\r\n" % (len(ONE) + len(TWO))),
        (b"RETR x", b"-ERR Not a number\r\n"),
        (b"RETR", b"-ERR Wrong number of arguments for RETR\r\n"),
        (b"XYZ", b"-ERR Unknown command\r\n"),
        (b"USER john", b"-ERR USER is not possible now\r\n"),
        (b"QUIT", b"+OK cgpymail POP3 Server connection closed\r\n"),
    ]
    for said, answer in script:
        assert link.feed(said + b"\r\n", bytewise=bytewise) == answer, said
    assert link.closed


def test_retr_gives_the_bytes_and_sets_seen(world: World) -> None:
    """RETR sets Seen (manual, Mailboxes, "Message Flags"); TOP does not."""
    link = login(world)
    assert body(link.feed(b"TOP 2 1\r\n")) == TWO
    assert body(link.feed(b"RETR 1\r\n")) == ONE
    handle = world.run(world.user().open("INBOX"))
    assert [handle.row(uid).flags & flags.SEEN for uid in (1, 2)] == [flags.SEEN, 0]
    assert link.feed(b"LAST\r\n") == b"+OK 1\r\n"


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        (0, b"Subject: one\r\n\r\n"),
        (1, b"Subject: one\r\n\r\nfirst line\r\n"),
        (3, b"Subject: one\r\n\r\nfirst line\r\n.dot\r\n..two dots\r\n"),
        (99, ONE),
    ],
)
def test_top_cuts_the_body(world: World, lines: int, wanted: bytes) -> None:
    """TOP gives the header, the empty line and so many lines."""
    assert body(login(world).feed(b"TOP 1 %d\r\n" % lines)) == wanted


def test_quit_removes_what_is_marked(world: World) -> None:
    """DELE takes effect at QUIT, and only then."""
    login(world).feed(b"DELE 1\r\nQUIT\r\n")
    handle = world.run(world.user().open("INBOX"))
    assert handle.exists == 1


def test_a_lost_connection_removes_nothing(world: World) -> None:
    """Marks of a session that was not ended properly are forgotten (spec 8.4)."""
    link = login(world)
    link.feed(b"DELE 1\r\n")
    link.drop()
    login(world)


def test_what_was_listed_stays_readable(world: World) -> None:
    """Another session's expunge does not touch this session's numbers or messages (spec 14.3.1d)."""
    first, second = login(world), login(world)
    second.feed(b"DELE 1\r\nQUIT\r\n")
    assert first.feed(b"STAT\r\n") == b"+OK 2 %d\r\n" % (len(ONE) + len(TWO))
    assert body(first.feed(b"RETR 1\r\n")) == ONE
    assert first.feed(b"DELE 1\r\nQUIT\r\n").endswith(b"+OK cgpymail POP3 Server connection closed\r\n")


def test_new_mail_waits_for_the_next_login(world: World) -> None:
    """Arrivals do not change the numbers of a session (spec 7.5.6)."""
    link = login(world)
    world.append(TWO)
    assert link.feed(b"STAT\r\n").startswith(b"+OK 2 ")


def test_service_is_never_shown_and_hidden_is_shown_to_the_owner(world: World) -> None:
    """The visibility rules of spec 2.8 for POP."""
    world.append(TWO, flags=flags.SERVICE)
    world.append(TWO, flags=flags.HIDDEN)
    link = world.connect("POP")
    link.take()
    assert b"+OK 3 messages" in link.feed(b"USER john\r\nPASS secret\r\n")


def test_uidl_is_uidvalidity_and_uid(world: World) -> None:
    """Stable over sessions (spec 14.4.1)."""
    first = login(world).feed(b"UIDL\r\n")
    assert first == login(world).feed(b"UIDL\r\n")
    assert re.fullmatch(rb"\+OK .*\r\n1 (\d+)-1\r\n2 \1-2\r\n\.\r\n", first)
    assert login(world).feed(b"UIDL 2\r\n").startswith(b"+OK 2 ")


def test_pipelining(world: World) -> None:
    """Commands sent at once are answered in order."""
    link = world.connect("POP")
    link.take()
    sent = link.feed(b"USER john\r\nPASS secret\r\nSTAT\r\nNOOP\r\nRETR 2\r\nQUIT\r\n")
    assert [line[:3] for line in sent.split(b"\r\n")][:5] == [b"+OK"] * 5
    assert sent.endswith(TWO + b".\r\n+OK cgpymail POP3 Server connection closed\r\n")


def test_thousands_of_pipelined_commands(world: World) -> None:
    """Many commands in one packet neither nest nor stall, and others have their turn in between."""
    link, neighbour = login(world), login(world)
    answered = link.feed(b"NOOP\r\n" * 5000)
    assert 0 < answered.count(b"+OK") <= 200
    assert neighbour.feed(b"NOOP\r\n") == b"+OK\r\n"
    world.turns()
    assert answered + link.take() == b"+OK\r\n" * 5000


def test_apop(world: World) -> None:
    """The digest of the greeting's stamp and the password logs in."""
    link = world.connect("POP")
    found = re.search(rb"<.*>", link.take())
    assert found
    digest = hashlib.md5(found[0] + b"secret").hexdigest().encode()
    assert link.feed(b"APOP john " + digest + b"\r\n").startswith(b"+OK 2 messages")
    other = world.connect("POP")
    other.take()
    assert other.feed(b"APOP john " + digest + b"\r\n").startswith(b"-ERR [AUTH] ")


def test_auth_plain_and_login(world: World) -> None:
    """SASL with and without an initial response; cancelled, malformed, unknown."""
    plain = base64.b64encode(b"\0john\0secret")
    for script in (
        b"AUTH PLAIN " + plain + b"\r\n",
        b"AUTH PLAIN\r\n" + plain + b"\r\n",
        b"AUTH LOGIN\r\n" + base64.b64encode(b"john") + b"\r\n" + base64.b64encode(b"secret") + b"\r\n",
    ):
        link = world.connect("POP")
        link.take()
        assert b"+OK 2 messages" in link.feed(script), script
    link = world.connect("POP")
    link.take()
    assert link.feed(b"AUTH PLAIN\r\n*\r\n").startswith(b"+ \r\n-ERR")
    assert link.feed(b"AUTH PLAIN !!!!\r\n").startswith(b"-ERR")
    assert link.feed(b"AUTH XYZ\r\n") == b"-ERR Unknown mechanism\r\n"
    assert link.feed(b"AUTH\r\n") == b"+OK Mechanisms follow\r\n%b.\r\n" % (
        b"PLAIN\r\nLOGIN\r\nSCRAM-SHA-256\r\nSCRAM-SHA-1\r\nCRAM-MD5\r\n"
    )


def test_capa_before_and_after_the_login(world: World) -> None:
    """What is announced is what is possible (RFC 2449)."""
    link = world.connect("POP")
    link.take()
    before = link.feed(b"CAPA\r\n").split(b"\r\n")
    for word in (b"TOP", b"UIDL", b"USER", b"RESP-CODES", b"AUTH-RESP-CODE", b"PIPELINING", b"STLS"):
        assert word in before
    assert b"SASL PLAIN LOGIN SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5" in before
    after = login(world).feed(b"CAPA\r\n").split(b"\r\n")
    assert b"STLS" not in after
    assert b"USER" not in after


def test_clear_text_is_refused_at_user(world: World) -> None:
    """Where passwords must not go in clear, none is ever sent (spec 9.1.6)."""
    world.directory.clear_text = False
    link = world.connect("POP")
    link.take()
    assert b"USER" not in link.feed(b"CAPA\r\n").split(b"\r\n")
    assert link.feed(b"USER john\r\n").startswith(b"-ERR [SYS/PERM] ")
    assert link.feed(b"AUTH PLAIN\r\n").startswith(b"-ERR [SYS/PERM] ")
    link.feed(b"STLS\r\n")
    link.handshake()
    login(world, link)


def test_nothing_sent_in_clear_behind_stls_is_executed(world: World) -> None:
    """The injection behind STARTTLS that other servers had."""
    link = world.connect("POP")
    link.take()
    assert link.feed(b"STLS\r\nUSER john\r\nPASS secret\r\n") == b"+OK Begin TLS\r\n"
    link.handshake()
    assert link.feed(b"STAT\r\n") == b"-ERR STAT is not possible now\r\n"
    assert link.feed(b"STLS\r\n") == b"-ERR TLS is not possible now\r\n"


def test_wrong_passwords(world: World) -> None:
    """The answer does not tell whether the account exists; too many end the session."""
    link = world.connect("POP")
    link.take()
    wrong = link.feed(b"USER john\r\nPASS no\r\n")
    unknown = link.feed(b"USER nobody\r\nPASS no\r\n")
    assert wrong == unknown
    assert link.feed(b"PASS secret\r\n") == b"-ERR USER first\r\n"
    for _ in range(DEFAULTS.failed_logins):
        link.feed(b"USER john\r\nPASS no\r\n")
    assert link.closed


def test_limits_of_a_session(world: World) -> None:
    """Too long lines, floods of nonsense and silence are refused; a neighbour does not notice."""
    neighbour = login(world)
    link = world.connect("POP")
    link.take()
    assert link.feed(b"USER " + b"x" * 100_000) == b"-ERR The line is too long\r\n"
    assert link.feed(b"y" * 100_000 + b"\r\nNOOP\r\n") == b"-ERR NOOP is not possible now\r\n"
    for _ in range(DEFAULTS.bad_commands):
        link.feed(b"nonsense\r\n")
    assert link.closed
    silent = world.connect("POP")
    world.clock.advance(DEFAULTS.login_time)
    assert silent.take().endswith(b"-ERR [SYS/TEMP] Too slow to log in\r\n")
    assert silent.closed
    assert neighbour.feed(b"NOOP\r\n") == b"+OK\r\n"


def test_the_time_to_log_in_is_not_prolonged_by_talk(world: World) -> None:
    """A client that says something now and then, but never who it is, cannot keep its place for ever."""
    link = world.connect("POP")
    for _ in range(6):
        link.feed(b"CAPA\r\n")
        world.clock.advance(DEFAULTS.login_time / 6)
    assert link.take() == b"-ERR [SYS/TEMP] Too slow to log in\r\n"
    assert link.closed


def test_after_the_login_only_silence_counts(world: World) -> None:
    """The time to log in ends with the login; then a client may be silent for ten minutes (RFC 1939 section 3)."""
    link = login(world)
    world.clock.advance(DEFAULTS.pop_idle_time - 1)
    assert link.feed(b"NOOP\r\n") == b"+OK\r\n"
    world.clock.advance(DEFAULTS.pop_idle_time)
    assert link.take() == b"-ERR [SYS/TEMP] Idle for too long\r\n"


def test_commands_wait_while_their_replies_are_not_read(world: World) -> None:
    """Short commands with long replies, pipelined before login by a client that reads nothing, fill no memory."""
    link = world.connect("POP")
    link.hold()
    answers = link.feed(b"CAPA\r\n" * 20_000)
    world.turns()
    answers += link.take()
    assert link.paused
    assert len(answers) < 2 * 65536
    link.release()
    world.turns()
    answers += link.take()
    assert answers.count(b"\r\n.\r\n") == 20_000
    assert not link.paused


def test_reading_stops_from_a_client_that_is_far_ahead() -> None:
    """A client that sends and does not read costs a bounded amount of memory."""
    world = World(limits=replace(DEFAULTS, pending_commands=1000))
    world.account()
    world.append(b"Subject: large\r\n\r\n" + b"x" * 76 + b"\r\n" * 50_000, TWO)
    link = world.connect("POP")
    link.take()
    link.feed(b"USER john\r\nPASS secret\r\n")
    link.hold()
    link.feed(b"RETR 1\r\n" + b"NOOP\r\n" * 1000)
    assert link.paused
    assert len(link.sent) < 200_000
    link.release()
    world.turns()
    assert link.take().endswith(b"+OK\r\n" * 1000)
    assert not link.paused


def test_the_server_stops(world: World) -> None:
    """When the server stops, every session hears it."""
    link = login(world)
    assert link.session is not None
    link.session.shut_down()
    assert link.take() == b"-ERR [SYS/TEMP] Server shutting down\r\n"
    assert link.closed


def enter(world: World, login: bytes) -> tuple[MemoryWire, bytes]:
    """Try to log in with that name; the answer to PASS."""
    link = world.connect("POP")
    link.take()
    return link, link.feed(b"USER %b\r\nPASS secret\r\n" % login).split(b"\r\n")[1]


@pytest.mark.parametrize(
    "login", [b"Work#john", b"Work#john@example.org", b"Work#john%example.org", b"~john/Work#john"]
)
def test_another_mailbox(world: World, login: bytes) -> None:
    """``box#account`` opens it (spec 8.13, 14.4.3); the password is that of the account."""
    world.run(world.user().create("Work"))
    world.append(TWO, mailbox="Work")
    link, answer = enter(world, login)
    assert answer == b"+OK 1 messages (%d octets)" % len(TWO)
    assert body(link.feed(b"RETR 1\r\n")) == TWO


@pytest.mark.parametrize("name", ["SCRAM-SHA-256", "CRAM-MD5", "PLAIN"])
def test_another_mailbox_by_sasl(world: World, name: str) -> None:
    """The mailbox may stand in the name of every mechanism, and in that of the account to act for."""
    world.account("boss")
    world.directory.relations.overseers.add(AccountName("boss", "example.org"))
    world.run(world.user().create("Work"))
    world.append(TWO, mailbox="Work")
    link = world.connect("POP")
    link.take()
    said = link.feed(f"AUTH {name}\r\n".encode()).removeprefix(b"+ ")
    if name == "PLAIN":
        answer = b"Work#john\0boss\0secret"
    elif name == "CRAM-MD5":
        digest = hmac.new(b"secret", base64.b64decode(said), "md5").hexdigest()
        answer = f"Work#john {digest}".encode()
    else:
        client = ScramClient([name], "Work#john", "secret")
        said = link.feed(base64.b64encode(client.get_client_first().encode()) + b"\r\n").removeprefix(b"+ ")
        client.set_server_first(base64.b64decode(said).decode())
        answer = client.get_client_final().encode()
    last = link.feed(base64.b64encode(answer) + b"\r\n")
    if name.startswith("SCRAM"):
        client.set_server_final(base64.b64decode(last.removeprefix(b"+ ")).decode())
        last = link.feed(b"\r\n")
    assert last == b"+OK 1 messages (%d octets)\r\n" % len(TWO)


@pytest.mark.parametrize("line", [b"!!!", b"*"])
def test_exchanges_that_come_to_nothing_are_counted(world: World, line: bytes) -> None:
    """Like wrong passwords: nobody keeps the server busy with them for as long as he likes."""
    link = world.connect("POP")
    link.take()
    for _ in range(DEFAULTS.failed_logins):
        assert not link.closed
        assert b"-ERR" in link.feed(b"AUTH PLAIN\r\n%b\r\n" % line)
    assert link.closed


def test_nothing_of_an_exchange_is_in_the_log(world: World) -> None:
    """At no level: salt and the server's proof are all that somebody needs to try passwords in peace."""
    logs = world.runtime.logs
    logs.set_levels({"POP": ALL, "ACCOUNT": ALL})
    link = world.connect("POP")
    link.take()
    client = ScramClient(["SCRAM-SHA-256"], "john", "secret")
    first = base64.b64encode(client.get_client_first().encode())
    salt = link.feed(b"AUTH SCRAM-SHA-256 " + first + b"\r\n").removeprefix(b"+ ")
    client.set_server_first(base64.b64decode(salt).decode())
    proof = base64.b64encode(client.get_client_final().encode())
    signature = link.feed(proof + b"\r\n").removeprefix(b"+ ")
    assert link.feed(b"\r\n").startswith(b"+OK")
    written = "\n".join(logs.emit.__self__)  # type: ignore[attr-defined]
    assert "in: AUTH ***" in written and "out: + ***" in written
    assert not [part for part in (first, salt, proof, signature) if part.strip().decode() in written]


def test_apop_off(world: World) -> None:
    """Where the domain does not want it, the greeting has no time stamp and the command is refused (spec 11.4)."""
    world.directory.absent = frozenset({"APOP"})
    link = world.connect("POP")
    assert b"<" not in link.take()
    assert link.feed(b"APOP john 0123\r\n").startswith(b"-ERR APOP is not possible")


def test_another_mailbox_that_is_not_there(world: World) -> None:
    """Refused like a name that may not be known; nothing is opened instead."""
    assert enter(world, b"Nothing#john")[1] == b"-ERR No such mailbox"
    assert enter(world, b"~mary/INBOX#john")[1] == b"-ERR No such mailbox"
    assert enter(world, b"Nothing#nobody")[1].startswith(b"-ERR [AUTH] ")


def test_a_deleted_mailbox(world: World) -> None:
    """From then on everything is -ERR, also QUIT with marks; a session in another mailbox does not notice (14.3.1e)."""
    world.run(world.user().create("Work"))
    world.append(ONE, TWO, mailbox="Work")
    neighbour = login(world)
    link, answer = enter(world, b"Work#john")
    assert answer.startswith(b"+OK 2 ")
    assert link.feed(b"DELE 1\r\n").startswith(b"+OK")
    world.run(world.user().delete("Work"))
    for command in (b"STAT", b"LIST", b"UIDL", b"RETR 2", b"TOP 2 1", b"DELE 2", b"NOOP", b"RSET", b"LAST", b"QUIT"):
        assert link.feed(command + b"\r\n") == b"-ERR The mailbox is no longer available\r\n", command
    assert link.closed
    assert neighbour.feed(b"STAT\r\n").startswith(b"+OK 2 ")


def test_a_renamed_mailbox(world: World) -> None:
    """The session follows, QUIT removes what it marked (spec 14.3.1e)."""
    world.run(world.user().create("Work"))
    world.append(ONE, TWO, mailbox="Work")
    link, _ = enter(world, b"Work#john")
    world.run(world.user().rename("Work", "Play"))
    assert body(link.feed(b"RETR 2\r\n")) == TWO
    assert link.feed(b"DELE 1\r\nQUIT\r\n").count(b"+OK") == 2
    assert world.run(world.user().status("Play")).messages == 1


def test_a_right_withdrawn(world: World) -> None:
    """A foreign mailbox needs ``r``, at every command; DELE needs ``d``, then and at QUIT, Seen ``s`` (14.4.3)."""
    world.account("mary")
    owner = world.directory.records[AccountName("john", "example.org")]
    owner.infos["INBOX"] = {"Access": {"mary": "lr"}}
    link, answer = enter(world, b"~john/INBOX#mary")
    assert answer.startswith(b"+OK 2 ")
    assert body(link.feed(b"RETR 1\r\n")) == ONE
    assert link.feed(b"DELE 1\r\n") == b"-ERR Access denied\r\n"
    assert link.feed(b"QUIT\r\n").startswith(b"+OK")
    owner.infos["INBOX"] = {"Access": {"mary": "lrd"}}
    link, _ = enter(world, b"~john/INBOX#mary")
    assert link.feed(b"DELE 1\r\n").startswith(b"+OK")
    owner.infos["INBOX"] = {"Access": {"mary": "lr"}}
    assert link.feed(b"QUIT\r\n") == b"-ERR Access denied\r\n"
    status = world.run(world.user().status("INBOX"))
    assert (status.messages, status.unseen) == (2, 2)
    link, _ = enter(world, b"~john/INBOX#mary")
    owner.infos["INBOX"] = {"Access": {"mary": "l"}}
    assert link.feed(b"RETR 1\r\n") == b"-ERR The mailbox is no longer available\r\n"
