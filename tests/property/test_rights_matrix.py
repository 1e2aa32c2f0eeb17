"""Every command under every right, against rightsmodel.py: what is answered, what is there afterwards, what is seen."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import combinations

import pytest

from cgpymail.imap.commands.table import TABLE
from tests.support.rightscells import CellTester, words_of
from tests.support.rightsmodel import LETTERS
from tests.support.rightsrows import ROWS, WITHOUT_NAMES, Row
from tests.support.stage import ACTORS, BOX, Actor

SINGLES = ("", *LETTERS, LETTERS)
MOST = (*SINGLES, *(LETTERS.replace(letter, "") for letter in LETTERS))
FEW = (*MOST, *map("".join, combinations(LETTERS, 2)))
EVERY = tuple("".join(chosen) for size in range(10) for chosen in combinations(LETTERS, size))
ABOVE_LISTS = ("owner", "administrator", "domain administrator")
READERS = [actor for actor in ACTORS if actor.kind not in (*ABOVE_LISTS, "stranger")]


def trial(actor: Actor, cells: Iterable[tuple[Row, str]], method: str = "cell") -> None:
    """Try cells; those that are wrong are told, a line for each."""
    tester = CellTester(actor)
    wrong: list[str] = []
    count = 0
    for count, (row, letters) in enumerate(cells, 1):  # noqa: B007 - told at the end
        try:
            getattr(tester, method)(row, letters)
        except AssertionError as problem:
            lists = {name: acl for name, acl in tester.stage.lists.items() if acl}
            wrong.append(f"{actor.kind} {lists}: {words_of(row, tester.stage)!r}: {problem}")
            tester = CellTester(actor)
    print(f"{count} cells")
    assert not wrong, f"{len(wrong)} cells are wrong:\n" + "\n".join(wrong[:20])


def masks_of(actor: Actor, row: Row) -> tuple[str, ...]:
    """All 512 for somebody who is named, where nothing changes and a name is said; else pairs, or single letters."""
    if actor.kind == "grantee by name":
        return EVERY if row.pure and not row.opens else FEW
    if actor.kind in ABOVE_LISTS:
        return SINGLES
    return FEW if actor.kind in ("group member", "anyone", "negative element") else MOST


@pytest.mark.parametrize("actor", ACTORS, ids=lambda actor: actor.kind)
def test_the_matrix(actor: Actor) -> None:
    """Every command that takes a name or works in a mailbox does what the model says."""
    rows = [row for row in ROWS if actor.kind != "stranger" or row.opens != BOX]
    trial(
        actor,
        [
            (row, letters)
            for row in rows
            for letters in masks_of(actor, row)
            if "r" in letters or row.opens != BOX or actor.kind in ABOVE_LISTS
        ],
    )


@pytest.mark.parametrize("actor", READERS, ids=lambda actor: actor.kind)
def test_nothing_works_where_the_right_to_read_is_withdrawn(actor: Actor) -> None:
    """Whatever a session says next in the mailbox that it has open, it ends with BYE and hears nothing more."""
    rows = [row for row in ROWS if row.opens == BOX]
    trial(actor, [(row, letters) for row in rows for letters in SINGLES if "r" not in letters], "withdrawn")


def test_every_command_has_a_row() -> None:
    """A new command that is not in the matrix is noticed."""
    named = {command.name for command in TABLE}
    assert named - WITHOUT_NAMES == {row.command for row in ROWS}
