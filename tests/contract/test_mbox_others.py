"""Other programs at work on a .mbox while it is open here: what they put in is not lost, nor is what we acknowledge."""

from __future__ import annotations

import errno
import os
import pathlib

import pytest

from cgpymail.errors import StorageFailed
from cgpymail.model.flags import SEEN
from cgpymail.stores.tree import DiskTree
from tests.contract.box import Box
from tests.contract.messages import HEADER, PLAIN
from tests.support.processfiles import ProcessFiles
from tests.support.results import result

BSD = b"From joe@example.org Thu Jan  1 00:00:00 2015\n"
TEXT = HEADER.replace(b"\r\n", b"\n") + b"by another program\n"
WIRE = TEXT.replace(b"\n", b"\r\n")
TWO = PLAIN + b"two\r\n"


class BrokenFiles(ProcessFiles):
    """``broken``: what to do when a file is to be synced, then the sync fails."""

    broken = None

    def sync(self, fd: int) -> None:
        if self.broken is not None:
            self.broken()
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        super().sync(fd)


@pytest.fixture
def box(tmp_path: pathlib.Path):
    """A .mbox with two messages."""
    box = Box(lambda runtime, path: DiskTree(runtime, str(path)), "mbox", tmp_path, "kill", BrokenFiles())
    box.append(PLAIN, TWO)
    yield box
    box.files.end_process()


def path(box: Box) -> pathlib.Path:
    """The mail file."""
    return box.path / "box.mbox"


def deliver(box: Box) -> None:
    """Another program appends a message."""
    with path(box).open("ab") as target:
        target.write(BSD + TEXT + b"\n")


def bodies(box: Box) -> list[bytes]:
    """All messages, by their bytes."""
    return sorted(box.body(uid) for uid in box.uids)


@pytest.mark.parametrize("way", ["close", "kill", "no-index"])
@pytest.mark.parametrize("checkpoint", [False, True])
def test_delivered_between_our_appends(box: Box, way, checkpoint: bool) -> None:
    """Mail that another program delivered while the mailbox was open is there at the next opening at the latest."""
    deliver(box)
    box.append(PLAIN + b"after\r\n")
    if checkpoint:
        result(box.store.checkpoint())
    box.reopen(way)
    assert bodies(box) == sorted([PLAIN, TWO, WIRE, PLAIN + b"after\r\n"])
    box.reopen("close")
    assert len(box.uids) == 4


@pytest.mark.parametrize("way", ["close", "kill", "no-index"])
@pytest.mark.parametrize("more", [False, True])
def test_compaction_keeps_what_others_delivered(box: Box, way, more: bool) -> None:
    """Compaction takes along what another program delivered while the mailbox was open."""
    deliver(box)
    box.expunge(1)
    if more:
        box.append(PLAIN + b"after\r\n")
    result(box.store.compact())
    if more:
        box.append(PLAIN + b"last\r\n")
        result(box.store.checkpoint())
    box.reopen(way)
    assert bodies(box) == sorted([TWO, WIRE, *([PLAIN + b"after\r\n", PLAIN + b"last\r\n"] if more else [])])


def test_delivered_during_a_sync_that_fails(box: Box) -> None:
    """Taking back a failed append does not take another program's message with it."""
    box.files.broken = lambda: deliver(box) if not path(box).read_bytes().endswith(TEXT + b"\n") else None
    with pytest.raises(StorageFailed):
        box.append(PLAIN + b"refused\r\n")
    box.files.broken = None
    [uid] = box.append(PLAIN + b"later\r\n")
    assert box.body(uid) == PLAIN + b"later\r\n"
    box.reopen("kill")
    assert bodies(box) == sorted([PLAIN, TWO, WIRE, PLAIN + b"later\r\n"])


def test_checkpoint_after_a_rewrite_in_place(box: Box) -> None:
    """Another program rewrote the file in place: nothing is written into the middle of its messages."""
    box.set(2, SEEN)
    new = b"".join(BSD + TEXT + b"%d " % number * 40 + b"\n\n" for number in range(20))
    path(box).write_bytes(new)
    box.set(1, SEEN)
    try:
        result(box.store.checkpoint())
    except StorageFailed:
        pass
    assert path(box).read_bytes().startswith(new)
    box.reopen("close")
    assert len(box.uids) == 20


