"""What FETCH asks for: data items, macros and sections (RFC 3501 6.4.5 and section 9, fetch-att; RFC 3516)."""

from __future__ import annotations

import re
from functools import lru_cache

from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.items import (
    BinarySection,
    BinarySize,
    BodySection,
    BodyStructure,
    EmailId,
    Envelope,
    FetchItem,
    Flags,
    InternalDate,
    ModSeq,
    Preview,
    SaveDate,
    Size,
    ThreadId,
    Uid,
)
from cgpymail.grammar.imap.tokens import ReadLimits, Words
from cgpymail.grammar.imap.writing import astring
from cgpymail.model.section import WHOLE_MESSAGE, Section, Specifier

_NAME = re.compile(rb"[A-Za-z0-9.]+")
_PATH = re.compile(rb"[1-9]\d{0,9}(?:\.[1-9]\d{0,9})*(?!\d)")
_LAZY = re.compile(rb" \(LAZY(?: LAZY)*\)", re.IGNORECASE)
_PARTIAL = re.compile(rb"<(\d{1,19})\.([1-9]\d{0,18})>")
_FIELD = re.compile(rb"[!-9;-~]+\Z")  # RFC 5322 2.2: printable, no colon

_HEADER_ONLY = Section(specifier=Specifier.HEADER)
_TEXT_ONLY = Section(specifier=Specifier.TEXT)
MODSEQ = ModSeq()
_ITEMS: dict[bytes, FetchItem] = {
    b"FLAGS": Flags(),
    b"UID": Uid(),
    b"INTERNALDATE": InternalDate(),
    b"ENVELOPE": Envelope(),
    b"BODYSTRUCTURE": BodyStructure(extended=True),
    b"BODY": BodyStructure(extended=False),
    b"RFC822.SIZE": Size(),
    b"EMAILID": EmailId(),
    b"THREADID": ThreadId(),
    b"SAVEDATE": SaveDate(),
    b"MODSEQ": MODSEQ,
    b"RFC822": BodySection(WHOLE_MESSAGE, peek=False, partial=None, label=b"RFC822"),
    b"RFC822.HEADER": BodySection(_HEADER_ONLY, peek=True, partial=None, label=b"RFC822.HEADER"),
    b"RFC822.TEXT": BodySection(_TEXT_ONLY, peek=False, partial=None, label=b"RFC822.TEXT"),
}
_FAST = (Flags(), InternalDate(), Size())
_MACROS: dict[bytes, tuple[FetchItem, ...]] = {
    b"FAST": _FAST,
    b"ALL": (*_FAST, Envelope()),
    b"FULL": (*_FAST, Envelope(), BodyStructure(extended=False)),
}
_SPECIFIERS = {item.value.encode(): item for item in Specifier}
_BODY = (b"BODY", b"BODY.PEEK")
_BINARY = (b"BINARY", b"BINARY.PEEK")
_UID = Uid()


def fetch_items(words: Words, uid: bool) -> tuple[FetchItem, ...]:
    """What stands at the cursor; ``uid``: it is a UID FETCH, which always asks for Uid too. Raises CommandError."""
    items = _read_items(words)
    return (_UID, *items) if uid and _UID not in items else items


@lru_cache(maxsize=512)  # clients ask for the same items again and again
def short_items(text: bytes, uid: bool, limits: ReadLimits) -> tuple[FetchItem, ...]:
    """The same of a text that has no literals and is short enough to be remembered."""
    words = Words(text, 0, (), limits)
    items = fetch_items(words, uid)
    words.end()
    return items


def _read_items(words: Words) -> tuple[FetchItem, ...]:
    if not words.follows(b"("):
        return _item_or_macro(words)
    items = [_item(words)]
    while not words.follows(b")"):
        words.need(b" ")
        items.append(_item(words))
        words.count(items)
    return tuple(items)


