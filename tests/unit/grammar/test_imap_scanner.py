"""Commands, literals and limits, however the network cuts the client's bytes."""

from __future__ import annotations

import pytest

from cgpymail.grammar.imap.events import (
    CommandText,
    Continue,
    LineText,
    MessageChunk,
    MessageEnd,
    MessageLiteral,
    TooLong,
)
from cgpymail.grammar.imap.scanner import ScanLimits, Scanner
from tests.support.imapwire import ROOMY, pull, scan

SMALL = ScanLimits(line=40, literal=10, command=50, swallow=100)
LINE = "The command line is too long"
LITERAL = "The literal is too long"


def refuse(scanner: Scanner, event: MessageLiteral) -> None:
    """Want no message."""
    scanner.refuse()


SAMPLES = [
    ("a line", b"a NOOP\r\n", [CommandText(b"a NOOP")]),
    ("a bare line feed ends a line too", b"a NOOP\n", [CommandText(b"a NOOP")]),
    ("only one CR is part of the end", b"a NOOP\r\r\n", [CommandText(b"a NOOP\r")]),
    ("an empty line", b"\r\n", [CommandText(b"")]),
    ("pipelined commands", b"a NOOP\r\nb NOOP\r\n", [CommandText(b"a NOOP"), CommandText(b"b NOOP")]),
    (
        "a literal for which the client waits",
        b"a LOGIN {4}\r\njohn x\r\n",
        [Continue(), CommandText(b"a LOGIN {4}\r\n x", (b"john",))],
    ),
    (
        "literals for which it does not",
        b"a LOGIN {4+}\r\njohn {2+}\r\n\r\n\r\n",
        [CommandText(b"a LOGIN {4+}\r\n {2+}\r\n", (b"john", b"\r\n"))],
    ),
    ("an empty literal", b"a X {0+}\r\n\r\n", [CommandText(b"a X {0+}\r\n", (b"",))]),
    ("braces inside a line", b"a X {4} {x}\r\n", [CommandText(b"a X {4} {x}")]),
    (
        "the message of an APPEND goes by in pieces",
        b"a APPEND box {5}\r\nhello\r\n",
        [MessageLiteral(b"a APPEND box {5}", (), 5, True), MessageChunk(b"hello"), MessageEnd(b"")],
    ),
    (
        "an APPEND whose mailbox name is a literal too",
        b"a append {3+}\r\nbox (\\Seen) {5+}\r\nhello\r\n",
        [
            MessageLiteral(b"a append {3+}\r\n (\\Seen) {5+}", (b"box",), 5, False),
            MessageChunk(b"hello"),
            MessageEnd(b""),
        ],
    ),
    (
        "an empty message",
        b"a APPEND box {0+}\r\n\r\n",
        [MessageLiteral(b"a APPEND box {0+}", (), 0, False), MessageEnd(b"")],
    ),
    (
        "text behind the message",
        b"a APPEND box {1+}\r\nx (y)\r\n",
        [MessageLiteral(b"a APPEND box {1+}", (), 1, False), MessageChunk(b"x"), MessageEnd(b" (y)")],
    ),
    (
        "a second message behind the first",
        b"a APPEND box {1+}\r\nx (f) {3}\r\nabc\r\n",
        [
            MessageLiteral(b"a APPEND box {1+}", (), 1, False),
            MessageChunk(b"x"),
            MessageLiteral(b" (f) {3}", (), 3, True, more=True),
            MessageChunk(b"abc"),
            MessageEnd(b""),
        ],
    ),
    (
        "messages as literal8, with NUL",
        b"a APPEND box ~{1+}\r\n\0 ~{1+}\r\ny\r\n",
        [
            MessageLiteral(b"a APPEND box ~{1+}", (), 1, False),
            MessageChunk(b"\0"),
            MessageLiteral(b" ~{1+}", (), 1, False, more=True),
            MessageChunk(b"y"),
            MessageEnd(b""),
        ],
    ),
    (
        "messages in UTF8",
        b"a APPEND box utf8 (~{1+}\r\nx) UTF8 (~{1+}\r\ny)\r\n",
        [
            MessageLiteral(b"a APPEND box utf8 (~{1+}", (), 1, False, utf8=True),
            MessageChunk(b"x"),
            MessageLiteral(b") UTF8 (~{1+}", (), 1, False, utf8=True, more=True),
            MessageChunk(b"y"),
            MessageEnd(b")"),
        ],
    ),
]


