"""The arguments of GETMETADATA and SETMETADATA (RFC 5464 section 5).

The options of GETMETADATA stand before the mailbox name by the syntax and behind it in all examples of the RFC: both
are read, as other servers do.
"""

from __future__ import annotations

import re

from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.metadatacommands import GetMetadata, SetMetadata
from cgpymail.grammar.imap.tokens import Reader, Words
from cgpymail.model.annotations import Wish, can_hold_value, canonical

_OPTIONS = re.compile(rb"\((?=[A-Za-z])")  # what an entry begins with is no letter
_DEPTHS: dict[bytes, int | None] = {b"0": 0, b"1": 1, b"INFINITY": None}
_TOP = 0xFFFF_FFFF  # the largest number


def _getmetadata(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    before = words.take(_OPTIONS) is not None
    depth, largest = _options(words) if before else (0, None)
    mailbox = words.mailbox()
    words.need(b" ")
    if not before and words.take(_OPTIONS) is not None:
        depth, largest = _options(words)
    return GetMetadata(tag, mailbox, Wish(entries(words), depth, largest))


def _options(words: Words) -> tuple[int | None, int | None]:
    """DEPTH and MAXSIZE behind an opening parenthesis, and the space behind the closing one."""
    depth: int | None = 0
    largest: int | None = None
    names: list[bytes] = []
    while not names or not words.follows(b")"):
        if names:
            words.need(b" ")
        name = words.atom("An option").upper()
        words.need(b" ")
        if name in names or name not in (b"DEPTH", b"MAXSIZE"):
            raise CommandError("Unknown option")
        names.append(name)
        if name == b"MAXSIZE":
            largest = words.number()
            if largest > _TOP:
                raise CommandError("The number is too large")
        else:
            said = words.atom("A depth").upper()
            if said not in _DEPTHS:
                raise CommandError("0, 1 or infinity expected")
            depth = _DEPTHS[said]
    words.need(b" ")
    return depth, largest


def entries(words: Words) -> tuple[str, ...]:
    """One name, or several in parentheses; as typed. Raises CommandError."""
    if not words.follows(b"("):
        return (_entry(words),)
    found: list[str] = []
    while not found or not words.follows(b")"):
        if found:
            words.need(b" ")
        found.append(_entry(words))
        words.count(found)
    return tuple(found)


def _entry(words: Words) -> str:
    typed = words.astring("An entry").decode("ascii", "replace")
    if canonical(typed) is None:
        raise CommandError("An entry such as /shared/comment or /private/comment expected")
    return typed


def _setmetadata(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    mailbox = words.mailbox()
    words.need(b" ")
    words.need(b"(")
    values: dict[str, bytes | None] = {}
    while not values or not words.follows(b")"):
        if values:
            words.need(b" ")
        name = _entry(words).lower()
        if not can_hold_value(name):
            raise CommandError("The name of the entry needs more levels")
        if name in values:
            raise CommandError("An entry is named twice")
        words.need(b" ")
        values[name] = words.nstring8()
        words.count(values)
    return SetMetadata(tag, mailbox, tuple(values.items()))


READERS: dict[bytes, Reader] = {b"GETMETADATA": _getmetadata, b"SETMETADATA": _setmetadata}
