"""What stands in parentheses beside the arguments of SELECT, FETCH and STORE (RFC 4466, RFC 7162, RFC 9394)."""

from __future__ import annotations

import re
from functools import partial

from cgpymail.grammar.imap import commands
from cgpymail.grammar.imap.commands import Command, Resync
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.tokens import Reader, Words
from cgpymail.model.paging import Page
from cgpymail.model.uidset import STAR, NumberSet

_NAME = re.compile(rb"[A-Za-z]+")
_UNCHANGED = re.compile(rb"\(UNCHANGEDSINCE ", re.IGNORECASE)
_DIGIT = re.compile(rb"[0-9]")
_PAGE = re.compile(rb" (?:([1-9]\d{0,9}):([1-9]\d{0,9})|-([1-9]\d{0,9}):-([1-9]\d{0,9}))(?!\d)")
_TOP = (1 << 63) - 1


def modseq(words: Words) -> int:
    """A MODSEQ: 63 bits; 0 is before everything. Raises CommandError."""
    number = words.number()
    if number > _TOP:
        raise CommandError("The MODSEQ is too large")
    return number


# -- SELECT and EXAMINE ----------------------------------------------------------------------------------------------


def _select(kind: type[commands.Select] | type[commands.Examine], tag: bytes, words: Words) -> Command:
    words.need(b" ")
    mailbox = words.mailbox()
    condstore = False
    resync: Resync | None = None
    names: list[bytes] = []
    if words.follows(b" ("):
        while not names or not words.follows(b")"):
            if names:
                words.need(b" ")
            name = words.expect(_NAME, "A parameter").upper()
            if name in names or name not in (b"CONDSTORE", b"QRESYNC"):
                raise CommandError("Unknown parameter")
            names.append(name)
            if name == b"QRESYNC":
                resync = _resync(words)
            else:
                condstore = True
    return kind(tag, mailbox, condstore, resync)


def _resync(words: Words) -> Resync:
    words.need(b" ")
    words.need(b"(")
    uidvalidity = words.number()
    words.need(b" ")
    since = modseq(words)
    known: NumberSet | None = None
    seqs: NumberSet | None = None
    uids: NumberSet | None = None
    if words.follows(b" "):
        if _DIGIT.match(words.text, words.place):
            known = _without_star(words)
        if known is None or words.follows(b" "):
            words.need(b"(")
            seqs = _without_star(words)
            words.need(b" ")
            uids = _without_star(words)
            words.need(b")")
    words.need(b")")
    return Resync(uidvalidity, since, known, None if seqs is None or uids is None else (seqs, uids))


def _without_star(words: Words) -> NumberSet:
    numbers = words.number_set()
    if any(STAR in part for part in numbers.parts):
        raise CommandError("A set without * expected")
    return numbers


# -- FETCH and STORE -------------------------------------------------------------------------------------------------


def page(words: Words) -> Page:
    """The argument of PARTIAL with the space in front of it (RFC 9394 section 4). Raises CommandError."""
    found = words.take(_PAGE)
    if found is None:
        raise CommandError("A range such as 1:500 or -1:-100 expected")
    first, last, nearest, farthest = (int(number or 0) for number in found.groups())
    return Page(first, last) if first else Page(-nearest, -farthest)


def fetch_modifiers(words: Words, *, uid: bool) -> tuple[int | None, bool, Page | None]:
    """CHANGEDSINCE, None if it is not there; whether VANISHED is, which only a UID FETCH with CHANGEDSINCE may have;
    and PARTIAL, which only a UID FETCH may have. Raises CommandError."""
    since: int | None = None
    partly: Page | None = None
    names: list[bytes] = []
    if not words.follows(b" ("):
        return None, False, None
    while not names or not words.follows(b")"):
        if names:
            words.need(b" ")
        name = words.expect(_NAME, "A modifier").upper()
        if name in names or name not in (b"CHANGEDSINCE", b"VANISHED", b"PARTIAL"):
            raise CommandError("Unknown modifier")
        names.append(name)
        if name == b"CHANGEDSINCE":
            words.need(b" ")
            since = modseq(words)
        elif name == b"PARTIAL":
            partly = page(words)
    if partly is not None and not uid:
        raise CommandError("PARTIAL is for UID FETCH")
    vanished = b"VANISHED" in names
    if vanished and (since is None or not uid):
        raise CommandError("VANISHED is for UID FETCH with CHANGEDSINCE")
    return since, vanished, partly


def unchanged_since(words: Words) -> int | None:
    """UNCHANGEDSINCE of a STORE with the space behind it, None if it is not there. Raises CommandError."""
    if not words.take(_UNCHANGED):
        return None
    since = modseq(words)
    words.need(b")")
    words.need(b" ")
    return since


READERS: dict[bytes, Reader] = {
    kind.name.encode("ascii"): partial(_select, kind) for kind in (commands.Select, commands.Examine)
}
