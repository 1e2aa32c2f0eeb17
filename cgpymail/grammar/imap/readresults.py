"""The arguments of SEARCH beside its keys: what the answer is to say (RFC 4731, RFC 5182, RFC 4466 2.6.1)."""

from __future__ import annotations

import re
from functools import partial

from cgpymail.grammar.imap import searchcommands as commands
from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.errors import CharsetError, CommandError
from cgpymail.grammar.imap.readsearch import search_program
from cgpymail.grammar.imap.searchcommands import Returns
from cgpymail.grammar.imap.tokens import Reader, Words
from cgpymail.model.search import SearchKey

_RETURN = re.compile(rb"RETURN \(", re.IGNORECASE)
_OPTION = re.compile(rb"[A-Za-z]+")
_OPTIONS = {b"MIN": "min", b"MAX": "max", b"ALL": "all", b"COUNT": "count", b"SAVE": "save"}


def _search(uid: bool, tag: bytes, words: Words) -> Command:
    words.need(b" ")
    returns = _returns(words)
    return commands.Search(tag, _program(words, returns), uid, returns)


def _program(words: Words, returns: Returns | None) -> SearchKey:
    try:
        return search_program(words)
    except CharsetError as problem:
        problem.saves = returns is not None and returns.save
        raise


def _returns(words: Words) -> Returns | None:
    """The result options and the space behind them, if there are any. One that is not known is an error."""
    if not words.take(_RETURN):
        return None
    wanted: dict[str, bool] = {}
    while not words.follows(b")"):
        if wanted:
            words.need(b" ")
        option = _OPTIONS.get(words.expect(_OPTION, "A result option").upper())
        if option is None:
            raise CommandError("Unknown result option")
        wanted[option] = True
    words.need(b" ")
    return Returns(**wanted) if wanted else Returns(all=True)


READERS: dict[bytes, Reader] = {
    b"SEARCH": partial(_search, False),
    b"UID SEARCH": partial(_search, True),
}
