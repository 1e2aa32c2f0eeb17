"""A SEARCH program, read into the tree of model.search (RFC 3501 6.4.4; ``$``: RFC 5182; YOUNGER, OLDER: RFC 5032).

KEYWORD names a built-in flag where the flag table knows its IMAP name (``$Forwarded``, ``Junk``); the negative names
of the manual (``NotJunk``) are ordinary keywords here (spec 2.8).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial

from cgpymail.grammar.imap import charsets
from cgpymail.grammar.imap.dates import read_date
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.modifiers import modseq
from cgpymail.grammar.imap.tokens import Words
from cgpymail.model import flags
from cgpymail.model.search import (
    Age,
    All,
    And,
    Body,
    EmailId,
    HasFlag,
    HasKeyword,
    Header,
    Internal,
    ModSeq,
    Not,
    Numbers,
    Or,
    Saved,
    SaveDate,
    SearchKey,
    Sent,
    Size,
    Text,
    When,
)
from cgpymail.model.uidset import NumberSet

_NAME = re.compile(rb"[A-Za-z0-9]+")
_OBJECT_ID = re.compile(rb"[A-Za-z0-9_-]{1,255}(?![A-Za-z0-9_-])")
_CHARSET = re.compile(rb"CHARSET ", re.IGNORECASE)
_NUMBERS = re.compile(rb"[0-9*]")
_ENTRY_TYPE = re.compile(rb"(?:priv|shared|all)(?= )", re.IGNORECASE)

_CONSTANT: dict[bytes, SearchKey] = {
    b"ALL": All(),
    b"ANSWERED": HasFlag(flags.ANSWERED),
    b"DELETED": HasFlag(flags.DELETED),
    b"DRAFT": HasFlag(flags.DRAFT),
    b"FLAGGED": HasFlag(flags.FLAGGED),
    b"NEW": And((HasFlag(flags.RECENT), HasFlag(flags.SEEN, False))),
    b"OLD": HasFlag(flags.RECENT, False),
    b"RECENT": HasFlag(flags.RECENT),
    b"SAVEDATESUPPORTED": All(),
    b"SEEN": HasFlag(flags.SEEN),
    b"UNANSWERED": HasFlag(flags.ANSWERED, False),
    b"UNDELETED": HasFlag(flags.DELETED, False),
    b"UNDRAFT": HasFlag(flags.DRAFT, False),
    b"UNFLAGGED": HasFlag(flags.FLAGGED, False),
    b"UNSEEN": HasFlag(flags.SEEN, False),
}


def search_program(words: Words) -> SearchKey:
    """Everything up to the end of the command. Raises CommandError, CharsetError."""
    codec = charsets.DEFAULT
    if words.take(_CHARSET):
        if not words.dialect.charset:
            raise CommandError("With UTF8=ACCEPT no charset can be given")
        codec = charsets.codec_name(words.astring("A charset").decode("latin-1"))
        words.need(b" ")
    return _Program(words, codec).read()


def search_program_in_charset(words: Words) -> SearchKey:
    """The same behind the name of the charset, which is always there (RFC 5256 section 3)."""
    codec = charsets.codec_name(words.astring("A charset").decode("latin-1"))
    words.need(b" ")
    return _Program(words, codec).read()


class _Program:
    """The keys of one SEARCH; counts them and how deep they lie in one another."""

    def __init__(self, words: Words, codec: str) -> None:
        self._words = words
        self._codec = codec
        self._keys = 0
        self._depth = 0

    def read(self) -> SearchKey:
        keys = [self._key()]
        while not self._words.at_end:
            self._words.need(b" ")
            keys.append(self._key())
        return keys[0] if len(keys) == 1 else And(tuple(keys))

    def _key(self) -> SearchKey:
        words = self._words
        self._keys += 1
        self._depth += 1
        if self._keys > words.limits.search_keys:
            raise CommandError("Too many search keys")
        if self._depth > words.limits.nesting:
            raise CommandError("The search keys are nested too deeply")
        if words.follows(b"("):
            key = self._group()
        elif words.follows(b"$"):
            key = Saved()
        elif _NUMBERS.match(words.text, words.place):
            key = Numbers(words.number_set(), uid=False)
        else:
            key = self._named(words.expect(_NAME, "A search key").upper())
        self._depth -= 1
        return key

    def _group(self) -> SearchKey:
        keys = [self._key()]
        while not self._words.follows(b")"):
            self._words.need(b" ")
            keys.append(self._key())
        return keys[0] if len(keys) == 1 else And(tuple(keys))

    def _named(self, name: bytes) -> SearchKey:
        constant = _CONSTANT.get(name)
        if constant is not None:
            return constant
        reader = _WITH_ARGUMENTS.get(name)
        if reader is None:
            raise CommandError("Unknown search key")
        self._words.need(b" ")
        return reader(self)

    # -- keys with arguments -------------------------------------------------------------------------------------

    def _text(self) -> str:
        return charsets.decode(self._words.astring("A search text"), self._codec)

    def _email_id(self) -> SearchKey:
        return EmailId(self._words.expect(_OBJECT_ID, "An object identifier").decode("ascii"))

    def _thread_id(self) -> SearchKey:
        """No message has one here."""
        self._words.expect(_OBJECT_ID, "An object identifier")
        return Not(All())

    def _addressed(self, field: str) -> SearchKey:
        return Header(field, self._text())

    def _dated(self, kind: type[Internal] | type[Sent] | type[SaveDate], when: When) -> SearchKey:
        return kind(when, read_date(self._words.astring("A date")))

    def _body(self) -> SearchKey:
        return Body(self._text())

    def _whole_text(self) -> SearchKey:
        return Text(self._text())

    def _header(self) -> SearchKey:
        field = charsets.decode(self._words.astring("A header field name"), self._codec)
        self._words.need(b" ")
        return Header(field.lower(), self._text())

    def _keyword(self, present: bool = True) -> SearchKey:
        name = self._words.atom("A keyword").decode("ascii")
        bit = flags.from_imap(name)
        return HasFlag(bit, present) if bit else HasKeyword(name, present)

    def _unkeyword(self) -> SearchKey:
        return self._keyword(present=False)

    def _larger(self) -> SearchKey:
        return Size(larger=True, octets=self._words.number())

    def _smaller(self) -> SearchKey:
        return Size(larger=False, octets=self._words.number())

    def _age(self, younger: bool) -> SearchKey:
        seconds = self._words.number()
        if not seconds:
            raise CommandError("A number of seconds expected")
        return Age(younger, seconds)

    def _uid(self) -> SearchKey:
        numbers = self._words.messages()
        return Numbers(numbers, uid=True) if isinstance(numbers, NumberSet) else Saved()

    def _modseq(self) -> SearchKey:
        """A MODSEQ may stand for one flag's, which is the message's here: the entry is passed over."""
        words = self._words
        if words.text.startswith(b'"', words.place):
            words.string()
            words.need(b" ")
            words.expect(_ENTRY_TYPE, "The type of an entry")
            words.need(b" ")
        return ModSeq(modseq(words))

    def _not(self) -> SearchKey:
        return Not(self._key())

    def _or(self) -> SearchKey:
        first = self._key()
        self._words.need(b" ")
        return Or(first, self._key())


_WITH_ARGUMENTS: dict[bytes, Callable[[_Program], SearchKey]] = {
    b"BCC": partial(_Program._addressed, field="bcc"),
    b"BEFORE": partial(_Program._dated, kind=Internal, when=When.BEFORE),
    b"BODY": _Program._body,
    b"CC": partial(_Program._addressed, field="cc"),
    b"FROM": partial(_Program._addressed, field="from"),
    b"HEADER": _Program._header,
    b"KEYWORD": _Program._keyword,
    b"LARGER": _Program._larger,
    b"MODSEQ": _Program._modseq,
    b"NOT": _Program._not,
    b"OLDER": partial(_Program._age, younger=False),
    b"ON": partial(_Program._dated, kind=Internal, when=When.ON),
    b"OR": _Program._or,
    b"SENTBEFORE": partial(_Program._dated, kind=Sent, when=When.BEFORE),
    b"SENTON": partial(_Program._dated, kind=Sent, when=When.ON),
    b"SENTSINCE": partial(_Program._dated, kind=Sent, when=When.SINCE),
    b"SAVEDBEFORE": partial(_Program._dated, kind=SaveDate, when=When.BEFORE),
    b"SAVEDON": partial(_Program._dated, kind=SaveDate, when=When.ON),
    b"SAVEDSINCE": partial(_Program._dated, kind=SaveDate, when=When.SINCE),
    b"EMAILID": _Program._email_id,
    b"THREADID": _Program._thread_id,
    b"SINCE": partial(_Program._dated, kind=Internal, when=When.SINCE),
    b"SMALLER": _Program._smaller,
    b"SUBJECT": partial(_Program._addressed, field="subject"),
    b"TEXT": _Program._whole_text,
    b"TO": partial(_Program._addressed, field="to"),
    b"UID": _Program._uid,
    b"UNKEYWORD": _Program._unkeyword,
    b"YOUNGER": partial(_Program._age, younger=True),
}
