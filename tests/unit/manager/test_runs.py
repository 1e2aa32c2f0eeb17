"""Many UIDs found in a column at once."""

from __future__ import annotations

from array import array

from hypothesis import given
from hypothesis import strategies as st

from cgpymail.manager.runs import as_array, runs

UIDS = st.sets(st.integers(1, 60)).map(sorted)


@given(UIDS, UIDS)
def test_runs_are_what_both_have(column: list[int], wanted: list[int]) -> None:
    """Each message once, in order, at its place."""
    found: list[int] = []
    for start, stop, place in runs(array("I", column), array("I", wanted)):
        assert wanted[start:stop] == column[place : place + stop - start]
        found += wanted[start:stop]
    assert found == [uid for uid in wanted if uid in column]


def test_one_large_run_is_one_step() -> None:
    """FETCH 1:* of a large mailbox."""
    column = array("I", range(1, 10_001))
    assert list(runs(column, column[500:9_000])) == [(0, 8_500, 500)]


def test_an_array_is_not_copied() -> None:
    """Nor a list left as it is."""
    uids = array("I", [1, 2])
    assert as_array(uids) is uids
    assert as_array([1, 2]) == uids
