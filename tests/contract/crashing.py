"""What has to be true of a mailbox after the power was cut, or the process killed, between any two operations.

A script of changes runs on a disk that stops at one of its operations. What the mailbox acknowledged before, and what
it was doing at that moment, is kept in a ledger; the mailbox that comes back is compared with it. Nothing acknowledged
is lost or doubled, nothing else appears but what was under way, no UID is given twice, and a client that remembers a
MODSEQ hears of everything that differs from what it was told.
"""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from cgpymail.model.changes import Arrived, Change, Expunged, FlagsChanged
from cgpymail.model.flags import ANSWERED, DELETED, FLAGGED, SEEN
from cgpymail.stores.mailfile import Format
from cgpymail.stores.registry import FORMATS
from cgpymail.stores.tree import DiskTree
from tests.contract.box import Box
from tests.contract.messages import HEADER
from tests.support.crashfiles import CrashFiles, Kept, PowerCut
from tests.support.results import result
from tests.support.runtime import memory_runtime

Step = Callable[["Crashing"], None]


def body(number: int) -> bytes:
    """A message that no other test message equals."""
    return HEADER + b"message %d\r\n\r\nFrom number %d on\r\n" % (number, number)


@dataclass
class Ledger:
    """What was told, and what may have happened. ``flags``: what a message may have; the last one was told."""

    bodies: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, list[tuple[int, frozenset[str]]]] = field(default_factory=dict)
    modseqs: dict[int, int] = field(default_factory=dict)
    gone: dict[int, int] = field(default_factory=dict)
    going: set[int] = field(default_factory=set)
    coming: list[bytes] = field(default_factory=list)
    highest: int = 0
    durable: bool = True


class Crashing:
    """A mailbox on such a disk, with its ledger; the listener of its store."""

    def __init__(self, box: Box, files: CrashFiles) -> None:
        self.box = box
        self.files = files
        self.ledger = Ledger()
        self._serial = 0
        self.listen()

    def listen(self) -> None:
        """Hear of changes from now on."""
        self.box.store.listener = self

    def changed(self, change: Change) -> None:
        """What a session is told, it may remember."""
        ledger = self.ledger
        for uid in change.uids:
            ledger.modseqs[uid] = change.modseq
            ledger.highest = max(ledger.highest, uid)
            if isinstance(change, Arrived):
                assert uid not in ledger.bodies and uid not in ledger.gone, "a UID was given twice"
                ledger.bodies[uid] = b""
            if isinstance(change, Expunged):
                ledger.gone[uid] = change.modseq
                ledger.bodies.pop(uid)
            else:
                told = self._told(uid)
                if isinstance(change, FlagsChanged):
                    ledger.flags[uid].append(told)
                else:
                    ledger.flags[uid] = [told]

    # -- steps ---------------------------------------------------------------------------------------------------

    def append(self, count: int = 1, flags: int = 0, keyword: str = "") -> None:
        """Append messages in one call."""
        bodies = [body(self._serial + number) for number in range(count)]
        self._serial += count
        self.ledger.coming = bodies
        uids = self.box.append(*bodies, flags=flags, keywords=[keyword] if keyword else [])
        for uid, data in zip(uids, bodies, strict=True):
            self.ledger.bodies[uid] = data
        self.ledger.coming = []

    def flag(self, place: int, flags: int, keyword: str = "") -> None:
        """Set the flags of the message at a place."""
        uid = self.box.uids[place]
        self.box.set(uid, flags, self.box.store.define_keyword(keyword) if keyword else 0)

    def expunge(self, *places: int) -> None:
        """Remove the messages at some places; nobody looks at them any more."""
        uids = [self.box.uids[place] for place in places]
        self.ledger.going = set(uids)
        assert self.box.expunge(*uids) == uids
        self.ledger.going = set()

    def wait(self) -> None:
        """A second passes: flag changes are on disk."""
        self.box.runtime.clock.advance(1)
        self._settle()

    def checkpoint(self) -> None:
        """Write everything through."""
        result(self.box.store.checkpoint())
        self._settle()

    def compact(self) -> None:
        """Give space back."""
        result(self.box.store.compact())

    def reopen(self) -> None:
        """Close in order and open again."""
        result(self.box.store.close())
        self._settle()
        self.box.open()
        self.listen()

    def _settle(self) -> None:
        """Flag changes so far survive a power cut."""
        for told in self.ledger.flags.values():
            del told[:-1]

    # -- after the cut -------------------------------------------------------------------------------------------

    def come_back(self) -> None:
        """A new process opens the mailbox, a moment later."""
        self.box.runtime = memory_runtime(self.files, self.box.runtime.clock.seconds() + 1)
        self.box.tree = self.box.make_tree(self.box.runtime, self.box.path)
        self.box.open()

    def check(self, *, killed: bool) -> None:
        """Compare with the ledger."""
        ledger, store = self.ledger, self.box.store
        assert store.uidvalidity == 77
        present = self.box.uids
        lost = set(ledger.bodies) - set(present) - ledger.going
        assert not lost, f"acknowledged and lost: {lost}"
        back = set(present) & set(ledger.gone)
        assert not back, f"expunged and back: {back}"
        assert store.uidnext > max([ledger.highest, *present], default=0)
        coming = list(ledger.coming)
        for uid in present:
            data = self.box.body(uid)
            expected = ledger.bodies.get(uid, b"")
            if not expected:  # it was under way
                assert data in coming, f"nobody wrote message {uid}, or it came twice"
                coming.remove(data)
            else:
                assert data == expected
        for uid in sorted(set(present) & set(ledger.flags)):
            self._check_flags(uid, killed=killed)
        for uid, modseq in ledger.gone.items():
            found, complete = store.expunged_since(modseq - 1)
            assert uid in found or not complete

    def _check_flags(self, uid: int, *, killed: bool) -> None:
        ledger, row = self.ledger, self.box.row(uid)
        now = self._told(uid)
        told = ledger.flags[uid]
        if killed:
            assert now == told[-1], "a flag change did not survive the end of the process"
        assert now in told, f"flags of {uid} are none that it had: {now}, {told}"
        modseq = ledger.modseqs[uid]
        assert row.modseq > modseq or (row.modseq == modseq and now == told[-1])

    def adopt(self) -> None:
        """What is there now is what clients know from here on."""
        ledger = self.ledger
        present = self.box.uids
        for uid in ledger.going - set(present):
            ledger.gone.setdefault(uid, 1)  # when is not known
        ledger.bodies = {uid: self.box.body(uid) for uid in present}
        ledger.modseqs = {uid: self.box.row(uid).modseq for uid in present}
        ledger.flags = {uid: [self._told(uid)] for uid in present}
        ledger.highest = max([ledger.highest, *present])
        ledger.going, ledger.coming = set(), []
        self.listen()

    def _told(self, uid: int) -> tuple[int, frozenset[str]]:
        row = self.box.row(uid)
        return row.flags, frozenset(self.box.store.keywords.names(row.keywords))

    def go_on(self) -> None:
        """The mailbox works: what is added now gets a new UID and is there after another opening."""
        highest = max([self.ledger.highest, *self.box.uids], default=0)
        [uid] = self.box.append(body(99_999))
        assert uid > highest
        uids = self.box.uids
        result(self.box.store.close())
        self.box.open()
        assert self.box.uids == uids
        assert self.box.body(uid) == body(99_999)


