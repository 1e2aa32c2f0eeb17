"""Mailbox names as file names (spec 14.1.9-11)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cgpymail.errors import IllegalName
from cgpymail.model.companions import is_companion
from cgpymail.stores import paths


def test_place() -> None:
    """Directory entities are directories with the extension .folder, names are modified UTF-7."""
    place = paths.place("/base", "a b/\u00e4/c")
    assert place == paths.Place("/base/a b.folder/&AOQ-.folder", "c")
    assert place.file("mbox") == "/base/a b.folder/&AOQ-.folder/c.mbox"
    assert place.folder == "/base/a b.folder/&AOQ-.folder/c.folder"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "/",
        "a//b",
        "/a",
        "a/",
        ".",
        "..",
        "../x",
        "a/../b",
        "a/.",
        ".hidden",
        "~x",
        "a\0b",
        "a\nb",
        "x.mbox",
        "x" * 201,
    ],
)
def test_nothing_leaves_the_directory(name: str) -> None:
    """What could name another file than its own mailbox's never becomes a path."""
    with pytest.raises(IllegalName):
        paths.place("/base", name)


@given(st.text(min_size=1, max_size=30))
def test_every_place_is_below_the_root(name: str) -> None:
    """Whatever text a client sends: either it is refused, or its file lies below the account's directory."""
    try:
        place = paths.place("/base", name)
    except IllegalName:
        return
    parts = place.file("mbox").split("/")
    assert parts[:2] == ["", "base"]
    assert not {"", ".", ".."} & set(parts[2:])
    assert place.file("mbox").isascii()
    above = "/".join(name.split("/")[:-1])
    if paths.names.canonical(name) == name:
        assert paths.component(place.stem, above) == name


@pytest.mark.parametrize("stem", ["&", "&AAA", "&AGE-", "a\u00e4", "inbox", ".x", "~x", "&AC8-", "x.folder", "\udcff"])
def test_other_spellings_are_not_ours(stem: str) -> None:
    """A file whose name we would have written in another way is no mailbox."""
    with pytest.raises(IllegalName):
        paths.component(stem, "")


def test_companions() -> None:
    """Snapshot and journals belong to exactly one stem."""
    files = ["a.bdx", "a.log.1", "a.log.22", "a.mbox", "a.log.", "a.log.x", "a.log.1.bdx", "ab.bdx", "a.b.bdx", "a.log"]
    assert [file for file in files if is_companion(file, "a")] == ["a.bdx", "a.log.1", "a.log.22"]
