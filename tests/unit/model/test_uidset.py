"""Sets of UIDs as ranges behave like sets of numbers."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from cgpymail.model.uidset import UidSet

SOME = st.sets(st.integers(1, 40))


@given(one=SOME, two=SOME)
def test_what_both_have_and_what_one_lacks(one: set[int], two: set[int]) -> None:
    """Intersection and difference."""
    assert UidSet.of(one).within(UidSet.of(two)) == UidSet.of(one & two)
    assert UidSet.of(one).without(UidSet.of(two)) == UidSet.of(one - two)


@given(numbers=SOME)
def test_ascending_numbers_make_the_same_set(numbers: set[int]) -> None:
    """The short way."""
    assert UidSet.of_ascending(sorted(numbers)) == UidSet.of(numbers)
