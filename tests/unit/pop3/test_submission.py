"""XTND XMIT: messages that clients send through POP (cgpymail/pop3/submission.py and what it uses)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cgpymail.runtime.limits import DEFAULTS
from cgpymail.runtime.options import PopOptions
from tests.support.outside import Outside
from tests.support.wire import MemoryWire
from tests.support.world import World

PROGRAM = PopOptions(submit_program=("/usr/sbin/sendmail", "-i"))
SMTP = PopOptions(submit_address="smtp:/socket")
LMTP = PopOptions(submit_address="lmtp:/lmtp")
MAIL = (
    b"From: John <john@example.org>\r\nTo: Mary <mary@example.net>,\r\n joe\r\nBCC: secret@example.com\r\n"
    b"Subject: x\r\nCc: mary@example.net\r\n\r\nHello\r\n.dot\r\n"
)
RECIPIENTS = ("mary@example.net", "joe@example.org", "secret@example.com")


class Ground:
    """A server, what is outside of it, and a client that is logged in."""

    def __init__(self, folder: Path, options: PopOptions, **limits: int) -> None:
        self.world = World(folder, limits=replace(DEFAULTS, **limits))
        self.outside = Outside(self.world.clock)
        self.world.runtime.outside = self.outside
        self.world.services = replace(self.world.services, pop=options)
        self.world.account()
        self.link = self.login()

    def login(self) -> MemoryWire:
        """One more client."""
        link = self.world.connect("POP")
        link.take()
        link.feed(b"USER john\r\n")
        assert link.feed(b"PASS secret\r\n").startswith(b"+OK")
        return link

    def send(self, message: bytes, link: MemoryWire | None = None) -> bytes:
        """The last answer."""
        link = link or self.link
        assert link.feed(b"XTND XMIT\r\n").startswith(b"+OK")
        answer = link.feed(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        self.world.turns(50)
        return answer + link.take()

    @property
    def sent(self) -> tuple[str, tuple[str, ...], bytes]:
        """The one message that left."""
        (message,) = self.outside.messages
        return message


@pytest.mark.parametrize("options", [PROGRAM, SMTP, LMTP])
def test_a_message_leaves(tmp_path: Path, options: PopOptions) -> None:
    """From the account, to everybody in To, Cc and Bcc once, without Bcc; the dots are as the client meant them."""
    ground = Ground(tmp_path, options)
    assert ground.send(MAIL) == b"+OK The message was sent\r\n"
    sender, recipients, octets = ground.sent
    assert (sender, recipients) == ("john@example.org", RECIPIENTS)
    wire = octets.replace(b"\n", b"\r\n") if options is PROGRAM else octets.replace(b"\r\n..", b"\r\n.")
    trace, mark, rest = wire.partition(b"From: John")
    assert trace.startswith(b"Received: from [192.0.2.1]\r\n\tby mail.example.org (cgpymail) with POP3; ")
    assert mark + rest == MAIL.replace(b"BCC: secret@example.com\r\n", b"")
    assert ground.link.feed(b"NOOP\r\n") == b"+OK\r\n"
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("message-")]


def test_nobody_sees_who_gets_it_in_secret(tmp_path: Path) -> None:
    """However Bcc is written, and when the message is one that is sent on."""
    ground = Ground(tmp_path, SMTP)
    hidden = b"bcc : a@x,\r\n\tb@x\r\nResent-Bcc: c@x\r\n"
    assert ground.send(b"To: joe\r\n" + hidden + b"Subject: x\r\n\r\nBcc: x\r\n").startswith(b"+OK")
    _, recipients, octets = ground.sent
    assert recipients == ("joe@example.org", "a@x", "b@x")
    assert octets.endswith(b"\r\nTo: joe\r\nSubject: x\r\n\r\nBcc: x\r\n")


def test_a_large_message_leaves_whole(tmp_path: Path) -> None:
    """Through the spool, with its line ends wherever it was cut."""
    ground = Ground(tmp_path, PROGRAM, spool_memory=1000)
    body = b"".join(b"line %d\r\n" % number for number in range(30_000))
    assert ground.send(b"To: joe\r\n\r\n" + body).startswith(b"+OK")
    assert ground.sent[2].endswith(b"To: joe\n\n" + body.replace(b"\r\n", b"\n"))
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("message-")]


def test_the_program_gets_arguments_and_no_shell(tmp_path: Path) -> None:
    """What is in an address cannot become an option or a command."""
    ground = Ground(tmp_path, PROGRAM)
    assert ground.send(b'To: -oQ/tmp@x, "; rm -rf /"@x, $(id)@x\r\n\r\nx\r\n').startswith(b"+OK")
    words = ("/usr/sbin/sendmail", "-i", "-f", "john@example.org", "--", "-oQ/tmp@x", '"; rm -rf /"@x')
    assert ground.outside.started[0][:7] == words


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        (b"Subject: x\r\n", b"no recipients"),
        (b"To: undisclosed:;\r\n", b"no recipients"),
        (b"To: <@>\r\n", b"not complete"),
        (b"To: \xff@x\r\n", b"not in UTF-8"),
        (b"To: joe@" + b"x" * 400 + b"\r\n", b"too long"),
        (b"To: " + b", ".join(b"n%d@x" % number for number in range(4)) + b"\r\n", b"3 recipients"),
        (b"To: joe\r\n" + b"X: y\r\n" * 20, b"too many fields"),
        (b"To: joe\r\nX: " + b"x" * 5000 + b"\r\n", b"header is too long"),
        (b"To: joe\rBcc: jane\r\n", b"CR without LF"),
        (b"To: joe\r\r\nCc: jane\r\n", b"CR without LF"),
        (b"To: joe\r\n\r\nx\n\r.\r\nMAIL FROM:<boss>\r\n", b"CR without LF"),
        (b"To: j\0oe\r\n", b"NUL"),
        (b"To: joe\r\n\r\n" + b"x" * 20_000 + b"\r\n", b"too large"),
    ],
)
def test_what_cannot_be_sent_is_refused(tmp_path: Path, header: bytes, reason: bytes) -> None:
    """The client hears why; nobody gets anything, and the session goes on."""
    ground = Ground(tmp_path, PROGRAM, recipients=3, header_fields=10, header_size=4000, message_size=10_000)
    answer = ground.send(header + b"\r\nx\r\n")
    assert answer.startswith(b"-ERR") and reason in answer
    assert not ground.outside.started
    assert ground.link.feed(b"NOOP\r\n") == b"+OK\r\n"


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        (67, b"-ERR A recipient is unknown\r\n"),
        (75, b"-ERR [SYS/TEMP] The message was not accepted, try again later\r\n"),
        (1, b"-ERR [SYS/TEMP] The message was not accepted, try again later\r\n"),
    ],
)
def test_what_the_program_says_is_told(tmp_path: Path, code: int, answer: bytes) -> None:
    """By its exit code; its words are in the log."""
    ground = Ground(tmp_path, PROGRAM)
    ground.outside.codes["joe@example.org"] = code
    ground.outside.said = b"something\nwent wrong\n" * 1000
    assert ground.send(MAIL) == answer
    lines: list[str] = ground.world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    assert any(f"ended with {code}: something went wrong" in line for line in lines)


def test_a_program_that_hangs_is_ended(tmp_path: Path) -> None:
    """After ``submit_time``; the client is told that nobody knows."""
    ground = Ground(tmp_path, PROGRAM, submit_time=20)
    ground.outside.hangs = True
    assert ground.send(MAIL) == b""
    ground.world.clock.advance(19)
    assert ground.link.take() == b""
    ground.world.clock.advance(1)
    assert b"-ERR [SYS/TEMP] It is not known whether" in ground.link.take()


def test_a_program_that_is_killed(tmp_path: Path) -> None:
    """By somebody else, or when the system goes down: nobody knows how far it had come."""
    ground = Ground(tmp_path, PROGRAM)
    ground.outside.hangs = True
    ground.send(MAIL)
    ground.outside.processes[0].signalProcess("TERM")
    ground.world.turns(50)
    assert b"-ERR [SYS/TEMP] It is not known whether" in ground.link.take()


def test_the_server_stops_while_a_message_is_on_its_way(tmp_path: Path) -> None:
    """What the client hears then is the answer to its message: it must not be led to send it once more."""
    ground = Ground(tmp_path, PROGRAM)
    ground.outside.hangs = True
    ground.send(MAIL)
    assert ground.link.session is not None
    ground.link.session.shut_down()
    assert ground.link.take().startswith(b"-ERR [SYS/TEMP] It is not known whether")
    ground.outside.processes[0].end(0)
    ground.world.turns(50)
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("message-")]


def test_waiting_for_the_program_is_not_idling(tmp_path: Path) -> None:
    """The time of an idle client begins when the message has left."""
    ground = Ground(tmp_path, PROGRAM, submit_time=50, pop_idle_time=20)
    ground.outside.hangs = True
    ground.send(MAIL)
    ground.world.clock.advance(40)
    ground.outside.processes[0].end(0)
    ground.world.turns(50)
    assert ground.link.take() == b"+OK The message was sent\r\n"
    ground.world.clock.advance(19)
    assert ground.link.feed(b"NOOP\r\n") == b"+OK\r\n"
    ground.world.clock.advance(20)
    assert b"Idle" in ground.link.take()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    """A mistake in the configuration is the administrator's, and passes."""
    ground = Ground(tmp_path, PopOptions(submit_program=("sendmail",)))
    assert ground.send(MAIL).startswith(b"-ERR [SYS/TEMP] ")


