"""The METADATA response and response codes of RFC 5464, sections 4.4 and 5."""

from __future__ import annotations

from collections.abc import Sequence

from cgpymail.grammar.imap.dialect import PLAIN, Dialect
from cgpymail.grammar.imap.writing import astring, literal, mailbox, nstring

TOO_MANY = b"METADATA TOOMANY"


def metadata_line(name: str, values: Sequence[tuple[str, bytes | None]], dialect: Dialect = PLAIN) -> bytes:
    """Entries with their values, None for one that is not there; ``name`` is empty for the account."""
    pairs = [b"%b %b" % (astring(entry.encode("ascii")), _value(value)) for entry, value in values]
    return b"* METADATA %b (%b)\r\n" % (_quoted(name, dialect), b" ".join(pairs))


def changed_line(name: str, entries: Sequence[str], dialect: Dialect = PLAIN) -> bytes:
    """Entries whose values were changed, without them (4.4.2)."""
    words = [astring(entry.encode("ascii")) for entry in entries]
    return b"* METADATA %b %b\r\n" % (_quoted(name, dialect), b" ".join(words))


def _value(value: bytes | None) -> bytes:
    """What holds NUL goes as a literal8."""
    return nstring(value) if value is None or b"\0" not in value else b"~" + literal(value)


def _quoted(name: str, dialect: Dialect) -> bytes:
    """A mailbox name, in quotes also where it could be an atom: there are clients that take nothing else here."""
    word = mailbox(name, dialect)
    return word if word.startswith((b'"', b"{")) else b'"%b"' % word


def long_entries_code(octets: int) -> bytes:
    """There are values that are too large for MAXSIZE; ``octets``: of the largest."""
    return b"METADATA LONGENTRIES %d" % octets


def max_size_code(octets: int) -> bytes:
    """A value is too large; ``octets``: what would be taken."""
    return b"METADATA MAXSIZE %d" % octets
