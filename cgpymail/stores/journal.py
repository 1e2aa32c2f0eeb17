"""The journal of a mailbox, NAME.log.<generation>: every change since the snapshot, keyed by UID, absolute values.

Layout: a header of 64 bytes, then records of 64 bytes in a preallocated file; what was never written is zero. The CRC
of a record is seeded with the header, so a record of another generation or UIDVALIDITY is never taken for one of this.

Changes of flags are written on the reactor thread (a write into allocated room of the page cache does not wait for
the disk), append records on a commit thread: a short lock orders them. Reading stops at the first bad record with
nothing valid behind it (a torn tail); a bad record followed by valid ones is damage, told to the caller.
"""

from __future__ import annotations

import contextlib
import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from threading import Lock
from typing import NamedTuple

from cgpymail.runtime.files import Files

MAGIC = b"CGPYLOG1"
SIZE = 64  # of the header and of every record
FIRST_ROOM = 32 * 1024
STEP = 256 * 1024
RESERVE = 16 * 1024  # kept free by appends, so that EXPUNGE works on a full disk
_HEADER = struct.Struct("<8sIIQQ16sQ4x")  # magic, UIDVALIDITY, UIDNEXT, generation, MODSEQ, boot id, birth; then CRC
_BODY = struct.Struct("<BBHIIQ40s")
_CRC = struct.Struct("<I")
APPENDED = struct.Struct("<QQIqIQ")  # offset, length, CRC, date, flags, keywords
FLAGS = struct.Struct("<IQ")  # flags, keywords
_NAME_PART = 40


class Kind(IntEnum):
    """What a record says. "Range": of every message whose UID is in first..last at that moment."""

    APPEND = 1  # the bytes of message ``first`` are in the mail file; ``last`` is its save date
    PUBLISH = 2  # range: became visible with this MODSEQ
    FLAGS = 3  # range: flags and keywords are these
    EXPUNGE = 4  # range: to be removed (synced before anybody is told)
    GONE = 5  # range: removed, with this MODSEQ
    KEYWORD = 6  # part ``part`` of the name of bit ``first``, whose length is ``last``
    RECENT = 7  # the \Recent mark is ``first``
    BURN = 8  # range: never to be used
    BIND = 9  # the message without comment at this place is called ``first`` while the mailbox is open
    OPEN = 10  # opened for writing in the boot given
    CLOSE = 11  # closed in order; the memo of the mail file
    RENEW = 12  # every message has this MODSEQ; the record of expunged UIDs begins at it if ``part`` is 1


class Record(NamedTuple):
    """One record, without its CRC."""

    kind: int
    part: int
    first: int
    last: int
    modseq: int
    data: bytes


def record(kind: int, first: int = 0, last: int = 0, modseq: int = 0, data: bytes = b"", part: int = 0) -> bytes:
    """The bytes of a record, to be sealed by the journal. ``last`` defaults to ``first``."""
    return _BODY.pack(kind, part, 0, first, last or first, modseq, data)


def keyword_records(place: int, name: str) -> list[bytes]:
    """The run of records that gives a bit to a keyword; an empty name frees it."""
    data = name.encode("utf-8", "surrogateescape")
    parts = [data[start : start + _NAME_PART] for start in range(0, len(data), _NAME_PART)] or [b""]
    return [_BODY.pack(Kind.KEYWORD, number, 0, place, len(data), 0, part) for number, part in enumerate(parts)]


@dataclass(frozen=True, slots=True)
class Header:
    """Which journal this is. ``uidnext`` and ``modseq`` are those at its beginning; ``birth`` in seconds."""

    uidvalidity: int
    uidnext: int
    generation: int
    modseq: int
    boot: bytes
    birth: int

    def pack(self) -> bytes:
        """The 64 bytes at the beginning of the file."""
        data = _HEADER.pack(MAGIC, self.uidvalidity, self.uidnext, self.generation, self.modseq, self.boot, self.birth)
        return data + _CRC.pack(zlib.crc32(data))

    @classmethod
    def unpack(cls, data: bytes) -> Header | None:
        """The header, or None if this is none."""
        if (
            len(data) < SIZE
            or data[:8] != MAGIC
            or _CRC.unpack(data[SIZE - 4 : SIZE])[0] != zlib.crc32(data[: SIZE - 4])
        ):
            return None
        _, uidvalidity, uidnext, generation, modseq, boot, birth = _HEADER.unpack(data[: SIZE - 4])
        return cls(uidvalidity, uidnext, generation, modseq, boot, birth)

    @property
    def seed(self) -> int:
        """Where the CRC of every record begins: the header's CRC (over both it would be the same for every header)."""
        return zlib.crc32(self.pack()[: -_CRC.size])


def seal(body: bytes, seed: int) -> bytes:
    """A record as it is written."""
    return _CRC.pack(zlib.crc32(body, seed)) + body


@dataclass(frozen=True, slots=True)
class Contents:
    """What was read from a journal.

    ``end``: where the next record goes; ``torn``: bytes of a bad record from there on; ``damaged``: valid records
    follow a bad one.
    """

    path: str
    header: Header
    records: Sequence[Record]
    end: int
    size: int
    torn: int
    damaged: bool

    @property
    def boot(self) -> bytes:
        """The boot of the last opening."""
        boots = [record.data[:16] for record in self.records if record.kind == Kind.OPEN]
        return boots[-1] if boots else self.header.boot

    @property
    def memo(self) -> bytes:
        """The memo of the mail file if the journal ends with an orderly close, else empty."""
        if self.records and self.records[-1].kind == Kind.CLOSE:
            return self.records[-1].data
        return b""

    @property
    def published(self) -> list[tuple[int, int]]:
        """Ranges of UIDs that became visible."""
        return [(record.first, record.last) for record in self.records if record.kind == Kind.PUBLISH]

    @property
    def clean(self) -> bool:
        """Whether it ends with an orderly close."""
        return bool(self.records) and self.records[-1].kind == Kind.CLOSE and not self.damaged


