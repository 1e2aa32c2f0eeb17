"""Messages without comment in a .mbox have no lasting UID, but they can be known again (spec 4.4)."""

from __future__ import annotations

import pathlib

import pytest

from cgpymail.model.flags import SEEN
from cgpymail.stores.tree import DiskTree
from tests.contract.box import Box
from tests.contract.messages import PLAIN
from tests.contract.test_mbox_opening import TEXT, add, close
from tests.support.results import result


@pytest.fixture
def box(tmp_path: pathlib.Path):
    """A .mbox with one message of ours, then three of another program, two of them equal."""
    box = Box(lambda runtime, path: DiskTree(runtime, str(path)), "mbox", tmp_path)
    box.append(PLAIN)
    close(box)
    add(box, TEXT, TEXT + b"other\n", TEXT)
    box.open()
    yield box
    box.files.end_process()


@pytest.mark.parametrize("way", ["close", "kill", "no-index"])
def test_words_stay_while_uids_change(box: Box, way) -> None:
    """However the mailbox is opened again: other UIDs, the same words in the same order; equal ones for equals."""
    before = box.store.provisional()
    assert list(before) == box.uids[1:]
    first, other, twin = before.values()
    assert first == twin != other
    box.set(box.uids[1], SEEN)
    box.reopen(way)
    after = box.store.provisional()
    assert list(after.values()) == [first, other, twin]
    assert list(after) == box.uids[1:]
    assert not set(after) & set(before)


def test_words_outlive_a_compaction(box: Box) -> None:
    """And the loss of a message of ours in front of them."""
    words = list(box.store.provisional().values())
    box.expunge(box.uids[0])
    result(box.store.compact())
    assert list(box.store.provisional().values()) == words
    box.reopen("close")
    assert list(box.store.provisional().values()) == words


def test_our_own_messages_need_none(box: Box) -> None:
    """Their UIDs are for good; a copy of such a message, too, is one of ours."""
    [copy] = box.append(PLAIN)
    assert not {box.uids[0], copy} & set(box.store.provisional())
