"""SEARCH (RFC 3501 6.4.4): which messages of a session's mailbox a search program names.

The program is applied to a list of candidates (row numbers of the view's columns), and every key makes the list
shorter: AND gives the survivors of one key to the next, OR gives to each key those that no key before it wanted, NOT
takes away. Within AND and OR the cheap keys go first, so flags, numbers, sizes and dates are decided on the columns,
headers are read for what remains, and bodies for what remains after that. After some milliseconds of work the reactor
gets its turn (``pause``), so other sessions do not wait for a long search.

Texts are compared with case, width and composition ignored (mime.charsets.fold_text), as substrings.
"""

from __future__ import annotations

from calendar import timegm
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from enum import IntEnum

from cgpymail.errors import MessageGone, NotPermitted
from cgpymail.manager.searchtext import MESSAGE_COST, Work, body_has, field_has, header_has
from cgpymail.manager.searchview import Facts, Searchable
from cgpymail.mime.charsets import fold_text
from cgpymail.mime.dates import sent_day
from cgpymail.mime.headers import first_values
from cgpymail.model.flags import RECENT
from cgpymail.model.search import (
    Age,
    And,
    Body,
    EmailId,
    HasFlag,
    HasKeyword,
    Header,
    Internal,
    ModSeq,
    Not,
    Numbers,
    Or,
    Saved,
    SaveDate,
    SearchKey,
    Sent,
    Size,
    Text,
    When,
)
from cgpymail.model.uidset import NumberSet, UidSet
from cgpymail.runtime.limits import Limits

__all__ = ["Facts", "Searchable", "search"]

Rows = Sequence[int]  # ascending row numbers

_ROW_COST = 16  # octets of text that take as long as one row of one column


class _Cost(IntEnum):
    """What must be read to decide a key."""

    COLUMNS = 0
    HEADER = 1
    BODY = 2


async def search(
    mailbox: Searchable, key: SearchKey, limits: Limits, pause: Callable[[], Awaitable[object]]
) -> list[int]:
    """The UIDs that ``key`` names, ascending; of messages that vanish meanwhile none.

    The grammar saw to it that keys are not nested deeper than ``limits.nesting``. Raises StorageFailed when a message
    that is there cannot be read.
    """
    program = _Program(mailbox, limits, Work(pause))
    facts = program.facts
    found = await program.sift(key, range(len(facts.uids)))
    return [facts.uids[row] for row in found if row not in program.vanished]


