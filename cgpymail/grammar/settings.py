"""The dictionary syntax of settings files and of the CLI (spec section 11.2): ``{ key = value; key2 = (a, b); }``.

Values and their Python types:

* atoms and quoted strings: ``str`` (UTF-8; stray bytes survive as surrogate escapes)
* ``#12``: ``int`` of 64 bits; ``#T22-10-2009_15:24:45``: ``datetime`` in UTC; ``#I[10.0.0.1]:25``: ``Address``
* ``[base64]``: ``bytes``; ``#NULL#``: ``NULL``; ``( ... )``: ``list``; ``{ ... }``: ``dict`` in the order of the file
* ``<xml>`` elements: ``Xml``; ``#( ... )`` and every other ``#word``: ``Unknown``. Both are kept letter by letter.

``read`` and ``write`` are inverse to each other on these values. ``Document`` is a file whose top is a dictionary; it
remembers how each entry was written, so that an entry nobody changed goes back to disk byte for byte. One pass with
regular expressions that never backtrack: the time is linear, and depth and size are limited, because a settings file
may be damaged or hostile. The only error is ``SettingsError``.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

from cgpymail.errors import BadSettings

MAX_DEPTH = 64
MAX_SIZE = 64 * 1024 * 1024  # octets of one file
MAX_NUMBER = 2**63 - 1


class SettingsError(BadSettings):
    """Text that is not in the settings syntax, or a value that has no form in it; ``line`` and ``column`` from 1."""

    def __init__(self, problem: str, line: int = 0, column: int = 0) -> None:
        self.problem = problem
        self.line = line
        self.column = column
        super().__init__(detail=f"line {line}, column {column}: {problem}" if line else problem)


class Null:
    """The type of NULL: a value that is there and empty, unlike None, which stands for no value."""

    def __repr__(self) -> str:
        return "NULL"


NULL: Final = Null()


@dataclass(frozen=True, slots=True)
class Address:
    """``#I[host]:port``; port 0 = none given."""

    host: str
    port: int = 0


@dataclass(frozen=True, slots=True)
class Xml:
    """One XML element as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """Data of a kind that we do not know, as it was written, ``#`` included."""

    text: str


Value = Any  # str | int | datetime | bytes | Null | Address | Xml | Unknown | list[Value] | dict[str, Value]

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
_PLAIN = re.compile(r"[A-Za-z0-9]+")
_TO_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f]')
_ESCAPED = {b"e": b"\n", b"n": b"\n", b"r": b"\r", b"t": b"\t"}


def read(data: bytes, *, max_depth: int = MAX_DEPTH) -> Value:
    """The one value that ``data`` holds. Raises SettingsError."""
    reader = _Reader(data, max_depth)
    value = reader.value(0)
    reader.end()
    return value


def write(value: Value, *, max_depth: int = MAX_DEPTH) -> bytes:
    """The value on one line. Raises SettingsError for what has no form in the syntax."""
    return _encode(_text(value, max_depth))


def copy(value: Value) -> Value:
    """An independent copy in the types that ``read`` gives (tuples become lists, booleans YES and NO)."""
    if isinstance(value, dict):
        return {key: copy(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [copy(item) for item in value]
    if isinstance(value, bool):
        return "YES" if value else "NO"
    return value


class Document:
    """A settings file: a dictionary that renders what was not changed exactly as it was read."""

    def __init__(self, data: bytes = b"{\n}\n", *, max_depth: int = MAX_DEPTH) -> None:
        """Raises SettingsError unless ``data`` is one dictionary."""
        self._values: dict[str, Value] = {}
        self._written: dict[str, bytes] = {}  # an entry's text, white space in front and semicolon included
        reader = _Reader(data, max_depth)
        reader.open("{", "a settings file begins with {")
        self._head = data[: reader.at]
        begin = reader.at
        for key, value in reader.entries(1):
            self._values[key] = value
            self._written[key] = data[begin : reader.at]
            begin = reader.at
        self._tail = data[begin:]
        reader.end()

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def keys(self) -> list[str]:
        """In the order of the file."""
        return list(self._values)

    def get(self, key: str, default: Value = None) -> Value:
        """A copy of the value, else ``default``."""
        return copy(self._values[key]) if key in self._values else default

    def set(self, key: str, value: Value) -> None:
        """Put a value at the place of the old one or at the end. Raises SettingsError."""
        self._written[key] = b"\n " + _encode(_entry(key, value, " = ", MAX_DEPTH - 1))
        self._values[key] = copy(value)

    def remove(self, key: str) -> None:
        """Take the entry out if it is there."""
        if self._values.pop(key, None) is not None:
            del self._written[key]

    def render(self) -> bytes:
        """The file. Cheap: entries are kept written."""
        return b"".join((self._head, *self._written.values(), self._tail))


class _Reader:
    """One pass over the bytes; ``at`` is the next one to look at."""

    def __init__(self, data: bytes, max_depth: int) -> None:
        self.data = data
        self.at = 0
        self._max_depth = max_depth
        if len(data) > MAX_SIZE:
            self.fail(f"more than {MAX_SIZE} octets")

    def fail(self, problem: str) -> NoReturn:
        line = self.data.count(b"\n", 0, self.at) + 1
        column = self.at - (self.data.rfind(b"\n", 0, self.at) + 1) + 1
        raise SettingsError(problem, line, column)

    def _skip(self) -> bytes:
        """Past white space; gives the next octet, empty at the end."""
        match = _SPACE.match(self.data, self.at)
        self.at = match.end() if match else self.at
        return self.data[self.at : self.at + 1]

    def open(self, bracket: str, problem: str) -> None:
        if self._skip() != bracket.encode():
            self.fail(problem)
        self.at += 1

    def _take(self, octet: bytes) -> bool:
        found = self._skip() == octet
        self.at += found
        return found

    def end(self) -> None:
        if self._skip():
            self.fail("nothing more is expected here")

    def value(self, depth: int) -> Value:
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


def _text(value: Value, depth: int) -> str:
    if depth < 0:
        raise SettingsError("nested too deeply")
    if isinstance(value, str):
        return _quote(value)
    if isinstance(value, dict):
        return "{" + "".join(_entry(key, item, "=", depth - 1) for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "(" + ",".join(_text(item, depth - 1) for item in value) + ")"
    return _simple(value)


def _simple(value: Value) -> str:
    if isinstance(value, bool):
        return "YES" if value else "NO"
    if isinstance(value, int) and abs(value) <= MAX_NUMBER:
        return f"#{value}"
    if isinstance(value, bytes):
        return "[" + base64.b64encode(value).decode() + "]"
    if isinstance(value, datetime) and value.tzinfo is not None:
        moment = value.astimezone(UTC)
        return f"#T{moment:%d-%m-}{moment.year:04d}{moment:_%H:%M:%S}"
    if isinstance(value, Address):
        return f"#I[{value.host}]" + (f":{value.port}" if value.port else "")
    if isinstance(value, Xml | Unknown):
        return value.text
    if isinstance(value, Null):
        return "#NULL#"
    raise SettingsError(f"a {type(value).__name__} cannot be written as a setting")


def _encode(text: str) -> bytes:
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as problem:
        raise SettingsError("text with half a surrogate pair cannot be written") from problem


def _entry(key: str, value: Value, sign: str, depth: int) -> str:
    return f"{_quote(key)}{sign}{_text(value, depth)};"


def _quote(text: str) -> str:
    return text if _PLAIN.fullmatch(text) else '"' + _TO_ESCAPE.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char in '"\\':
        return "\\" + char
    return {"\n": "\\n", "\r": "\\r"}.get(char) or f"\\{ord(char):03d}"
