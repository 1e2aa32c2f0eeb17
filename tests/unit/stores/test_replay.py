"""The replay of journals: absolute values, what the snapshot covers is left out, what is not understood is too."""

from __future__ import annotations

import struct

from hypothesis import given
from hypothesis import strategies as st

from cgpymail.stores.journal import APPENDED, FLAGS, Kind, Record, keyword_records
from cgpymail.stores.mailfile import FOREIGN, Location, Stored
from cgpymail.stores.replay import Replay
from cgpymail.stores.state import State

BODY = struct.Struct("<BBHIIQ40s")


def made(body: bytes) -> Record:
    """A record as it is read."""
    kind, part, _, first, last, modseq, data = BODY.unpack(body)
    return Record(kind, part, first, last, modseq, data)


def flags(first: int, last: int, modseq: int, value: int, keywords: int = 0) -> Record:
    """A flag change."""
    return Record(Kind.FLAGS, 0, first, last, modseq, FLAGS.pack(value, keywords))


def mailbox(*uids: int, disk: int = 0) -> State:
    """Messages, each of its own length."""
    state = State(77)
    for uid in uids:
        state.insert(Stored(uid, 0, 10, Location(uid * 100, 5, uid, 0, 0, uid, disk, uid)), 0, 0, 100 + uid)
    state.modseq = 200
    return state


def test_ranges() -> None:
    """A range means the messages that are there."""
    state = mailbox(1, 3, 5, 9)
    Replay(state, 0).run([flags(3, 8, 300, 1), Record(Kind.GONE, 0, 4, 9, 301, b"")])
    assert list(state.columns.uid) == [1, 3]
    assert list(state.columns.flags) == [0, 1]
    assert list(state.columns.modseq) == [101, 300]
    assert state.modseq == 301
    assert set(state.unmarked) == {5, 9} and state.dirty == {3}


def test_covered_by_the_snapshot() -> None:
    """A record that the snapshot covers does not take a message back to an older state."""
    state = mailbox(1)
    Replay(state, 300).run([flags(1, 1, 299, 8), flags(1, 1, 300, 8)])
    assert list(state.columns.flags) == [0]
    Replay(state, 300).run([flags(1, 1, 301, 8)])
    assert list(state.columns.flags) == [8]


def test_keyword_whose_definition_was_lost() -> None:
    """Flags with a bit that means nothing are left out whole."""
    state = mailbox(1)
    Replay(state, 0).run([flags(1, 1, 300, 1, keywords=4)])
    assert list(state.columns.flags) == [0]
    run = [made(body) for body in keyword_records(2, "x" * 60)]
    Replay(state, 0).run([run[1], flags(1, 1, 301, 1, keywords=4)])
    assert list(state.columns.flags) == [0]
    Replay(state, 0).run([*run, flags(1, 1, 302, 1, keywords=4)])
    assert list(state.columns.flags) == [1]
    assert state.keywords.names(4) == ["x" * 60]


def test_bit_with_another_meaning() -> None:
    """A bit that was given to another keyword marks no message with the former name."""
    state = mailbox(1)
    for name in ("old", "new"):
        Replay(state, 0).run([made(body) for body in keyword_records(0, name)])
        if name == "old":
            Replay(state, 0).run([flags(1, 1, 300, 0, keywords=1)])
    assert list(state.columns.keywords) == [0]
    assert state.keywords.names(1) == ["new"]


def test_expunge_that_was_not_told() -> None:
    """An intention alone leaves the message for whoever settles it."""
    state = mailbox(1, 2)
    replay = Replay(state, 0)
    replay.run([Record(Kind.EXPUNGE, 0, 2, 2, 0, b"")])
    assert list(state.columns.uid) == [1, 2]
    assert replay.doomed == [(2, 2)]


def test_bind() -> None:
    """A UID of a message without comment finds it by its place, and by its bytes when the file was rewritten."""
    state = mailbox(1, 2, disk=FOREIGN)
    bind = [
        Record(Kind.BIND, 0, 11, 11, 300, APPENDED.pack(100, 1, 1, 0, 0, 0)),
        Record(Kind.BIND, 0, 12, 12, 300, APPENDED.pack(9_999, 2, 2, 0, 0, 0)),
        Record(Kind.BIND, 0, 13, 13, 300, APPENDED.pack(100, 1, 1, 0, 0, 0)),
    ]
    Replay(state, 0).run(bind)
    assert list(state.columns.uid) == [11, 12]
    assert state.expunged.since(0)[0].ranges == ((1, 2),)
    assert state.uidnext == 14


changes = st.lists(
    st.one_of(
        st.builds(lambda a, b, v: (Kind.FLAGS, min(a, b), max(a, b), v), *[st.integers(1, 9)] * 2, st.integers(0, 7)),
        st.builds(lambda a, b: (Kind.GONE, min(a, b), max(a, b), 0), *[st.integers(1, 9)] * 2),
    ),
    max_size=12,
)


@given(changes, st.integers(0, 12))
def test_replay_from_any_snapshot(steps: list[tuple[Kind, int, int, int]], at: int) -> None:
    """Snapshot at any moment plus the whole journal gives the same as the journal alone."""
    records = [
        flags(first, last, 300 + number, value)
        if kind == Kind.FLAGS
        else Record(kind, 0, first, last, 300 + number, b"")
        for number, (kind, first, last, value) in enumerate(steps)
    ]
    whole, middle = mailbox(*range(1, 10)), mailbox(*range(1, 10))
    Replay(whole, 0).run(records)
    Replay(middle, 0).run(records[:at])
    Replay(middle, middle.modseq).run(records)
    for name in whole.columns.__slots__:
        assert getattr(whole.columns, name) == getattr(middle.columns, name)


def test_keyword_for_a_bit_that_there_is_not() -> None:
    """A record that names a bit beyond the last one defines nothing, and costs nothing."""
    state = mailbox(1)
    Replay(state, 0).run(
        [Record(Kind.KEYWORD, 0, 2**32 - 1, 4, 0, b"work"), Record(Kind.KEYWORD, 0, 64, 4, 0, b"work")]
    )
    assert list(state.keywords) == []
