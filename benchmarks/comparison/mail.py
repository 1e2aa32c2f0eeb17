"""The messages of the measured mailboxes: 4 KB each, all different, the same in every run, for every server."""

from __future__ import annotations

MESSAGES = 10_000
SIZE = 4096  # octets with CRLF
FIRST_DATE = 1_600_000_000
FLAGS = ("", "S", "RS")  # of message n: place n % 3; letters as in Maildir
_NAMES = {"": set(), "S": {"\\Seen"}, "RS": {"\\Answered", "\\Seen"}}
_LINE = b"The quick brown fox jumps over the lazy dog, and the dog does not mind it.\r\n"


def message(number: int) -> bytes:
    """In wire form."""
    header = (
        f"From: sender{number % 97}@example.net\r\nTo: bench@example.org\r\nSubject: Message {number}\r\n"
        f"Date: Sun, 13 Sep 2020 12:26:40 +0000\r\nMessage-ID: <{number}@bench.example.net>\r\n\r\n"
    ).encode()
    left = SIZE - len(header)
    body = (_LINE * (left // len(_LINE) + 1))[: left - 2]
    if body.endswith(b"\r"):
        body = body[:-1] + b"."
    return header + body + b"\r\n"


def date(number: int) -> int:
    """When it arrived, seconds since the epoch."""
    return FIRST_DATE + 997 * number


def letters(number: int) -> str:
    """Its flags as Maildir spells them."""
    return FLAGS[number % len(FLAGS)]


def flag_names(number: int) -> set[str]:
    """Its flags as IMAP spells them."""
    return set(_NAMES[letters(number)])
