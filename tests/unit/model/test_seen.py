"""What one user has read, as runs of UIDs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cgpymail.model import seen
from cgpymail.model.columns import Columns, Row
from cgpymail.model.flags import FLAGGED, SEEN
from cgpymail.model.seen import Run, SeenRuns, seen_runs


def columns(flags: dict[int, int], modseq: int = 5) -> Columns:
    """Messages with these UIDs and flags."""
    made = Columns()
    for uid, mask in sorted(flags.items()):
        made.insert(Row(uid, mask, 0, modseq, 0, 0))
    return made


def test_begins_with_what_all_have_read() -> None:
    """Neighbours in the mailbox are one run, whatever lies between their UIDs."""
    runs = SeenRuns.of_flags(columns({1: SEEN, 4: SEEN | FLAGGED, 5: 0, 9: SEEN}))
    assert [*runs] == [Run(1, 4, seen=True), Run(9, 9, seen=True)]


def test_changes_split_and_join_runs() -> None:
    """What is laid over a run leaves its ends; equal neighbours become one."""
    runs = SeenRuns([Run(1, 100, seen=True)])
    runs.put([Run(40, 50, seen=False, modseq=7)])
    assert [run[:3] for run in runs] == [(1, 39, True), (40, 50, False), (51, 100, True)]
    runs.put([Run(40, 50, seen=True)])
    assert [*runs] == [Run(1, 100, seen=True)]


def test_expunged_messages_join_runs() -> None:
    """Runs need not tell messages apart that are not there any more."""
    runs = SeenRuns([Run(1, 2, seen=True), Run(3, 3, seen=False), Run(4, 5, seen=True), Run(8, 9, seen=True)])
    runs.prune([1, 2, 4, 5])
    assert [*runs] == [Run(1, 5, seen=True)]


def test_very_many_runs_are_folded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of old changes only the newest MODSEQ is kept; nothing counts as changed earlier than it was."""
    monkeypatch.setattr(seen, "FOLD_FROM", 10)
    runs = SeenRuns()
    for uid in range(1, 40):
        runs.put([Run(uid, uid, seen=True, modseq=100 + uid)])
    assert len(runs) <= 20
    assert runs.highest == 139
    assert all(runs.find(uid)[0] and runs.find(uid)[1] >= 100 + uid for uid in range(1, 40))
    assert runs.find(39) == (True, 139)


def test_every_other_of_very_many() -> None:
    """A mailbox where every other message was read is kept as exactly, and goes on so."""
    there = columns({uid: uid % 2 * SEEN for uid in range(1, 20_001)})
    runs = SeenRuns.of_flags(there)
    runs.put([Run(uid, uid, seen=True, modseq=7) for uid in range(4, 16_001, 4)])
    assert runs.count(there.uid) == 14_000
    assert [runs.find(uid) for uid in (3, 4, 6)] == [(True, 0), (True, 7), (False, 0)]


def test_neighbours_are_written_as_one() -> None:
    """A change of many messages is few ranges; one that has gone meanwhile does no harm."""
    there = columns(dict.fromkeys((2, 4, 6, 9), 0))
    wanted = [(2, True), (4, True), (5, True), (6, False), (9, False)]
    assert [run[:3] for run in seen_runs(there, wanted, 7)] == [(2, 4, True), (5, 5, True), (6, 9, False)]


RANGES = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 8), st.booleans()), min_size=1, max_size=5)


@settings(max_examples=60, deadline=None)
@given(st.sets(st.integers(1, 60), min_size=1), st.lists(RANGES, max_size=12), st.sets(st.integers(0, 11)))
def test_like_a_dictionary(uids: set[int], steps: list[list[tuple[int, int, bool]]], tidy: set[int]) -> None:
    """Whatever is changed, folded and pruned: every message has the value that it was given last."""
    runs, model, present = SeenRuns(), dict.fromkeys(uids, (False, 0)), sorted(uids)
    for modseq, step in enumerate(steps, 1):
        above, changes = 1, []
        for gap, length, read in step:
            changes.append(Run(above + gap, above + gap + length, read, modseq))
            above += gap + length + 1
        runs.put(changes)
        model |= {uid: (run.seen, modseq) for run in changes for uid in uids if run.low <= uid <= run.high}
        if modseq in tidy:
            runs.fold()
            runs.prune(present)
    found = {uid: runs.find(uid) for uid in present}
    assert found == {uid: (read, max(modseq, runs.floor)) for uid, (read, modseq) in model.items()}
    before = columns({uid: FLAGGED | uid % 2 * SEEN for uid in uids})
    after = runs.overlay(before.copy())
    assert list(after.flags) == [FLAGGED | (SEEN if found[uid][0] else 0) for uid in present]
    assert list(after.modseq) == [max(5, found[uid][1]) for uid in present]
    unread = [uid for uid in present if not found[uid][0]]
    assert (runs.count(present), runs.first_unseen(present)) == (len(present) - len(unread), min(unread, default=0))
    for modseq in range(len(steps)):
        assert runs.changed_since(modseq, present) == [uid for uid in present if found[uid][1] > modseq]
