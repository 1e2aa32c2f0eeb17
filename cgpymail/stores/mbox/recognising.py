"""Whether a .mbox still is what the snapshot knows, although its time of change is another. Blocking."""

from __future__ import annotations

from cgpymail.runtime.files import Files
from cgpymail.stores.mailfile import FOREIGN, Known, Location
from cgpymail.stores.mbox import fromline

SHOWN = FOREIGN - 1


def end_of_known(known: Known) -> int:
    """Where the last known message ends: what lies behind it is new."""
    places = known.locations
    ends = (places.offset[row] + places.head[row] + places.length[row] for row in range(len(places)))
    return max(ends, default=0)


def recognise(files: Files, fd: int, known: Known) -> bool:
    """Whether every known message has its From-line where it was, with its flags, and ends where it did."""
    size = files.size(fd)
    if end_of_known(known) > size:
        return False
    return all(_there(files, fd, known.columns.uid[row], known.locations.at(row)) for row in range(len(known.columns)))


def _there(files: Files, fd: int, uid: int, location: Location) -> bool:
    line = files.pread(fd, location.head, location.offset)
    found = fromline.read(line[:-1]) if line.endswith(b"\n") else None
    if found is None:
        return False
    if location.disk & FOREIGN:
        return False  # nothing but its bytes could tell it from another one
    if found.uid != uid or found.mask != location.disk & SHOWN:
        return False
    end = location.offset + location.head + location.length
    behind = files.pread(fd, 1 + len(fromline.MARK), end)
    return behind in (b"", b"\n") or behind == b"\n" + fromline.MARK
