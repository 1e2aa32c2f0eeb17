"""Any script of changes, cut off anywhere, several times over, also while the mailbox recovers; with torn writes."""

from __future__ import annotations

import os
import pathlib
import random
import shutil
import tempfile
from dataclasses import dataclass
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cgpymail.stores.tree import DiskTree
from tests.contract.box import Box
from tests.contract.crashing import Crashing
from tests.contract.test_fourth import WITH_FOURTH
from tests.support.crashfiles import CrashFiles, PowerCut

SECTOR = 512
End = Literal["all", "names", "synced", "torn", "killed"]


class TearingFiles(CrashFiles):
    """Of what was not synced, any sector may have reached the disk and any other not."""

    def tear(self, source: random.Random) -> None:
        """Mix old and new sectors; then the machine comes up again."""
        for fd, old in self._bytes.values():
            new = os.pread(fd, os.fstat(fd).st_size, 0)
            length = source.choice([len(old), len(new)])
            mixed = b"".join(
                source.choice([old, new])[start : start + SECTOR].ljust(SECTOR, b"\0")
                for start in range(0, max(len(old), len(new)), SECTOR)
            )
            os.ftruncate(fd, length)
            os.pwrite(fd, mixed[:length], 0)
        self.restart("all")

    def come_up(self, end: End, source: random.Random) -> None:
        """After the cut."""
        if end == "killed":
            self.limit, self.off = None, False
            self.end_process()
        elif end == "torn":
            self.tear(source)
        else:
            self.restart(end)


@dataclass(frozen=True)
class Round:
    """Steps, the operation at which they end, how, and where the recovery is cut in turn (None: it is not)."""

    steps: list[tuple[str, int, int]]
    limit: int
    end: End
    recovery: int | None


names = st.sampled_from(["append", "append", "flag", "flag", "expunge", "checkpoint", "compact", "reopen", "wait"])
rounds = st.builds(
    Round,
    st.lists(st.tuples(names, st.integers(0, 9), st.integers(0, 3)), min_size=1, max_size=8),
    st.integers(0, 120),
    st.sampled_from(["all", "names", "synced", "torn", "torn", "killed"]),
    st.none() | st.integers(0, 12),
)


def step(crashing: Crashing, name: str, number: int, other: int) -> None:
    """Do one thing, if there is a message for it."""
    here = len(crashing.box.uids)
    if name == "append":
        crashing.append(other + 1, other, f"word{number}" if number % 2 else "")
    elif name == "flag" and here:
        crashing.flag(number % here, other, f"word{number}" if number % 3 == 0 else "")
    elif name == "expunge" and here:
        crashing.expunge(*sorted({number % here, other % here}))
    elif name in ("checkpoint", "compact", "reopen", "wait"):
        getattr(crashing, name)()


def play(crashing: Crashing, files: TearingFiles, play_round: Round, source: random.Random) -> None:
    """One round: work until the cut, come back (maybe not at once), compare."""
    files.limit = files.operations + play_round.limit
    try:
        for name, number, other in play_round.steps:
            step(crashing, name, number, other)
        files.off = True
    except (PowerCut, AssertionError):
        if not files.off:
            raise
    files.come_up(play_round.end, source)
    killed = play_round.end == "killed"
    if play_round.recovery is not None:
        files.limit = files.operations + play_round.recovery
        try:
            crashing.come_back()
        except (PowerCut, AssertionError):
            if not files.off:
                raise
        files.come_up(play_round.end, source)
    crashing.come_back()
    crashing.check(killed=killed)
    crashing.adopt()


@pytest.mark.parametrize("format", sorted(WITH_FOURTH))
@given(st.lists(rounds, min_size=1, max_size=3), st.integers(0, 1 << 30))
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
def test_any_script(monkeypatch: pytest.MonkeyPatch, format: str, played: list[Round], seed: int) -> None:
    """Nothing acknowledged is lost or doubled, no UID is used twice, and every client can find out what changed."""
    monkeypatch.setattr(os, "fdatasync", lambda fd: None)
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    path = pathlib.Path(tempfile.mkdtemp())
    files = TearingFiles(str(path / "attic"))
    try:
        box = Box(lambda runtime, root: DiskTree(runtime, str(root), WITH_FOURTH), format, path, "kill", files)
        crashing = Crashing(box, files)
        files.settle()
        source = random.Random(seed)
        for play_round in played:
            play(crashing, files, play_round, source)
        crashing.go_on()
    finally:
        files.end_process()
        shutil.rmtree(path)
