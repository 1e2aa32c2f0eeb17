"""STORE (RFC 3501 6.4.6): which bits a list of flag names touches, under the rights held.

Flags that the rights do not cover are left alone as long as one of those named is covered (RFC 4314 section 4).
Replacing never touches flags without an IMAP name (spec 2.8); names match whatever their case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from cgpymail.errors import CannotDo, LimitExceeded, NotPermitted
from cgpymail.manager.access import settable_flags
from cgpymail.manager.mailbox import Mailbox
from cgpymail.model import flags, rights
from cgpymail.model.columns import Columns
from cgpymail.model.keywords import MAX_KEYWORD_BYTES, MAX_KEYWORDS
from cgpymail.model.message import FlagUpdate

StoreAction = Literal["set", "add", "remove"]
ALL_KEYWORDS = (1 << MAX_KEYWORDS) - 1


@dataclass(frozen=True, slots=True)
class Changing:
    """New value of a mask = its bits outside ``clear``, and those in ``put``; for flags and for keywords."""

    clear_flags: int
    put_flags: int
    clear_keywords: int
    put_keywords: int

    def updates(self, rows: Columns) -> list[FlagUpdate]:
        """What changes for these messages."""
        found: list[FlagUpdate] = []
        for uid, old_flags, old_keywords in zip(rows.uid, rows.flags, rows.keywords, strict=True):
            new_flags = old_flags & ~self.clear_flags | self.put_flags
            new_keywords = old_keywords & ~self.clear_keywords | self.put_keywords
            if new_flags != old_flags or new_keywords != old_keywords:
                found.append(FlagUpdate(uid, new_flags, new_keywords))
        return found


def plan(mailbox: Mailbox, action: StoreAction, names: Sequence[str], held: int) -> Changing:
    """What to do; defines keywords that are new.

    Raises NotPermitted, CannotDo (a system flag that does not exist), LimitExceeded (keywords).
    """
    allowed = settable_flags(held)
    bits, keywords = _sort(names)
    may_keywords = bool(held & rights.WRITE)
    touches = bool(bits & allowed) or bool(keywords and may_keywords)
    if not (touches or not names or (action == "set" and allowed)) or not allowed:
        raise NotPermitted
    if not may_keywords:
        keywords = []
    if action == "remove":
        cleared = 0
        for name in keywords:
            cleared |= mailbox.store.keywords.find(name)
        return Changing(bits & allowed, 0, cleared, 0)
    put = _define(mailbox, keywords)
    if action == "add":
        return Changing(0, bits & allowed, 0, put)
    return Changing(allowed, bits & allowed, ALL_KEYWORDS if may_keywords else 0, put)


def _sort(names: Sequence[str]) -> tuple[int, list[str]]:
    """Mask of the built-in flags, and the keywords. \\Recent is not the client's to set: it is passed over."""
    bits = 0
    keywords: list[str] = []
    for name in names:
        bit = flags.from_imap(name)
        bits |= bit
        if not bit and name.startswith("\\") and name.lower() != "\\recent":
            raise CannotDo("There is no such system flag")
        if not bit and not name.startswith("\\"):
            keywords.append(name)
    return bits, keywords


def _define(mailbox: Mailbox, names: Sequence[str]) -> int:
    """The mask of all the keywords; none is defined if one of them does not fit."""
    table = mailbox.store.keywords
    new = {name.lower() for name in names if not table.find(name)}
    if len(table) + len(new) > MAX_KEYWORDS or any(len(name.encode()) > MAX_KEYWORD_BYTES for name in new):
        raise LimitExceeded("A keyword is too long, or one too many for the mailbox")
    mask = 0
    for name in names:
        mask |= mailbox.define_keyword(name)
    return mask
