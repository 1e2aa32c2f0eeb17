"""File names of an .mdir (spec 5.2, 14.1.5)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgpymail.model import flags
from cgpymail.stores.mdir.filenames import MessageName, parse, parse_attributes


def test_fields() -> None:
    """A name says UID, permanent UID, flags, date in GMT and number of lines."""
    assert parse("12-O7-SF-20200913122640-5") == MessageName(12, 7, flags.SEEN | flags.FLAGGED, 1_600_000_000, 5)


def test_permanent_uid_is_optional() -> None:
    """Four fields are a message without permanent UID."""
    assert parse("12--20200913122640-5") == MessageName(12, 0, 0, 1_600_000_000, 5)


def test_expunged_prefix() -> None:
    """The prefix .x- marks a message that is gone."""
    name = MessageName(3, 3, flags.SEEN | flags.EXPUNGED, 0, 1)
    assert str(name) == ".x-3-O3-S-19700101000000-1"
    assert parse(str(name)) == name


def test_unknown_letters_are_kept() -> None:
    """Letters of later versions survive being read and written; marks of a .mbox are such letters here."""
    name = parse("1-O1-SZyQX-20200913122640-5")
    assert name is not None
    assert name.mask == flags.SEEN
    assert sorted(name.unknown) == ["Q", "X", "Z", "y"]


@pytest.mark.parametrize(
    "stray",
    [
        "",
        "foo",
        "12",
        "O12",
        "12-O7-S-20200913122640",
        "12-O7-S-20200913122640-5-6",
        "12-7-S-20200913122640-5",
        "0-O7-S-20200913122640-5",
        "4294967296-O7-S-20200913122640-5",
        "12-O7-S-20201313122640-5",
        "12-O7-S-2020091312264-5",
        "12-O7-S.S-20200913122640-5",
        "\u0661-O7-S-20200913122640-5",
        "12-O7-S-20200913122640-5\n",
        ".12-O7-S-20200913122640-5",
    ],
)
def test_strays(stray: str) -> None:
    """Everything else is somebody's file, and left alone."""
    assert parse(stray) is None


def test_attribute_files() -> None:
    """O and digits alone name an attribute file."""
    assert [parse_attributes(name) for name in ("O12", "O", "12", "O12x", "O99999999999")] == [12, 0, 0, 0, 0]


@given(
    st.integers(1, 2**32 - 2),
    st.integers(0, 2**32 - 2),
    st.integers(0, flags.ALL_FLAGS).map(lambda mask: mask & ~flags.RECENT),
    st.integers(-62_135_596_800, 253_402_300_799),
    st.integers(0, 2**32 - 1),
    st.booleans(),
)
def test_round_trip(uid: int, origuid: int, mask: int, date: int, lines: int, expunged: bool) -> None:
    """Every name that we write reads back."""
    name = MessageName(uid, origuid, mask | (flags.EXPUNGED if expunged else 0), date, lines)
    assert parse(str(name)) == name


@given(st.text(max_size=60))
def test_any_text(text: str) -> None:
    """No file name makes the parser fail."""
    parse(text)
    parse_attributes(text)
