"""What a user has read survives kills and power cuts between any two operations, and a disk that refuses."""

from __future__ import annotations

import errno
import gc
import os
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from twisted.internet import defer
from twisted.python.failure import Failure

from cgpymail.errors import StorageFailed
from cgpymail.stores import journal, seenrecords
from cgpymail.stores.tree import DiskTree
from tests.contract.box import Box
from tests.contract.messages import PLAIN
from tests.contract.seeing import ANNA, open_record, read
from tests.support.crashfiles import KEPT, CrashFiles, Kept, PowerCut
from tests.support.processfiles import ProcessFiles
from tests.support.results import result
from tests.support.runtime import memory_runtime

MESSAGES = 12


@pytest.fixture(autouse=True)
def small_files(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are made anew often; the model of the disk decides what is kept, so nobody waits for the real one."""
    monkeypatch.setattr(seenrecords, "GROWN", 600)
    monkeypatch.setattr(os, "fdatasync", lambda fd: None)
    monkeypatch.setattr(os, "fsync", lambda fd: None)


class Lost:
    """In place of Twisted's log: work that nobody waits for and that failed, except by a cut."""

    def __init__(self) -> None:
        self.failures: list[Failure] = []

    def critical(self, text: str, **facts: object) -> None:
        """Says only that a failure follows."""

    def failure(self, text: str, failure: Failure, **facts: object) -> None:
        """One of them."""
        if not failure.check(PowerCut):
            self.failures.append(failure)


@pytest.fixture(autouse=True)
def lost(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What is lost in a cut is not said; whatever else is lost fails the test."""
    log = Lost()
    monkeypatch.setattr(defer, "log", log)
    yield
    gc.collect()
    assert not log.failures


class Reading:
    """A reader on a disk that stops. ``states``: what he may have read as it was told, the surest first."""

    def __init__(self, path: pathlib.Path, files: ProcessFiles) -> None:
        path.mkdir()
        self.box = Box(lambda runtime, root: DiskTree(runtime, str(root)), "mbox", path, "kill", files)
        self.uids = self.box.append(*[PLAIN] * MESSAGES)
        self.states: list[list[int]] = [[]]
        self.record: Any = None

    def run(self) -> None:
        """The script: single messages, all at once, turn by turn; a rename of the mailbox, and closing in order."""
        self.open()
        self.change(self.uids[2:4], seen=True)
        self.change(self.uids[::2], seen=True)
        self.wait()
        for number in range(6):
            self.change(self.uids[number::3], seen=number % 2 == 0)
        result(self.box.tree.rename(self.box.name, "other", True))
        self.box.name = "other"
        self.change(self.uids, seen=True)
        self.wait()
        self.change(self.uids[1:5], seen=False)
        result(self.record.close())
        self.open()
        self.change(self.uids[3:], seen=False)
        result(self.record.close())
        del self.states[:-1]
        result(self.box.store.close())

    def open(self) -> None:
        """Begin to read."""
        self.record = open_record(self.box)

    def change(self, uids: list[int], *, seen: bool) -> None:
        """Some are read, or not any more; told when it is done."""
        self.states.append(sorted({*self.states[-1], *uids} if seen else {*self.states[-1]} - {*uids}))
        self.record.change([(uid, seen) for uid in uids])

    def wait(self) -> None:
        """A second passes: what was read is on disk."""
        self.box.runtime.clock.advance(1)
        del self.states[:-1]

    def come_back(self) -> list[int]:
        """The next process; what was read by then."""
        self.box.runtime = memory_runtime(self.box.files, self.box.runtime.clock.seconds() + 1)
        self.box.tree = self.box.make_tree(self.box.runtime, self.box.path)
        [name] = result(self.box.tree.scan())
        self.box.name = name
        self.box.open()
        return read(self.box, open_record(self.box))


def cut(path: pathlib.Path, limit: int | None) -> tuple[Reading, CrashFiles, int]:
    """The script, stopped after so many operations; how many there were."""
    files = CrashFiles(str(path) + "-attic")
    reading = Reading(path, files)
    files.settle()
    begin = files.operations
    files.limit = None if limit is None else begin + limit
    try:
        reading.run()
    except (PowerCut, AssertionError, StorageFailed):
        if not files.off:
            raise
    return reading, files, files.operations - begin


def test_cuts_are_many(tmp_path: pathlib.Path) -> None:
    """The script that is cut makes files anew, and ends with what it says."""
    reading, files, count = cut(tmp_path / "whole", None)
    assert reading.come_back() == reading.uids[:1]
    assert count > 70
    files.end_process()


@pytest.mark.parametrize("kept", KEPT)
def test_power_cut(tmp_path: pathlib.Path, kept: Kept) -> None:
    """What was read a second ago is read afterwards; of what came later all up to some moment."""
    _, files, count = cut(tmp_path / "whole", None)
    files.end_process()
    for limit in range(count):
        reading, files, _ = cut(tmp_path / str(limit), limit)
        files.restart(kept)
        assert reading.come_back() in reading.states
        files.end_process()


def test_kill(tmp_path: pathlib.Path) -> None:
    """What was read when a process is killed is read afterwards; and on disk from then on."""
    _, files, count = cut(tmp_path / "whole", None)
    files.end_process()
    for limit in range(count):
        reading, files, _ = cut(tmp_path / str(limit), limit)
        files.limit, files.off = None, False
        files.end_process()
        found = reading.come_back()
        assert found in reading.states[-2:]
        files.restart("synced")
        assert reading.come_back() == found
        files.end_process()


def test_half_done_files_go_with_the_mailbox(tmp_path: pathlib.Path) -> None:
    """What a crash left of a file that was being made keeps no folder from being removed."""
    tree = DiskTree(memory_runtime(ProcessFiles()), str(tmp_path))
    result(tree.create("Top/Work", "mbox", 77))
    (tmp_path / "Top.folder" / f".Work.seen-{ANNA}.new").write_bytes(b"half")
    result(tree.delete("Top/Work"))
    result(tree.delete_directory("Top"))
    assert not any(tmp_path.iterdir())


class RefusingFiles(ProcessFiles):
    """A disk that is full, or breaks under a sync."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.broken = False

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "no space left")
        return super().pwrite(fd, data, offset)

    def sync(self, fd: int) -> None:
        if self.broken:
            raise OSError(errno.EIO, "input/output error")
        super().sync(fd)


@pytest.fixture
def refused(tmp_path: pathlib.Path):
    """A reader on a disk that can refuse."""
    files = RefusingFiles()
    reading = Reading(tmp_path / "box", files)
    reading.open()
    yield reading, files
    files.end_process()


def test_full_disk(refused: tuple[Reading, RefusingFiles]) -> None:
    """On a full disk nothing counts as read that is not kept; when there is room, it goes on."""
    reading, files = refused
    reading.change(reading.uids[:1], seen=True)
    files.full = True
    with pytest.raises(StorageFailed):
        reading.record.change([(reading.uids[1], True)])
    assert read(reading.box, reading.record) == reading.uids[:1]
    files.full = False
    reading.record.change([(reading.uids[2], True)])
    files.end_process()
    assert reading.come_back() == [reading.uids[0], reading.uids[2]]


def test_broken_sync(refused: tuple[Reading, RefusingFiles]) -> None:
    """After a sync that failed a file of which nothing is known is not written to any more: it is made anew."""
    reading, files = refused
    reading.change(reading.uids[:2], seen=True)
    files.broken = True
    reading.box.runtime.clock.advance(1)
    with pytest.raises(StorageFailed):
        reading.record.change([(reading.uids[4], True)])
    files.broken = False
    with pytest.raises(StorageFailed):
        reading.record.change([(reading.uids[4], True)])
    reading.record.change([(reading.uids[5], True)])
    files.end_process()
    assert reading.come_back() == [*reading.uids[:2], reading.uids[5]]


def test_damage(refused: tuple[Reading, RefusingFiles]) -> None:
    """A record that is damaged costs what it said, not what stands behind it."""
    reading, files = refused
    for uid in reading.uids[:3]:
        reading.change([uid], seen=True)
    result(reading.record.close())
    [path] = pathlib.Path(reading.box.path).glob(f"*.seen-{ANNA}")
    data = bytearray(path.read_bytes())
    data[3 * 64 + 20] ^= 1  # header, name, and the second message
    path.write_bytes(data)
    files.end_process()
    assert reading.come_back() == [reading.uids[0], reading.uids[2]]
    assert any("is damaged" in line for line in reading.box.runtime.logs.emit.__self__)


@pytest.mark.parametrize(
    ("begin", "size", "said"),
    [
        (b"", 0, "cannot be understood"),
        (b"CGPYLOG9", 4_096, "cannot be understood"),
        (journal.MAGIC, 1 << 30, "larger than any can be"),
    ],
)
def test_not_a_record(refused: tuple[Reading, RefusingFiles], begin: bytes, size: int, said: str) -> None:
    """A file that is none, or of a later version, is made anew; the log says that what it held is lost."""
    reading, files = refused
    reading.change(reading.uids[:2], seen=True)
    result(reading.record.close())
    [path] = pathlib.Path(reading.box.path).glob(f"*.seen-{ANNA}")
    path.write_bytes(begin)
    os.truncate(path, size)
    files.end_process()
    assert reading.come_back() == []
    assert any(said in line for line in reading.box.runtime.logs.emit.__self__)
    reading.record = open_record(reading.box)
    reading.change(reading.uids[2:3], seen=True)
    files.end_process()
    assert reading.come_back() == reading.uids[2:3]
