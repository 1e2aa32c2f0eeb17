"""Every call to the disk fails once: the answer is a clear NO, nothing acknowledged is lost, and the next try works."""

from __future__ import annotations

import contextlib
import errno
import os
import pathlib
from collections.abc import Callable

import pytest

from cgpymail.errors import MailError
from cgpymail.model.flags import FLAGGED, SEEN
from cgpymail.stores.tree import DiskTree
from tests.contract.box import Box
from tests.contract.messages import HEADER
from tests.contract.test_fourth import WITH_FOURTH
from tests.support.processfiles import ProcessFiles
from tests.support.results import result

WRITING = ("create", "pwrite", "allocate", "truncate", "sync", "sync_directory", "rename", "link", "unlink", "mkdir")
READING = ("open", "open_read", "pread", "size", "facts", "stat", "listdir", "entries")


class FailingFiles(ProcessFiles):
    """Fails at the call with that number, and at ``more`` calls after it; a short write leaves half of it behind."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = -1  # not counting
        self.fails: range = range(0)
        self.error = errno.ENOSPC
        self.failed = ""

    def count(self, name: str) -> None:
        """One more call. Raises OSError if it is one that fails."""
        if self.calls < 0:
            return
        self.calls += 1
        if self.calls in self.fails:
            self.failed = name
            raise OSError(self.error, os.strerror(self.error))

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        try:
            self.count("pwrite")
        except OSError:
            super().pwrite(fd, data[: len(data) // 2], offset)
            raise
        return super().pwrite(fd, data, offset)


def failing(name: str) -> Callable[..., object]:
    """The method of that name, counted."""

    def method(self: FailingFiles, *args: object) -> object:
        self.count(name)
        return getattr(ProcessFiles, name)(self, *args)

    return method


for _name in (*WRITING, *READING):
    if _name != "pwrite":
        setattr(FailingFiles, _name, failing(_name))


def body(number: int) -> bytes:
    """A message that is stored quoted."""
    return HEADER + b"\r\nFrom message %d\r\n" % number


class Client:
    """Does things one after the other; what was acknowledged has to be there. ``doubtful``: removals that were refused;
    ``refused``: bytes of appends that were; ``given``: every UID so far."""

    def __init__(self, box: Box) -> None:
        self.box = box
        self.bodies: dict[int, bytes] = {}
        self.flags: dict[int, int] = {}
        self.doubtful: set[int] = set()
        self.refused: list[bytes] = []
        self.given: set[int] = set()
        self.maybe: set[int] = set()
        self.number = 0

    def run(self, step: str) -> None:
        """One step, which may be refused in a way that a client can be told."""
        with contextlib.suppress(MailError):
            getattr(self, step)()

    def append(self) -> None:
        """Two messages."""
        datas = [body(self.number), body(self.number + 1)]
        self.number += 2
        self.refused += datas
        uids = self.box.append(*datas, keywords=["word"])
        assert not self.given & set(uids), "a UID was given twice"
        self.given |= set(uids)
        for uid, data in zip(uids, datas, strict=True):
            self.bodies[uid], self.flags[uid] = data, 0
            self.refused.remove(data)

    def flag(self) -> None:
        """The last message, with a keyword that may be new."""
        uid = self.box.uids[-1]
        self.maybe.add(uid)  # refused, a record may be whole although its write was not: its end is zeros
        self.box.set(uid, SEEN | FLAGGED, self.box.store.define_keyword("other"))
        self.flags[uid] = SEEN | FLAGGED
        self.maybe.discard(uid)

    def expunge(self) -> None:
        """The first message."""
        uid = self.box.uids[0]
        self.doubtful.add(uid)
        assert self.box.expunge(uid) == [uid]
        self.doubtful.discard(uid)
        del self.bodies[uid]
        self.flags.pop(uid, None)

    def checkpoint(self) -> None:
        """Write everything through."""
        result(self.box.store.checkpoint())

    def compact(self) -> None:
        """Give space back."""
        result(self.box.store.compact())

    def wait(self) -> None:
        """A second passes."""
        self.box.runtime.clock.advance(1)

    def reopen(self) -> None:
        """Close, and open whatever became of that."""
        try:
            result(self.box.store.close())
        finally:
            self.box.open()

    def check(self) -> None:
        """The mailbox is what was acknowledged; what was refused may be there once."""
        uids = set(self.box.uids)
        assert set(self.bodies) - self.doubtful <= uids
        for uid in uids & set(self.bodies):
            assert self.box.body(uid) == self.bodies[uid]
            assert self.box.row(uid).flags == self.flags[uid] or uid in self.maybe
        rest = [self.box.body(uid) for uid in uids - set(self.bodies)]
        assert sorted(rest) == sorted(set(rest) & set(self.refused))


STEPS = ["append", "append", "flag", "wait", "expunge", "checkpoint", "flag", "append", "expunge", "compact", "append"]
STEPS += ["flag", "reopen", "append", "expunge", "wait", "compact", "reopen", "flag"]


def play(path: pathlib.Path, format: str, fails: range, error: int) -> FailingFiles:
    """The script with failures; checks on the way and at the end."""
    path.mkdir()
    files = FailingFiles()
    box = Box(lambda runtime, root: DiskTree(runtime, str(root), WITH_FOURTH), format, path, "kill", files)
    client = Client(box)
    client.append()
    files.fails, files.error, files.calls = fails, error, 0
    for step in STEPS:
        client.run(step)
        calls, files.calls = files.calls, -1
        if box.store.closed:
            box.open()
        client.check()
        files.calls = calls
    files.calls, count = -1, files.calls
    client.append()
    client.flag()
    client.check()
    box.reopen("kill")
    client.check()
    result(box.store.checkpoint())
    client.expunge()
    box.reopen("no-index")
    client.check()
    open_files = len(files.descriptors)
    assert open_files <= 3, f"{open_files} descriptors are open after {files.failed}"
    files.end_process()
    files.calls = count
    return files


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("more", [1, 1000])
@pytest.mark.parametrize("format", sorted(WITH_FOURTH))
def test_any_call_fails(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, format: str, error: int, more: int
) -> None:
    """Whichever call it is, and however many after it; the two errors take the calls by turns."""
    monkeypatch.setattr(os, "fdatasync", lambda fd: None)
    monkeypatch.setattr(os, "fsync", lambda fd: None)
    count = play(tmp_path / "whole", format, range(0), error).calls
    assert count > 100
    for number in range(1 + (error == errno.EIO), count + 1, 2 if more == 1 else 9):
        play(tmp_path / str(number), format, range(number, number + more), error)
