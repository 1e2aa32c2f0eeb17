"""Many sessions on one mailbox at the same time, against a naive model, through the API that protocols use.

A failing run prints its seed, and the test runs with that seed again.
"""

from __future__ import annotations

import pathlib
import random

import pytest

from cgpymail.manager import picture
from tests.support.crowd import SETTABLE, Driver
from tests.support.sharing import DiskStores, Shared, listed, run


@pytest.mark.parametrize(("seed", "change_log", "summary_from"), [(1, 4096, 16), (2, 5, 1_000), (3, 40, 2)])
def test_sessions_agree(seed: int, change_log: int, summary_from: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever seven clients do to a mailbox at the same time, each of them is right after its next NOOP."""
    print(f"seed {seed}, change log of {change_log}, summaries from {summary_from} moves on")
    monkeypatch.setattr(picture, "SUMMARY_FROM", summary_from)
    driver = Driver(seed, Shared(change_log=change_log))
    driver.steps(5_000)
    driver.finish()


@pytest.mark.parametrize("format", ["mbox", "mdir"])
def test_sessions_agree_on_disk(format: str, tmp_path: pathlib.Path) -> None:
    """The same over files; what the sessions agree on is what is found when the mailbox is opened again."""
    shared = Shared(change_log=20, make=DiskStores(tmp_path, format))
    driver = Driver(4, shared)
    driver.steps(400)
    driver.finish()
    for box in shared.boxes.values():
        run(box.close())
    driver.shared = Shared(make=DiskStores(tmp_path, format))
    driver.check_mailboxes()


def test_sessions_agree_in_a_new_order() -> None:
    """The same in an order that no run before had; the seed is in the output of a failure."""
    seed = random.SystemRandom().randrange(1 << 32)
    print(f"seed {seed}: put it into test_sessions_agree to see this again")
    driver = Driver(seed, Shared(change_log=20))
    driver.steps(1_000)
    driver.finish()


@pytest.mark.parametrize("change_log", [4096, 64])
def test_a_session_that_sleeps_through_ten_thousand_changes(change_log: int) -> None:
    """What waits for it stays small, and after one NOOP its client agrees with a fresh session."""
    chance = random.Random(5)
    shared = Shared(change_log=change_log)
    shared.fill(300)
    sleeper, busy = shared.handle(), shared.handle(claims_recent=False)
    uids = listed(sleeper)
    for number in range(10_000):
        present = listed(busy)
        kind = chance.random()
        if kind < 0.1 or len(present) < 50:
            shared.fill(1)
        elif kind < 0.2:
            run(busy.remove([chance.choice(present)]))
        else:
            busy.store_flags([chance.choice(present)], chance.choice(["add", "remove"]), [chance.choice(SETTABLE)])
        busy.changes(expunge=True)
        if number % 100 == 0:
            shared.turn()
    view, shown = sleeper._view, sleeper._picture
    assert len(view._ghosts) <= 300
    assert not len(view._late)
    assert len(shown.moves.since(shown.moves.start)) <= change_log
    assert len(shown.marks.since(shown.marks.start)) <= change_log
    told = sleeper.changes(expunge=True)
    for seq in told.expunged:
        del uids[seq - 1]
    assert told.exists is not None
    fresh = shared.handle(claims_recent=False, read_only=True)
    assert listed(sleeper)[: len(uids)] == uids
    assert listed(sleeper) == listed(fresh)
    changed = [uid for uid in uids if uid in set(told.flags.uids)]
    assert changed == list(told.flags.uids)
    untold = [uid for uid in uids if uid not in set(changed)]
    assert sleeper.flags(untold) == [("\\Recent",)] * len(untold)
    assert len(told.expunged) + len(told.flags.uids) <= 300
    assert not len(shared.box.departed.rows)
