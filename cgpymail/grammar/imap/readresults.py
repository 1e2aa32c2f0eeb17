"""The arguments of SEARCH, SORT and THREAD beside the search keys: what the answer is to say (RFC 4731, RFC 5182,
RFC 9394, RFC 4466 2.6.1), in which order (RFC 5256, RFC 5957), and how threads are found (RFC 5256)."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from cgpymail.grammar.imap import searchcommands as commands
from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.errors import CharsetError, CommandError
from cgpymail.grammar.imap.modifiers import page
from cgpymail.grammar.imap.readsearch import search_program, search_program_in_charset
from cgpymail.grammar.imap.searchcommands import Returns
from cgpymail.grammar.imap.tokens import Reader, Words
from cgpymail.model.paging import Page
from cgpymail.model.search import SearchKey
from cgpymail.model.sorting import Criterion, SortKey
from cgpymail.model.threads import ThreadBy

_RETURN = re.compile(rb"RETURN \(", re.IGNORECASE)
_OPTION = re.compile(rb"[A-Za-z]+")
_REVERSE = re.compile(rb"REVERSE ", re.IGNORECASE)
_KEYS = {key.value.encode("ascii"): key for key in SortKey}
_THREADS = {by.value.encode("ascii"): by for by in ThreadBy}
_MOST_CRITERIA = 2 * len(SortKey)  # more of them can decide nothing
_OPTIONS = {b"MIN": "min", b"MAX": "max", b"ALL": "all", b"COUNT": "count", b"SAVE": "save"}


def _search(uid: bool, tag: bytes, words: Words) -> Command:
    words.need(b" ")
    returns = _returns(words)
    return commands.Search(tag, _program(words, search_program, returns), uid, returns)


def _program(words: Words, read: Callable[[Words], SearchKey], returns: Returns | None) -> SearchKey:
    try:
        return read(words)
    except CharsetError as problem:
        problem.saves = returns is not None and returns.save
        raise


def _returns(words: Words) -> Returns | None:
    """The result options and the space behind them, if there are any. One that is not known is an error."""
    if not words.take(_RETURN):
        return None
    wanted: dict[str, bool] = {}
    part: Page | None = None
    while not words.follows(b")"):
        if wanted or part:
            words.need(b" ")
        name = words.expect(_OPTION, "A result option").upper()
        if name == b"PARTIAL" and part is None:
            part = page(words)
        elif name in _OPTIONS:
            wanted[_OPTIONS[name]] = True
        else:
            raise CommandError("Unknown result option")
    if part and "all" in wanted:
        raise CommandError("ALL and PARTIAL exclude each other")
    words.need(b" ")
    return Returns(**wanted, partial=part) if wanted or part else Returns(all=True)


def _sort(uid: bool, tag: bytes, words: Words) -> Command:
    words.need(b" ")
    returns = _returns(words)
    criteria = _criteria(words)
    words.need(b" ")
    return commands.Sort(tag, criteria, _program(words, search_program_in_charset, returns), uid, returns)


def _criteria(words: Words) -> tuple[Criterion, ...]:
    words.need(b"(")
    criteria: list[Criterion] = []
    while True:
        reverse = words.take(_REVERSE) is not None
        key = _KEYS.get(words.expect(_OPTION, "A sort key").upper())
        if key is None:
            raise CommandError("Unknown sort key")
        criteria.append(Criterion(key, reverse))
        if len(criteria) > _MOST_CRITERIA:
            raise CommandError("Too many sort keys")
        if words.follows(b")"):
            return tuple(criteria)
        words.need(b" ")


def _thread(uid: bool, tag: bytes, words: Words) -> Command:
    words.need(b" ")
    by = _THREADS.get(words.expect(_OPTION, "A way to find threads").upper())
    if by is None:
        raise CommandError("Unknown way to find threads")
    words.need(b" ")
    return commands.Thread(tag, by, search_program_in_charset(words), uid)


READERS: dict[bytes, Reader] = {
    b"SEARCH": partial(_search, False),
    b"UID SEARCH": partial(_search, True),
    b"SORT": partial(_sort, False),
    b"UID SORT": partial(_sort, True),
    b"THREAD": partial(_thread, False),
    b"UID THREAD": partial(_thread, True),
}