@pytest.mark.parametrize(("sample", "events"), [row[1:] for row in SAMPLES], ids=[row[0] for row in SAMPLES])
def test_commands_are_found(sample, events):
    """What a client sends is cut into the same commands however it arrives."""
    assert scan(sample) == events


TOO_LONG = [
    ("a long line", b"a NOOP " + b"x" * 40 + b"\r\n", [TooLong(b"a", LINE, False)]),
    ("a long line without a tag", b"x" * 50 + b"\r\n", [TooLong(b"", LINE, False)]),
    ("a line that never ends", b"a " + b"x" * 200, [TooLong(b"a", "Too much input for one command", True)]),
    ("a literal announced and refused", b"a LOGIN {11}\r\n", [TooLong(b"a", LITERAL, False)]),
    ("a literal sent at once", b"a LOGIN {11+}\r\n" + b"x" * 11 + b" y\r\n", [TooLong(b"a", LITERAL, False)]),
    (
        "literals after a refused one are skipped with it",
        b"a LOGIN {11+}\r\n" + b"x" * 11 + b" {3+}\r\nyyy\r\n",
        [TooLong(b"a", LITERAL, False)],
    ),
    (
        "a literal too large to be skipped",
        b"a LOGIN {101+}\r\n",
        [TooLong(b"a", "Too much input for one command", True)],
    ),
    (
        "many small literals",
        b"a X {9+}\r\n" + b"x" * 9 + b"{9+}\r\n" + b"x" * 9 + b"{9+}\r\n" + b"x" * 9 + b"{9+}\r\n" + b"x" * 9 + b"\r\n",
        [TooLong(b"a", LITERAL, False)],
    ),
    (
        "lines of one command together",
        b"a X " + b"y" * 20 + b" {1+}\r\nx" + b"y" * 20 + b"\r\n",
        [TooLong(b"a", LINE, False)],
    ),
    (
        "a long line behind a message",
        b"a APPEND b {1+}\r\nx" + b"y" * 50 + b"\r\n",
        [MessageLiteral(b"a APPEND b {1+}", (), 1, False), MessageChunk(b"x"), TooLong(b"", LINE, False)],
    ),
    (
        "a literal announced at the end of a long line",
        b"a X " + b"y" * 40 + b" {3+}\r\nabc\r\n",
        [TooLong(b"a", LINE, False)],
    ),
]


@pytest.mark.parametrize(("sample", "events"), [row[1:] for row in TOO_LONG], ids=[row[0] for row in TOO_LONG])
def test_limits_are_kept(sample, events):
    """A command over a limit is refused; the next one is understood, unless too much had to be skipped."""
    assert scan(sample, SMALL) == events


def test_a_refused_message_is_not_sent():
    """The client that waits for our ``+`` and gets NO goes on with its next command."""
    events = scan(b"a APPEND box {500}\r\n", answer=refuse)
    assert events == [MessageLiteral(b"a APPEND box {500}", (), 500, True)]


def test_a_refused_message_that_comes_all_the_same_is_skipped():
    """The octets of a message sent without waiting are not taken for commands."""
    events = scan(b"a APPEND box {9+}\r\nb NOOP\r\n\n\r\n", answer=refuse)
    assert events == [MessageLiteral(b"a APPEND box {9+}", (), 9, False)]


def test_a_refused_message_too_large_to_skip_ends_the_connection():
    """Nobody is allowed to keep us busy with a message that we do not want."""
    events = scan(b"a APPEND box {101+}\r\n", SMALL, refuse)
    assert events[1:] == [TooLong(b"", "Too much input for one command", True)]


def test_nothing_is_read_behind_a_stream_that_is_lost():
    """Bytes after a fatal error are neither kept nor understood."""
    scanner = Scanner(SMALL)
    scanner.receive(b"a LOGIN {101+}\r\n")
    assert pull(scanner) == [TooLong(b"a", "Too much input for one command", True)]
    scanner.receive(b"x" * 1000 + b"\r\nb NOOP\r\n")
    assert scanner.buffered == 0
    assert pull(scanner) == []


def test_the_scanner_stands_still_until_the_message_is_decided():
    """Nothing of a message is looked at before the session says whether it wants it."""
    scanner = Scanner(ROOMY)
    scanner.receive(b"a APPEND box {5+}\r\nhello\r\n")
    assert isinstance(scanner.next(), MessageLiteral)
    assert scanner.next() is None
    scanner.accept()
    assert scanner.next() == MessageChunk(b"hello")


