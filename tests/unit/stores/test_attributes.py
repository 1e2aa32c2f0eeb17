"""Attribute dictionaries and the mailbox note (spec 14.1.3, 14.1.4)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgpymail.stores.attributes import NOTE_WIDTH, read_keywords, read_note, write_keywords, write_note
from cgpymail.stores.mailfile import Note


def test_form() -> None:
    """The dictionary syntax of the product."""
    assert write_keywords(["Later", "$work"]) == b'{Keywords=(Later,"$work");}'


@given(st.lists(st.text(min_size=1, max_size=64).filter(lambda text: text.isprintable()), max_size=64))
def test_keywords_round_trip(names: list[str]) -> None:
    """Any keywords come back."""
    assert read_keywords(write_keywords(names)) == tuple(names)


@given(st.integers(1, 2**32 - 1), st.integers(1, 2**32 - 1))
def test_note_round_trip(uidvalidity: int, uidnext: int) -> None:
    """The note has one width whatever it says."""
    note = Note(uidvalidity, uidnext)
    assert len(write_note(note)) == NOTE_WIDTH
    assert read_note(write_note(note)) == note


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"x",
        b"{}",
        b"{UIDValidity=0;UIDNext=1;}",
        b"{UIDValidity=5;}",
        b"{UIDValidity=99999999999;UIDNext=1;}",
        b"{UIDValidity=5;UIDNext=(1);}",
        b"\xff",
    ],
)
def test_damaged_note(data: bytes) -> None:
    """What makes no sense is no note."""
    assert read_note(data) is None


@pytest.mark.parametrize("data", [b"", b"(", b"{Keywords=x;}", b"{Other=(x);}", b"\0\0"])
def test_damaged_attributes(data: bytes) -> None:
    """What is no attribute dictionary has no keywords."""
    assert read_keywords(data) is None
