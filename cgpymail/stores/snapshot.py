"""The snapshot of a mailbox, NAME.bdx: its columns as they lie in memory, so that loading is a few copies.

Two parts, each with its own CRC. *Facts by UID* (flags, keywords, MODSEQ, dates, expunged UIDs, keyword names) stay
valid whatever became of the mail file. *Locations* (where each message lies and how long it is) are dropped when the
mail file is another one, and merged back by UID from a scan. A snapshot that cannot be understood is as good as none.

Layout: fixed header, keyword names, facts (column after column), CRC; locations, CRC. Numbers are in the byte order
of the machine, which the magic tells: a snapshot from another machine is rebuilt.
"""

from __future__ import annotations

import struct
import sys
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from cgpymail.model.columns import Columns
from cgpymail.model.keywords import MAX_KEYWORD_BYTES, MAX_KEYWORDS, KeywordTable
from cgpymail.runtime.files import Files
from cgpymail.stores.expunged import ExpungeRecord
from cgpymail.stores.mailfile import Location, Locations

MAGIC = b"CGPYBDX2" if sys.byteorder == "little" else b"CGPYBDXC"
LIMIT = 8 << 30
MEMO = 40  # octets, see MailFile.memo
_HEADER = struct.Struct(f"=8sIIIIQQQQQ{MEMO}sI")
_CRC = struct.Struct("=I")
_FACTS = ("uid", "flags", "keywords", "modseq", "date", "saved")
_GONE = ("modseq", "first", "last")


@dataclass(slots=True)
class Snapshot:
    """A mailbox at one moment. ``generation``: the first journal that it does not cover.

    ``modseq``: the highest by then, but for what single users read; records of later journals up to it are covered too.
    ``intact``: whether the locations could be read.
    """

    uidvalidity: int
    uidnext: int
    recent_mark: int
    modseq: int
    generation: int
    memo: bytes
    columns: Columns
    locations: Locations
    keywords: KeywordTable
    expunged: ExpungeRecord
    intact: bool = True
    size: int = 0  # of the file, as loaded or written


def save(files: Files, path: str, snapshot: Snapshot) -> int:
    """Write it in place of the old one, crash-safe; returns its size. Blocking. Raises OSError."""
    data = dump(snapshot)
    files.write_file(path, data)
    return len(data)


def dump(snapshot: Snapshot) -> bytes:
    """The bytes of the file."""
    names = b"".join(_pack_keyword(place, name) for place, name in snapshot.keywords)
    header = _HEADER.pack(
        MAGIC,
        snapshot.uidvalidity,
        snapshot.uidnext,
        snapshot.recent_mark,
        len(names),
        snapshot.modseq,
        snapshot.generation,
        len(snapshot.columns),
        len(snapshot.expunged.modseq),
        snapshot.expunged.begin,
        snapshot.memo,
        0,
    )
    facts = [header, names, *_parts(snapshot.columns, _FACTS), *_parts(snapshot.expunged, _GONE)]
    places = [snapshot.columns.size.tobytes(), *_parts(snapshot.locations, Location._fields)]
    return b"".join([*facts, _CRC.pack(_check(facts)), *places, _CRC.pack(_check(places))])


def load(files: Files, path: str) -> Snapshot | None:
    """Read it; None when there is none that can be believed. Blocking. Raises OSError other than FileNotFoundError."""
    try:
        data = files.read_file(path, LIMIT)
    except FileNotFoundError:
        return None
    return parse(data)


def parse(data: bytes) -> Snapshot | None:
    """The snapshot in the bytes of a file, or None."""
    if len(data) < _HEADER.size or data[:8] != MAGIC:
        return None
    fields = _HEADER.unpack_from(data)
    _, uidvalidity, uidnext, recent_mark, names_length, modseq, generation, rows, gone, begin, memo, _ = fields
    reader = _Reader(memoryview(data), _HEADER.size + names_length)
    columns, expunged, locations = Columns(), ExpungeRecord(begin), Locations()
    if not (reader.fill(columns, _FACTS, rows) and reader.fill(expunged, _GONE, gone) and reader.check(0)):
        return None
    keywords = _unpack_keywords(data[_HEADER.size : _HEADER.size + names_length])
    start = reader.place
    intact = reader.fill(columns, ("size",), rows) and reader.fill(locations, Location._fields, rows)
    intact = intact and reader.check(start)
    if not intact:
        columns.size = array("Q", bytes(8 * rows))
        locations = Locations()
    return Snapshot(
        uidvalidity, uidnext, recent_mark, modseq, generation, memo, columns, locations, keywords, expunged, intact,
        len(data),
    )  # fmt: skip


class _Reader:
    """Takes columns out of the file one after the other."""

    def __init__(self, data: memoryview, place: int) -> None:
        self._data = data
        self.place = place

    def fill(self, target: object, names: Sequence[str], rows: int) -> bool:
        """Read columns of ``rows`` items; False when the file is too short."""
        for name in names:
            column = getattr(target, name)
            length = rows * column.itemsize
            if self.place + length > len(self._data):
                return False
            column.frombytes(self._data[self.place : self.place + length])
            self.place += length
        return True

    def check(self, start: int) -> bool:
        """Whether the CRC that comes next is that of everything from ``start`` on."""
        if self.place + _CRC.size > len(self._data):
            return False
        found = _CRC.unpack_from(self._data, self.place)[0]
        good = found == zlib.crc32(self._data[start : self.place])
        self.place += _CRC.size
        return bool(good)


def _parts(source: object, names: Sequence[str]) -> list[bytes]:
    return [getattr(source, name).tobytes() for name in names]


def _check(parts: Sequence[bytes]) -> int:
    crc = 0
    for part in parts:
        crc = zlib.crc32(part, crc)
    return crc


def _pack_keyword(place: int, name: str) -> bytes:
    data = name.encode("utf-8", "surrogateescape")
    return bytes([place, len(data)]) + data


def _unpack_keywords(data: bytes) -> KeywordTable:
    """Names and bits; what makes no sense is left out (the CRC was right, so this is our own bug at worst)."""
    table = KeywordTable()
    place = 0
    while place + 2 <= len(data):
        bit, length = data[place], data[place + 1]
        name = data[place + 2 : place + 2 + length]
        if bit < MAX_KEYWORDS and 0 < length <= MAX_KEYWORD_BYTES:
            table.define(bit, name.decode("utf-8", "surrogateescape"))
        place += 2 + length
    return table
