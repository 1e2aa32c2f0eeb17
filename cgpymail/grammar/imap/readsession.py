"""The arguments of commands on the session itself: AUTHENTICATE, LOGIN, ID, ENABLE, COMPRESS."""

from __future__ import annotations

import base64
import binascii

from cgpymail.grammar.imap import commands
from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.tokens import Reader, Words

_MAX_ID_FIELDS = 30  # RFC 2971 3.3
_MAX_ID_FIELD = 30  # octets
_MAX_ID_VALUE = 1024  # octets


def _authenticate(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    mechanism = words.atom("A mechanism").decode("ascii").upper()
    if words.at_end:
        return commands.Authenticate(tag, mechanism, None)
    words.need(b" ")
    response = words.atom("An initial response")
    if response == b"=":
        return commands.Authenticate(tag, mechanism, b"")
    try:
        return commands.Authenticate(tag, mechanism, base64.b64decode(response, validate=True))
    except binascii.Error:
        raise CommandError("The initial response is not valid base64") from None


def _login(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    user = words.login_word("A user name")
    words.need(b" ")
    return commands.Login(tag, user, words.login_word("A password"))


def _id(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    if not words.follows(b"("):
        if words.nstring() is not None:
            raise CommandError("A list or NIL expected")
        return commands.Id(tag, ())
    fields: list[tuple[str, str | None]] = []
    while not words.follows(b")"):
        if fields:
            words.need(b" ")
        name = words.string("A field")
        words.need(b" ")
        value = words.nstring()
        if len(fields) == _MAX_ID_FIELDS or len(name) > _MAX_ID_FIELD or len(value or b"") > _MAX_ID_VALUE:
            raise CommandError("Too much identification")
        fields.append((_shown(name), None if value is None else _shown(value)))
    return commands.Id(tag, tuple(fields))


def _shown(octets: bytes) -> str:
    return octets.decode("utf-8", "replace")


def _enable(tag: bytes, words: Words) -> Command:
    names: list[str] = []
    while not names or not words.at_end:
        words.need(b" ")
        names.append(words.atom("A capability").decode("ascii").upper())
        words.count(names)
    return commands.Enable(tag, tuple(names))


def _compress(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    if words.atom("A way to compress").upper() != b"DEFLATE":
        raise CommandError("Only DEFLATE is possible")
    return commands.Compress(tag)


READERS: dict[bytes, Reader] = {
    b"AUTHENTICATE": _authenticate,
    b"LOGIN": _login,
    b"ID": _id,
    b"ENABLE": _enable,
    b"COMPRESS": _compress,
}
