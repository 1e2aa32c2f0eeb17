"""What stands in parentheses beside the arguments of SELECT, FETCH and STORE (RFC 4466; RFC 7162 section 7)."""

from __future__ import annotations

import re
from functools import partial

from cgpymail.grammar.imap import commands
from cgpymail.grammar.imap.commands import Command, Resync
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.tokens import Reader, Words
from cgpymail.model.uidset import STAR, NumberSet

_NAME = re.compile(rb"[A-Za-z]+")
_UNCHANGED = re.compile(rb"\(UNCHANGEDSINCE ", re.IGNORECASE)
_DIGIT = re.compile(rb"[0-9]")
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


def fetch_modifiers(words: Words, *, uid: bool) -> tuple[int | None, bool]:
    """CHANGEDSINCE, None if it is not there; and whether VANISHED is, which only a UID FETCH with CHANGEDSINCE may
    have. Raises CommandError."""
    since: int | None = None
    names: list[bytes] = []
    if not words.follows(b" ("):
        return None, False
    while not names or not words.follows(b")"):
        if names:
            words.need(b" ")
        name = words.expect(_NAME, "A modifier").upper()
        if name in names or name not in (b"CHANGEDSINCE", b"VANISHED"):
            raise CommandError("Unknown modifier")
        names.append(name)
        if name == b"CHANGEDSINCE":
            words.need(b" ")
            since = modseq(words)
    vanished = b"VANISHED" in names
    if vanished and (since is None or not uid):
        raise CommandError("VANISHED is for UID FETCH with CHANGEDSINCE")
    return since, vanished


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