def read(files: Files, path: str, most: int | None = None) -> Contents | None:
    """Read a journal, or at most so many bytes of records; None when its header is not valid.

    Blocking. Raises OSError.
    """
    fd = files.open_read(path)
    try:
        size = files.size(fd)
        header = Header.unpack(files.pread(fd, SIZE, 0))
        if header is None:
            return None
        data = files.pread(fd, size - SIZE if most is None else min(size - SIZE, most), SIZE)
    finally:
        files.close(fd)
    records, count = _parse(data, header.seed)
    torn = max(len(data.rstrip(b"\0")) - count * SIZE, 0)
    return Contents(path, header, records, SIZE + count * SIZE, size, torn, damaged=count != len(records))


def _parse(data: bytes, seed: int) -> tuple[list[Record], int]:
    """Valid records, and the number of slots up to the last of them."""
    records: list[Record] = []
    slots = 0
    used = len(data.rstrip(b"\0"))
    for slot in range(min(-(-used // SIZE), len(data) // SIZE)):
        start = slot * SIZE
        body = data[start + 4 : start + SIZE]
        if _CRC.unpack_from(data, start)[0] != zlib.crc32(body, seed):
            continue
        kind, part, _, first, last, modseq, payload = _BODY.unpack(body)
        records.append(Record(kind, part, first, last, modseq, payload))
        slots = slot + 1
    return records, slots


class Journal:
    """A journal that is written to."""

    def __init__(self, files: Files, fd: int, path: str, header: Header, tail: int, allocated: int) -> None:
        self._files = files
        self._fd = fd
        self._lock = Lock()
        self._seed = header.seed
        self._allocated = allocated
        self._users = 1
        self.path = path
        self.header = header
        self.tail = tail
        self.start = tail  # where this session began to write
        self.broken = False

    @classmethod
    def create(cls, files: Files, path: str, header: Header, room: int = FIRST_ROOM) -> Journal:
        """A new journal with room for so many bytes, its header on disk; its name is not (sync the directory).

        Blocking. Raises OSError.
        """
        with contextlib.suppress(FileNotFoundError):
            files.unlink(path)  # of a crash: never used, or it would have been read
        fd = files.create(path)
        try:
            files.allocate(fd, 0, room)
            files.pwrite(fd, header.pack(), 0)
            files.sync(fd)
        except OSError:
            files.close(fd)
            with contextlib.suppress(OSError):
                files.unlink(path)
            raise
        return cls(files, fd, path, header, SIZE, room)

    @classmethod
    def resume(cls, files: Files, contents: Contents, *, grow: bool = True) -> Journal:
        """Go on in one that was read; ``grow``: with room for what is to come. Blocking. Raises OSError."""
        fd = files.open(contents.path)
        try:
            if contents.torn:
                files.pwrite(fd, b"\0" * contents.torn, contents.end)
        except OSError:
            files.close(fd)
            raise
        journal = cls(files, fd, contents.path, contents.header, contents.end, max(contents.size, contents.end))
        with contextlib.suppress(OSError):  # on a full disk the mailbox can be read, and what room there is used
            if grow:
                journal.make_room(0)
        return journal

    @property
    def generation(self) -> int:
        """The number in its name."""
        return self.header.generation

    @property
    def room(self) -> int:
        """Bytes that can be written without asking the disk for space."""
        return self._allocated - self.tail

    def make_room(self, needed: int) -> None:
        """Have room for ``needed`` bytes and the reserve. Blocking, for a worker thread. Raises OSError (ENOSPC)."""
        with self._lock:
            missing = self.tail + needed + RESERVE - self._allocated
            start = self._allocated
        if missing <= 0:
            return
        length = -(-missing // STEP) * STEP
        self._files.allocate(self._fd, start, length)
        with self._lock:
            self._allocated = max(self._allocated, start + length)

    def write(self, bodies: Iterable[bytes]) -> None:
        """Append records, all or none. Does not sync. Any thread. Raises OSError."""
        data = b"".join(seal(body, self._seed) for body in bodies)
        with self._lock:
            if self.broken:
                raise OSError("the journal is out of use after a failure")
            try:
                self._files.pwrite(self._fd, data, self.tail)
            except OSError:
                self._cut_back()
                raise
            self.tail += len(data)
            self._allocated = max(self._allocated, self.tail)

    def _cut_back(self) -> None:
        """Nothing of a write that failed may be there when the journal is read."""
        try:
            self._files.truncate(self._fd, self.tail)
            self._allocated = self.tail
            self._files.allocate(self._fd, self.tail, RESERVE)
            self._allocated = self.tail + RESERVE
        except OSError:
            self.broken = self._allocated != self.tail

    def sync(self) -> None:
        """What was written before the call is on disk. Blocking. After an OSError the journal is out of use."""
        with self._lock:
            if self._users == 0:
                return
            self._users += 1
        try:
            if self.broken:
                raise OSError("the journal is out of use after a failure")
            self._files.sync(self._fd)
        except OSError:
            self.broken = True
            raise
        finally:
            self._leave()

    def close(self) -> None:
        """Let go of the file as soon as no sync is under way. Call once."""
        self._leave()

    def _leave(self) -> None:
        with self._lock:
            self._users -= 1
            last = self._users == 0
        if last:
            self._files.close(self._fd)