class _Program:
    """One search under way."""

    def __init__(self, mailbox: Searchable, limits: Limits, work: Work) -> None:
        self._mailbox = mailbox
        self._limits = limits
        self._work = work
        self.facts = mailbox.facts()
        self.vanished: set[int] = set()

    async def sift(self, key: SearchKey, rows: Rows) -> Rows:
        """Those of ``rows`` that ``key`` names."""
        if not rows:
            return rows
        if isinstance(key, And):
            for each in sorted(key.keys, key=_cost):
                rows = await self.sift(each, rows)
            return rows
        if isinstance(key, Or):
            return await self._either(key, rows)
        if isinstance(key, Not):
            wanted = frozenset(await self.sift(key.key, rows))
            return [row for row in rows if row not in wanted]
        if isinstance(key, Header | Sent | Body | Text | EmailId):
            return await self._read(key, rows)
        await self._work.charge(len(rows) * _ROW_COST)
        return self._by_columns(key, rows)

    async def _either(self, key: Or, rows: Rows) -> Rows:
        first, second = sorted((key.first, key.second), key=_cost)
        found = frozenset(await self.sift(first, rows))
        more = await self.sift(second, [row for row in rows if row not in found])
        return sorted(found.union(more))

    def _by_columns(self, key: SearchKey, rows: Rows) -> Rows:
        facts = self.facts
        if isinstance(key, HasFlag):
            return self._by_flag(key, rows)
        if isinstance(key, HasKeyword):
            return _by_mask(facts.keywords, self._mailbox.keyword_mask(key.name), key.present, rows)
        if isinstance(key, Size):
            sizes, octets = facts.sizes, key.octets
            if key.larger:
                return [row for row in rows if sizes[row] > octets]
            return [row for row in rows if sizes[row] < octets]
        if isinstance(key, Internal):
            dates = facts.dates
            begin, end = _seconds(key)
            return [row for row in rows if begin <= dates[row] < end]
        if isinstance(key, SaveDate):
            dates, saved = facts.dates, facts.save_dates
            begin, end = _seconds(key)
            return [row for row in rows if begin <= (saved[row] or dates[row]) < end]
        if isinstance(key, Age):
            dates, limit = facts.dates, facts.now - key.seconds
            if key.younger:
                return [row for row in rows if dates[row] >= limit]
            return [row for row in rows if dates[row] <= limit]
        if isinstance(key, ModSeq):
            modseqs = facts.modseqs
            return [row for row in rows if modseqs[row] >= key.least]
        if isinstance(key, Saved):
            return _among(facts.saved, facts.uids, rows)
        if isinstance(key, Numbers):
            column = facts.uids if key.uid else facts.seqs
            named = frozenset(key.numbers.select(column))
            return [row for row in rows if column[row] in named]
        return rows  # All

    def _by_flag(self, key: HasFlag, rows: Rows) -> Rows:
        if key.bit != RECENT:
            return _by_mask(self.facts.flags, key.bit, key.present, rows)
        found = _among(self.facts.recent, self.facts.uids, rows)
        if key.present:
            return found
        wanted = frozenset(found)
        return [row for row in rows if row not in wanted]

    async def _read(self, key: Header | Sent | Body | Text | EmailId, rows: Rows) -> Rows:
        """Decide message by message; those that are no longer there are noted as vanished."""
        text = "" if isinstance(key, Sent | EmailId) else fold_text(key.text)
        if not text and isinstance(key, Body | Text):
            return rows
        found: list[int] = []
        for done, row in enumerate(rows):
            if row in self.vanished:
                continue
            self._mailbox.progress(done, len(rows))
            try:
                if await self._matches(key, text, self.facts.uids[row]):
                    found.append(row)
            except (MessageGone, NotPermitted):
                self.vanished.add(row)
        return found

    async def _matches(self, key: Header | Sent | Body | Text | EmailId, text: str, uid: int) -> bool:
        if isinstance(key, EmailId):
            await self._work.charge(MESSAGE_COST)
            return await self._mailbox.email_id(uid, self._work.charge) == key.value
        if isinstance(key, Body):
            return await body_has(self._mailbox, uid, text, self._limits, self._work)
        header = await self._mailbox.headers(uid)
        await self._work.charge(MESSAGE_COST + len(header))
        if isinstance(key, Header):
            return await field_has(header, key.field.encode("utf-8"), text, self._limits.header_fields, self._work)
        if isinstance(key, Sent):
            return self._sent(key, header)
        if await header_has(header, text, self._limits.header_fields, self._work):
            return True
        return await body_has(self._mailbox, uid, text, self._limits, self._work)

    def _sent(self, key: Sent, header: bytes) -> bool:
        values = first_values(header, (b"date",), self._limits.header_fields).get(b"date")
        day = sent_day(values[0]) if values else None
        if day is None:
            return False
        if key.when is When.BEFORE:
            return day < key.day
        return day == key.day if key.when is When.ON else day >= key.day


def _cost(key: SearchKey) -> _Cost:
    """The most that some part of ``key`` needs."""
    if isinstance(key, And):
        return max(map(_cost, key.keys), default=_Cost.COLUMNS)
    if isinstance(key, Or):
        return max(_cost(key.first), _cost(key.second))
    if isinstance(key, Not):
        return _cost(key.key)
    if isinstance(key, Body | Text | EmailId):
        return _Cost.BODY
    return _Cost.HEADER if isinstance(key, Header | Sent) else _Cost.COLUMNS


def _among(wanted: UidSet, uids: Sequence[int], rows: Rows) -> Rows:
    """Those whose UIDs are in a set that may have very many ranges."""
    named = frozenset(NumberSet(wanted.ranges).select(uids))
    return [row for row in rows if uids[row] in named]


def _by_mask(column: Sequence[int], mask: int, present: bool, rows: Rows) -> Rows:
    if present:
        return [row for row in rows if column[row] & mask]
    return [row for row in rows if not column[row] & mask]


def _seconds(key: Internal | SaveDate) -> tuple[float, float]:
    """The dates from (inclusive) and to (exclusive) which a message matches: whole days of UTC."""
    begin = timegm(key.day.timetuple())
    if key.when is When.BEFORE:
        return float("-inf"), begin
    if key.when is When.SINCE:
        return begin, float("inf")
    return begin, begin + timedelta(days=1).total_seconds()
