"""Identifiers of access lists: one spelling each (spec 3.3)."""

from __future__ import annotations

import pytest

from cgpymail.errors import IllegalName
from cgpymail.model.identifiers import canonical, is_account

SPELLINGS = [
    ("John", "john"),
    ("john@Example.org", "john"),
    ("john%example.org", "john"),
    ("john@example.org.", "john"),
    ("john@", "john"),
    ("o'neil@other.example", "o'neil@other.example"),
    ("john@b\u00fccher.example", "john@xn--bcher-kva.example"),
    ("gr\u00fcn", "gr\u00fcn"),
    ("Anyone", "anyone"),
    ("anyone@", "anyone@"),
    ("anyone@example.org", "anyone@"),
    ("anyone@other.example", "anyone@other.example"),
    ("#Team", "#team"),
    ("#anyone@example.org", "#anyone"),
    ("#team@other.example", "#team@other.example"),
    ("-john@example.org", "-john"),
    ("-#team", "-#team"),
    ("-anyone@", "-anyone@"),
]


@pytest.mark.parametrize(("typed", "kept"), SPELLINGS)
def test_spellings(typed: str, kept: str) -> None:
    """Whoever types it; what is kept is kept so."""
    assert canonical(typed, "example.org") == kept
    assert canonical(kept, "example.org") == kept


@pytest.mark.parametrize(
    "typed",
    ["", "-", "--x", "#", "##x", "#-x", "@", "@x", "a b", "a\tb", "a\0", "a/b", "a@b@c", "a@-b", "a@b..c", "a*",
     "x" * 65, "\u2028", "a@" + "b." * 130 + "c", "a@\ud800", "\u00fc" * 33],
)  # fmt: skip
def test_what_is_none(typed: str) -> None:
    """It is refused, and nothing else is raised."""
    with pytest.raises(IllegalName):
        canonical(typed, "example.org")


def test_the_owner() -> None:
    """He, and what would take from him; not somebody of the same name elsewhere."""
    assert [is_account(each, "john") for each in ("john", "-john", "#john", "john@other.example", "anyone@")] == [
        *[True] * 2,
        *[False] * 3,
    ]
