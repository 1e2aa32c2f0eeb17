"""Octets to text in the charset that a message claims; never raises, whatever it claims.

Names are looked up in a table of our own, not through ``codecs.lookup``: that would search the disk for every name a
sender invents, and knows codecs that are no charsets (zlib, idna, punycode) and can be made to work for very long.
"""

from __future__ import annotations

import codecs
import unicodedata
from encodings import normalize_encoding
from encodings.aliases import aliases
from typing import Protocol

_CODEC_NAMES = """
ascii big5 big5hkscs cp037 cp1006 cp1026 cp1125 cp1140 cp1250 cp1251 cp1252 cp1253 cp1254 cp1255 cp1256 cp1257 cp1258
cp273 cp424 cp437 cp500 cp720 cp737 cp775 cp850 cp852 cp855 cp856 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865
cp866 cp869 cp874 cp875 cp932 cp949 cp950 euc_jis_2004 euc_jisx0213 euc_jp euc_kr gb18030 gb2312 gbk hp_roman8 hz
iso2022_jp iso2022_jp_1 iso2022_jp_2 iso2022_jp_2004 iso2022_jp_3 iso2022_jp_ext iso2022_kr iso8859_10 iso8859_11
iso8859_13 iso8859_14 iso8859_15 iso8859_16 iso8859_2 iso8859_3 iso8859_4 iso8859_5 iso8859_6 iso8859_7 iso8859_8
iso8859_9 johab koi8_r koi8_t koi8_u kz1048 latin_1 mac_cyrillic mac_greek mac_iceland mac_latin2 mac_roman
mac_turkish ptcp154 shift_jis shift_jis_2004 shift_jisx0213 tis_620 utf_16 utf_16_be utf_16_le utf_32 utf_32_be
utf_32_le utf_7 utf_8 utf_8_sig
"""
_CODECS = frozenset(_CODEC_NAMES.split())
# What senders write though no registry has it, and names whose larger relative is what senders really use.
_LOOSE = {
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "shift_jis": "cp932",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_8_e": "iso8859_8",
    "unicode_1_1_utf_7": "utf_7",
    "windows_874": "cp874",
    "x_sjis": "cp932",
    "x_gbk": "gb18030",
    "x_mac_roman": "mac_roman",
    "cp_850": "cp850",
    "utf": "utf_8",
}
_TABLE: dict[str, str] = {name: name for name in _CODECS}
_TABLE.update({alias: name for alias, name in aliases.items() if name in _CODECS})
_TABLE.update(_LOOSE)
_TABLE = {alias: _LOOSE.get(name, name) for alias, name in _TABLE.items()}
_MARKED = {"utf_16": "utf_16_be", "utf_32": "utf_32_be"}  # without the mark that these need: RFC 2781 4.3
_PLAIN = frozenset({"ascii", "utf_8"})


class TextDecoder(Protocol):
    """Octets in, text out, piece by piece."""

    def decode(self, data: bytes, final: bool = False) -> str:
        """The text of the next octets; a character split between pieces comes with the later one. Never raises."""


def find_charset(name: str) -> str | None:
    """The codec of a charset by any of its names, case ignored; None when it is not known."""
    if len(name) > 64:
        return None
    return _TABLE.get(normalize_encoding(name.strip().strip("\"'")).lower())


def text_decoder(charset: str) -> TextDecoder:
    """A decoder for text that claims ``charset``; UTF-8 or else Latin-1 when it is ASCII, empty or not known."""
    codec = find_charset(charset) if charset else None
    if codec is None or codec in _PLAIN:
        return _SecondThoughts("utf_8", "strict", "latin_1")
    if codec in _MARKED:
        return _SecondThoughts(codec, "replace", _MARKED[codec])
    return codecs.getincrementaldecoder(codec)("replace")


def to_text(data: bytes, charset: str) -> str:
    """All of ``data`` as text; the rules of ``text_decoder``."""
    if data.isascii() and (not charset or charset in ("us-ascii", "utf-8")):
        return data.decode("ascii")
    return text_decoder(charset).decode(data, True)


def fold_text(text: str) -> str:
    """What two texts have in common that differ in case, width or composition only: for comparing, not for showing."""
    if text.isascii():
        return text.lower()
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


class _SecondThoughts:
    """One codec as long as it takes the text; from the first octets that it refuses, another, which refuses none."""

    def __init__(self, codec: str, errors: str, other: str) -> None:
        self._decoder = codecs.getincrementaldecoder(codec)(errors)
        self._other = other
        self._settled = False

    def decode(self, data: bytes, final: bool = False) -> str:
        """TextDecoder.decode."""
        if self._settled:
            return self._decoder.decode(data, final)
        kept = self._decoder.getstate()[0]
        try:
            return self._decoder.decode(data, final)
        except UnicodeError:
            self._settled = True
            self._decoder = codecs.getincrementaldecoder(self._other)("replace")
            return self._decoder.decode(kept + data, final)
