"""The arguments of commands on mailboxes: CREATE, RENAME, STATUS and their kin."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from cgpymail.grammar.imap import commands
from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.responses import STATUS_FIELDS
from cgpymail.grammar.imap.tokens import Reader, Words

_STATUS_ITEMS = frozenset(item.encode("ascii") for item in STATUS_FIELDS)
_STATUS_ITEM = re.compile(rb"[A-Za-z]+")


def _one_mailbox(kind: Callable[[bytes, str], Command], tag: bytes, words: Words) -> Command:
    words.need(b" ")
    return kind(tag, words.mailbox())


def _rename(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    old = words.mailbox()
    words.need(b" ")
    return commands.Rename(tag, old, words.mailbox())


def _status(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    mailbox = words.mailbox()
    words.need(b" ")
    return commands.Status(tag, mailbox, status_items(words))


def status_items(words: Words) -> tuple[str, ...]:
    """The items of STATUS in their parentheses, in capitals; at least one. Raises CommandError."""
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
    return tuple(items)


_ONE_MAILBOX = (
    commands.Create,
    commands.Delete,
    commands.Subscribe,
    commands.Unsubscribe,
)
READERS: dict[bytes, Reader] = {
    **{kind.name.encode("ascii"): partial(_one_mailbox, kind) for kind in _ONE_MAILBOX},
    b"RENAME": _rename,
    b"STATUS": _status,
}
