"""SORT (RFC 5256, RFC 5957): the order of messages by several criteria.

Each criterion gives its values numbers in ascending order; the numbers of one message, the first criterion's highest,
make one number, whose last digits are the place of the message in the mailbox. What is sorted are then numbers.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

from cgpymail.manager.slicing import PIECE, Breathe, sort_unique
from cgpymail.mime.overview import Overview
from cgpymail.model.columns import Columns
from cgpymail.model.sorting import Criterion, SortKey

_TEXTS = {
    SortKey.CC: "cc",
    SortKey.FROM: "from_",
    SortKey.SUBJECT: "subject",
    SortKey.TO: "to",
    SortKey.DISPLAYFROM: "display_from",
    SortKey.DISPLAYTO: "display_to",
}


def needs_overviews(criteria: Sequence[Criterion]) -> bool:
    """Whether the columns alone cannot decide."""
    return any(criterion.key not in (SortKey.ARRIVAL, SortKey.SIZE) for criterion in criteria)


async def in_order(
    rows: Columns, overviews: Mapping[int, Overview], criteria: Sequence[Criterion], breathe: Breathe
) -> list[int]:
    """The UIDs of ``rows`` (ascending), sorted. ``overviews``: of every one of them, if they are needed."""
    count = len(rows.uid)
    combined = [0] * count
    for criterion in criteria:
        values = _values(rows, overviews, criterion.key)
        await breathe()
        ranks = await _ranks(values, breathe)
        last = len(ranks) - 1 if criterion.reverse else 0
        sign = -1 if criterion.reverse else 1
        size = len(ranks)
        for start in range(0, count, PIECE):
            await breathe()
            end = start + PIECE
            some = zip(combined[start:end], values[start:end], strict=True)
            combined[start:end] = [number * size + last + sign * ranks[value] for number, value in some]
    await breathe()
    ordered = await sort_unique([number * count + place for place, number in enumerate(combined)], breathe)
    await breathe()
    return [rows.uid[number % count] for number in ordered]


async def _ranks(values: Sequence[Hashable], breathe: Breathe) -> dict[Hashable, int]:
    """The place of each value among all that there are."""
    different: set[Hashable] = set()
    for start in range(0, len(values), PIECE):
        await breathe()
        different.update(values[start : start + PIECE])
    ranks: dict[Hashable, int] = {}
    ordered = await sort_unique(different, breathe)
    for start in range(0, len(ordered), PIECE):
        await breathe()
        ranks.update(zip(ordered[start : start + PIECE], range(start, start + PIECE), strict=False))
    return ranks


def _values(rows: Columns, overviews: Mapping[int, Overview], key: SortKey) -> Sequence[Hashable]:
    """What is compared, message by message."""
    if key is SortKey.ARRIVAL:
        return rows.date
    if key is SortKey.SIZE:
        return rows.size
    if key is SortKey.DATE:
        return sent_times(rows, overviews)
    name = _TEXTS[key]
    return [getattr(overviews[uid], name) for uid in rows.uid]


def sent_times(rows: Columns, overviews: Mapping[int, Overview]) -> list[int]:
    """Sent dates; where there is none, the internal date (RFC 5256 2.2)."""
    times: list[int] = []
    for uid, arrived in zip(rows.uid, rows.date, strict=True):
        sent = overviews[uid].sent
        times.append(arrived if sent is None else sent)
    return times
