"""SORT against sorting with the keys in plain sight."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed

from cgpymail.manager import slicing
from cgpymail.manager.slicing import sort_unique
from cgpymail.manager.sorting import in_order
from cgpymail.mime.overview import Overview
from cgpymail.model.columns import Columns, Row
from cgpymail.model.sorting import Criterion, SortKey
from tests.support.results import result

WORDS = st.sampled_from(["", "A", "AB", "B", "\u00c4"])
OVERVIEWS = st.builds(
    Overview,
    st.none() | st.integers(-3, 3),
    WORDS,
    st.booleans(),
    WORDS,
    WORDS,
    WORDS,
    WORDS,
    WORDS,
    st.just(b""),
    st.just(b""),
)
MESSAGES = st.lists(st.tuples(OVERVIEWS, st.integers(-3, 3), st.integers(0, 3)), max_size=12)
CRITERIA = st.lists(st.builds(Criterion, st.sampled_from(SortKey), st.booleans()), min_size=1, max_size=4)


def value(key: SortKey, overview: Overview, date: int, size: int) -> object:
    """What the RFC compares."""
    return {
        SortKey.ARRIVAL: date,
        SortKey.CC: overview.cc,
        SortKey.DATE: date if overview.sent is None else overview.sent,
        SortKey.FROM: overview.from_,
        SortKey.SIZE: size,
        SortKey.SUBJECT: overview.subject,
        SortKey.TO: overview.to,
        SortKey.DISPLAYFROM: overview.display_from,
        SortKey.DISPLAYTO: overview.display_to,
    }[key]


@given(MESSAGES, CRITERIA)
def test_sort_is_stable_sorting_by_one_key_after_the_other(
    messages: list[tuple[Overview, int, int]], criteria: list[Criterion]
) -> None:
    """Any criteria, any equal values."""
    rows = Columns()
    expected = []
    for uid, (_, date, size) in enumerate(messages, 1):
        rows.insert(Row(uid, 0, 0, 0, date, size))
        expected.append(uid)
    for criterion in reversed(criteria):
        keys = {uid: value(criterion.key, *message) for uid, message in enumerate(messages, 1)}
        # Python keeps the order of equal ones also when it sorts backwards.
        expected.sort(key=keys.__getitem__, reverse=criterion.reverse)
    overviews = {uid: overview for uid, (overview, _, _) in enumerate(messages, 1)}
    found = result(Deferred.fromCoroutine(in_order(rows, overviews, criteria, lambda: succeed(None))))
    assert found == expected


@given(st.sets(st.integers(0, 500)), st.integers(1, 7))
@settings(max_examples=60)
def test_sorting_in_pieces_sorts(values: set[int], piece: int) -> None:
    """However small the pieces are."""
    before, slicing.PIECE = slicing.PIECE, piece
    try:
        found = result(Deferred.fromCoroutine(sort_unique(values, lambda: succeed(None))))
    finally:
        slicing.PIECE = before
    assert found == sorted(values)


def test_sorting_much_gives_others_their_turn() -> None:
    """Again and again: no step is about more than a few thousand values."""
    turns = 0

    def turn() -> Deferred[None]:
        nonlocal turns
        turns += 1
        return succeed(None)

    values = [number * 7919 % 50_021 for number in range(50_000)]
    assert result(Deferred.fromCoroutine(sort_unique(values, turn))) == sorted(values)
    assert turns >= 6 * len(values) // slicing.PIECE
