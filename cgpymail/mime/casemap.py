"""The collation i;unicode-casemap (RFC 5051), in which SORT and THREAD compare texts (RFC 5256 section 1)."""

from __future__ import annotations

import unicodedata


def casemap(text: str) -> str:
    """What two texts have in common that are equal; the keys of others compare as the texts do.

    Each character becomes its titlecase form, if that is one character, and is decomposed. Python compares characters
    by their numbers, which is the order of their UTF-8 octets.
    """
    if text.isascii():
        return text.upper()
    return unicodedata.normalize("NFKD", "".join(map(_title, text)))


def _title(char: str) -> str:
    title = char.title()
    return title if len(title) == 1 else char
