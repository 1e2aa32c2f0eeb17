"""The reading half of cgpymail.grammar.settings: one pass over the bytes, linear time, limited depth and size."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NoReturn

from cgpymail.grammar.settingvalues import (
    MAX_NUMBER,
    MAX_SIZE,
    NULL,
    Address,
    SettingsError,
    Unknown,
    Value,
    Xml,
)

_SPACE = re.compile(rb"[ \t\r\n]*+")
_ATOM = re.compile(rb"[A-Za-z0-9\-_.@!#%:\x80-\xff]++")
_QUOTED = re.compile(rb'"((?:[^"\\]++|\\.)*+)"', re.DOTALL)
_ESCAPE = re.compile(rb"\\(\d{3}|.)", re.DOTALL)
_DATA = re.compile(rb"\[([A-Za-z0-9+/=\s]*+)\]")
_ADDRESS = re.compile(rb"#I\[([^\]\[\s\"\\]{1,255})\](?::(\d{1,5}))?")
_TIME = re.compile(r"#T(\d\d)-(\d\d)-(\d{4})_(\d\d):(\d\d):(\d\d)")
_NUMBER = re.compile(r"#(-?\d{1,19})")
_UNKNOWN_PART = re.compile(rb'[^()"]++|"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_XML_TAG = re.compile(rb"<(/?)([A-Za-z_:\x80-\xff][^\s/<>\"'=]*+)(?:[^<>\"'/]++|\"[^\"]*+\"|'[^']*+'|/(?!>))*+(/?)>")
_XML_OTHER = ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>"))
_ESCAPED = {b"e": b"\n", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


class Reader:
    """One pass over the bytes; ``at`` is the next one to look at."""

    def __init__(self, data: bytes, max_depth: int) -> None:
        self.data = data
        self.at = 0
        self._max_depth = max_depth
        if len(data) > MAX_SIZE:
            self.fail(f"more than {MAX_SIZE} octets")

    def fail(self, problem: str) -> NoReturn:
        """Raise SettingsError for the place where we are."""
        line = self.data.count(b"\n", 0, self.at) + 1
        column = self.at - (self.data.rfind(b"\n", 0, self.at) + 1) + 1
        raise SettingsError(problem, line, column)

    def _skip(self) -> bytes:
        """Past white space; gives the next octet, empty at the end."""
        match = _SPACE.match(self.data, self.at)
        self.at = match.end() if match else self.at
        return self.data[self.at : self.at + 1]

    def open(self, bracket: str, problem: str) -> None:
        """Past an opening bracket. Raises SettingsError with ``problem`` if it is not there."""
        if self._skip() != bracket.encode():
            self.fail(problem)
        self.at += 1

    def _take(self, octet: bytes) -> bool:
        found = self._skip() == octet
        self.at += found
        return found

    def end(self) -> None:
        """Nothing but white space may be left. Raises SettingsError."""
        if self._skip():
            self.fail("nothing more is expected here")

    def value(self, depth: int) -> Value:
        """The value that comes next, inside ``depth`` brackets. Raises SettingsError."""
        first = self._skip()
        if depth > self._max_depth:
            self.fail("nested too deeply")
        if first == b"{":
            self.at += 1
            return dict(self.entries(depth + 1))
        if first == b"(":
            self.at += 1
            return self._array(depth + 1)
        if first == b"[":
            return self._block()
        if first == b"<":
            return self._xml()
        if first == b"#":
            return self._special()
        return self._string("a value")

    def entries(self, depth: int) -> Iterator[tuple[str, Value]]:
        """``key = value;`` up to the closing brace; nothing between an entry and the next key has been read yet."""
        seen: set[str] = set()
        while True:
            before = self.at
            if self._take(b"}"):
                return
            key = self._string("a key or }")
            if key in seen:
                self.at = before
                self._skip()
                self.fail("the same key comes twice")
            seen.add(key)
            if not self._take(b"="):
                self.fail("= is expected after a key")
            value = self.value(depth)
            if not self._take(b";"):
                self.fail("; is expected after a value")
            yield key, value

    def _array(self, depth: int) -> list[Value]:
        values: list[Value] = []
        if self._take(b")"):
            return values
        while True:
            values.append(self.value(depth))
            if self._take(b")"):
                return values
            if not self._take(b","):
                self.fail(", or ) is expected in an array")

    def _string(self, wanted: str) -> str:
        """An atom, or quoted strings one after the other."""
        first = self._skip()
        atom = _ATOM.match(self.data, self.at)
        if atom:
            self.at = atom.end()
            return atom[0].decode("utf-8", "surrogateescape")
        if first != b'"':
            self.fail(f"{wanted} is expected")
        parts: list[bytes] = []
        while self._skip() == b'"':
            quoted = _QUOTED.match(self.data, self.at)
            if not quoted:
                self.fail("the quoted string does not end")
            parts.append(_ESCAPE.sub(self._unescape, quoted[1]) if b"\\" in quoted[1] else quoted[1])
            self.at = quoted.end()
        return b"".join(parts).decode("utf-8", "surrogateescape")

    def _unescape(self, match: re.Match[bytes]) -> bytes:
        code = match[1]
        if len(code) == 3:
            if int(code) > 255:
                self.fail("\\DDD in the quoted string is above 255")
            return bytes([int(code)])
        if code.isdigit():
            self.fail("\\ in the quoted string needs three decimal digits")
        return _ESCAPED.get(code, code)

    def _block(self) -> bytes:
        parts: list[bytes] = []
        while self._skip() == b"[":
            block = _DATA.match(self.data, self.at)
            if not block:
                self.fail("the data block is not base64 or does not end")
            try:
                parts.append(base64.b64decode(b"".join(block[1].split()), validate=True))
            except binascii.Error:
                self.fail("the data block is not base64")
            self.at = block.end()
        return b"".join(parts)

    def _special(self) -> Value:
        """What begins with ``#``."""
        if self.data.startswith(b"#(", self.at):
            return self._unknown()
        address = _ADDRESS.match(self.data, self.at)
        if address:
            self.at = address.end()
            return Address(address[1].decode("utf-8", "surrogateescape"), int(address[2] or 0))
        return _word(self._string("a value"))

    def _unknown(self) -> Unknown:
        begin, depth = self.at, 0
        self.at += 1
        while True:
            part = _UNKNOWN_PART.match(self.data, self.at)
            if part:
                self.at = part.end()
            bracket = self.data[self.at : self.at + 1]
            if bracket not in (b"(", b")"):
                self.fail("the data after #( do not end")
            self.at += 1
            depth += 1 if bracket == b"(" else -1
            if depth == 0:
                return Unknown(self.data[begin : self.at].decode("utf-8", "surrogateescape"))

    def _xml(self) -> Xml:
        begin = self.at
        names: list[bytes] = []
        while True:
            self._xml_markup(names)
            if not names:
                return Xml(self.data[begin : self.at].decode("utf-8", "surrogateescape"))
            self.at = self.data.find(b"<", self.at)
            if self.at < 0:
                self.at = len(self.data)
                self.fail("the XML element does not end")

    def _xml_markup(self, names: list[bytes]) -> None:
        """One tag, comment, CDATA section or instruction; ``names`` are the open elements."""
        for start, stop in _XML_OTHER if names else ():
            if self.data.startswith(start, self.at):
                end = self.data.find(stop, self.at + len(start))
                if end < 0:
                    self.fail("the XML markup does not end")
                self.at = end + len(stop)
                return
        tag = _XML_TAG.match(self.data, self.at)
        if not tag:
            self.fail("this is not an XML tag")
        closing, name, empty = tag[1], tag[2], tag[3]
        if closing:
            if not names or names.pop() != name:
                self.fail("the XML tag closes another element")
        elif not empty:
            names.append(name)
        if len(names) > self._max_depth:
            self.fail("nested too deeply")
        self.at = tag.end()


def _word(word: str) -> Value:
    """An atom that begins with ``#``."""
    if word == "#NULL#":
        return NULL
    number = _NUMBER.fullmatch(word)
    if number and abs(int(number[1])) <= MAX_NUMBER:
        return int(number[1])
    stamp = _TIME.fullmatch(word)
    if stamp:
        day, month, year, hour, minute, second = map(int, stamp.groups())
        try:
            return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
        except ValueError:
            return Unknown(word)
    return Unknown(word)
