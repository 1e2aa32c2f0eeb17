"""The arguments of NOTIFY (RFC 5465 section 8), and which events go together (section 5)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.items import FetchItem
from cgpymail.grammar.imap.notifycommands import SILENT, Notify, Selected
from cgpymail.grammar.imap.readfetch import fetch_items
from cgpymail.grammar.imap.tokens import Reader, Words
from cgpymail.model.watching import (
    EVENT_NAMES,
    FLAG_CHANGE,
    MESSAGE_EVENTS,
    MESSAGE_EXPUNGE,
    MESSAGE_NEW,
    Filter,
    Interest,
)

_STATUS = re.compile(rb" STATUS(?= )", re.IGNORECASE)
_NONE = re.compile(rb"NONE(?=\))", re.IGNORECASE)
_LIST = re.compile(rb" (?=\()")
_SELECTED = (b"SELECTED", b"SELECTED-DELAYED")
_FILTERS = {
    b"INBOXES": Filter.PERSONAL,  # delivery reaches every personal mailbox (RFC 5465 6.3)
    **{each.value.encode(): each for each in Filter},
}
_NAMED = (Filter.SUBTREE, Filter.MAILBOXES)
_EVENTS = {name.upper().encode(): bit for name, bit in EVENT_NAMES.items()}


@dataclass
class _Read:
    """The groups read so far."""

    interests: list[Interest] = field(default_factory=list)
    selected: Selected | None = None
    unknown: bool = False


def _notify(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    form = words.atom("SET or NONE").upper()
    if form == b"NONE":
        return Notify(tag)
    if form != b"SET":
        raise CommandError("SET or NONE expected")
    status = words.take(_STATUS) is not None
    read = _Read()
    count: list[None] = []
    while not count or not words.at_end:
        words.need(b" ")
        _group(words, read)
        count.append(None)
        words.count(count)
    return Notify(tag, tuple(read.interests), read.selected or SILENT, True, status, read.unknown)


def _group(words: Words, read: _Read) -> None:
    words.need(b"(")
    name = words.atom("A filter").upper()
    if name in _SELECTED:
        if read.selected is not None:
            raise CommandError("SELECTED can be said only once")
        words.need(b" ")
        events, items = _events(words, read, selected=True)
        read.selected = Selected(events, items, delayed=name == b"SELECTED-DELAYED")
    else:
        kind = _FILTERS.get(name)
        if kind is None:
            raise CommandError("Unknown filter")
        words.need(b" ")
        names: tuple[str, ...] = ()
        if kind in _NAMED:
            names = _names(words)
            words.need(b" ")
        events, _ = _events(words, read, selected=False)
        read.interests.append(Interest(kind, events, names))
    words.need(b")")


def _names(words: Words) -> tuple[str, ...]:
    if not words.follows(b"("):
        return (words.mailbox(),)
    names = [words.mailbox()]
    while not words.follows(b")"):
        words.need(b" ")
        names.append(words.mailbox())
        words.count(names)
    return tuple(names)


def _events(words: Words, read: _Read, *, selected: bool) -> tuple[int, tuple[FetchItem, ...]]:
    if words.take(_NONE) is not None:
        return 0, ()
    words.need(b"(")
    mask, known = 0, True
    items: tuple[FetchItem, ...] = ()
    seen: list[int] = []
    while not seen or not words.follows(b")"):
        if seen:
            words.need(b" ")
        bit = _EVENTS.get(words.atom("An event").upper(), 0)
        known = known and bool(bit)
        if bit == MESSAGE_NEW and words.take(_LIST):
            if not selected:
                raise CommandError("Only messages of the selected mailbox can be fetched")
            items = fetch_items(words, uid=False)
        if bit & ~MESSAGE_EVENTS and selected:
            raise CommandError("For the selected mailbox there are events of messages only")
        mask |= bit
        seen.append(bit)
        words.count(seen)
    if known:
        _check(mask)
    read.unknown = read.unknown or not known
    return mask, items


def _check(mask: int) -> None:
    """MessageNew and MessageExpunge come together, and FlagChange comes with both (RFC 5465 section 5)."""
    both = MESSAGE_NEW | MESSAGE_EXPUNGE
    if mask & both not in (0, both) or (mask & FLAG_CHANGE and not mask & both):
        raise CommandError("MessageNew and MessageExpunge go together, and FlagChange with both")


READERS: dict[bytes, Reader] = {b"NOTIFY": _notify}
