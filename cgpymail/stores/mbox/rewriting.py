"""Compaction of a .mbox: a new file beside the old one, synced, then renamed over it (architecture, section 4).

Messages are copied while appends to the old file go on; ``finish``, for which appends are held back, copies those that
came meanwhile. From-lines are written anew: full width, present flags; lines without comment stay as they are, and a
UID that was not believed becomes 0. The note comes first, keywords behind their message. What belongs to no message,
above all what other programs appended while the mailbox was open, is taken along at the end (watching.py).
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cgpymail.model.flags import QUOTED
from cgpymail.stores.mailfile import Location, Marking, Note, Rewrite
from cgpymail.stores.mbox import attributes, fromline
from cgpymail.stores.mbox.generation import BITS, Generation
from cgpymail.stores.mbox.watching import Watch
from cgpymail.stores.mbox.writing import Pen

if TYPE_CHECKING:
    from cgpymail.stores.mbox.mailbox import MboxFile

PIECE = 256 * 1024


def worth(survivors: Iterable[Marking], left: Iterable[tuple[int, int]], size: int, *, unasked: bool) -> float:
    """The share of the file that a compaction would give back; ``left``: what belongs to no message, but stays.

    ``unasked``: count every keyword as in the file already, so that what they need is not given back for ever.
    """
    needed = sum(end - start for start, end in left)
    for marking in survivors:
        place = marking.stored.location
        needed += place.head + place.length + 1
        if marking.keywords and unasked:
            needed += len(attributes.keywords_message(place.origuid, marking.keywords, 0))
    return 1 - needed / size if size else 0.0


class Rewriting(Rewrite):
    """A new generation that is being made."""

    def __init__(self, mailbox: MboxFile, survivors: Sequence[Marking]) -> None:
        self._mailbox = mailbox
        self._files = mailbox.files
        assert mailbox.generation is not None
        self._old = mailbox.generation.acquire()
        directory, _, name = mailbox.path.rpartition("/")
        self._path = f"{directory}/.{name}.new"
        with contextlib.suppress(FileNotFoundError):
            self._files.unlink(self._path)
        self._new = Generation(self._files, self._files.create(self._path), mailbox.next_number())
        self._unneeded: Generation | None = self._new
        self._watch: Watch | None = None
        self._left: tuple[list[int], Note, int] = ([], Note(1, 1), 0)
        try:
            self._pen = Pen(self._files, self._new)
            message, self._note_at = attributes.note_message(Note(1, 1), mailbox.runtime.now())
            self._pen.put(message)
            self._locations = [self._copy(marking) for marking in survivors]
            self._pen.flush()
        except BaseException:
            self.close()
            raise

    def _copy(self, marking: Marking) -> Location:
        old = marking.stored.location
        line, location = self._from_line(marking)
        offset = self._pen.place
        self._pen.put(line)
        last = self._copy_bytes(old.offset + old.head, old.offset + old.head + old.length)
        self._pen.put(b"\n" if last.endswith(b"\n") or not last else b"\n\n")
        if marking.keywords:
            owner = location.origuid or marking.stored.uid
            date = self._mailbox.runtime.now()
            self._pen.put(attributes.keywords_message(owner, marking.keywords, date))
        return location._replace(offset=offset, head=len(line))

    def _copy_bytes(self, place: int, end: int) -> bytes:
        """Returns the last two."""
        last = b""
        while place < end:
            piece = self._files.pread(self._old.fd, min(PIECE, end - place), place)
            if not piece:
                raise OSError(errno.ESTALE, "a message was cut short", self._mailbox.path)
            self._pen.put(piece)
            place, last = place + len(piece), (last + piece[-2:])[-2:]
        return last

    def _copy_left(self, spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
        """What belongs to no message; returns where it lies now."""
        found: list[tuple[int, int]] = []
        for start, end in spans:
            place = self._pen.place
            last = self._copy_bytes(start, end)
            self._pen.put(b"" if last == b"\n\n" else b"\n" if last.endswith(b"\n") else b"\n\n")
            found.append((place, self._pen.place))
        return found

    def _from_line(self, marking: Marking) -> tuple[bytes, Location]:
        """The new From-line, and the location with what it says."""
        stored, old = marking.stored, marking.stored.location
        bits = (old.disk & ~BITS) | self._new.bits
        line = self._files.pread(self._old.fd, old.head, old.offset)
        known = fromline.read(line[:-1])
        if known is None:
            raise OSError(errno.ESTALE, "a From-line is not where it was", self._mailbox.path)
        if not known.commented:
            return line, old._replace(disk=bits)
        if known.uid != stored.uid:  # a UID that was not believed must not be when the other one with it has gone
            return fromline.write(0, 0, known.mask & QUOTED, stored.date, known.path), old._replace(disk=bits)
        mask = marking.flags | (old.disk & QUOTED)
        origuid = old.origuid or stored.uid
        written = fromline.write(stored.uid, origuid, mask, stored.date, known.path, known.unknown)
        kept = bits & ~((1 << 24) - 1)
        return written, old._replace(disk=mask | kept, origuid=origuid)

    def finish(self, added: Sequence[Marking], ghosts: Iterable[int], note: Note) -> list[Location]:
        """Copy what came meanwhile, write the note, sync, rename, sync the directory."""
        mailbox = self._mailbox
        mailbox.watch.look(mailbox.path)
        self._locations += [self._copy(marking) for marking in added]
        left = self._copy_left(mailbox.watch.left)
        self._pen.flush()
        message, place = attributes.note_message(note, mailbox.runtime.now())
        self._files.pwrite(self._new.fd, message, 0)
        self._files.sync(self._new.fd)
        self._watch = Watch(self._files, self._new.fd)
        self._watch.left = left
        self._left = list(ghosts), note, place
        self._files.rename(self._path, mailbox.path)
        try:
            self._files.sync_directory(mailbox.path.rpartition("/")[0])
        except OSError as problem:
            status = self._files.facts(self._new.fd)
            mailbox.watch.ours = (status.st_dev, status.st_ino)
            raise OSError(errno.EIO, "which file has the name is not certain", mailbox.path) from problem
        return self._locations

    def take_over(self) -> None:
        """The mailbox goes on with the new file."""
        assert self._watch is not None
        self._unneeded = self._mailbox.replace(self._new, self._watch, *self._left)

    def close(self) -> None:
        """Let go of the file that is not needed."""
        generation, self._unneeded = self._unneeded, None
        if generation is not None:
            with contextlib.suppress(OSError):  # it has got its name, or is not wanted
                self._files.unlink(self._path)
            generation.release()
            self._old.release()