def _item_or_macro(words: Words) -> tuple[FetchItem, ...]:
    place = words.place
    macro = _MACROS.get(words.expect(_NAME, "A data item").upper())
    if macro is not None:
        return macro
    words.place = place
    return (_item(words),)


def _item(words: Words) -> FetchItem:
    name = words.expect(_NAME, "A data item").upper()
    if name in _BODY and words.follows(b"["):
        return _body_section(words, peek=name == b"BODY.PEEK")
    if name in _BINARY and words.follows(b"["):
        return _binary_section(words, peek=name == b"BINARY.PEEK")
    if name == b"BINARY.SIZE" and words.follows(b"["):
        path = _binary_path(words)
        return BinarySize(path, b"BINARY.SIZE[%b]" % _path_text(path))
    if name == b"PREVIEW":
        return Preview(lazy=words.take(_LAZY) is not None)
    item = _ITEMS.get(name)
    if item is None:
        raise CommandError("Unknown data item")
    return item


def _body_section(words: Words, *, peek: bool) -> BodySection:
    section = _section(words)
    partial, origin = _partial(words)
    return BodySection(section, peek, partial, b"BODY[%b]%b" % (section_text(section), origin))


def _binary_section(words: Words, *, peek: bool) -> BinarySection:
    path = _binary_path(words)
    partial, origin = _partial(words)
    return BinarySection(path, peek, partial, b"BINARY[%b]%b" % (_path_text(path), origin))


def _binary_path(words: Words) -> tuple[int, ...]:
    path = _path(words)
    words.need(b"]")
    return path


def _partial(words: Words) -> tuple[tuple[int, int] | None, bytes]:
    """The range behind a section if there is one, and the origin as the answer repeats it."""
    if not words.text.startswith(b"<", words.place):
        return None, b""
    found = words.take(_PARTIAL)
    if found is None:
        raise CommandError("A range such as <0.1024> expected")
    partial = int(found[1]), int(found[2])
    return partial, b"<%d>" % partial[0]


def _path(words: Words) -> tuple[int, ...]:
    numbers = words.take(_PATH)
    if numbers is None:
        return ()
    path = tuple(int(number) for number in numbers[0].split(b"."))
    if len(path) > words.limits.nesting:
        raise CommandError("Too many levels of body parts")
    return path


def _path_text(path: tuple[int, ...]) -> bytes:
    return ".".join(map(str, path)).encode("ascii")


def _section(words: Words) -> Section:
    path = _path(words)
    if path and not words.follows(b"."):
        specifier = Specifier.WHOLE
    else:
        specifier = _specifier(words, bool(path))
    fields: tuple[str, ...] = ()
    if specifier in (Specifier.FIELDS, Specifier.FIELDS_NOT):
        words.need(b" ")
        fields = _field_names(words)
    words.need(b"]")
    return Section(path, specifier, fields)


def _specifier(words: Words, has_path: bool) -> Specifier:
    found = words.take(_NAME)
    if found is None and not has_path:
        return Specifier.WHOLE
    specifier = _SPECIFIERS.get(found[0].upper()) if found is not None else None
    if specifier is None or (specifier is Specifier.MIME and not has_path):
        raise CommandError("Unknown section")
    return specifier


def _field_names(words: Words) -> tuple[str, ...]:
    words.need(b"(")
    fields: list[str] = []
    while not fields or not words.follows(b")"):
        if fields:
            words.need(b" ")
        field = words.astring("A header field name")
        if not _FIELD.match(field):
            raise CommandError("A header field name has characters that no field name can have")
        fields.append(field.decode("ascii"))
        words.count(fields)
    return tuple(fields)


def section_text(section: Section) -> bytes:
    """A section as it stands between the brackets."""
    words = [str(number) for number in section.path]
    if section.specifier.value:
        words.append(section.specifier.value)
    text = ".".join(words).encode("ascii")
    if section.specifier in (Specifier.FIELDS, Specifier.FIELDS_NOT):
        text += b" (" + b" ".join(astring(field.encode("ascii")) for field in section.fields) + b")"
    return text
