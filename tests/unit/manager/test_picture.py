"""What one visibility class sees, kept right change by change."""

from __future__ import annotations

from cgpymail.manager.picture import Picture
from cgpymail.model import flags
from cgpymail.model.changes import Arrived, Expunged, FlagsChanged
from cgpymail.model.columns import Columns, Row


def columns_of(*masks: int) -> Columns:
    """Messages with UIDs from 1 on."""
    columns = Columns()
    for uid, mask in enumerate(masks, 1):
        columns.insert(Row(uid, mask, 0, 1, 0, 1))
    return columns


def test_without_hidden_messages_nothing_is_copied() -> None:
    """All classes share the column of the store."""
    columns = columns_of(0, 0, 0)
    assert Picture(columns, flags.HIDDEN, 10).uids is columns.uid


def test_hidden_messages_are_left_out_from_the_start() -> None:
    """And counted nowhere."""
    picture = Picture(columns_of(0, flags.HIDDEN, flags.SEEN), flags.HIDDEN, 10)
    assert list(picture.uids) == [1, 3]
    assert (picture.unseen(), picture.first_unseen()) == (1, 1)


def test_the_column_is_shared_again_when_the_last_hidden_message_goes() -> None:
    """By unhiding or by expunging it."""
    columns = columns_of(0, flags.HIDDEN, flags.HIDDEN)
    picture = Picture(columns, flags.HIDDEN, 10)
    columns.flags[1] = 0
    picture.apply(FlagsChanged((2,), 2), None)
    assert list(picture.uids) == [1, 2]
    picture.apply(Expunged((3,), 3, columns.remove([2])), None)
    assert picture.uids is columns.uid


def test_hiding_copies_and_leaves_the_column_alone() -> None:
    """The store's column belongs to the store."""
    columns = columns_of(0, 0)
    picture = Picture(columns, flags.HIDDEN, 10)
    columns.flags[0] = flags.HIDDEN
    picture.apply(FlagsChanged((1,), 2), None)
    assert list(picture.uids) == [2]
    assert list(columns.uid) == [1, 2]


def test_changes_out_of_sight_are_not_logged() -> None:
    """Nobody in the class hears that a Service message came, changed or went."""
    columns = columns_of(0)
    picture = Picture(columns, flags.SERVICE, 10)
    columns.insert(Row(2, flags.SERVICE, 0, 2, 0, 1))
    picture.apply(Arrived((2,), 2), None)
    columns.flags[1] = flags.SERVICE | flags.SEEN
    picture.apply(FlagsChanged((2,), 3), None)
    picture.apply(Expunged((2,), 4, columns.remove([1])), None)
    assert (picture.moves.end, picture.marks.end) == (0, 0)


def test_unseen_is_counted_whatever_other_flags_there_are() -> None:
    """The fast way looks at one byte of the mask."""
    picture = Picture(columns_of(flags.SEEN, flags.ALL_FLAGS, flags.ALL_FLAGS & ~flags.SEEN, 0), 0, 10)
    assert (picture.unseen(), picture.first_unseen()) == (2, 3)
    assert Picture(columns_of(flags.SEEN), 0, 10).first_unseen() == 0
