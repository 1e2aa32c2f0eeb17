"""Patterns of LIST (RFC 3501 6.3.8)."""

from __future__ import annotations

import time

import pytest

from cgpymail.manager.patterns import Pattern

CASES = [
    # pattern, name, matches
    ("*", "INBOX", True),
    ("*", "a/b/c", True),
    ("%", "a", True),
    ("%", "a/b", False),
    ("a/%", "a/b", True),
    ("a/%", "a/b/c", False),
    ("a/%", "a", False),
    ("a/*", "a/b/c", True),
    ("a*", "a/b", True),
    ("a%", "ab", True),
    ("a%", "a/b", False),
    ("%/%", "a/b", True),
    ("%/%", "a/b/c", False),
    ("*c", "a/b/c", True),
    ("%c", "a/c", False),
    ("a%c", "abbbc", True),
    ("a%c", "abbbcd", False),
    ("a*%", "a/b/c", True),
    ("a%*", "a/b/c", True),
    ("%b%", "abc", True),
    ("*b%", "x/abc", True),
    ("*b%", "x/abc/y", False),
    ("a", "a", True),
    ("a", "A", False),
    ("", "a", False),
    ("Gelöscht/%", "Gelöscht/Ä", True),
    ("a.c", "abc", False),
    ("[a]", "a", False),
    # INBOX in any case, but nothing else
    ("inbox", "INBOX", True),
    ("InBoX/Sub", "INBOX/Sub", True),
    ("inbox/sub", "INBOX/Sub", False),
    ("in%", "INBOX", True),
    ("%box", "INBOX", True),
    ("inbox*", "INBOX/x", True),
    ("inboxes", "INBOXES", False),
    ("x/inbox", "x/INBOX", False),
]


@pytest.mark.parametrize(("pattern", "name", "expected"), CASES)
def test_matching(pattern: str, name: str, expected: bool) -> None:
    """What a client's pattern finds."""
    assert Pattern(pattern).matches(name) is expected


def test_hostile_pattern_costs_no_time() -> None:
    """A pattern of five hundred wildcards against a long name that does not fit is answered at once."""
    pattern = Pattern("%*a" * 500 + "b")
    start = time.process_time()
    assert not pattern.matches("a" * 1000)
    assert time.process_time() - start < 0.5


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [("*", "x", True), ("x/y", "x", True), ("x", "x", True), ("xy", "x", False), ("x%", "x", True), ("y*", "x", False)],
)
def test_can_start(pattern: str, name: str, expected: bool) -> None:
    """Only trees that a pattern can reach are looked into."""
    assert Pattern(pattern).can_start(name) is expected
