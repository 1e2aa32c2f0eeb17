"""From the text of a command to its value: one table, one small function per form of arguments.

Common commands take a short way: one expression finds tag and name, number sets and item lists that clients repeat
are remembered. Whatever the expressions do not match raises CommandError with a reason for the client.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal

from cgpymail.grammar.imap import commands
from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.dates import read_date_time
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.readfetch import fetch_items, short_items
from cgpymail.grammar.imap.readsearch import search_program
from cgpymail.grammar.imap.tokens import ReadLimits, Words, short_number_set

_HEAD = re.compile(rb"([^\x00-\x20\x7f-\xff(){%*\"\\+]+) ((?:UID )?[A-Z]+)", re.IGNORECASE)
_TAG = re.compile(rb"([^\x00-\x20\x7f-\xff(){%*\"\\+]+)(?: |\Z)")
_MAX_TAG = 64  # octets
_DEFAULT_LIMITS = ReadLimits()

_STATUS_ITEMS = {b"MESSAGES", b"RECENT", b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN"}
_STATUS_ITEM = re.compile(rb"[A-Za-z]+")
_STORE_ITEM = re.compile(rb"([+-]?)FLAGS(\.SILENT)?(?= )", re.IGNORECASE)
_ACTIONS: dict[bytes, Literal["set", "add", "remove"]] = {b"": "set", b"+": "add", b"-": "remove"}
_MESSAGE = re.compile(rb"\{(\d{1,20})\+?\}\Z")
_MAX_ID_FIELDS = 30  # RFC 2971 3.3
_MAX_ID_FIELD = 30  # octets
_MAX_ID_VALUE = 1024  # octets

_FETCHES = {b"FETCH": False, b"UID FETCH": True}
_SHORT = 500  # octets of a line that takes the short way
_SHORT_FETCH = re.compile(rb" ([\d:*,]{1,64}) ([^\r\n]{1,256}?) *\Z")

Reader = Callable[[bytes, Words], Command]


def read_command(text: bytes, literals: Sequence[bytes] = (), limits: ReadLimits = _DEFAULT_LIMITS) -> Command:
    """The command in the text of a CommandText or MessageLiteral event.

    Raises CommandError, with the tag if it can be made out; CharsetError for the charset of a SEARCH.
    """
    head = _HEAD.match(text)
    if head is None:
        raise _without_head(text)
    tag, name = head.groups()
    if len(tag) > _MAX_TAG:
        raise CommandError("The tag is too long")
    place = head.end()
    if place == len(text) and name in _BARE_KINDS:
        return _BARE_KINDS[name](tag)
    short = _SHORT_FETCH.match(text, place) if name in _FETCHES and len(text) <= _SHORT else None
    if short is not None:
        uid = _FETCHES[name]
        try:
            numbers = short_number_set(short[1])
            if len(numbers.parts) <= limits.arguments:
                return commands.Fetch(tag, numbers, short_items(short[2], uid, limits), uid)
        except CommandError:
            pass  # the long way fails too, and gives the reason
    reader = _READERS.get(name) or _READERS.get(name.upper())
    if reader is None or text[place : place + 1].strip(b" "):
        raise CommandError("Unknown command", tag)
    words = Words(text, place, literals, limits)
    try:
        command = reader(tag, words)
        words.end()
    except CommandError as problem:
        problem.tag = tag
        raise
    return command


def _without_head(text: bytes) -> CommandError:
    tag = _TAG.match(text)
    if tag is None or len(tag[1]) > _MAX_TAG:
        return CommandError("A tag expected")
    return CommandError("A command expected", tag[1])


# -- one function per form of arguments ------------------------------------------------------------------------------


def _bare(kind: Callable[[bytes], Command], tag: bytes, words: Words) -> Command:
    return kind(tag)


def _one_mailbox(kind: Callable[[bytes, str], Command], tag: bytes, words: Words) -> Command:
    words.need(b" ")
    return kind(tag, words.mailbox())


def _listing(kind: Callable[[bytes, str, str], Command], tag: bytes, words: Words) -> Command:
    words.need(b" ")
    reference = words.mailbox()
    words.need(b" ")
    return kind(tag, reference, words.pattern())


def _rename(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    old = words.mailbox()
    words.need(b" ")
    return commands.Rename(tag, old, words.mailbox())


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


def _status(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    mailbox = words.mailbox()
    words.need(b" ")
    words.need(b"(")
    items: list[str] = []
    while not items or not words.follows(b")"):
        if items:
            words.need(b" ")
        item = words.expect(_STATUS_ITEM, "A status item").upper()
        if item not in _STATUS_ITEMS:
            raise CommandError("Unknown status item")
        items.append(item.decode("ascii"))
        words.count(items)
    return commands.Status(tag, mailbox, tuple(items))


def _append(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    mailbox = words.mailbox()
    words.need(b" ")
    flags: tuple[str, ...] = ()
    date: int | None = None
    if words.text.startswith(b"(", words.place):
        flags = words.flag_list()
        words.need(b" ")
    if words.text.startswith(b'"', words.place):
        date = read_date_time(words.string())
        words.need(b" ")
    message = words.take(_MESSAGE)
    if message is None:
        raise CommandError("The message as a literal expected")
    return commands.Append(tag, mailbox, flags, date, int(message[1]))


def _uid_expunge(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    return commands.Expunge(tag, words.number_set())


def _search(uid: bool, tag: bytes, words: Words) -> Command:
    words.need(b" ")
    return commands.Search(tag, search_program(words), uid)


def _fetch(uid: bool, tag: bytes, words: Words) -> Command:
    words.need(b" ")
    numbers = words.number_set()
    words.need(b" ")
    return commands.Fetch(tag, numbers, fetch_items(words, uid), uid)


def _store(uid: bool, tag: bytes, words: Words) -> Command:
    words.need(b" ")
    numbers = words.number_set()
    words.need(b" ")
    item = words.take(_STORE_ITEM)
    if item is None:
        raise CommandError("FLAGS, +FLAGS or -FLAGS expected")
    words.need(b" ")
    flags = words.flag_list() if words.text.startswith(b"(", words.place) else _bare_flags(words)
    return commands.Store(tag, numbers, _ACTIONS[item[1]], item[2] is not None, flags, uid)


def _bare_flags(words: Words) -> tuple[str, ...]:
    flags = [words.flag()]
    while not words.at_end:
        words.need(b" ")
        flags.append(words.flag())
        words.count(flags)
    return tuple(flags)


_Transfer = type[commands.Copy] | type[commands.Move]


def _transfer(kind: _Transfer, uid: bool, tag: bytes, words: Words) -> Command:
    words.need(b" ")
    numbers = words.number_set()
    words.need(b" ")
    return kind(tag, numbers, words.mailbox(), uid)


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


_READERS: dict[bytes, Reader] = {
    b"AUTHENTICATE": _authenticate,
    b"LOGIN": _login,
    b"RENAME": _rename,
    b"LIST": partial(_listing, commands.List),
    b"LSUB": partial(_listing, commands.Lsub),
    b"STATUS": _status,
    b"APPEND": _append,
    b"UID EXPUNGE": _uid_expunge,
    b"SEARCH": partial(_search, False),
    b"UID SEARCH": partial(_search, True),
    b"FETCH": partial(_fetch, False),
    b"UID FETCH": partial(_fetch, True),
    b"STORE": partial(_store, False),
    b"UID STORE": partial(_store, True),
    b"COPY": partial(_transfer, commands.Copy, False),
    b"UID COPY": partial(_transfer, commands.Copy, True),
    b"MOVE": partial(_transfer, commands.Move, False),
    b"UID MOVE": partial(_transfer, commands.Move, True),
    b"ID": _id,
}
_BARE = (
    commands.Capability,
    commands.Noop,
    commands.Logout,
    commands.StartTls,
    commands.Check,
    commands.Close,
    commands.Unselect,
    commands.Expunge,
    commands.Idle,
    commands.Namespace,
)
_ONE_MAILBOX = (
    commands.Select,
    commands.Examine,
    commands.Create,
    commands.Delete,
    commands.Subscribe,
    commands.Unsubscribe,
)
_BARE_KINDS: dict[bytes, type[Command]] = {kind.name.encode("ascii"): kind for kind in _BARE}
_READERS.update((name, partial(_bare, kind)) for name, kind in _BARE_KINDS.items())
_READERS.update((kind.name.encode("ascii"), partial(_one_mailbox, kind)) for kind in _ONE_MAILBOX)
