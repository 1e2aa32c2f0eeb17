"""The words of a command (RFC 3501 section 9), taken one after the other from its text by compiled expressions.

Every method takes one word at the cursor or raises CommandError with what was expected there. ASCII only where the
grammar says atom; quoted strings may hold UTF-8, because clients send it in passwords and SEARCH texts.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from functools import lru_cache

from cgpymail.errors import IllegalName
from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.dialect import PLAIN, Dialect
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.model import names
from cgpymail.model.uidset import SAVED, STAR, MessageSet, NumberSet

_ATOM = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_ASTRING = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\]+")
_LOGIN = re.compile(rb"[^\x00-\x20\x7f-\xff(){\"\\]+")
_PATTERN = re.compile(rb"[^\x00-\x20\x7f-\xff(){\"\\]+")
_FLAG = re.compile(rb"\\?[^\x00-\x20\x7f-\xff(){%*\"\\\]]+")
_QUOTED = re.compile(rb'"([^"\\\r\n\x00]*(?:\\["\\][^"\\\r\n\x00]*)*)"')
_ESCAPED = re.compile(rb"\\(.)")
_LITERAL = re.compile(rb"\{\d+\+?\}\r\n")
_NUMBER = re.compile(rb"\d{1,19}(?!\d)")
_NUMBER_SET = re.compile(rb"(?:\*|[1-9]\d{0,9})(?:[:,](?:\*|[1-9]\d{0,9}))*(?![\d*:,])")
_END = re.compile(rb" *\Z")
_TOP = 0xFFFF_FFFF  # the largest nz-number


@dataclass(frozen=True, slots=True, eq=False)  # compared by identity: it is part of a cache's key
class ReadLimits:
    """Counts. ``nesting``: levels of parentheses, of NOT and OR, and of part numbers. ``arguments``: members of one
    list or number set. ``search_keys``: of one SEARCH."""

    nesting: int = 64
    arguments: int = 10_000
    search_keys: int = 1_000


class Words:
    """A cursor over the text of one command and the literals that belong to it."""

    __slots__ = ("_literals", "_used", "dialect", "limits", "place", "text")

    def __init__(
        self, text: bytes, place: int, literals: Sequence[bytes], limits: ReadLimits, dialect: Dialect = PLAIN
    ) -> None:
        self.text = text
        self.place = place
        self.limits = limits
        self.dialect = dialect
        self._literals = literals
        self._used = 0

    def take(self, pattern: re.Pattern[bytes]) -> re.Match[bytes] | None:
        """What ``pattern`` finds at the cursor, which moves behind it."""
        found = pattern.match(self.text, self.place)
        if found is not None:
            self.place = found.end()
        return found

    def expect(self, pattern: re.Pattern[bytes], what: str) -> bytes:
        """The same, as octets. Raises CommandError naming ``what`` should be there."""
        found = self.take(pattern)
        if found is None:
            raise CommandError(f"{what} expected")
        return found[0]

    def follows(self, mark: bytes) -> bool:
        """Whether ``mark`` stands at the cursor; it is stepped over then."""
        if not self.text.startswith(mark, self.place):
            return False
        self.place += len(mark)
        return True

    def need(self, mark: bytes) -> None:
        """Step over ``mark``. Raises CommandError."""
        if not self.follows(mark):
            raise CommandError("A space expected" if mark == b" " else f"{mark.decode()} expected")

    def end(self) -> None:
        """Nothing but spaces is left (some clients put one at the end). Raises CommandError."""
        if not _END.match(self.text, self.place):
            raise CommandError("Unexpected text at the end of the command")

    @property
    def at_end(self) -> bool:
        """Whether nothing but spaces is left."""
        return _END.match(self.text, self.place) is not None

    # -- strings -------------------------------------------------------------------------------------------------

    def atom(self, what: str = "An atom") -> bytes:
        """An atom."""
        return self.expect(_ATOM, what)

    def string(self, what: str = "A string") -> bytes:
        """A quoted string or literal."""
        value = self._string()
        if value is None:
            raise CommandError(f"{what} expected")
        return value

    def astring(self, what: str = "A string") -> bytes:
        """An atom (``]`` allowed), quoted string or literal."""
        found = self.take(_ASTRING)
        return found[0] if found is not None else self.string(what)

    def login_word(self, what: str) -> bytes:
        """A name or password of LOGIN: an astring in which ``%`` and ``*`` need no quotes, because clients that log in
        as ``name%domain`` (spec section 8.14) do not think of them."""
        found = self.take(_LOGIN)
        return found[0] if found is not None else self.string(what)

    def nstring(self) -> bytes | None:
        """A quoted string or literal; None for NIL."""
        if self.text[self.place : self.place + 3].upper() == b"NIL":
            self.place += 3
            return None
        return self.string()

    def nstring8(self) -> bytes | None:
        """The same, or a literal8 (RFC 3516), which may hold NUL."""
        if not self.follows(b"~"):
            return self.nstring()
        literal = self._literal()
        if literal is None:
            raise CommandError("A literal expected")
        return literal

    def _string(self) -> bytes | None:
        quoted = self.take(_QUOTED)
        if quoted is not None:
            value = quoted[1]
            if self.dialect.utf8 and not value.isascii():
                _check_utf8(value)
            return _ESCAPED.sub(rb"\1", value) if b"\\" in value else value
        literal = self._literal()
        if literal is not None and b"\0" in literal:
            raise CommandError("A literal cannot hold NUL here")
        return literal

    def _literal(self) -> bytes | None:
        if self.take(_LITERAL) is None or self._used == len(self._literals):
            return None
        self._used += 1
        return self._literals[self._used - 1]

    # -- names, flags, numbers -----------------------------------------------------------------------------------

    def mailbox(self) -> str:
        """A mailbox name as the dialect spells it, INBOX folded."""
        return _mailbox(self.astring("A mailbox name"), self.dialect)

    def pattern(self) -> str:
        """A mailbox name that may hold the wildcards of LIST."""
        found = self.take(_PATTERN)
        return _mailbox(found[0] if found is not None else self.string("A mailbox pattern"), self.dialect)

    def flag(self) -> str:
        """A flag or keyword, as spelled."""
        return self.expect(_FLAG, "A flag").decode("ascii")

    def flag_list(self) -> tuple[str, ...]:
        """Flags in parentheses, maybe none."""
        self.need(b"(")
        flags: list[str] = []
        while not self.follows(b")"):
            if flags:
                self.need(b" ")
            flags.append(self.flag())
            self.count(flags)
        return tuple(flags)

    def number(self) -> int:
        """A number from 0 to 19 digits."""
        return int(self.expect(_NUMBER, "A number"))

    def number_set(self) -> NumberSet:
        """A sequence set: numbers, ranges and ``*``."""
        text = self.expect(_NUMBER_SET, "A set of message numbers")
        numbers = short_number_set(text) if len(text) <= _SHORT else _make_number_set(text)
        self.count(numbers.parts)
        return numbers

    def messages(self) -> MessageSet:
        """A sequence set, or ``$``, which stands alone (RFC 5182 2.5)."""
        return SAVED if self.follows(b"$") else self.number_set()

    def count(self, members: Sized) -> None:
        """Raise CommandError when there are too many."""
        if len(members) > self.limits.arguments:
            raise CommandError("Too many arguments")


def _mailbox(wire: bytes, dialect: Dialect) -> str:
    """Octets that no modified UTF-7 has can only be meant as UTF-8, whatever was enabled (RFC 9755 section 3)."""
    if dialect.utf8 or not wire.isascii():
        return names.canonical(_check_utf8(wire))
    try:
        return names.canonical(names.decode(wire))
    except IllegalName as problem:
        raise CommandError(problem.public) from None


def _check_utf8(octets: bytes) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise CommandError("Ill-formed UTF-8") from None


_SHORT = 64  # octets of a set worth remembering


@lru_cache(maxsize=512)  # clients repeat 1:* and the like for ever
def short_number_set(text: bytes) -> NumberSet:
    """A sequence set that is all of ``text``. Raises CommandError."""
    if not _NUMBER_SET.fullmatch(text):
        raise CommandError("A set of message numbers expected")
    return _make_number_set(text)


def _make_number_set(text: bytes) -> NumberSet:
    parts: list[tuple[int, int]] = []
    for part in text.split(b","):
        first, colon, last = part.partition(b":")
        low = STAR if first == b"*" else int(first)
        high = (STAR if last == b"*" else int(last)) if colon and b":" not in last else low
        if b":" in last or low > _TOP or high > _TOP:
            raise CommandError("A set of message numbers expected")
        parts.append((low, high))
    return NumberSet(tuple(parts))


Reader = Callable[[bytes, Words], Command]
"""Reads the arguments of one command behind its name; given the tag. Raises CommandError."""