SCRIPT: tuple[Step, ...] = (
    lambda box: box.append(),
    lambda box: box.append(2, SEEN, "first"),
    lambda box: box.flag(0, SEEN | FLAGGED),
    lambda box: box.wait(),
    lambda box: box.expunge(1),
    lambda box: box.flag(0, ANSWERED, "second"),
    lambda box: box.checkpoint(),
    lambda box: box.flag(1, DELETED),
    lambda box: box.append(2),
    lambda box: box.expunge(0),
    lambda box: box.flag(2, FLAGGED, "third"),
    lambda box: box.wait(),
    lambda box: box.compact(),
    lambda box: box.append(),
    lambda box: box.reopen(),
    lambda box: box.flag(0, SEEN, "first"),
    lambda box: box.append(),
    lambda box: box.expunge(0, 1, 2),
    lambda box: box.reopen(),
    lambda box: box.append(),
)


class CrashContract:
    """Subclass it with ``format``, and with ``formats`` if the registry lacks it."""

    format = ""
    formats: Mapping[str, Format] = FORMATS

    @pytest.fixture(autouse=True)
    def no_waiting(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The model of the disk decides what is kept; waiting for the real one would only take time."""
        monkeypatch.setattr(os, "fdatasync", lambda fd: None)
        monkeypatch.setattr(os, "fsync", lambda fd: None)

    def _make(self, path: pathlib.Path) -> Crashing:
        path.mkdir()
        files = CrashFiles(str(path / "attic"))
        box = Box(lambda runtime, root: DiskTree(runtime, str(root), self.formats), self.format, path, "kill", files)
        return Crashing(box, files)

    def _run(self, path: pathlib.Path, limit: int | None) -> tuple[Crashing, int]:
        """The script, stopped after so many operations; also how many it needs."""
        crashing = self._make(path)
        begin = crashing.files.operations
        if limit is not None:
            crashing.files.limit = begin + limit
        try:
            for step in SCRIPT:
                step(crashing)
        except (PowerCut, AssertionError):
            if not crashing.files.off:
                raise
        return crashing, crashing.files.operations - begin

    def _cuts(self, path: pathlib.Path) -> Iterator[tuple[int, pathlib.Path]]:
        whole, count = self._run(path / "whole", None)
        whole.files.end_process()
        assert count > 50
        for limit in range(count):
            yield limit, path / str(limit)

    @pytest.mark.parametrize("kept", ["all", "names", "synced"])
    def test_power_cut(self, tmp_path: pathlib.Path, kept: Kept) -> None:
        """Whatever of the unsynced writes reached the disk, nothing acknowledged is lost."""
        for _, path in self._cuts(tmp_path):
            crashing, _ = self._run(path, int(path.name))
            crashing.files.restart(kept)
            crashing.come_back()
            crashing.check(killed=False)
            crashing.go_on()
            crashing.files.end_process()

    def test_kill_and_then_power_cut(self, tmp_path: pathlib.Path) -> None:
        """What a mailbox shows after a kill is on disk by then, although the dead process never synced it."""
        for _, path in self._cuts(tmp_path):
            crashing, _ = self._run(path, int(path.name))
            crashing.files.limit, crashing.files.off = None, False
            crashing.files.end_process()
            crashing.come_back()
            crashing.check(killed=True)
            crashing.adopt()
            crashing.files.restart("synced")
            crashing.come_back()
            crashing.check(killed=False)
            crashing.files.end_process()

    def test_kill(self, tmp_path: pathlib.Path) -> None:
        """A process that is killed loses nothing that it answered, flag changes included."""
        for _, path in self._cuts(tmp_path):
            crashing, _ = self._run(path, int(path.name))
            crashing.files.limit, crashing.files.off = None, False
            crashing.files.end_process()
            crashing.come_back()
            crashing.check(killed=True)
            crashing.go_on()
            crashing.files.end_process()
