"""Header blocks: fields, folding, choice of fields, and encoded words (RFC 5322 2.2, RFC 2047).

A block is the wire form of a header, with or without its final blank line. Nothing here raises on bad mail: a line
that is no field is a field without a name. The expressions use possessive repeats throughout, so that each octet is
looked at a fixed number of times whatever the sender wrote.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Container, Iterator
from itertools import islice
from typing import NamedTuple

from cgpymail.mime.charsets import to_text
from cgpymail.mime.decode import decode_base64

# One field with its continuation lines, or one line that is no field (no name, a name with spaces, a stray fold).
_FIELD = re.compile(rb"(?:([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)|[^\n]++)(?:\n|\Z)|\n")
# charset, "*" language (RFC 2231 section 5), encoding, text. Spaces inside are tolerated: many senders forget "_".
_WORD = re.compile(rb"=\?([^?*\s]++)(?:\*[^?\s]*+)?\?([BbQq])\?([^?\r\n]*+)\?=")
MAX_WORDS = 1_000  # encoded words of one value that are decoded; the others stay as they are
_BLANK = b" \t\r\n"


class Field(NamedTuple):
    """One field of a block. ``name`` in lower case, empty for a line that is no field.

    ``value`` is what follows the colon, still folded; ``raw`` is the whole field with its line end.
    """

    name: bytes
    value: bytes
    raw: bytes


def split_fields(block: bytes, limit: int) -> Iterator[Field]:
    """The first ``limit`` fields of a block in order, lines that are no fields included, the blank line not."""
    for match in islice(_FIELD.finditer(block), limit):
        name, value = match.groups()
        if name is not None:
            yield Field(name.lower(), value, match[0])
        elif match[0].strip(b"\r\n"):
            yield Field(b"", match[0], match[0])


def unfold(value: bytes) -> bytes:
    """A field's value on one line: line ends go, the white space after them stays (RFC 5322 2.2.3); trimmed."""
    if b"\n" in value:
        value = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return value.strip(_BLANK)


def first_values(block: bytes, names: Container[bytes], limit: int) -> dict[bytes, list[bytes]]:
    """The unfolded values of the fields in ``names`` (lower case), by name, in order."""
    found: dict[bytes, list[bytes]] = {}
    for match in islice(_FIELD.finditer(block), limit):
        name = match[1]
        if name is not None and (name := name.lower()) in names:
            found.setdefault(name, []).append(unfold(match[2]))
    return found


def select_fields(block: bytes, names: Container[bytes], limit: int, *, others: bool = False) -> bytes:
    """The fields in ``names`` (lower case), or with ``others`` all but those, octet for octet, and a blank line.

    RFC 3501 6.4.5, HEADER.FIELDS and HEADER.FIELDS.NOT. Lines that are no fields have no name that could match; what
    comes after the first ``limit`` fields is not looked into and counts as such.
    """
    chosen: list[bytes] = []
    end = 0
    for match in islice(_FIELD.finditer(block), limit):
        end = match.end()
        name = match[1]
        if (name is not None and name.lower() in names) != others and match[0].strip(b"\r\n"):
            chosen.append(match[0])
    if others and block[end:].strip(b"\r\n"):
        chosen.append(block[end:].rstrip(b"\r\n") + b"\r\n")
    if chosen and not chosen[-1].endswith(b"\n"):
        chosen.append(b"\r\n")
    return b"".join(chosen) + b"\r\n"


def decode_words(value: bytes) -> str:
    """An unfolded value as text, encoded words decoded (RFC 2047); never raises.

    White space between encoded words goes; neighbours of one charset are joined before they are decoded, because many
    senders split a character between two words. Octets that belong to no charset are read as UTF-8, else Latin-1.
    """
    if b"=?" not in value:
        return to_text(value, "")
    runs: list[tuple[bytes | None, list[bytes]]] = []  # charset, or None for plain text
    place = 0
    for match in islice(_WORD.finditer(value), MAX_WORDS):
        gap = value[place : match.start()]
        if gap and (place == 0 or gap.strip(_BLANK)):
            runs.append((None, [gap]))
        charset, encoding, text = match.groups()
        if not runs or runs[-1][0] != charset:
            runs.append((charset, []))
        runs[-1][1].append(decode_base64(text) if encoding in b"Bb" else binascii.a2b_qp(text, header=True))
        place = match.end()
    runs.append((None, [value[place:]]))
    return "".join(to_text(b"".join(data), (charset or b"").decode("latin-1").lower()) for charset, data in runs)
