"""The values of the Content-* fields: type, disposition, parameters (RFC 2045 5.1, RFC 2183, RFC 2231).

Parameters are kept as the message has them, only without their quotes: BODYSTRUCTURE tells clients ``filename*0*`` as
such (RFC 2231 section 4 leaves decoding to them). ``parameter`` puts one together where the server needs it itself.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import islice
from urllib.parse import unquote_to_bytes

from cgpymail.mime.charsets import to_text

Parameters = tuple[tuple[str, bytes], ...]

MAX_PARAMETERS = 100  # of one field
_SHORT = 100  # octets of a Content-Type that is remembered
_TOKEN = rb"[!#$%&'*+\-.0-9A-Z^_`a-z{|}~]"
_MEDIA = re.compile(rb"\s*+(%b++)\s*+/\s*+(%b++)\s*+(?=;|\(|\s|\Z)" % (_TOKEN, _TOKEN))
_VALUE = re.compile(rb"\s*+(%b++)" % _TOKEN)
# name = "quoted \" string" or anything up to the next semicolon; an open quote ends with the field.
_PARAMETER = re.compile(rb';\s*+([^\s=;"]++)\s*+=\s*+(?:"([^"\\]*+(?:\\.[^"\\]*+)*+)"?|([^;"]*+))', re.DOTALL)
_COMMENT = re.compile(rb"\s\(.*", re.DOTALL)


def parse_parameters(value: bytes) -> Parameters:
    """The parameters of an unfolded field value, from its first semicolon on: (name in lower case, value unquoted)."""
    found: list[tuple[str, bytes]] = []
    for match in islice(_PARAMETER.finditer(value), MAX_PARAMETERS):
        name, quoted, plain = match.groups()
        if quoted is not None:
            text = unquote(quoted)
        else:
            text = plain.rstrip()
            if b"(" in text:
                text = _COMMENT.sub(b"", text)
        found.append((name.decode("latin-1").lower(), text))
    return tuple(found)


def unquote(quoted: bytes) -> bytes:
    """The inside of a quoted string without its backslashes (RFC 5322 3.2.4); linear for any number of them."""
    if b"\\" not in quoted:
        return quoted
    return b"\\".join(piece.replace(b"\\", b"") for piece in quoted.split(b"\\\\"))


def parse_media_type(value: bytes) -> tuple[str, str, Parameters] | None:
    """Type and subtype in lower case and the parameters of a Content-Type; None if it is none."""
    return _known_media_type(value) if len(value) <= _SHORT else _media_type(value)


def _media_type(value: bytes) -> tuple[str, str, Parameters] | None:
    match = _MEDIA.match(value)
    if match is None:
        return None
    rest = parse_parameters(value[match.end() :]) if b";" in value else ()
    return match[1].decode("ascii").lower(), match[2].decode("ascii").lower(), rest


_known_media_type = lru_cache(maxsize=512)(_media_type)  # nearly all parts of all mail have one of a few dozen types


def parse_disposition(value: bytes) -> tuple[str, Parameters] | None:
    """The word in lower case and the parameters of a Content-Disposition; None if it is none."""
    word = parse_word(value)
    return (word, parse_parameters(value)) if word else None


def parse_word(value: bytes) -> str:
    """The first token of a value in lower case; empty if it does not begin with one."""
    match = _VALUE.match(value)
    return match[1].decode("ascii").lower() if match else ""


def parse_languages(value: bytes) -> tuple[bytes, ...]:
    """The tags of a Content-Language (RFC 3282)."""
    tags = (tag.strip() for tag in value.split(b",", MAX_PARAMETERS)[:MAX_PARAMETERS])
    return tuple(tag for tag in tags if tag)


def parameter(parameters: Parameters, name: str) -> str | None:
    """A parameter as text, its pieces put together and decoded where RFC 2231 was used; None if absent."""
    found = _find(parameters, name)
    return None if found is None else to_text(*found)


def parameter_octets(parameters: Parameters, name: str) -> bytes:
    """The same without a look at the charset: for boundaries. Empty if absent."""
    found = _find(parameters, name)
    return b"" if found is None else found[0]


def _find(parameters: Parameters, name: str) -> tuple[bytes, str] | None:
    """Octets and charset."""
    pieces: dict[int, tuple[bool, bytes]] = {}
    for key, value in parameters:
        stem, star, rest = key.partition("*")
        if stem != name:
            continue
        if not star:
            return value, ""
        encoded = not rest or rest.endswith("*")
        number = rest.rstrip("*") or "0"
        if number.isdecimal() and len(number) < 4:
            pieces.setdefault(int(number), (encoded, value))
    return _assemble(pieces) if 0 in pieces else None


def _assemble(pieces: dict[int, tuple[bool, bytes]]) -> tuple[bytes, str]:
    charset = b""
    encoded, first = pieces[0]
    if encoded and first.count(b"'") >= 2:
        charset, _language, first = first.split(b"'", 2)
    whole = [unquote_to_bytes(first) if encoded else first]
    while len(whole) in pieces:
        encoded, value = pieces[len(whole)]
        whole.append(unquote_to_bytes(value) if encoded else value)
    return b"".join(whole), charset.decode("latin-1").lower()
