"""Address lists (RFC 5322 3.4 with the obsolete forms of 4.4) as ENVELOPE tells them; every input gives some list.

Nearly all addresses are ``name <local@domain>`` or ``local@domain (name)``: one expression takes such a one whole.
The others are cut into tokens (comments, which nest, by a counter) which are read once from left to right: words gather
until a sign says what they were. The number of such tokens is bounded by the length of the field, so the cost is too;
an ``Allowance`` bounds what the short fields of many messages inside one message cost together.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NamedTuple

from cgpymail.mime.parameters import unquote

_TOKENS_FREE = 4_000  # tokens of unusual addresses in one answer, and then one for so many octets of a field
_OCTETS_PER_TOKEN = 128
_COMMENT_LEVELS = 50  # of comments in comments; below, all that follows is comment
_ATOM = rb"[^\s\x00\"(),:;<>@\[\]\\]++"
_QUOTED = rb'"([^"\\]*+(?:\\.[^"\\]*+)*+)"'
_USUAL = re.compile(
    rb"(?:(?:%b|(%b(?:[ \t]++%b)*+))?[ \t]*+<(%b)@(%b)>|(%b)@(%b)(?:[ \t]*+\(([^()\\]*+)\))?)\s*+(?:,[\s,]*+|\Z)"
    % (_QUOTED, _ATOM, _ATOM, _ATOM, _ATOM, _ATOM, _ATOM),
    re.DOTALL,
)
_TOKEN = re.compile(
    rb"""(?P<space>[\s\x00]*+)(?:
      "(?P<quoted>[^"\\]*+(?:\\.[^"\\]*+)*+)"?
    | (?P<word>\[[^\]\\<>]*+\]? | %b)
    | (?P<comment>\()
    | (?P<comma>,[\s,]*+)
    | (?P<sign>.)
    | \Z)"""
    % _ATOM,
    re.VERBOSE | re.DOTALL,
)
_IN_COMMENT = re.compile(rb"[()]|\\.", re.DOTALL)


class Address(NamedTuple):
    """One entry of an address list (RFC 3501 7.4.2, the four strings in their order; None is NIL).

    A group begins with an entry that has its name as ``mailbox`` and no host, and ends with one that has neither.
    Names are as sent (quotes gone, encoded words kept). What is missing in a broken address is empty, never None.
    """

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


_GROUP_END = Address(None, None, None, None)


@dataclass(slots=True)
class Allowance:
    """What the address fields of one answer may cost together; what was read is taken off.

    ``entries``: addresses and marks of groups; ``tokens``: of unusual addresses, beside those for the field's length.
    """

    entries: int
    tokens: int = _TOKENS_FREE


def parse_addresses(value: bytes, allowance: Allowance) -> tuple[Address, ...]:
    """The addresses of an unfolded field, as many as are allowed."""
    reader = _Reader(value, allowance.tokens)
    limit = allowance.entries
    found = reader.found
    place = 0
    while place < len(value) and len(found) < limit and reader.tokens > 0:
        match = _USUAL.match(value, place)
        if match is None:
            place = reader.read_one(place)
            continue
        place = match.end()
        quoted, phrase, mailbox, host, bare, domain, comment = match.groups()
        if mailbox is not None:
            found.append(Address((unquote(quoted) if quoted is not None else phrase) or None, None, mailbox, host))
        else:
            found.append(Address(comment or None, None, bare, domain))
    if reader.in_group:
        found.append(_GROUP_END)
    del found[limit:]
    allowance.entries -= len(found)
    allowance.tokens = min(allowance.tokens, reader.tokens)
    return tuple(found)


@dataclass(slots=True)
class _Words:
    """A phrase or half of an address: its tokens joined, white space between words as one space."""

    pieces: list[bytes] = field(default_factory=list)

    def add(self, text: bytes, space: bool) -> None:
        if space and self.pieces:
            self.pieces.append(b" ")
        self.pieces.append(text)

    def join(self) -> bytes:
        return b"".join(self.pieces)

    def squeeze(self) -> bytes:
        """Without the spaces, which mean nothing inside an address."""
        return b"".join(piece for piece in self.pieces if piece != b" ")


class _Reader:
    """The careful way: one entry at a time, token by token."""

    def __init__(self, value: bytes, free: int) -> None:
        self._value = value
        self.tokens = free + len(value) // _OCTETS_PER_TOKEN  # still to be read
        self.found: list[Address] = []
        self.in_group = False

    def read_one(self, place: int) -> int:
        """Read the entry that begins at ``place``, or the beginning of a group; the place behind it."""
        self._phrase = _Words()  # before "<", or the local part where there is none
        self._angle: _Words | None = None  # after "<", until "@"
        self._closed = False  # ">" was there
        self._route: bytes | None = None
        self._host: _Words | None = None
        self._comment: bytes | None = None
        spaced = False
        while place < len(self._value) and self.tokens > 0:
            self.tokens -= 1
            match = _TOKEN.match(self._value, place)
            assert match is not None  # it takes any octet
            place = match.end()
            kind = match.lastgroup
            spaced = spaced or bool(match[1])
            if kind == "comment":
                place = self._read_comment(place)
                spaced = True
            elif kind == "comma" or kind == "sign":
                if self._sign(match[kind][:1]):
                    return place
                spaced = False
            elif kind == "word" or kind == "quoted":
                self._current().add(match["word"] or unquote(match["quoted"]), spaced)
                spaced = False
        self._end()
        return place

    def _read_comment(self, place: int) -> int:
        """Note the comment whose text begins at ``place``; the place behind the parenthesis that closes it."""
        level = 1
        for match in _IN_COMMENT.finditer(self._value, place):
            level += {b"(": 1, b")": -1}.get(match[0], 0)
            if level > _COMMENT_LEVELS:
                break
            if level == 0:
                self._comment = self._value[place : match.start()]
                return match.end()
        self._comment = self._value[place:]
        return len(self._value)

    def _current(self) -> _Words:
        """Where the next word belongs; what follows ``>`` belongs nowhere, and is dropped."""
        if self._closed:
            return _Words()
        if self._host is not None:
            return self._host
        return self._phrase if self._angle is None else self._angle

    def _sign(self, sign: bytes) -> bool:
        """Whether the entry ends here."""
        if sign == b"<":
            self._less()
        elif sign == b">":
            self._closed = self._angle is not None
        elif sign == b"@":
            self._at_sign()
        elif sign == b":":
            return self._colon()
        elif sign == b";":
            self._end()
            if self.in_group:
                self.found.append(_GROUP_END)
            self.in_group = False
            return True
        elif sign == b",":
            if not self._in_route():
                self._end()
                return True
            self._current().add(b",", False)
        return False

    def _in_route(self) -> bool:
        """Between "<@" and ":"."""
        return self._angle is not None and not self._closed and self._host is not None and not self._angle.pieces

    def _less(self) -> None:
        if self._angle is None:
            if self._host is not None:  # an address as display name, without the quotes it needs
                self._phrase.pieces += [b"@", *self._host.pieces]
                self._host = None
            self._angle = _Words()

    def _at_sign(self) -> None:
        if self._closed:
            return
        if self._host is None:
            self._host = _Words()
        elif self._in_route():
            self._host.add(b"@", False)  # the next domain
        else:  # more than one: the last one counts
            words = self._phrase if self._angle is None else self._angle
            words.pieces += [b"@", *self._host.pieces]
            self._host = _Words()

    def _colon(self) -> bool:
        if self._in_route() and self._host is not None:
            self._route, self._host = b"@" + self._host.squeeze(), None
        elif not self.in_group and self._angle is None and self._host is None:
            self.found.append(Address(None, None, self._phrase.join(), None))
            self.in_group = True
            return True
        return False

    def _end(self) -> None:
        """The entry is complete, if there was one."""
        host = self._host.squeeze() if self._host is not None else b""
        if self._angle is not None:
            name = self._phrase.join() or self._comment
            self.found.append(Address(name or None, self._route, self._angle.squeeze(), host))
        elif self._host is not None or self._phrase.pieces:
            self.found.append(Address(self._comment or None, None, self._phrase.squeeze(), host))