def test_file_replaced(box: Box) -> None:
    """Another program puts a new file in place of ours: no append is acknowledged that is then lost."""
    data = path(box).read_bytes()
    temporary = path(box).with_name("temporary")
    temporary.write_bytes(data + BSD + TEXT + b"\n")
    os.rename(temporary, path(box))
    acknowledged = []
    try:
        box.append(PLAIN + b"later\r\n")
        acknowledged = [PLAIN + b"later\r\n"]
    except StorageFailed:
        pass
    box.expunge(1)
    for job in (box.store.checkpoint, box.store.compact):
        try:
            result(job())
        except StorageFailed:
            pass
    box.reopen("close")
    assert bodies(box) == sorted([TWO, WIRE, *acknowledged])
    box.append(PLAIN + b"later still\r\n")


def test_debris_is_not_thrown_away(box: Box) -> None:
    """Bytes that belong to no message survive a compaction, in the mail file or beside it."""
    box.set(1, SEEN)
    result(box.store.checkpoint())
    result(box.store.close())
    data = path(box).read_bytes()
    place = data.index(b"-%010d-" % 2)
    place = data.rindex(b"\nFrom ", 0, place) + 1
    path(box).write_bytes(data[:place] + b"somebody's notes\n\n" + data[place:])
    box.open()
    assert bodies(box) == [PLAIN, TWO]
    for way in ("close", "kill"):
        box.reopen(way)
        box.append(PLAIN)
        box.expunge(box.uids[0])
        result(box.store.compact())
    found = [entry for entry in box.path.iterdir() if entry.is_file() and b"somebody's notes" in entry.read_bytes()]
    assert found
    assert box.body(2) == TWO if 2 in box.uids else True


def test_many_generations_under_a_reader(box: Box) -> None:
    """A reader keeps its bytes over any number of rewrites."""
    reader = box.store.content(2)
    for _ in range(70):
        with path(box).open("ab"):
            pass
        box.store._core.broken = True
        box.append(PLAIN)
    assert result(reader.read(0, reader.size)) == TWO
    reader.release()
    assert box.body(2) == TWO
    assert len(box.files.descriptors) < 8


@pytest.mark.parametrize("name", ["box.bdx", "box.log.7", "box.mbox"])
def test_fifo(box: Box, name: str) -> None:
    """A pipe in place of a file never makes anybody wait."""
    result(box.store.checkpoint())
    result(box.store.close())
    target = box.path / name
    target.unlink(missing_ok=True)
    os.mkfifo(target)
    with pytest.raises(StorageFailed):
        box.open()


@pytest.mark.parametrize("uid", [4_294_967_295, 4_294_967_294])
def test_highest_numbers(box: Box, uid: int) -> None:
    """A file with the highest numbers there are can be opened and read; what has no room is refused clearly."""
    result(box.store.close())
    data = path(box).read_bytes()
    path(box).write_bytes(data.replace(b"-%010d-" % 2, b"-%010d-" % uid) + BSD + TEXT + b"\n" + BSD + TEXT + b"\n")
    box.lose_index()
    try:
        box.open()
    except StorageFailed:
        pass
    else:
        assert WIRE in bodies(box)
        assert TWO in bodies(box)


def test_keywords_do_not_make_it_compact_for_ever(box: Box) -> None:
    """A mailbox whose space is needed is not rewritten again and again."""
    mask = box.store.define_keyword("a-keyword-of-some-length")
    for uid in box.append(*[HEADER] * 30):
        box.set(uid, 0, mask)
    result(box.store.checkpoint())
    result(box.store.compact())
    inode = path(box).stat().st_ino
    for _ in range(3):
        box.append(HEADER)
        box.reopen("close")
    assert path(box).stat().st_ino == inode


def test_keywords_that_change_often(box: Box) -> None:
    """The attribute messages of former keywords go with a compaction."""
    masks = [box.store.define_keyword(name) for name in ("one", "two")]
    for number in range(40):
        box.set(1, 0, masks[number % 2])
        result(box.store.checkpoint())
    before = path(box).stat().st_size
    result(box.store.compact())
    assert path(box).stat().st_size < before / 4
    box.reopen("no-index")
    assert box.keywords_of(1) == {"two"}
