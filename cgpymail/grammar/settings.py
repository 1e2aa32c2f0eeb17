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
import re
from collections.abc import Iterator
from datetime import UTC, datetime

from cgpymail.grammar.settingsreader import Reader
from cgpymail.grammar.settingvalues import (
    MAX_DEPTH,
    MAX_NUMBER,
    NULL,
    Address,
    Null,
    SettingsError,
    Unknown,
    Value,
    Xml,
)

__all__ = ["NULL", "Address", "Document", "Null", "SettingsError", "Unknown", "Value", "Xml", "copy", "read", "write"]

_PLAIN = re.compile(r"[A-Za-z0-9]+")
_TO_ESCAPE = re.compile(r'["\\\x00-\x1f\x7f]')


def read(data: bytes, *, max_depth: int = MAX_DEPTH) -> Value:
    """The one value that ``data`` holds. Raises SettingsError."""
    reader = Reader(data, max_depth)
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
        reader = Reader(data, max_depth)
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

    def __iter__(self) -> Iterator[str]:
        """The keys in the order of the file."""
        return iter(self._values)

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

    @property
    def size(self) -> int:
        """Octets of the entries as they are written."""
        return sum(map(len, self._written.values()))

    def render(self) -> bytes:
        """The file. Cheap: entries are kept written."""
        return b"".join((self._head, *self._written.values(), self._tail))


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
    if not isinstance(text, str):
        raise SettingsError("a key must be text")
    return text if _PLAIN.fullmatch(text) else '"' + _TO_ESCAPE.sub(_escape, text) + '"'


def _escape(match: re.Match[str]) -> str:
    char = match[0]
    if char in '"\\':
        return "\\" + char
    return {"\n": "\\n", "\r": "\\r"}.get(char) or f"\\{ord(char):03d}"
