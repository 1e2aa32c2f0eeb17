"""Annotations of mailboxes and accounts (RFC 5464 section 3): the names of entries, and what a reader is given.

An entry's name is canonical in lower case. Below ``/shared/`` there is one value for everybody who may see it, below
``/private/`` one for each user, whom alone it concerns.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

SHARED, PRIVATE, VENDOR = "/shared", "/private", "vendor"
ACCOUNT = ""  # instead of a mailbox name: the account itself ("server annotations" in the RFC)
CLASS_ENTRY = "/shared/vendor/cgpymail/class"  # what a mailbox is meant for (spec 6.1)
OWN_SEEN_ENTRY = "/shared/vendor/cgpymail/own-seen"  # whether every user has a Seen of his own there
USE_ENTRY = "/private/specialuse"  # RFC 6154 section 4
MAX_NAME = 1_000  # octets

_NAME = re.compile(r"/(?:shared|private)(?:/[ -$&-)+-.0-~]+)*")  # ASCII without controls, * and %
_AFTER_SLASH = chr(ord("/") + 1)
_VENDOR_LEVELS = 4  # what a vendor's entry has at least (RFC 5464 3.2)


def canonical(typed: str) -> str | None:
    """The canonical name of an entry or of a level of names; None if it cannot be one."""
    name = typed.lower()
    return name if len(name) <= MAX_NAME and _NAME.fullmatch(name) else None


def can_hold_value(name: str) -> bool:
    """Whether a canonical name has as many levels as an entry needs."""
    levels = name.split("/")[1:]
    return len(levels) >= (_VENDOR_LEVELS if levels[1:2] == [VENDOR] else 2)


def is_private(name: str) -> bool:
    """Whether every user has a value of his own under a canonical name."""
    return name.startswith(PRIVATE)


@dataclass(frozen=True, slots=True)
class Wish:
    """What of some annotations is wanted (RFC 5464 4.2): ``entries``, as typed, each with what lies ``depth`` levels
    below it (None: everything), but no value of more than ``largest`` octets."""

    entries: tuple[str, ...]
    depth: int | None = 0
    largest: int | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """``values``: names with their values, None for one that is not there. ``longest``: octets of the largest value
    that was too large for the reader, 0 if there was none."""

    values: tuple[tuple[str, bytes | None], ...]
    longest: int = 0


def choose(kept: Mapping[str, bytes], wish: Wish) -> Found:
    """What is wanted of ``kept`` (canonical name -> value), each entry once.

    An entry that is asked for is told as the client spells it, and as absent if nothing below it is there either.
    """
    found: dict[str, tuple[str, bytes | None]] = {}
    longest = 0
    names = sorted(kept)
    tops: dict[str, str] = {}
    for typed in wish.entries:
        tops.setdefault(typed.lower(), typed)
    for top, typed in tops.items():
        for name in _reached(names, top, wish.depth) or [top]:
            value = kept.get(name)
            if value is not None and wish.largest is not None and len(value) > wish.largest:
                longest = max(longest, len(value))
            elif name not in found:
                found[name] = (typed if name == top else name, value)
    return Found(tuple(found.values()), longest)


def _reached(names: Sequence[str], top: str, depth: int | None) -> list[str]:
    """Those of ``names``, which are sorted, that are ``top`` or so many levels below it."""
    if depth == 0:
        return []
    place = bisect_left(names, top)
    found = [name for name in names[place : place + 1] if name == top]
    below = names[bisect_left(names, top + "/") : bisect_left(names, top + _AFTER_SLASH)]
    return found + [name for name in below if depth is None or name.count("/", len(top)) <= depth]
