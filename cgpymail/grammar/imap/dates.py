"""Dates and times as IMAP writes them (RFC 3501 section 9: date, date-time); English month names in any locale."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone

from cgpymail.grammar.imap.errors import CommandError

_MONTHS = (b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec")
_BY_NAME = {name.lower(): number for number, name in enumerate(_MONTHS, 1)}
_DATE = re.compile(rb"(\d{1,2})-([A-Za-z]{3})-(\d{4})\Z")
_DATE_TIME = re.compile(rb"( \d|\d{1,2})-([A-Za-z]{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)([0-5]\d)\Z")


def read_date(text: bytes) -> date:
    """A day such as ``1-Feb-1994``. Raises CommandError."""
    found = _DATE.match(text)
    try:
        if found is not None:
            return date(int(found[3]), _BY_NAME[found[2].lower()], int(found[1]))
    except (ValueError, KeyError):
        pass
    raise CommandError("A date such as 1-Feb-1994 expected")


def read_date_time(text: bytes) -> int:
    """Seconds since the epoch of ``17-Jul-1996 02:44:25 -0700``; a leap second counts as the one before.

    Raises CommandError.
    """
    found = _DATE_TIME.match(text)
    try:
        if found is not None:
            day, month, year, hour, minute, second, sign, zone_hours, zone_minutes = found.groups()
            ahead = timedelta(hours=int(zone_hours), minutes=int(zone_minutes))
            moment = datetime(
                int(year),
                _BY_NAME[month.lower()],
                int(day),
                int(hour),
                int(minute),
                min(int(second), 59) if second == b"60" else int(second),
                tzinfo=timezone(-ahead if sign == b"-" else ahead),
            )
            return int(moment.timestamp())
    except (ValueError, KeyError, OverflowError):
        pass
    raise CommandError("A date such as 17-Jul-1996 02:44:25 -0700 expected")


_FIRST = -62_135_596_800  # 1 January of the year 1
_LAST = 253_402_300_799  # the end of the year 9999


def write_date_time(seconds: int) -> bytes:
    """The INTERNALDATE of a moment, in quotes, in UTC; moments outside the years 1 to 9999 are moved to their ends."""
    moment = datetime.fromtimestamp(0, UTC) + timedelta(seconds=min(max(seconds, _FIRST), _LAST))
    return b'"%02d-%s-%04d %02d:%02d:%02d +0000"' % (
        moment.day,
        _MONTHS[moment.month - 1],
        moment.year,
        moment.hour,
        moment.minute,
        moment.second,
    )
