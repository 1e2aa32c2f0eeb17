"""The journal: what was written is read back, torn ends are cut off, damage is told, generations never mix."""

from __future__ import annotations

import errno
import pathlib

import pytest

from cgpymail.runtime.files import Files
from cgpymail.stores.journal import FIRST_ROOM, RESERVE, SIZE, Header, Journal, Kind, keyword_records, read, record

HEADER = Header(77, 5, 3, 1_000, b"b" * 16, 1_600_000_000)


@pytest.fixture
def journal(tmp_path: pathlib.Path):
    """An empty journal."""
    journal = Journal.create(Files(), str(tmp_path / "box.log.3"), HEADER)
    yield journal
    journal.close()


def contents(journal: Journal):
    """What a later process reads."""
    found = read(Files(), journal.path)
    assert found is not None
    return found


def flags(uid: int) -> bytes:
    """Some record."""
    return record(Kind.FLAGS, uid, modseq=2_000 + uid)


def test_header(journal: Journal) -> None:
    """Header and emptiness come back."""
    found = contents(journal)
    assert found.header == HEADER
    assert (found.records, found.end, found.torn, found.damaged, found.clean) == ([], SIZE, 0, False, False)


def test_records(journal: Journal) -> None:
    """Records come back in order, with the range of one UID filled in."""
    journal.write([flags(1), record(Kind.GONE, 2, 9, 3_000)])
    journal.write([record(Kind.CLOSE, data=b"memo")])
    found = contents(journal)
    assert [(item.kind, item.first, item.last, item.modseq) for item in found.records] == [
        (Kind.FLAGS, 1, 1, 2_001), (Kind.GONE, 2, 9, 3_000), (Kind.CLOSE, 0, 0, 0),
    ]  # fmt: skip
    assert found.clean and found.memo.rstrip(b"\0") == b"memo"
    assert found.end == journal.tail


def test_torn_end(journal: Journal) -> None:
    """A record that was cut off in the middle was never there, and is written over."""
    journal.write([flags(1), flags(2)])
    Files().pwrite(journal._fd, b"\0" * 20, journal.tail - 60)
    found = contents(journal)
    assert [item.first for item in found.records] == [1]
    assert found.torn and not found.damaged
    again = Journal.resume(Files(), found)
    again.write([flags(3)])
    again.close()
    assert [item.first for item in contents(journal).records] == [1, 3]


def test_damage(journal: Journal) -> None:
    """A bad record with good ones behind it is told as damage; the good ones count."""
    journal.write([flags(1), flags(2), flags(3)])
    Files().pwrite(journal._fd, b"x", SIZE + SIZE + 10)
    found = contents(journal)
    assert [item.first for item in found.records] == [1, 3]
    assert found.damaged
    assert found.end == journal.tail


def test_hole(journal: Journal) -> None:
    """A page that never reached the disk, with a later one that did, is damage too."""
    journal.write([flags(1), flags(2), flags(3)])
    Files().pwrite(journal._fd, b"\0" * SIZE, 2 * SIZE)
    assert contents(journal).damaged


def test_record_of_another_generation(journal: Journal, tmp_path: pathlib.Path) -> None:
    """Bytes of an old journal in a new one are no records."""
    other = Journal.create(Files(), str(tmp_path / "box.log.4"), Header(77, 5, 4, 1_000, b"b" * 16, 1_600_000_000))
    other.write([flags(1)])
    Files().pwrite(journal._fd, Files().pread(other._fd, SIZE, SIZE), SIZE)
    other.close()
    assert contents(journal).records == []


@pytest.mark.parametrize("data", [b"", b"x", b"\0" * 4096, HEADER.pack()[:-1], b"y" + HEADER.pack()[1:]])
def test_not_a_journal(tmp_path: pathlib.Path, data: bytes) -> None:
    """A file without a valid header is none."""
    path = tmp_path / "box.log.1"
    path.write_bytes(data)
    assert read(Files(), str(path)) is None


def test_boot(journal: Journal) -> None:
    """The last opening says in which boot it was."""
    assert contents(journal).boot == b"b" * 16
    journal.write([record(Kind.OPEN, data=b"c" * 16), flags(1)])
    assert contents(journal).boot == b"c" * 16


@pytest.mark.parametrize("name", ["a", "x" * 40, "x" * 41, "y" * 64, "ü" * 20])
def test_keyword(journal: Journal, name: str) -> None:
    """The name of a keyword takes as many records as it needs."""
    journal.write(keyword_records(9, name))
    records = contents(journal).records
    joined = b"".join(item.data for item in records)[: records[0].last]
    assert joined.decode() == name
    assert [item.part for item in records] == list(range(len(records)))


def test_room(journal: Journal) -> None:
    """Room is reserved ahead, and a reserve stays behind what was asked for."""
    assert journal.room == FIRST_ROOM - SIZE
    journal.make_room(FIRST_ROOM)
    assert journal.room >= FIRST_ROOM + RESERVE


class OnceFull(Files):
    """The next write fails after some bytes."""

    def __init__(self) -> None:
        super().__init__()
        self.left = -1

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        if self.left >= 0:
            left, self.left = self.left, -1
            super().pwrite(fd, data[:left], offset)
            raise OSError(errno.ENOSPC, "no space left")
        return super().pwrite(fd, data, offset)


def test_short_write_is_cut_back(tmp_path: pathlib.Path) -> None:
    """Of records that could not all be written none is there, and the journal goes on."""
    files = OnceFull()
    journal = Journal.create(files, str(tmp_path / "box.log.3"), HEADER)
    journal.write([flags(1)])
    files.left = SIZE + 10
    with pytest.raises(OSError, match="space"):
        journal.write([flags(2), flags(3), flags(4)])
    assert [item.first for item in contents(journal).records] == [1]
    journal.write([flags(5)])
    assert [item.first for item in contents(journal).records] == [1, 5]
    journal.close()


def test_failed_sync(tmp_path: pathlib.Path) -> None:
    """After a sync that failed the journal takes nothing more."""

    class Broken(Files):
        def sync(self, fd: int) -> None:
            raise OSError(errno.EIO, "broken")

    journal = Journal.create(Files(), str(tmp_path / "box.log.3"), HEADER)
    journal._files = Broken()
    with pytest.raises(OSError, match="broken"):
        journal.sync()
    with pytest.raises(OSError, match="out of use"):
        journal.write([flags(1)])
    journal.close()