def test_no_more_messages_at_once_than_allowed(tmp_path: Path) -> None:
    """``submissions`` over all sessions; there is room again when one has left."""
    ground = Ground(tmp_path, PROGRAM, submissions=1, submit_time=20)
    ground.outside.hangs = True
    ground.send(MAIL)
    other = ground.login()
    assert ground.send(MAIL, other).startswith(b"-ERR [SYS/TEMP] Too many messages")
    ground.world.clock.advance(20)
    ground.outside.hangs = False
    assert ground.send(MAIL, other).startswith(b"+OK")


def test_a_link_that_breaks_in_the_message_sends_nothing(tmp_path: Path) -> None:
    """What did not come to its end is forgotten; what did goes on its way."""
    ground = Ground(tmp_path, PROGRAM, spool_memory=10)
    ground.link.feed(b"XTND XMIT\r\n" + MAIL)
    ground.link.drop()
    assert not ground.outside.started
    assert not [path for path in tmp_path.iterdir() if path.name.startswith("message-")]


@pytest.mark.parametrize("options", [SMTP, LMTP])
def test_one_recipient_refused_means_nobody_gets_it(tmp_path: Path, options: PopOptions) -> None:
    """So the client can correct the address and send again; the text names it."""
    ground = Ground(tmp_path, options)
    ground.outside.answers["RCPT TO:<joe@"] = "550 5.1.1 no such user"
    answer = ground.send(MAIL)
    assert answer == b"-ERR <joe@example.org> was refused: 550 5.1.1 no such user\r\n"
    assert not ground.outside.messages and "DATA" not in ground.outside.conversations[0]


