"""The .mbox: all messages of a mailbox in one text file (manual, Mailboxes, "TextMailbox"; spec section 4).

New messages go behind the others. Flags are written over in place, in the fixed-width field of the From-line; a
message that is removed gets the letter X there and its bytes stay until compaction copies the others into a new file
(rewriting.py). Nothing is ever moved inside the live file, so a crash finds every message where it was.

Opening trusts the snapshot if nobody else touched the file since (inode, length, time of change); otherwise it looks at
the From-line of every known message, and only if one is not where it should be is the whole file scanned.
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import struct
from collections.abc import Iterator, Sequence

from cgpymail.errors import StorageFailed
from cgpymail.model.flags import EXPUNGED, QUOTED
from cgpymail.runtime.logs import PROBLEM
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.attributes import NOTE_WIDTH, read_note, write_note
from cgpymail.stores.content import WireContent
from cgpymail.stores.mailfile import (
    AS_IS,
    FOREIGN,
    Attributes,
    Expected,
    Flushed,
    Found,
    Known,
    Location,
    MailFile,
    Marking,
    Note,
    Outgoing,
    Rewrite,
    Stored,
)
from cgpymail.stores.mbox import attributes, fromline
from cgpymail.stores.mbox.generation import BITS, NUMBERS, SHIFT, Generation, MessageBytes
from cgpymail.stores.mbox.recognising import end_of_known, recognise
from cgpymail.stores.mbox.rewriting import Rewriting, worth
from cgpymail.stores.mbox.scanner import Debris, Piece, Scanner
from cgpymail.stores.mbox.watching import Watch
from cgpymail.stores.mbox.writing import Pen

_FACTS = struct.Struct("<QQQQ")  # inode, length, times of change of contents and inode in nanoseconds
_PLACE = struct.Struct("<Q")  # of the note, plus one
SHOWN = FOREIGN - 1  # the bits of Location.disk that a From-line shows


class MboxFile(MailFile):
    """One .mbox. Threads as in MailFile."""

    def __init__(self, runtime: Runtime, path: str) -> None:
        self.path = path
        self.note: Note | None = None
        self.files = runtime.files
        self.runtime = runtime
        self.generation: Generation | None = None
        self._pool = runtime.pools.read
        self._log = runtime.logs.module("MAILBOX")
        self._note_at = -1  # of its dictionary in the file
        self._tail = 0  # where what is not known begins
        self._unsynced = -1  # length of the file at the last sync, while something newer is in it
        self._fresh: list[Stored] = []  # written since the last sync
        self._watch: Watch | None = None
        self._older: dict[int, Generation] = {}  # by their bits: what ghosts and readers may still want
        self._ghosts: dict[int, Generation] = {}

    # -- opening -------------------------------------------------------------------------------------------------

    def open(self, known: Known | None) -> bool:
        """Whether the known messages are where they were. Raises StorageFailed, OSError."""
        if self.generation is None:
            self._open_file(known)
        self.note, self._note_at, self._tail = None, -1, 0
        if known is None or not self._familiar(known):
            self._note_at, self.note = -1, None
            return False
        if self._fingerprint() != known.memo[: _FACTS.size]:
            self._tail = end_of_known(known)
        else:
            self._tail = self.files.size(self._live.fd)
        return True

    def _open_file(self, known: Known | None) -> None:
        try:
            fd = self.files.open(self.path)
        except OSError as problem:
            if problem.errno in (errno.EISDIR, errno.ELOOP):
                raise StorageFailed(detail=f"{self.path} is not a file") from problem
            raise
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            self.files.close(fd)
            raise StorageFailed(detail=f"{self.path} is not a file")
        number = known.locations.disk[0] >> SHIFT if known is not None and len(known.locations) else 0
        self.generation = Generation(self.files, fd, number)
        self._watch = Watch(self.files, fd)

    def _familiar(self, known: Known) -> bool:
        memo = known.seal or known.memo
        if len(memo) < _FACTS.size + _PLACE.size or not any(memo):
            return False
        [place] = _PLACE.unpack_from(memo, _FACTS.size)
        if place and not self._read_note(place - 1):
            return False
        if self._fingerprint() in (known.memo[: _FACTS.size], known.seal[: _FACTS.size]):
            return True
        return recognise(self.files, self._live.fd, known)

    def _read_note(self, place: int) -> bool:
        """Take the note from where it was; whether it is there."""
        note = read_note(self.files.pread(self._live.fd, NOTE_WIDTH, place))
        if note is not None:
            self.note, self._note_at = note, place
        return note is not None

    @property
    def _live(self) -> Generation:
        if self.generation is None:
            raise OSError(errno.EBADF, "the mailbox is closed", self.path)
        return self.generation

    def _fingerprint(self) -> bytes:
        status = os.fstat(self._live.fd)
        return _FACTS.pack(status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)

    def memo(self) -> bytes:
        """Inode, length and times of change (no program can set the inode's back), and where the note is.

        Zeros while something is in the file that belongs to no message we know of: then it is to be scanned.
        """
        if not self.watch.trusted:
            return bytes(_FACTS.size + _PLACE.size)
        return self._fingerprint() + _PLACE.pack(self._note_at + 1)

    @property
    def watch(self) -> Watch:
        """Over the generation that is written to."""
        if self._watch is None:
            raise OSError(errno.EBADF, "the mailbox is closed", self.path)
        return self._watch

    # -- scanning ------------------------------------------------------------------------------------------------

    def scan(self, tail: bool, expected: Expected) -> Iterator[Found | Attributes]:
        """Messages and attributes in file order. Raises StorageFailed when the file is no .mbox."""
        start = self._tail if tail else 0
        self._watch = Watch(self.files, self._live.fd)
        size = self._watch.end
        seen: set[int] = set()
        for item in Scanner(self.files, self._live.fd, start, size, expected).run():
            if isinstance(item, Debris):
                self._met_debris(item, first=not tail and not seen and self.note is None)
            elif item.line.invisible:
                yield from self._invisible(item)
            elif not item.line.mask & EXPUNGED:
                uid = item.line.uid if item.line.commented and item.line.uid not in seen else 0
                seen.add(item.line.uid)
                yield self._found(item, uid)
            else:
                seen.add(item.line.uid)

    def _met_debris(self, debris: Debris, *, first: bool) -> None:
        if first:
            raise StorageFailed(detail=f"{self.path} is not a mailbox: it does not begin with a From-line")
        self.watch.left.append((debris.offset, debris.end))
        where = f"{debris.offset} to {debris.end}"
        self._log.write(PROBLEM, f"bytes {where} of {self.path} belong to no message; they are left alone")

    def _found(self, piece: Piece, uid: int) -> Found:
        line, meter = piece.line, piece.meter
        as_is = not line.commented and meter.as_is
        disk = (line.mask & SHOWN if line.commented else 0) | self._live.bits
        disk |= (AS_IS if as_is else 0) | (0 if uid else FOREIGN)
        location = Location(
            piece.offset,
            piece.head,
            meter.length,
            meter.header(as_is=as_is),
            meter.lines,
            meter.crc,
            disk,
            line.origuid,
        )
        size = meter.size(piece.quoted, as_is=as_is)
        return Found(uid, line.date, size, location, own=line.own)

    def _invisible(self, piece: Piece) -> Iterator[Attributes]:
        start = piece.offset + piece.head
        content = self.files.pread(self._live.fd, min(piece.meter.length, attributes.MAX_CONTENT), start)
        said, place = attributes.read(piece.line.origuid, content)
        if isinstance(said, Note):
            self.note, self._note_at = said, start + place
        elif said is not None and not piece.line.mask & EXPUNGED:
            yield said

    def set_aside(self, unwanted: Sequence[Stored]) -> str:
        """Copy the bytes into a file beside, then cut the end off, or mark what lies in the middle as expunged."""
        size = self.watch.end
        spans: list[tuple[int, int, Stored | None]]
        spans = [(stored.location.offset, _end(stored.location), stored) for stored in unwanted]
        spans += [(start, end, None) for start, end in self.watch.left if end >= size]
        if not spans or self.watch.strangers_behind(size):
            return ""
        aside = self._save(sorted(spans, key=lambda span: span[0]))
        for start, end, stored in sorted(spans, key=lambda span: span[0], reverse=True):
            if end + 1 >= size:
                self.files.truncate(self._live.fd, start)
                size = start
            elif stored is not None:
                self._mark(Marking(stored, 0, None, expunged=True))
        self.files.sync(self._live.fd)
        self.watch.left = [(start, end) for start, end in self.watch.left if end <= size]
        self.watch.leave()
        return aside

    def _save(self, spans: Sequence[tuple[int, int, Stored | None]]) -> str:
        directory, _, name = self.path.rpartition("/")
        number = 1
        while self.files.exists(path := f"{directory}/.{name}.aside-{number}"):
            number += 1
        fd = self.files.create(path)
        try:
            place = 0
            for start, end, _ in spans:
                for at in range(start, end, 1 << 18):
                    place += self.files.pwrite(fd, self.files.pread(self._live.fd, min(1 << 18, end - at), at), place)
            self.files.sync(fd)
        finally:
            self.files.close(fd)
        self.files.sync_directory(directory)
        return path

    # -- writing -------------------------------------------------------------------------------------------------

    def write(self, batch: Sequence[Outgoing]) -> list[Stored]:
        """Behind the others; on an error the file is cut back and OSError raised."""
        self.watch.look(self.path)
        before = self.watch.end
        self._unsynced = before if self._unsynced < 0 else self._unsynced
        try:
            pen = Pen(self.files, self._live)
            stored = [pen.message(outgoing) for outgoing in batch]
            pen.flush()
        except BaseException:
            with contextlib.suppress(OSError):
                self.files.truncate(self._live.fd, before)
            raise
        finally:
            self.watch.leave()
        self._fresh += stored
        return stored

    def sync(self) -> None:
        """Everything written is on disk."""
        self.files.sync(self._live.fd)
        self._unsynced = -1
        self._fresh.clear()

    def undo(self) -> None:
        """Cut back to the length at the last sync; but where another program's mail lies behind ours, mark ours."""
        length, self._unsynced = self._unsynced, -1
        fresh, self._fresh = self._fresh, []
        if length < 0:
            return
        if not self.watch.strangers_behind(length):
            self.files.truncate(self._live.fd, length)
            self.watch.leave()
            return
        self.watch.look(self.path)
        for stored in fresh:
            self._mark(Marking(stored, 0, None, expunged=True))
        self.watch.leave()

    def flush(self, markings: Sequence[Marking], note: Note) -> Flushed:
        """Flags and X in place, keywords in invisible messages behind, the note in place; one sync."""
        self.watch.look(self.path)
        flushed = Flushed()
        pen: Pen | None = None
        for place, marking in enumerate(markings):
            location = self._mark(marking)
            if location is None:
                flushed.stuck.append(place)
            flushed.locations.append(location or marking.stored.location)
            if marking.keywords is not None and not marking.expunged and location is not None:
                pen = pen or Pen(self.files, self._live)
                owner = location.origuid or marking.stored.uid
                pen.put(attributes.keywords_message(owner, marking.keywords, self.runtime.now()))
        if note != self.note:
            pen = self._put_note(note, pen)
        if pen is not None:
            pen.flush()
        self.watch.leave()
        self.files.sync(self._live.fd)
        self._unsynced = -1
        self._fresh.clear()
        return flushed

    def _mark(self, marking: Marking) -> Location | None:
        """Write one message's flags; None when they cannot be written where it lies."""
        location = marking.stored.location
        if location.disk & BITS != self._live.bits:
            return location  # its bytes went with an older generation
        line = self._line_at(location)
        if line is None or line.uid != marking.stored.uid:
            return None
        mask = marking.flags | (location.disk & QUOTED) | (EXPUNGED if marking.expunged else 0)
        if mask == line.mask:
            return location
        field = fromline.flag_field(mask, line.unknown, line.width)
        if len(field) > line.width:
            return None
        self.files.pwrite(self._live.fd, field, location.offset + line.flags_at)
        return location._replace(disk=mask | (location.disk & ~SHOWN))

    def _line_at(self, location: Location) -> fromline.FromLine | None:
        line = self.files.pread(self._live.fd, location.head, location.offset)
        return fromline.read(line[:-1]) if line.endswith(b"\n") else None

    def _put_note(self, note: Note, pen: Pen | None) -> Pen | None:
        """In place if there still is one, else behind the last message."""
        if self._note_at >= 0 and self._read_note(self._note_at):
            self.files.pwrite(self._live.fd, write_note(note), self._note_at)
        else:
            pen = pen or Pen(self.files, self._live)
            message, place = attributes.note_message(note, self.runtime.now())
            self._note_at = pen.place + place
            pen.put(message)
        self.note = note
        return pen

    # -- compaction ----------------------------------------------------------------------------------------------

    def rewrite(self, survivors: Sequence[Marking], *, least: float) -> Rewrite | None:
        """Copy the survivors into a new file, unless too little would be gained or two generations are in use."""
        size = self.files.size(self._live.fd)
        if least >= 0 and any(old.alive for old in self._older.values()):
            return None
        if least >= 0 and worth(survivors, self.watch.left, size, unasked=least > 0) <= least:
            return None
        return Rewriting(self, survivors)

    def replace(self, new: Generation, watch: Watch, ghosts: Sequence[int], note: Note, note_at: int) -> Generation:
        """The new generation has the name; returns the old one, of which ghosts may still be read."""
        old = self._live
        for uid in ghosts:
            if uid not in self._ghosts:
                self._ghosts[uid] = old.acquire()
        self._older = {bits: other for bits, other in self._older.items() if other.alive} | {old.bits: old}
        self.generation, self._watch = new, watch
        self.note, self._note_at, self._unsynced = note, note_at, -1
        self._fresh.clear()
        return old

    def next_number(self) -> int:
        """For the generation after this one: of none that somebody may still read from."""
        taken = {self._live.number} | {old.number for old in self._older.values() if old.alive}
        return next(
            number for step in range(1, NUMBERS) if (number := (self._live.number + step) % NUMBERS) not in taken
        )

    # -- reading and removing ------------------------------------------------------------------------------------

    def content(self, stored: Stored) -> WireContent:
        """The bytes of a message, in the generation that its location means."""
        location = stored.location
        generation: Generation | None = self._live
        if location.disk & BITS != self._live.bits:
            generation = self._older.get(location.disk & BITS)
        if generation is None:
            raise OSError(errno.ESTALE, "the bytes of the message went with a compaction", self.path)
        source = MessageBytes(self.files, generation, location.offset + location.head, location.length)
        return WireContent(source, stored, self._pool)

    def forget(self, messages: Sequence[Stored], note: Note) -> None:
        """The bytes go at the next compaction; an older generation closes with its last ghost."""
        for stored in messages:
            generation = self._ghosts.pop(stored.uid, None)
            if generation is not None:
                generation.release()

    def close(self) -> None:
        """Let go of the file; readers keep it open."""
        for generation in self._ghosts.values():
            generation.release()
        self._ghosts.clear()
        if self.generation is not None:
            self.generation.release()
            self.generation = self._watch = None


def _end(location: Location) -> int:
    return location.offset + location.head + location.length
