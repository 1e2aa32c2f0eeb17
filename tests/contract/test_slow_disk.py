"""What happens between the jobs of a disk that takes its time: a test lets each one finish when it likes."""

from __future__ import annotations

import errno
import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import StorageFailed
from cgpymail.stores.tree import DiskTree
from tests.contract.box import Box
from tests.contract.messages import PLAIN
from tests.contract.test_fourth import WITH_FOURTH
from tests.support.processfiles import ProcessFiles
from tests.support.results import result

BSD = b"From joe@example.org Thu Jan  1 00:00:00 2015\n"


class LatePool:
    """Does its jobs at once until ``late``; then keeps them and their results until ``step`` or ``finish``."""

    def __init__(self) -> None:
        self.late = False
        self.jobs: list[Callable[[], None]] = []

    def run(self, function: Callable[..., Any], *args: Any, **kw: Any) -> Deferred[Any]:
        done: Deferred[Any] = Deferred()

        def job() -> None:
            try:
                value = function(*args, **kw)
            except Exception:
                self._later(done.errback)
            else:
                self._later(lambda: done.callback(value))

        self._later(job)
        return done

    def _later(self, job: Callable[[], None]) -> None:
        if self.late:
            self.jobs.append(job)
        else:
            job()

    def step(self) -> bool:
        """The oldest job, or the reactor's hearing of its result; False when there is none."""
        if self.jobs:
            self.jobs.pop(0)()
        return bool(self.jobs)

    def finish(self) -> None:
        """Everything."""
        while self.jobs:
            self.step()

    def stop(self) -> None:
        """No threads."""


class NamesLost(ProcessFiles):
    """``failing``: directories cannot be synced; ``refused``: files with such a name cannot be created."""

    failing = False
    refused = ""

    def sync_directory(self, path: str) -> None:
        if self.failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync_directory(path)

    def create(self, path: str, mode: int = 0o600) -> int:
        if self.refused and self.refused in path:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().create(path, mode)


@pytest.fixture(params=sorted(WITH_FOURTH))
def box(tmp_path: pathlib.Path, request: pytest.FixtureRequest):
    """A mailbox with four messages."""
    box = Box(
        lambda runtime, path: DiskTree(runtime, str(path), WITH_FOURTH), request.param, tmp_path, "kill", NamesLost()
    )
    box.append(*[PLAIN + b"%d\r\n" % number for number in range(4)])
    yield box
    box.files.end_process()


def slow(box: Box) -> LatePool:
    """From now on the disk takes its time."""
    pool = LatePool()
    pool.late = True
    box.runtime.pools.sync = pool
    return pool


def test_compaction_beside_an_append(box: Box) -> None:
    """A message whose append is under way when a compaction begins is there after it."""
    box.expunge(1)
    pool = slow(box)
    appended = box.store.append([box.message(PLAIN + b"new\r\n")])
    pool.step()  # written, not published
    compacted = box.store.compact()
    pool.finish()
    [uid] = result(appended)
    result(compacted)
    pool.late = False
    assert box.body(uid) == PLAIN + b"new\r\n"
    box.reopen()
    assert box.uids == [2, 3, 4, uid] and box.body(uid) == PLAIN + b"new\r\n"


def test_reading_during_a_compaction(box: Box) -> None:
    """At every moment of a compaction every message can be read, and nothing is closed twice."""
    box.expunge(1)
    pool = slow(box)
    compacted = box.store.compact()
    more = True
    while more:
        for uid in (2, 3, 4):
            assert box.body(uid) == PLAIN + b"%d\r\n" % (uid - 1)
        more = pool.step()
    result(compacted)


def test_reading_while_a_message_of_another_program_is_removed(tmp_path: pathlib.Path) -> None:
    """A checkpoint that has to rewrite the mail file does not disturb readers."""
    box = Box(lambda runtime, path: DiskTree(runtime, str(path)), "mbox", tmp_path, "kill", NamesLost())
    [own] = box.append(PLAIN)
    result(box.store.close())
    add(box, BSD + b"Subject: x\n\nhello\n\n")
    box.open()
    box.expunge(box.uids[1])
    pool = slow(box)
    done = box.store.checkpoint()
    more = True
    while more:
        assert box.body(own) == PLAIN
        more = pool.step()
    result(done)
    box.files.end_process()


def add(box: Box, data: bytes) -> None:
    """Another program appends to the .mbox."""
    with (box.path / "box.mbox").open("ab") as target:
        target.write(data)


def test_name_of_the_compacted_file_is_not_certain(box: Box) -> None:
    """The directory cannot be synced after the rename of a compaction: what is appended later is not lost."""
    box.expunge(1)
    box.files.failing = True
    try:
        result(box.store.compact())
    except StorageFailed:
        pass
    box.files.failing = False
    [uid] = box.append(PLAIN + b"later\r\n")
    for number in (2, 3, 4):
        assert box.body(number) == PLAIN + b"%d\r\n" % (number - 1)
    box.reopen("kill")
    assert box.uids == [2, 3, 4, uid] and box.body(uid) == PLAIN + b"later\r\n"


def test_no_room_for_the_snapshot_after_a_rewrite(tmp_path: pathlib.Path) -> None:
    """The mail file was rewritten, the snapshot could not be: everything can be read, and written later."""
    box = Box(lambda runtime, path: DiskTree(runtime, str(path)), "mbox", tmp_path, "kill", NamesLost())
    own = box.append(PLAIN, PLAIN + b"two\r\n")
    result(box.store.close())
    add(box, BSD + b"Subject: x\n\nhello\n\n")
    box.open()
    box.expunge(own[0], box.uids[2])
    box.files.refused = "box.bdx"
    with pytest.raises(StorageFailed):
        result(box.store.checkpoint())
    box.files.refused = ""
    assert box.body(own[1]) == PLAIN + b"two\r\n"
    result(box.store.checkpoint())
    box.reopen("no-index")
    assert box.uids == [own[1]] and box.body(own[1]) == PLAIN + b"two\r\n"
    box.files.end_process()