@pytest.mark.parametrize("said", ["MAIL", "DATA", "EHLO"])
def test_a_temporary_refusal_is_told_as_such(tmp_path: Path, said: str) -> None:
    """The client may try again by itself."""
    ground = Ground(tmp_path, SMTP)
    ground.outside.answers[said] = "451 later"
    assert ground.send(MAIL) == b"-ERR [SYS/TEMP] The message was refused: 451 later\r\n"
    assert not ground.outside.messages


def test_who_did_not_get_it_is_named(tmp_path: Path) -> None:
    """LMTP may refuse for one recipient after the message."""
    ground = Ground(tmp_path, LMTP)
    ground.outside.answers[".joe@example.org"] = "552 full"
    assert ground.send(MAIL) == b"-ERR Sent to the others, but not to <joe@example.org>: 552 full\r\n"
    for recipient in RECIPIENTS:
        ground.outside.answers[f".{recipient}"] = "552 full"
    assert ground.send(MAIL) == b"-ERR The message was refused: 552 full\r\n"


@pytest.mark.parametrize(("said", "reply"), [("DATA", "250 what?"), ("MAIL", "354 go on")])
def test_a_server_that_is_out_of_step(tmp_path: Path, said: str, reply: str) -> None:
    """The message is given only to a server that asks for it."""
    ground = Ground(tmp_path, SMTP)
    ground.outside.answers[said] = reply
    assert ground.send(MAIL) == b"-ERR [SYS/TEMP] The message was refused: %b\r\n" % reply.encode()
    assert not ground.outside.messages


@pytest.mark.parametrize(
    ("where", "answer"),
    [
        ("MAIL", b"-ERR [SYS/TEMP] The message was not accepted, try again later\r\n"),
        ("DATA", b"-ERR [SYS/TEMP] The message was not accepted, try again later\r\n"),
        (".", b"-ERR [SYS/TEMP] It is not known whether the message was accepted: look before you send it again\r\n"),
        ("QUIT", b"+OK The message was sent\r\n"),
    ],
)
def test_a_server_that_breaks_off(tmp_path: Path, where: str, answer: bytes) -> None:
    """Before the end of the message nothing was sent; after it, until the answer, nobody knows."""
    ground = Ground(tmp_path, SMTP)
    ground.outside.breaks_at = where
    assert ground.send(MAIL) == answer


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    """Try again later."""
    ground = Ground(tmp_path, PopOptions(submit_address="smtp:/nowhere"))
    assert ground.send(MAIL) == b"-ERR [SYS/TEMP] The message was not accepted, try again later\r\n"


def test_only_where_it_is_configured(tmp_path: Path) -> None:
    """Neither in CAPA nor possible; and never before the login."""
    ground = Ground(tmp_path, PopOptions())
    assert b"XTND" not in ground.link.feed(b"CAPA\r\n")
    assert ground.link.feed(b"XTND XMIT\r\n").startswith(b"-ERR")
    ground = Ground(tmp_path, PROGRAM)
    assert b"XTND XMIT\r\n" in ground.link.feed(b"CAPA\r\n")
    assert ground.link.feed(b"XTND XLST\r\n").startswith(b"-ERR")
    link = ground.world.connect("POP")
    link.take()
    assert link.feed(b"XTND XMIT\r\n").startswith(b"-ERR")
