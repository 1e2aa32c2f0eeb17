"""What lies on disk: From-lines and whole .mbox files, names in an .mdir, snapshots, journals and their replay.

Damage that a checksum would catch is given the right checksum, so that what lies behind it is reached too.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import replace

from cgpymail.model.flags import RECENT
from cgpymail.runtime.files import Files
from cgpymail.stores.attributes import read_keywords, read_note
from cgpymail.stores.journal import FLAGS, SIZE, Header, Kind, read, record, seal
from cgpymail.stores.mailfile import Location, Stored
from cgpymail.stores.mbox import fromline
from cgpymail.stores.mbox.scanner import Debris, Scanner
from cgpymail.stores.mdir import filenames
from cgpymail.stores.replay import Replay
from cgpymail.stores.snapshot import _CRC, _HEADER, MAGIC, dump, parse
from cgpymail.stores.state import State
from tests.fuzz.target import Target
from tests.unit.stores.test_snapshot import sample

HEADER = Header(77, 5, 3, 1_000, b"b" * 16, 1_600_000_000)
_BODY = SIZE - 4


class OneFile(Files):
    """A file of these bytes, whatever its name."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data

    def open_read(self, path: str) -> int:
        return 0

    def close(self, fd: int) -> None:
        pass

    def size(self, fd: int) -> int:
        return len(self._data)

    def pread(self, fd: int, length: int, offset: int) -> bytes:
        return self._data[offset : offset + length]


def from_line(data: bytes) -> None:
    """What is read is written back to what reads the same."""
    line = fromline.read(data)
    if line is not None and line.commented and not line.unknown:
        again = fromline.read(fromline.write(line.uid, line.origuid, line.mask, line.date, line.path)[:-1])
        assert again is not None
        assert (again.uid, again.mask, again.date) == (line.uid, line.mask & ~RECENT, line.date)  # E is never written


def mbox(data: bytes) -> None:
    """Every octet belongs to one message, to debris, or is an empty line between them; in order."""
    place = 0
    for piece in Scanner(OneFile(data), 0, 0, len(data), lambda uid: None).run():
        start, end = piece.offset, 0
        assert data[place:start].strip(b"\n") == b""
        end = piece.end if isinstance(piece, Debris) else start + piece.head + piece.meter.length + piece.complete
        assert start < end <= len(data)
        place = end
    assert data[place:].strip(b"\n") == b""


def mdir_name(data: bytes) -> None:
    """A file name is foreign, or is written back to what reads the same."""
    name = data.decode("utf-8", "surrogateescape")
    found = filenames.parse(name)
    if found is not None:
        assert filenames.parse(str(found)) == replace(found, mask=found.mask & ~RECENT)  # Recent is never written
        assert found.stamp >= 0
    filenames.parse_attributes(name)


def attributes(data: bytes) -> None:
    """Keyword lists and mailbox notes that somebody else may have written."""
    read_note(data)
    read_keywords(data)


def snapshot(data: bytes) -> None:
    """Bytes behind a right header with right checksums: a snapshot or None."""
    parse(data)
    facts, _, places = data.partition(b"\xff\xff\xff\xff")
    head = (MAGIC + facts)[: _HEADER.size].ljust(_HEADER.size, b"\0")
    facts = head + facts[_HEADER.size - len(MAGIC) :]
    found = parse(facts + _CRC.pack(zlib.crc32(facts)) + places + _CRC.pack(zlib.crc32(places)))
    if found is not None:
        assert len(found.columns.uid) == len(found.columns.size)


def journal(data: bytes) -> None:
    """Records with right checksums in any order: read whole, and replayed over a mailbox without breaking it."""
    bodies = [data[place : place + _BODY].ljust(_BODY, b"\0") for place in range(0, len(data), _BODY)]
    sealed = b"".join(seal(body, HEADER.seed) for body in bodies)
    contents = read(OneFile(HEADER.pack() + sealed), "a journal")
    assert contents is not None and len(contents.records) <= len(bodies)
    assert contents.end <= SIZE + len(sealed)
    state = State(77)
    for uid in (1, 3, 5, 9):
        state.insert(Stored(uid, 0, 10, Location(uid * 100, 5, uid, 0, 0, uid, 0, uid)), 0, 0, 100 + uid)
    Replay(state, 0).run(contents.records)
    uids = list(state.columns.uid)
    assert uids == sorted(set(uids))
    assert len(state.columns.flags) == len(state.columns.modseq) == len(uids)
    kinds = [record.kind for record in contents.records]
    assert len(contents.published) == kinds.count(Kind.PUBLISH)
    assert len(contents.boot) <= 16
    assert contents.clean == (kinds[-1:] == [Kind.CLOSE] and not contents.damaged)
    assert contents.clean or contents.damaged or not contents.memo


def raw_journal(data: bytes) -> None:
    """Any bytes as a journal, with and without a valid header."""
    read(OneFile(data), "a journal")
    read(OneFile(HEADER.pack() + data), "a journal")


_OWN = fromline.write(7, 7, 0, 1_600_000_000, b"a@b")
_LEGACY = b"From joe@example.org Thu Jan  1 00:00:00 2015\n"
_RECORDS = b"".join(
    [
        record(Kind.FLAGS, 3, 5, 300, FLAGS.pack(1, 0)),
        record(Kind.GONE, 4, 9, 301),
        record(Kind.KEYWORD, 2, 4, 0, b"work"),
        record(Kind.PUBLISH, 11, 12, 302),
        record(Kind.BIND, 7, 7, 0, struct.pack("<QQI", 700, 70, 7)),
        record(Kind.RENEW, 0, 0, 400, part=1),
        record(Kind.CLOSE, data=b"memo"),
    ]
)
TARGETS = (
    Target("from-line", from_line, (_OWN[:-1], _LEGACY[:-1])),
    Target("mbox", mbox, (_OWN + b"Subject: x\n\nbody\n\n" + _LEGACY + b"\nFrom here\n\n", b"\n\nFrom \n"), 16_384),
    Target("mdir-name", mdir_name, (b"17-O3-SF-20240229235959-12", b".x-17--20240101000000-1", b"O17"), 300),
    Target("attributes", attributes, (b'{Keywords=("a","b");}', b"{UIDValidity=0000000077;UIDNext=0000000009;}")),
    Target("snapshot", snapshot, (dump(sample(3)), dump(sample(1))[8:])),
    Target("journal", journal, (_RECORDS,)),
    Target("raw-journal", raw_journal, (HEADER.pack() + _RECORDS,)),
)