def test_a_large_message_is_never_held():
    """A message larger than every limit passes through; what the scanner keeps stays small."""
    scanner = Scanner(SMALL)
    scanner.receive(b"a APPEND box {1000000}\r\n")
    assert isinstance(scanner.next(), MessageLiteral)
    scanner.accept()
    total = 0
    for _ in range(100):
        scanner.receive(b"x" * 10_000)
        total += sum(len(event.data) for event in pull(scanner) if isinstance(event, MessageChunk))
        assert scanner.buffered == 0
    scanner.receive(b"\r\n")
    assert pull(scanner) == [MessageEnd(b"")]
    assert total == 1_000_000


def test_skipped_input_is_not_held():
    """The octets of a refused literal cost no memory while they are skipped."""
    scanner = Scanner(ScanLimits(40, 10, 60, 1_000_000))
    scanner.receive(b"a LOGIN {900000+}\r\n")
    for _ in range(90):
        scanner.receive(b"x" * 10_000)
        assert pull(scanner) == []
        assert scanner.buffered == 0
    scanner.receive(b"\r\n")
    assert pull(scanner) == [TooLong(b"a", LITERAL, False)]


def test_limits_change_at_login():
    """What was too long before login is not after it."""
    scanner = Scanner(SMALL)
    scanner.limits = ROOMY
    scanner.receive(b"a NOOP " + b"x" * 100 + b"\r\n")
    assert pull(scanner) == [CommandText(b"a NOOP " + b"x" * 100)]


def test_commands_wait_until_they_are_asked_for():
    """Pipelined commands are given one by one; the rest is counted."""
    scanner = Scanner(ROOMY)
    scanner.receive(b"a NOOP\r\nb NOOP\r\n")
    assert scanner.next() == CommandText(b"a NOOP")
    assert scanner.buffered == 8


@pytest.mark.parametrize("injected", [b"b NOOP\r\n", b"b LOGIN {4+}\r\njo", b"", b"b LOG"])
def test_discard_forgets_everything(injected):
    """Whatever was pipelined in clear behind STARTTLS is gone, half a command too."""
    scanner = Scanner(ROOMY)
    scanner.receive(b"a STARTTLS\r\n" + injected)
    assert scanner.next() == CommandText(b"a STARTTLS")
    assert scanner.discard() == len(injected)
    scanner.receive(b"c NOOP\r\n")
    assert pull(scanner) == [CommandText(b"c NOOP")]


def test_discard_in_the_middle_of_a_literal():
    """A literal that began before STARTTLS does not go on behind it."""
    scanner = Scanner(ROOMY)
    scanner.receive(b"b LOGIN {4+}\r\njo")
    assert scanner.next() is None
    assert scanner.discard() == 2
    scanner.receive(b"c NOOP\r\n")
    assert pull(scanner) == [CommandText(b"c NOOP")]


def test_bare_lines():
    """DONE and answers to a challenge are lines, and braces in them mean nothing."""
    scanner = Scanner(ROOMY)
    for byte in b"DO{3}\r\nb NOOP\r\n":
        assert scanner.next_line(20) is None
        scanner.receive(bytes([byte]))
        if byte == 10:
            break
    assert scanner.next_line(20) == LineText(b"DO{3}")
    assert scanner.next_line(20) is None


def test_a_bare_line_may_be_too_long():
    """A long answer to a challenge is refused, and the next line is read."""
    scanner = Scanner(ROOMY)
    scanner.receive(b"x" * 21)
    assert scanner.next_line(20) is None
    scanner.receive(b"\r\nDONE\r\n")
    assert scanner.next_line(20) == TooLong(b"", "The line is too long", False)
    assert scanner.next_line(20) == LineText(b"DONE")


def test_a_byte_at_a_time_costs_linear_time():
    """A client that sends its line slowly costs one look at each octet, not one at the whole line each time."""
    scanner = Scanner(ScanLimits(100_000, 10, 100_000, 10))
    seen = 0

    class Counted(bytearray):
        def find(self, mark, start=0):
            nonlocal seen
            seen += len(self) - start
            return super().find(mark, start)

    scanner._buffer = Counted()
    for _ in range(5_000):
        scanner.receive(b"x")
        assert scanner.next() is None
    assert seen == 5_000
