"""Writing messages behind those of a .mbox: From-line, disk form, empty line. Blocking, for a worker thread.

The same pen serves appends (behind the last message of the live file), invisible messages, and the new generation of a
compaction. It knows nothing of durability: who holds it syncs, or cuts the file back.
"""

from __future__ import annotations

from cgpymail.model.flags import QUOTED
from cgpymail.runtime.files import Files
from cgpymail.stores.mailfile import Location, Outgoing, Stored
from cgpymail.stores.mbox import fromline
from cgpymail.stores.mbox.generation import Generation
from cgpymail.stores.wireform import Meter, Quoting, must_quote, plain_form, quoted_form

BUFFER = 256 * 1024


class Pen:
    """Writes at the end of a generation. ``place``: where the next octet goes, buffered ones counted."""

    def __init__(self, files: Files, generation: Generation) -> None:
        self._files = files
        self._generation = generation
        self._parts: list[bytes] = []
        self._waiting = 0
        self._done = self.place = files.size(generation.fd)
        self._join()

    def _join(self) -> None:
        """A From-line must follow an empty line, whatever another program, or a crash, left at the end."""
        tail = self._files.pread(self._generation.fd, 2, max(self.place - 2, 0))
        if tail and tail != b"\n\n" and not (self.place == 1 and tail == b"\n"):
            self.put(b"\n" if tail.endswith(b"\n") else b"\n\n")

    def put(self, data: bytes) -> None:
        """Octets."""
        self._parts.append(data)
        self._waiting += len(data)
        self.place += len(data)
        if self._waiting >= BUFFER:
            self.flush()

    def flush(self) -> None:
        """Hand over what is buffered. Raises OSError."""
        if self._waiting:
            self._files.pwrite(self._generation.fd, b"".join(self._parts), self._done)
            self._parts.clear()
            self._done += self._waiting
            self._waiting = 0

    def message(self, outgoing: Outgoing) -> Stored:
        """A new message; every one gets ORIGUID = UID (spec 14.1.1)."""
        quoting = Quoting(undo=False) if must_quote(outgoing.content) else None
        disk = outgoing.flags | (QUOTED if quoting else 0)
        line = fromline.write(outgoing.uid, outgoing.uid, disk, outgoing.date, outgoing.return_path)
        offset, meter = self.place, Meter()
        self.put(line)
        content = outgoing.content
        for piece in quoted_form(content, meter, quoting) if quoting else plain_form(content, meter):
            self.put(piece)
        self.put(b"\n")
        location = Location(
            offset,
            len(line),
            meter.length,
            meter.header(),
            meter.lines,
            meter.crc,
            disk | self._generation.bits,
            outgoing.uid,
        )
        return Stored(outgoing.uid, outgoing.date, meter.size(quoting.count if quoting else 0), location)
