"""The arguments of commands on messages: APPEND, REPLACE, FETCH, STORE, COPY, MOVE, UID EXPUNGE."""

from __future__ import annotations

import re
from functools import partial
from typing import Literal

from cgpymail.grammar.imap import messagecommands as commands
from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.dates import read_date_time
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.modifiers import fetch_modifiers, unchanged_since
from cgpymail.grammar.imap.readfetch import MODSEQ, fetch_items
from cgpymail.grammar.imap.tokens import Reader, ReadLimits, Words, short_number_set

_STORE_ITEM = re.compile(rb"([+-]?)FLAGS(\.SILENT)?(?= )", re.IGNORECASE)
_ACTIONS: dict[bytes, Literal["set", "add", "remove"]] = {b"": "set", b"+": "add", b"-": "remove"}
_ONE_NUMBER = re.compile(rb"(?:[1-9]\d{0,9}|\*)(?= )")
_MESSAGE = re.compile(rb"(~?)\{(\d{1,20})\+?\}\Z")
_UTF8_MESSAGE = re.compile(rb"UTF8 \((~)\{(\d{1,20})\+?\}\Z", re.IGNORECASE)


def _append(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    mailbox = words.mailbox()
    return commands.Append(tag, mailbox, _message(words))


def _replace(uid: bool, tag: bytes, words: Words) -> Command:
    words.need(b" ")
    number = words.expect(_ONE_NUMBER, "The number of one message")
    words.need(b" ")
    mailbox = words.mailbox()
    return commands.Replace(tag, short_number_set(number), mailbox, _message(words), uid)


def read_next_message(text: bytes, before: commands.Message, limits: ReadLimits) -> commands.Message:
    """What is said of the next message of an APPEND (RFC 3502), from the ``text`` of a MessageLiteral with ``more``.

    ``before``: the message that stands in front of it. Raises CommandError.
    """
    words = Words(text, 0, (), limits)
    if before.utf8:
        words.need(b")")
    return _message(words)


def _message(words: Words) -> commands.Message:
    words.need(b" ")
    flags: tuple[str, ...] = ()
    date: int | None = None
    if words.text.startswith(b"(", words.place):
        flags = words.flag_list()
        words.need(b" ")
    if words.text.startswith(b'"', words.place):
        date = read_date_time(words.string())
        words.need(b" ")
    plain = words.take(_MESSAGE)
    message = plain or words.take(_UTF8_MESSAGE)
    if message is None:
        raise CommandError("The message as a literal expected")
    return commands.Message(flags, date, int(message[2]), binary=bool(message[1]), utf8=plain is None)


def _uid_expunge(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    return commands.Expunge(tag, words.messages())


def _fetch(uid: bool, tag: bytes, words: Words) -> Command:
    words.need(b" ")
    numbers = words.messages()
    words.need(b" ")
    items = fetch_items(words, uid)
    since, vanished, page = fetch_modifiers(words, uid=uid)
    if since is not None and MODSEQ not in items:
        items = (*items, MODSEQ)
    return commands.Fetch(tag, numbers, items, uid, since, vanished, page)


def _store(uid: bool, tag: bytes, words: Words) -> Command:
    words.need(b" ")
    numbers = words.messages()
    words.need(b" ")
    since = unchanged_since(words)
    item = words.take(_STORE_ITEM)
    if item is None:
        raise CommandError("FLAGS, +FLAGS or -FLAGS expected")
    words.need(b" ")
    flags = words.flag_list() if words.text.startswith(b"(", words.place) else _bare_flags(words)
    return commands.Store(tag, numbers, _ACTIONS[item[1]], item[2] is not None, flags, uid, since)


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
    numbers = words.messages()
    words.need(b" ")
    return kind(tag, numbers, words.mailbox(), uid)


READERS: dict[bytes, Reader] = {
    b"APPEND": _append,
    b"REPLACE": partial(_replace, False),
    b"UID REPLACE": partial(_replace, True),
    b"UID EXPUNGE": _uid_expunge,
    b"FETCH": partial(_fetch, False),
    b"UID FETCH": partial(_fetch, True),
    b"STORE": partial(_store, False),
    b"UID STORE": partial(_store, True),
    b"COPY": partial(_transfer, commands.Copy, False),
    b"UID COPY": partial(_transfer, commands.Copy, True),
    b"MOVE": partial(_transfer, commands.Move, False),
    b"UID MOVE": partial(_transfer, commands.Move, True),
}
