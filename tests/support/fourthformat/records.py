"""The records of a .rec file.

The file begins with ``MAGIC`` and the mailbox note. Then come records: a header of fixed size and a payload, which is a
message in disk form or an attribute dictionary. The header's own checksum leaves the flags out, so they can be changed
in place.
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass

from cgpymail.stores.attributes import NOTE_WIDTH

MAGIC = b"CGPYREC1"
START = len(MAGIC) + NOTE_WIDTH  # where the first record begins
MESSAGE, ATTRIBUTES = b"M", b"A"
_HEADER = struct.Struct(">3scIIIIQqI")  # marker, kind, uid, flags, crc, lines, length, date, checksum
_MARKER = b"REC"
SIZE = _HEADER.size
FLAGS_AT = 8  # offset of the flags in a header


@dataclass(frozen=True, slots=True)
class Header:
    """One record. ``uid``: of the message, or of the message that attributes belong to."""

    kind: bytes
    uid: int
    flags: int
    crc: int
    lines: int
    length: int
    date: int

    def __bytes__(self) -> bytes:
        bare = _HEADER.pack(_MARKER, self.kind, self.uid, 0, self.crc, self.lines, self.length, self.date, 0)
        return _HEADER.pack(
            _MARKER, self.kind, self.uid, self.flags, self.crc, self.lines, self.length, self.date, zlib.crc32(bare)
        )


def parse(data: bytes) -> Header | None:
    """The header that ``data`` is, None if it is none."""
    if len(data) != SIZE:
        return None
    marker, kind, uid, flags, crc, lines, length, date, _ = _HEADER.unpack(data)
    header = Header(kind, uid, flags, crc, lines, length, date)
    return header if marker == _MARKER and kind in (MESSAGE, ATTRIBUTES) and bytes(header) == data else None
