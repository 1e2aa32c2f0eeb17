"""In which order SORT tells messages (RFC 5256 section 3, RFC 5957)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class SortKey(Enum):
    """What is compared; the value is its name on the wire."""

    ARRIVAL = "ARRIVAL"
    CC = "CC"
    DATE = "DATE"
    FROM = "FROM"
    SIZE = "SIZE"
    SUBJECT = "SUBJECT"
    TO = "TO"
    DISPLAYFROM = "DISPLAYFROM"
    DISPLAYTO = "DISPLAYTO"


@dataclass(frozen=True, slots=True)
class Criterion:
    """One of the things that decide; the ones before it come first. Equal messages keep the order of the mailbox."""

    key: SortKey
    reverse: bool = False
