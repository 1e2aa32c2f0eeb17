"""From the text of a command to its value: one table of readers, gathered from the families of commands.

Common commands take a short way: one expression finds tag and name, number sets and item lists that clients repeat
are remembered. Whatever the expressions do not match raises CommandError with a reason for the client.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial

from cgpymail.grammar.imap import (
    commands,
    messagecommands,
    modifiers,
    readacl,
    readlist,
    readmailbox,
    readmessage,
    readmetadata,
    readnotify,
    readresults,
    readsession,
)
from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.dialect import PLAIN, Dialect
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.readfetch import short_items
from cgpymail.grammar.imap.tokens import Reader, ReadLimits, Words, short_number_set

_HEAD = re.compile(rb"([^\x00-\x20\x7f-\xff(){%*\"\\+]+) ((?:UID )?[A-Z]+)", re.IGNORECASE)
_TAG = re.compile(rb"([^\x00-\x20\x7f-\xff(){%*\"\\+]+)(?: |\Z)")
_MAX_TAG = 64  # octets
_DEFAULT_LIMITS = ReadLimits()

_FETCHES = {b"FETCH": False, b"UID FETCH": True}
_SHORT = 500  # octets of a line that takes the short way
_SHORT_FETCH = re.compile(rb" ([\d:*,]{1,64}) ([^\r\n]{1,256}?) *\Z")

_BARE = (
    commands.Capability,
    commands.Noop,
    commands.Logout,
    commands.StartTls,
    commands.Check,
    commands.Close,
    commands.Unselect,
    commands.Idle,
    commands.Namespace,
    messagecommands.Expunge,
)
_BARE_KINDS: dict[bytes, type[Command]] = {kind.name.encode("ascii"): kind for kind in _BARE}


def _bare(kind: Callable[[bytes], Command], tag: bytes, words: Words) -> Command:
    return kind(tag)


_READERS: dict[bytes, Reader] = {
    **{name: partial(_bare, kind) for name, kind in _BARE_KINDS.items()},
    **readsession.READERS,
    **readmailbox.READERS,
    **readacl.READERS,
    **modifiers.READERS,
    **readlist.READERS,
    **readmessage.READERS,
    **readresults.READERS,
    **readnotify.READERS,
    **readmetadata.READERS,
}


def read_command(
    text: bytes, literals: Sequence[bytes] = (), limits: ReadLimits = _DEFAULT_LIMITS, dialect: Dialect = PLAIN
) -> Command:
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
                return messagecommands.Fetch(tag, numbers, short_items(short[2], uid, limits), uid)
        except CommandError:
            pass  # the long way fails too, and gives the reason
    reader = _READERS.get(name) or _READERS.get(name.upper())
    if reader is None or text[place : place + 1].strip(b" "):
        raise CommandError("Unknown command", tag)
    words = Words(text, place, literals, limits, dialect)
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
