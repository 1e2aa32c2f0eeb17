"""The day and the moment in a Date field (RFC 5322 3.3), for SEARCH and SORT."""

from __future__ import annotations

import re
from calendar import timegm
from datetime import date

_MONTHS = {name: number for number, name in enumerate(b"jan feb mar apr may jun jul aug sep oct nov dec".split(), 1)}
_LONGEST = 256  # octets of the field that are looked at
_DAY = re.compile(rb"(?<![0-9])([0-9]{1,2})[\s-]{1,8}([A-Za-z]{3})[a-z]{0,6}[\s,.-]{1,8}([0-9]{2,4})(?![0-9])")
_TIME = re.compile(
    rb"[\sTt,]{1,8}([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:\.[0-9]+)?)?\s{0,8}([+-][0-9]{4}|[A-Za-z]{1,5})?"
)
_ZONES = {b"EST": -5, b"EDT": -4, b"CST": -6, b"CDT": -5, b"MST": -7, b"MDT": -6, b"PST": -8, b"PDT": -7}
_ISO = re.compile(rb"(?<![0-9])([0-9]{4})-([0-9]{2})-([0-9]{2})(?![0-9])")


def sent_day(value: bytes) -> date | None:
    """The day as the sender wrote it, time and zone disregarded (RFC 3501 6.4.4); None if there is none to be read.

    Years of two or three digits are read as RFC 5322 4.3 says.
    """
    return _find_day(value[:_LONGEST])[0]


def sent_time(value: bytes) -> int | None:
    """The moment in seconds since the epoch, None if there is no day to be read.

    A time that is none counts as midnight, a zone that is none as UTC (RFC 5256 2.2).
    """
    value = value[:_LONGEST]
    day, end = _find_day(value)
    if day is None:
        return None
    seconds = timegm(day.timetuple())
    time = _TIME.match(value, end)
    if time is None:
        return seconds
    hour, minute, second = int(time[1]), int(time[2]), int(time[3] or 0)
    if hour <= 23 and minute <= 59 and second <= 60:
        seconds += 3600 * hour + 60 * minute + second
    return seconds - _east_of_utc(time[4] or b"")


def _east_of_utc(zone: bytes) -> int:
    """Seconds."""
    if zone[:1] in (b"+", b"-"):
        hours, minutes = int(zone[1:3]), int(zone[3:])
        seconds = 3600 * hours + 60 * minutes if minutes <= 59 else 0
        return -seconds if zone.startswith(b"-") else seconds
    return 3600 * _ZONES.get(zone.upper(), 0)


def _find_day(value: bytes) -> tuple[date | None, int]:
    """The day and where it ends."""
    for match in _DAY.finditer(value):
        month = _MONTHS.get(match[2].lower())
        if month is not None:
            return _date(_full_year(match[3]), month, int(match[1])), match.end()
    iso = _ISO.search(value)
    return (_date(int(iso[1]), int(iso[2]), int(iso[3])), iso.end()) if iso else (None, 0)


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
