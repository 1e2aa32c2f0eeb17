"""The file names of an .mdir: all facts about a message but its bytes (spec 5.2, 14.1.5).

``<uid>-O<origuid>-<flags>-<yyyymmddhhmmss>-<nLines>``: flags may be empty, ``-O<origuid>`` may be missing; the time is
in GMT. ``O<origuid>`` alone is an attribute file. Names with a leading dot are our own and half-done: ``.new-`` not yet
synced, ``.x-`` expunged but maybe still read, ``.note`` the mailbox note, ``.aside`` what a power cut left.
"""

from __future__ import annotations

import re
import time
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime

from cgpymail.model.flags import ALL_FLAGS, EXPUNGED, from_letters, to_letters

NOTE = ".note"
ASIDE = ".aside"
NEW = ".new-"
GONE = ".x-"
MAX_UID = (1 << 32) - 2  # so that UIDNEXT is a number too
MAX_LINES = (1 << 32) - 1
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799  # the years 1 to 9999
_NAME = re.compile(r"([0-9]{1,10})(?:-O([0-9]{1,10}))?-([A-Za-z0-9_]*)-([0-9]{14})-([0-9]{1,10})")
_ATTRIBUTES = re.compile(r"O([0-9]{1,10})")


@dataclass(frozen=True, slots=True)
class MessageName:
    """A file name taken apart. ``mask``: flags and marks; ``unknown``: letters that we do not know, kept."""

    uid: int
    origuid: int
    mask: int
    date: int
    lines: int
    unknown: str = ""

    def __str__(self) -> str:
        prefix = GONE if self.mask & EXPUNGED else ""
        letters = to_letters(self.mask & ~EXPUNGED) + self.unknown
        original = f"-O{self.origuid}" if self.origuid else ""
        return f"{prefix}{self.uid}{original}-{letters}-{_stamp(self.date)}-{self.lines}"

    @property
    def stamp(self) -> int:
        """A checksum of what no flag change alters: by it and its length a message file is known again."""
        return zlib.crc32(f"{self.uid}-{self.origuid}-{_stamp(self.date)}-{self.lines}".encode())


def parse(name: str) -> MessageName | None:
    """The facts of a message's file name; None for whatever is none."""
    expunged = name.startswith(GONE)
    match = _NAME.fullmatch(name[len(GONE) :] if expunged else name)
    if match is None:
        return None
    uid, origuid, letters, stamp, lines = match.groups()
    date = _seconds(stamp)
    if date is None or not 0 < int(uid) <= MAX_UID or int(origuid or 0) > MAX_UID or int(lines) > MAX_LINES:
        return None
    mask, unknown = from_letters(letters)
    unknown = to_letters(mask & ~ALL_FLAGS) + unknown  # the marks of a .mbox mean nothing here
    mask = mask & ALL_FLAGS | (EXPUNGED if expunged else 0)
    return MessageName(int(uid), int(origuid or 0), mask, date, int(lines), unknown)


def parse_attributes(name: str) -> int:
    """The permanent UID that an attribute file belongs to, 0 for whatever is none."""
    match = _ATTRIBUTES.fullmatch(name)
    return int(match[1]) if match and int(match[1]) <= MAX_UID else 0


def _stamp(seconds: int) -> str:
    year, month, day, hour, minute, second = time.gmtime(min(max(seconds, _FIRST_SECOND), _LAST_SECOND))[:6]
    return f"{year:04d}{month:02d}{day:02d}{hour:02d}{minute:02d}{second:02d}"


def _seconds(stamp: str) -> int | None:
    year, month, day, hour, minute, second = int(stamp[:4]), *(int(stamp[at : at + 2]) for at in range(4, 14, 2))
    try:
        return int(datetime(year, month, day, hour, minute, second, tzinfo=UTC).timestamp())
    except ValueError:
        return None
