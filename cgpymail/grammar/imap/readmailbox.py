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
_PARAMETERS = re.compile(rb" \(")
_STATUS_ITEM = re.compile(rb"[A-Za-z]+")


def _one_mailbox(kind: Callable[[bytes, str], Command], tag: bytes, words: Words) -> Command:
    words.need(b" ")
    return kind(tag, words.mailbox())


def _create(tag: bytes, words: Words) -> Command:
    """With create-params (RFC 4466 2.2), of which there is USE (RFC 6154)."""
    words.need(b" ")
    mailbox = words.mailbox()
    if not words.take(_PARAMETERS):
        return commands.Create(tag, mailbox)
    if words.atom("A parameter").upper() != b"USE":
        raise CommandError("Unknown CREATE parameter")
    words.need(b" ")
    uses = words.flag_list()
    words.need(b")")
    if not all(use.startswith("\\") for use in uses):
        raise CommandError("A special-use attribute expected")
    return commands.Create(tag, mailbox, uses)


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
    commands.Delete,
    commands.Subscribe,
    commands.Unsubscribe,
)
READERS: dict[bytes, Reader] = {
    **{kind.name.encode("ascii"): partial(_one_mailbox, kind) for kind in _ONE_MAILBOX},
    b"CREATE": _create,
    b"RENAME": _rename,
    b"STATUS": _status,
}
