"""The arguments of LIST and LSUB: the two words of RFC 3501, and the options of an extended LIST (RFC 5258 section 6;
STATUS: RFC 5819; SPECIAL-USE: RFC 6154; MYRIGHTS: RFC 8440; METADATA: RFC 9590).

A LIST is extended when it has options of either kind, even none in the parentheses, or patterns in parentheses. An
option that is not known is an error; one that comes twice counts once.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cgpymail.grammar.imap import commands
from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.readmailbox import status_items
from cgpymail.grammar.imap.readmetadata import entries
from cgpymail.grammar.imap.tokens import Reader, Words
from cgpymail.model.mailbox import PLAIN_LIST, ListChoice

_RETURN = re.compile(rb" RETURN (?=\()", re.IGNORECASE)
_SELECTING = frozenset({b"SUBSCRIBED", b"REMOTE", b"RECURSIVEMATCH", b"SPECIAL-USE"})
_RETURNING = frozenset({b"SUBSCRIBED", b"CHILDREN", b"STATUS", b"SPECIAL-USE", b"MYRIGHTS", b"METADATA"})


@dataclass
class _Options:
    """What was read of the options so far."""

    extended: bool = False
    selecting: set[bytes] = field(default_factory=set)
    returning: set[bytes] = field(default_factory=set)
    status: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()


def _list(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    options = _Options()
    if words.follows(b"("):
        options.extended = True
        _select_options(words, options)
        words.need(b" ")
    reference = words.mailbox()
    words.need(b" ")
    if words.follows(b"("):
        options.extended = True
        patterns = _patterns(words)
    else:
        patterns = (words.pattern(),)
    if words.take(_RETURN):
        options.extended = True
        words.need(b"(")
        _return_options(words, options)
    rights = b"MYRIGHTS" in options.returning
    return commands.List(tag, reference, patterns, _choice(options), options.status, rights, options.entries)


def _select_options(words: Words, options: _Options) -> None:
    count = 0
    while not words.follows(b")"):
        if count:
            words.need(b" ")
        count += 1
        options.selecting.add(_option(words, _SELECTING))
    if (
        options.selecting
        and options.selecting <= {b"RECURSIVEMATCH", b"REMOTE"}
        and b"RECURSIVEMATCH" in options.selecting
    ):
        raise CommandError("RECURSIVEMATCH needs another selection option")


def _return_options(words: Words, options: _Options) -> None:
    count = 0
    while not words.follows(b")"):
        if count:
            words.need(b" ")
        count += 1
        option = _option(words, _RETURNING)
        options.returning.add(option)
        if option == b"STATUS":
            words.need(b" ")
            options.status += status_items(words)
        elif option == b"METADATA":
            words.need(b" ")
            options.entries += entries(words)


def _option(words: Words, known: frozenset[bytes]) -> bytes:
    option = words.atom("An option").upper()
    if option not in known:
        raise CommandError("Unknown LIST option")
    return option


def _patterns(words: Words) -> tuple[str, ...]:
    patterns = [words.pattern()]
    while not words.follows(b")"):
        words.need(b" ")
        patterns.append(words.pattern())
        words.count(patterns)
    return tuple(patterns)


def _choice(options: _Options) -> ListChoice:
    if not options.extended:
        return PLAIN_LIST
    return ListChoice(
        extended=True,
        subscribed=b"SUBSCRIBED" in options.selecting,
        special_use=b"SPECIAL-USE" in options.selecting,
        recursive=b"RECURSIVEMATCH" in options.selecting,
        tell_subscribed=b"SUBSCRIBED" in options.returning,
    )


def _lsub(tag: bytes, words: Words) -> Command:
    words.need(b" ")
    reference = words.mailbox()
    words.need(b" ")
    return commands.Lsub(tag, reference, words.pattern())


READERS: dict[bytes, Reader] = {b"LIST": _list, b"LSUB": _lsub}
