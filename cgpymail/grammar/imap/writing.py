"""Strings as IMAP writes them to the other side (RFC 3501 section 9): the shortest form that is safe."""

from __future__ import annotations

import re

from cgpymail.grammar.imap.dialect import PLAIN, Dialect
from cgpymail.model import names

_ATOM = re.compile(rb"[!#$&'+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+\Z")  # ASTRING-CHAR
_QUOTABLE = re.compile(rb"[ !#-\[\]-~]*\Z")  # 7-bit text that needs no escape
_ESCAPABLE = re.compile(rb"[ -~]*\Z")
_UTF8_ESCAPABLE = re.compile(rb"[ -~\x80-\xff]*\Z")
_SPECIAL = re.compile(rb'(["\\])')
_LONGEST_QUOTED = 1000  # octets; longer strings are sent as literals, some clients have small line buffers


def string(value: bytes) -> bytes:
    """A quoted string, or a literal where that is not possible; NUL, which neither can hold, becomes 0x80."""
    if len(value) <= _LONGEST_QUOTED:
        if _QUOTABLE.match(value):
            return b'"' + value + b'"'
        if _ESCAPABLE.match(value):
            return b'"' + _SPECIAL.sub(rb"\\\1", value) + b'"'
    return literal(value.replace(b"\0", b"\x80"))


def literal(value: bytes) -> bytes:
    """A literal, whatever octets it has (message content: NUL is passed on as it is)."""
    return b"{%d}\r\n" % len(value) + value


def nstring(value: bytes | None) -> bytes:
    """NIL for None, else a string."""
    return b"NIL" if value is None else string(value)


def astring(value: bytes) -> bytes:
    """An atom if it can be one (and does not look like NIL), else a string."""
    if _ATOM.match(value) and value.upper() != b"NIL":
        return value
    return string(value)


def mailbox(name: str, dialect: Dialect = PLAIN) -> bytes:
    """A mailbox name as the dialect spells it: an atom where possible (spec 9.1.12), else a string."""
    return unicode_string(name, dialect) if dialect.utf8 else astring(names.encode(name))


def unicode_string(text: str, dialect: Dialect = PLAIN) -> bytes:
    """Text that is UTF-8 in every dialect: an atom if it can be one, else quoted if the dialect lets UTF-8 be."""
    octets = text.encode("utf-8", "surrogatepass")
    if not dialect.utf8 or octets.isascii() or len(octets) > _LONGEST_QUOTED or not _UTF8_ESCAPABLE.match(octets):
        return astring(octets)
    return b'"' + _SPECIAL.sub(rb"\\\1", octets) + b'"'
