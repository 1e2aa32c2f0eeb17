"""A search program (RFC 3501 6.4.4) as a tree of values: made by the grammar, answered by manager/search.py.

Texts are decoded from the client's charset already. Dates are days: ``datetime.date``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import Enum

from cgpymail.model.uidset import NumberSet


class When(Enum):
    """How a date is compared."""

    BEFORE = "before"
    ON = "on"
    SINCE = "since"


@dataclass(frozen=True, slots=True)
class All:
    """Every message."""


@dataclass(frozen=True, slots=True)
class HasFlag:
    """A built-in flag by its bit in model.flags, set or not set; RECENT included."""

    bit: int
    present: bool = True


@dataclass(frozen=True, slots=True)
class HasKeyword:
    """A client keyword, case ignored."""

    name: str
    present: bool = True


@dataclass(frozen=True, slots=True)
class Header:
    """A header field (name in lower case) contains the text; empty text: the field exists."""

    field: str
    text: str


@dataclass(frozen=True, slots=True)
class Body:
    """Some text part contains it."""

    text: str


@dataclass(frozen=True, slots=True)
class Text:
    """Header or body contains it."""

    text: str


@dataclass(frozen=True, slots=True)
class Size:
    """RFC822.SIZE is larger than (or smaller than) so many octets."""

    larger: bool
    octets: int


@dataclass(frozen=True, slots=True)
class Internal:
    """Internal date, time zone disregarded."""

    when: When
    day: date


@dataclass(frozen=True, slots=True)
class Sent:
    """The Date field, time zone disregarded."""

    when: When
    day: date


@dataclass(frozen=True, slots=True)
class Age:
    """Internal date so many seconds before now, or later (``younger``) or earlier (RFC 5032)."""

    younger: bool
    seconds: int


@dataclass(frozen=True, slots=True)
class Numbers:
    """By sequence number or UID."""

    numbers: NumberSet
    uid: bool


@dataclass(frozen=True, slots=True)
class Saved:
    """What the last search with SAVE found (RFC 5182)."""


@dataclass(frozen=True, slots=True)
class ModSeq:
    """Changed at ``least`` or later (RFC 7162 3.1.5)."""

    least: int


@dataclass(frozen=True, slots=True)
class SaveDate:
    """Save date, time zone disregarded; the internal date where the save date is not known (RFC 8514 4.3)."""

    when: When
    day: date


@dataclass(frozen=True, slots=True)
class EmailId:
    """The message with this EMAILID (RFC 8474 5.5)."""

    value: str


@dataclass(frozen=True, slots=True)
class Not:
    """The others."""

    key: SearchKey


@dataclass(frozen=True, slots=True)
class Or:
    """Either."""

    first: SearchKey
    second: SearchKey


@dataclass(frozen=True, slots=True)
class And:
    """All of them."""

    keys: tuple[SearchKey, ...]


SearchKey = (
    All
    | HasFlag
    | HasKeyword
    | Header
    | Body
    | Text
    | Size
    | Internal
    | Sent
    | Age
    | Numbers
    | Saved
    | ModSeq
    | EmailId
    | SaveDate
    | Not
    | Or
    | And
)


def asks_modseq(key: SearchKey) -> bool:
    """Whether some part of ``key`` is about MODSEQs: the answer tells the highest one then (RFC 7162 3.1.6)."""
    if isinstance(key, And):
        return any(map(asks_modseq, key.keys))
    if isinstance(key, Or):
        return asks_modseq(key.first) or asks_modseq(key.second)
    return asks_modseq(key.key) if isinstance(key, Not) else isinstance(key, ModSeq)
