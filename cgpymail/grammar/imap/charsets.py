"""The charset of a SEARCH (RFC 3501 6.4.4): any text encoding Python has that leaves ASCII as it is."""

from __future__ import annotations

import codecs
import encodings.aliases
from functools import lru_cache

from cgpymail.grammar.imap.errors import CharsetError, CommandError

DEFAULT = "utf-8"  # without CHARSET the texts are US-ASCII by the RFC; clients send UTF-8 all the same
_PLAIN = bytes(range(32, 127)) + b"\t\r\n"
_ESCAPES = {"raw_unicode_escape", "unicode_escape", "punycode", "idna"}  # encodings, but not charsets of mail
_KNOWN = ({*encodings.aliases.aliases, *encodings.aliases.aliases.values()} | {"us_ascii", "koi8_u"}) - _ESCAPES


@lru_cache(maxsize=128)
def codec_name(charset: str) -> str:
    """Python's name for a charset as a client spells it. Raises CharsetError.

    Only names in Python's own table are looked up: its codec cache would keep every other name for ever.
    """
    key = encodings.normalize_encoding(charset).lower()
    if key not in _KNOWN:
        raise CharsetError("The charset is not known")
    try:
        codec = codecs.lookup(key)
        suitable = codec._is_text_encoding and _PLAIN.decode(codec.name) == _PLAIN.decode("ascii")
    except (LookupError, UnicodeError):
        suitable = False
    if not suitable:
        raise CharsetError("The charset is not supported")
    return DEFAULT if codec.name == "ascii" else codec.name


def decode(octets: bytes, codec: str) -> str:
    """Text in the codec that ``codec_name`` gave. Raises CommandError."""
    try:
        return octets.decode(codec)
    except UnicodeError:
        raise CommandError("The text is not valid in its charset") from None
