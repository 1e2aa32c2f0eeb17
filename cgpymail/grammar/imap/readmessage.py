"""The arguments of commands on messages: APPEND, FETCH, STORE, COPY, MOVE, UID EXPUNGE."""

from __future__ import annotations

import re
from functools import partial
from typing import Literal

from cgpymail.grammar.imap import messagecommands as commands
from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.dates import read_date_time
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.readfetch import fetch_items
from cgpymail.grammar.imap.tokens import Reader, Words

_STORE_ITEM = re.compile(rb"([+-]?)FLAGS(\.SILENT)?(?= )", re.IGNORECASE)
_ACTIONS: dict[bytes, Literal["set", "add", "remove"]] = {b"": "set", b"+": "add", b"-": "remove"}
_MESSAGE = re.compile(rb"\{(\d{1,20})\+?\}\Z")


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


READERS: dict[bytes, Reader] = {
    b"APPEND": _append,
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
