"""A client's bytes through the IMAP scanner, in every way a network can cut them."""

from __future__ import annotations

from collections.abc import Callable

from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.dialect import PLAIN, Dialect
from cgpymail.grammar.imap.events import CommandText, Continue, Event, MessageChunk, MessageLiteral
from cgpymail.grammar.imap.reading import read_command
from cgpymail.grammar.imap.scanner import ScanLimits, Scanner

ROOMY = ScanLimits(line=1000, literal=1000, command=3000, swallow=5000)
TAIL = b"next NOOP\r\n"
Answer = Callable[[Scanner, MessageLiteral], None]


def accept(scanner: Scanner, event: MessageLiteral) -> None:
    """Take every message."""
    scanner.accept()


def pull(scanner: Scanner, answer: Answer = accept) -> list[Event]:
    """All events there are; chunks of one message are joined."""
    events: list[Event] = []
    while (event := scanner.next()) is not None:
        if isinstance(event, MessageLiteral):
            answer(scanner, event)
        if isinstance(event, MessageChunk) and events and isinstance(events[-1], MessageChunk):
            events[-1] = MessageChunk(events[-1].data + event.data)
        else:
            events.append(event)
    return events


def scan(sample: bytes, limits: ScanLimits = ROOMY, answer: Answer = accept) -> list[Event]:
    """The events of ``sample``, fed whole, byte by byte, and with a tail; they must be the same."""
    whole = _feed([sample], limits, answer)
    assert _feed([sample[place : place + 1] for place in range(len(sample))], limits, answer) == whole
    assert _feed([sample + TAIL], limits, answer) in (
        [*whole, CommandText(TAIL[:-2])],  # the stream goes on behind the sample
        whole,  # or the scanner gave up in it
    )
    return whole


def _feed(pieces: list[bytes], limits: ScanLimits, answer: Answer) -> list[Event]:
    scanner = Scanner(limits)
    events: list[Event] = []
    for piece in pieces:
        scanner.receive(piece)
        for event in pull(scanner, answer):
            if isinstance(event, MessageChunk) and events and isinstance(events[-1], MessageChunk):
                events[-1] = MessageChunk(events[-1].data + event.data)
            else:
                events.append(event)
    return events


def read(sample: bytes, dialect: Dialect = PLAIN) -> Command:
    """The one command in ``sample`` (which ends in CRLF), after scanning it in every way."""
    events = [event for event in scan(sample) if not isinstance(event, Continue)]
    first = events[0]
    assert isinstance(first, CommandText | MessageLiteral), events
    return read_command(first.text, first.literals, dialect=dialect)
