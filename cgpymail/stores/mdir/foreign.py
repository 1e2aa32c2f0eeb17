"""Message files that another program put into an .mdir: nothing is known of their line ends. Blocking."""

from __future__ import annotations

from cgpymail.runtime.files import Files
from cgpymail.stores.mailfile import AS_IS
from cgpymail.stores.wireform import Meter

PIECE = 256 * 1024


def measure(files: Files, path: str, mask: int) -> tuple[int, int, int]:
    """Flags and facts, lines and size in wire form of a file that is read to its end. Raises OSError."""
    meter = Meter()
    fd = files.open_read(path)
    try:
        while piece := files.pread(fd, PIECE, meter.length):
            meter.feed(piece)
    finally:
        files.close(fd)
    as_is = meter.as_is
    return mask | (AS_IS if as_is else 0), meter.lines, meter.size(as_is=as_is)
