"""Sizes, numbers and booleans in settings (spec section 11.2)."""

import pytest

from cgpymail.errors import BadSettings
from cgpymail.grammar import words


@pytest.mark.parametrize(
    ("word", "octets"),
    [
        ("0", 0),
        ("1024", 1024),
        ("100K", 102_400),
        ("30M", 30 << 20),
        ("2g", 2 << 30),
        ("unlimited", None),
        ("-1", None),
    ],
)
def test_size(word, octets):
    """Sizes are octets; unlimited has none."""
    assert words.size(word) == octets


@pytest.mark.parametrize(("word", "value"), [("YES", True), ("yes", True), ("on", True), ("NO", False), ("", False)])
def test_flag(word, value):
    """YES and NO, in any case."""
    assert words.flag(word) is value


@pytest.mark.parametrize(("word", "number"), [("10", 10), ("-1", None)])
def test_count(word, number):
    """MaxMailboxes=-1 is no limit (spec section 1, item 15)."""
    assert words.count(word) == number


@pytest.mark.parametrize("read", [words.size, words.flag, words.count])
@pytest.mark.parametrize("word", ["many", "1.5M", "-3", "1 M", "1x", "٣"])
def test_nonsense(read, word):
    """Nonsense is an error, never silently a default."""
    with pytest.raises(BadSettings):
        read(word)
