"""The day in a Date field (RFC 5322 3.3), for SEARCH."""

from __future__ import annotations

import re
from datetime import date

_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_LONGEST = 256  # octets of the field that are looked at
_DAY = re.compile(rb"(?<![0-9])([0-9]{1,2})[\s-]{1,8}([A-Za-z]{3})[a-z]{0,6}[\s,.-]{1,8}([0-9]{2,4})(?![0-9])")
_ISO = re.compile(rb"(?<![0-9])([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9])")


def sent_day(value: bytes) -> date | None:
    """The day as the sender wrote it, time and zone disregarded (RFC 3501 6.4.4); None if there is none to be read.

    Years of two or three digits are read as RFC 5322 4.3 says.
    """
    value = value[:_LONGEST]
    for match in _DAY.finditer(value):
        month = _MONTHS.get(match[2].lower())
        if month is not None:
            return _date(_full_year(match[3]), month, int(match[1]))
    iso = _ISO.search(value)
    return _date(int(iso[1]), int(iso[2]), int(iso[3])) if iso else None


def _full_year(digits: bytes) -> int:
    year = int(digits)
    if len(digits) == 2:
        return year + (2000 if year < 50 else 1900)
    return year + 1900 if len(digits) == 3 else year


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
