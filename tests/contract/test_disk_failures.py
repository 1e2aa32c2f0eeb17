"""A disk that refuses: full, or broken under a sync. Nothing is acknowledged that is not there, and work goes on."""

from __future__ import annotations

import errno
import os
import pathlib

import pytest

from cgpymail.errors import LimitExceeded, StorageFailed, StorageFull
from cgpymail.model.flags import FLAGGED, SEEN
from cgpymail.stores.tree import DiskTree
from tests.contract.box import Box
from tests.contract.messages import PLAIN
from tests.contract.test_fourth import WITH_FOURTH
from tests.support.processfiles import ProcessFiles
from tests.support.results import result

OTHER = PLAIN + b"another\r\n"


class RefusingFiles(ProcessFiles):
    """``full``: nothing can be written where no room was reserved; ``broken``: every sync fails, and says so once."""

    def __init__(self) -> None:
        super().__init__()
        self.full = False
        self.broken = False
        self.syncs = 0

    def _space(self, fd: int, end: int) -> None:
        if self.full and end > os.fstat(fd).st_size:
            raise OSError(errno.ENOSPC, "no space left")

    def create(self, path: str, mode: int = 0o600) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, "no space left")
        return super().create(path, mode)

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        self._space(fd, offset + len(data))
        return super().pwrite(fd, data, offset)

    def allocate(self, fd: int, offset: int, length: int) -> None:
        self._space(fd, offset + length)
        super().allocate(fd, offset, length)

    def sync(self, fd: int) -> None:
        self.syncs += 1
        if self.broken:
            raise OSError(errno.EIO, "input/output error")
        super().sync(fd)


@pytest.fixture(params=sorted(WITH_FOURTH))
def box(tmp_path: pathlib.Path, request: pytest.FixtureRequest):
    """A mailbox with one message, on a disk that can refuse."""
    box = Box(
        lambda runtime, path: DiskTree(runtime, str(path), WITH_FOURTH),
        request.param, tmp_path, "kill", RefusingFiles(),
    )  # fmt: skip
    box.append(PLAIN)
    yield box
    box.files.end_process()


def test_append_on_a_full_disk(box: Box) -> None:
    """The client is told that the disk is full; the mailbox is as before, and takes mail again when there is room."""
    box.files.full = True
    with pytest.raises(StorageFull):
        box.append(OTHER)
    assert box.uids == [1] and box.body(1) == PLAIN
    box.files.full = False
    [uid] = box.append(OTHER)
    box.reopen()
    assert box.uids == [1, uid] and box.body(uid) == OTHER


def test_expunge_on_a_full_disk(box: Box) -> None:
    """Mail can be removed from a full disk, and stays removed."""
    box.files.full = True
    assert box.expunge(1) == [1]
    box.files.full = False
    box.reopen()
    assert box.uids == []


def test_flags_on_a_full_disk(box: Box) -> None:
    """Flags can be changed on a full disk."""
    box.files.full = True
    box.set(1, SEEN)
    box.files.full = False
    box.reopen()
    assert box.row(1).flags == SEEN


def test_opening_on_a_full_disk(box: Box) -> None:
    """Mail on a full disk can be read."""
    box.files.full = True
    box.reopen()
    assert box.body(1) == PLAIN


def test_sync_fails_under_an_append(box: Box) -> None:
    """The append is refused and never seen; the next one works, with a UID that was not used, after a rewrite."""
    box.files.broken = True
    with pytest.raises(StorageFailed):
        box.append(OTHER)
    assert box.uids == [1]
    with pytest.raises(StorageFailed):
        box.set(1, SEEN)
    box.files.broken = False
    [uid] = box.append(OTHER)
    assert uid > 2
    assert box.uids == [1, uid] and box.body(1) == PLAIN
    box.reopen()
    assert box.uids == [1, uid] and box.body(uid) == OTHER


def test_sync_fails_under_an_expunge(box: Box) -> None:
    """The expunge is refused and the message still there."""
    box.files.broken = True
    with pytest.raises(StorageFailed):
        box.expunge(1)
    assert box.uids == [1] and box.body(1) == PLAIN
    box.files.broken = False
    assert box.expunge(1) == [1]
    box.reopen()
    assert box.uids == []


def test_sync_fails_under_flags(box: Box) -> None:
    """A flag change whose sync fails later: no more changes until the mailbox was rewritten; the flags are kept."""
    box.set(1, FLAGGED)
    box.files.broken = True
    box.runtime.clock.advance(1)
    with pytest.raises(StorageFailed):
        box.set(1, SEEN)
    box.files.broken = False
    box.append(OTHER)
    box.set(1, FLAGGED | SEEN)
    box.reopen()
    assert box.row(1).flags == FLAGGED | SEEN


def test_flags_are_synced_within_a_second(box: Box) -> None:
    """A flag change is on disk a second later, without anybody asking."""
    box.runtime.clock.advance(1)
    before = box.files.syncs
    box.set(1, SEEN)
    assert box.files.syncs == before
    box.runtime.clock.advance(1)
    assert box.files.syncs == before + 1


def test_checkpoint_fails(box: Box) -> None:
    """A checkpoint that the disk refuses loses nothing."""
    box.set(1, SEEN)
    box.files.broken = True
    with pytest.raises(StorageFailed):
        result(box.store.checkpoint())
    box.files.broken = False
    box.reopen()
    assert box.row(1).flags == SEEN
    result(box.store.checkpoint())
    box.reopen("no-index")
    assert box.row(1).flags == SEEN


def test_no_more_numbers(box: Box) -> None:
    """At the end of the UIDs an append is refused with a clear error; nothing wraps around."""
    box.store._core.state.uidnext = (1 << 32) - 1
    with pytest.raises(LimitExceeded):
        box.append(OTHER)
    assert box.uids == [1]
