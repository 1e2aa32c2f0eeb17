"""SASLprep (RFC 4013): names and passwords that look alike become the same octets, before they are compared or hashed.

As for query strings, characters that Unicode 3.2 did not know yet are let through (RFC 3454 section 7): today's
passwords have them. The tables are those of the standard library's ``stringprep``.
"""

from __future__ import annotations

import stringprep
from unicodedata import ucd_3_2_0

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


class Prohibited(ValueError):
    """The text has characters that no name or password may have, or mixes directions of writing."""


def saslprep(text: str) -> str:
    """The prepared form. Raises Prohibited."""
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in text if not stringprep.in_table_b1(char)
    )
    prepared = ucd_3_2_0.normalize("NFKC", mapped)
    if any(table(char) for char in prepared for table in _PROHIBITED):
        raise Prohibited("A character is not allowed")
    _check_directions(prepared)
    return prepared


def _check_directions(text: str) -> None:
    """RFC 3454 section 6: text from right to left is so from its first to its last character."""
    if not any(stringprep.in_table_d1(char) for char in text):
        return
    if any(stringprep.in_table_d2(char) for char in text):
        raise Prohibited("Two directions of writing are mixed")
    if not (stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])):
        raise Prohibited("A text from right to left begins and ends so")
