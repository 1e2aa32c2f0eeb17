"""The From-line of a .mbox (manual, Mailboxes, "TextMailbox"; spec sections 4.2-4.4, 14.1.1, 14.1.2).

``From <return-path>(FLAGS-UID-ORIGUID) Www Mmm dd hh:mm:ss yyyy``: the comment behind the return-path is ours and the
product's, the rest is the legacy BSD form. We write a fixed width, so that flags can be written over in place, and
read any width. A line without such a comment counts if it has the BSD form: a blank, and a valid date at the end.
"""

from __future__ import annotations

import calendar
import re
import time
from dataclasses import dataclass

from cgpymail.model.flags import INVISIBLE, from_letters, to_letters

MARK = b"From "
FLAG_WIDTH = 24  # positions, padded with "_"
MAX_LINE = 4096  # octets; a longer line is text
MAX_PATH = 1000  # octets of return-path that are written

_COMMENT = re.compile(
    rb"From <(?P<path>.*)>"
    rb"\((?P<flags>[A-Za-z0-9_]*)-(?P<uid>[0-9]{1,10})(?:-(?P<origuid>[0-9]{1,10}))?\) +(?P<stamp>.*)"
)
_STAMP = re.compile(
    rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (?P<month>[A-Z][a-z]{2}) +(?P<day>\d{1,2}) (?P<hour>\d{2}):(?P<minute>\d{2})"
    rb"(?::(?P<second>\d{2}))?(?: [A-Z]{3,5}| [+-]\d{4})? (?P<year>\d{4})(?: [+-]\d{4})? *"
)
_BSD = re.compile(rb"From +(?P<path>\S.*? |)(?P<stamp>(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) .*)")
_MONTHS = {name.encode(): number for number, name in enumerate(calendar.month_abbr) if name}
_UNSAFE = re.compile(rb"[\x00-\x1f\x7f]")
MAX_UID = (1 << 32) - 2  # so that UIDNEXT is a number too


@dataclass(frozen=True, slots=True)
class FromLine:
    """What a From-line says. ``uid`` is 0 without comment (``commented`` False), and for invisible messages.

    ``mask``: flags and marks; ``unknown``: letters that we do not know, kept on rewriting. ``flags_at`` and ``width``:
    the flag field in the line. ``own``: exactly as we write it.
    """

    path: bytes
    date: int
    commented: bool = False
    mask: int = 0
    unknown: str = ""
    uid: int = 0
    origuid: int = 0
    flags_at: int = 0
    width: int = 0
    own: bool = False

    @property
    def invisible(self) -> bool:
        """Whether the message carries attributes (spec 14.1.3)."""
        return bool(self.mask & INVISIBLE)


def write(uid: int, origuid: int, mask: int, date: int, path: bytes = b"", unknown: str = "") -> bytes:
    """A From-line with its line end."""
    safe = _UNSAFE.sub(b"", path)[:MAX_PATH]
    return b"From <%s>(%s-%010d-%010d) %s\n" % (safe, flag_field(mask, unknown), uid, origuid, stamp(date))


def flag_field(mask: int, unknown: str = "", width: int = FLAG_WIDTH) -> bytes:
    """The flags in at least ``width`` positions; longer when they do not fit."""
    return (to_letters(mask) + unknown).ljust(width, "_").encode("ascii")


def stamp(date: int) -> bytes:
    """The asctime form, in GMT; dates before the epoch or beyond year 9999 are brought to the nearest that fits."""
    moment = time.gmtime(min(max(date, 0), 253_402_300_799))
    return time.asctime(moment).encode("ascii")


def read(line: bytes) -> FromLine | None:
    """What a line without its line end says; None if it is no From-line."""
    if not line.startswith(MARK) or len(line) > MAX_LINE:
        return None
    found = _COMMENT.fullmatch(line)
    if found is not None:
        date = _date(found["stamp"])
        uid, origuid = int(found["uid"]), int(found["origuid"] or 0)
        if date is not None and uid <= MAX_UID and origuid <= MAX_UID:
            return _commented(found, date, uid, origuid, line)
    legacy = _BSD.fullmatch(line)
    if legacy is None:
        return None
    date = _date(legacy["stamp"])
    return None if date is None else FromLine(legacy["path"].strip().strip(b"<>"), date)


def _commented(found: re.Match[bytes], date: int, uid: int, origuid: int, line: bytes) -> FromLine:
    mask, unknown = from_letters(found["flags"].decode("ascii"))
    at, end = found.span("flags")
    own = not unknown and write(uid, origuid, mask, date, found["path"]) == line + b"\n"
    return FromLine(found["path"], date, True, mask, unknown, uid, origuid, at, end - at, own)


def _date(text: bytes) -> int | None:
    """Seconds since the epoch of a date taken as GMT; None if there is no such day."""
    found = _STAMP.fullmatch(text)
    month = _MONTHS.get(found["month"]) if found else None
    if found is None or month is None:
        return None
    year, day = int(found["year"]), int(found["day"])
    hour, minute, second = int(found["hour"]), int(found["minute"]), int(found["second"] or 0)
    if not 1970 <= year <= 9999 or not 1 <= day <= calendar.monthrange(year, month)[1]:
        return None
    if hour > 23 or minute > 59 or second > 60:
        return None
    return calendar.timegm((year, month, day, hour, minute, second))
