"""A mailbox in one .rec file: appended to, flags changed in place, compacted into a new file."""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Iterable, Iterator, Sequence

from cgpymail.errors import StorageFailed
from cgpymail.model.flags import EXPUNGED
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.attributes import NOTE_WIDTH, read_keywords, read_note, write_keywords, write_note
from cgpymail.stores.content import WireContent
from cgpymail.stores.mailfile import (
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
from cgpymail.stores.wireform import Meter, plain_form
from tests.support.fourthformat.generation import Generation, RecordSource
from tests.support.fourthformat.records import ATTRIBUTES, FLAGS_AT, MAGIC, MESSAGE, SIZE, START, Header, parse


class RecordFile(MailFile):
    """``_end``: where the next record goes; ``_synced``: where everything before is durable; ``_ghosts``: expunged
    messages whose bytes are in an older generation."""

    def __init__(self, runtime: Runtime, path: str) -> None:
        self.path = path
        self.note: Note | None = None
        self._files = runtime.files
        self._pool = runtime.pools.read
        self._generation: Generation | None = None
        self._end = self._synced = self._tail = START
        self._live = 0  # bytes of messages that are not expunged, at the last look
        self._ghosts: dict[int, Generation] = {}

    @property
    def generation(self) -> Generation:
        """The file of today."""
        assert self._generation is not None
        return self._generation

    # -- opening -------------------------------------------------------------------------------------------------

    def open(self, known: Known | None) -> bool:
        """Look at the header of every known message."""
        if self._generation is None:
            self._generation = Generation(self._files, self._files.open(self.path))
        fd = self.generation.fd
        if self._files.pread(fd, len(MAGIC), 0) != MAGIC:
            raise StorageFailed(detail=f"{self.path} is not a .rec mailbox")
        self.note = read_note(self._files.pread(fd, NOTE_WIDTH, len(MAGIC)))
        self._tail = self._end = self._synced = START
        if known is None:
            return False
        for place, uid in enumerate(known.columns.uid):
            location = known.locations.at(place)
            header = self._header(location.offset)
            if header is None or (header.uid, header.crc) != (uid, location.crc) or location.disk & FOREIGN:
                return False
            self._tail = max(self._tail, location.offset + location.head + location.length)
        return True

    def _header(self, offset: int) -> Header | None:
        return parse(self._files.pread(self.generation.fd, SIZE, offset))

    def scan(self, tail: bool, expected: Expected) -> Iterator[Found | Attributes]:
        """Record by record, up to what was torn."""
        offset = self._tail if tail else START
        size = self._files.size(self.generation.fd)
        seen: set[int] = set()
        while (header := self._header(offset)) is not None and offset + SIZE + header.length <= size:
            if header.kind == ATTRIBUTES:
                yield from self._attributes(header, offset)
            elif not header.flags & EXPUNGED:
                yield self._found(header, offset, repeated=header.uid in seen)
                seen.add(header.uid)
            offset += SIZE + header.length
        self._end = self._synced = offset

    def _found(self, header: Header, offset: int, *, repeated: bool) -> Found:
        disk = header.flags | (FOREIGN if repeated else 0)
        location = Location(offset, SIZE, header.length, 0, header.lines, header.crc, disk, header.uid)
        return Found(0 if repeated else header.uid, header.date, header.length + header.lines, location, own=True)

    def _attributes(self, header: Header, offset: int) -> Iterator[Attributes]:
        keywords = read_keywords(self._files.pread(self.generation.fd, header.length, offset + SIZE))
        if keywords is not None:
            yield Attributes(header.uid, keywords)

    def set_aside(self, unwanted: Sequence[Stored]) -> str:
        """Everything from the first unwanted byte on goes into a file beside."""
        start = min([self._end, *(stored.location.offset for stored in unwanted)])
        data = self._files.pread(self.generation.fd, self._files.size(self.generation.fd), start)
        if not data:
            return ""
        aside = f"{self.path}.aside"
        self._files.write_file(aside, data)
        self._files.truncate(self.generation.fd, start)
        self._files.sync(self.generation.fd)
        self._end = self._synced = start
        return aside

    # -- writing -------------------------------------------------------------------------------------------------

    def write(self, batch: Sequence[Outgoing]) -> list[Stored]:
        """Payload first: a record without header is no record."""
        before = self._end
        try:
            return [self._write(outgoing) for outgoing in batch]
        except BaseException:
            self._cut(before)
            raise

    def _write(self, outgoing: Outgoing) -> Stored:
        meter = Meter()
        start = self._end + SIZE
        for piece in plain_form(outgoing.content, meter):
            self._files.pwrite(self.generation.fd, piece, start + meter.length - len(piece))
        header = Header(MESSAGE, outgoing.uid, outgoing.flags, meter.crc, meter.lines, meter.length, outgoing.date)
        self._files.pwrite(self.generation.fd, bytes(header), self._end)
        location = Location(
            self._end, SIZE, meter.length, meter.header(), meter.lines, meter.crc, outgoing.flags, outgoing.uid
        )
        self._end = start + meter.length
        return Stored(outgoing.uid, outgoing.date, meter.size(), location)

    def _cut(self, end: int) -> None:
        self._files.truncate(self.generation.fd, end)
        self._end = end

    def sync(self) -> None:
        """One fdatasync."""
        end = self._end
        self._files.sync(self.generation.fd)
        self._synced = end

    def undo(self) -> None:
        """Cut back."""
        self._cut(self._synced)

    def flush(self, markings: Sequence[Marking], note: Note) -> Flushed:
        """Flags in place; keywords as attribute records at the end."""
        fd = self.generation.fd
        if note != self.note:
            self._files.pwrite(fd, write_note(note), len(MAGIC))
            self.note = note
        flushed = Flushed()
        for place, marking in enumerate(markings):
            location = marking.stored.location
            mask = marking.flags | (EXPUNGED if marking.expunged else 0)
            flushed.locations.append(location._replace(disk=mask | location.disk & FOREIGN))
            if location.disk & FOREIGN:
                flushed.stuck.append(place)
                continue
            self._files.pwrite(fd, mask.to_bytes(4, "big"), location.offset + FLAGS_AT)
            if marking.keywords is not None and not marking.expunged:
                self._end += self._put_attributes(fd, self._end, marking.stored.uid, marking.keywords)
        self.sync()
        return flushed

    def _put_attributes(self, fd: int, offset: int, uid: int, keywords: Sequence[str]) -> int:
        payload = write_keywords(keywords)
        header = Header(ATTRIBUTES, uid, 0, 0, 0, len(payload), 0)
        self._files.pwrite(fd, bytes(header) + payload, offset)
        return SIZE + len(payload)

    # -- compaction ----------------------------------------------------------------------------------------------

    def rewrite(self, survivors: Sequence[Marking], *, least: float) -> Rewrite | None:
        """If enough of the file is dead."""
        live = START + sum(SIZE + marking.stored.location.length for marking in survivors)
        if self._end - live <= least * self._end:
            return None
        return Compaction(self, survivors)

    def replace(self, generation: Generation, end: int, ghosts: Iterable[int], note: Note) -> Generation:
        """A new generation takes over; returns the old one, which stays for the ghosts."""
        old, self._generation = self.generation, generation
        for uid in ghosts:
            if uid not in self._ghosts:
                self._ghosts[uid] = old.pin()
        self._end = self._synced = end
        self.note = note
        return old

    # -- reading and removing --------------------------------------------------------------------------------------

    def content(self, stored: Stored) -> WireContent:
        """From the generation that has it."""
        generation = self._ghosts.get(stored.uid, self.generation)
        location = stored.location
        return WireContent(RecordSource(generation, location.offset + location.head), stored, self._pool)

    def forget(self, messages: Sequence[Stored], note: Note) -> None:
        """Their bytes wait for the next compaction."""
        for stored in messages:
            generation = self._ghosts.pop(stored.uid, None)
            if generation is not None:
                generation.unpin()

    def memo(self) -> bytes:
        """Length and time of the last change."""
        status = os.fstat(self.generation.fd)
        return status.st_size.to_bytes(8, "big") + status.st_mtime_ns.to_bytes(8, "big")

    def close(self) -> None:
        """Unpin everything."""
        generations = list(self._ghosts.values())
        self._ghosts.clear()
        if self._generation is not None:
            generations.append(self._generation)
            self._generation = None
        for generation in generations:
            generation.unpin()


class Compaction(Rewrite):
    """Copies record by record into a file with a dot-name."""

    def __init__(self, mailbox: RecordFile, survivors: Sequence[Marking]) -> None:
        self._mailbox = mailbox
        self._files = mailbox.generation.files
        directory, _, name = mailbox.path.rpartition("/")
        self._directory = directory
        self._path = f"{directory}/.{name}.new"
        if self._files.exists(self._path):
            self._files.unlink(self._path)
        self._fd = self._files.create(self._path)
        self._unneeded: Generation | None = Generation(self._files, self._fd)
        self._left: tuple[list[int], Note] = ([], Note(1, 1))
        self._end = START
        try:
            self._locations = [self._copy(marking) for marking in survivors]
        except BaseException:
            self.close()
            raise

    def _copy(self, marking: Marking) -> Location:
        stored = marking.stored
        old = stored.location
        mask = marking.flags | (EXPUNGED if marking.expunged else 0)
        header = Header(MESSAGE, stored.uid, mask, old.crc, old.lines, old.length, stored.date)
        start = self._end
        self._files.pwrite(self._fd, bytes(header), start)
        done = 0
        while done < old.length:
            source = self._mailbox.generation.fd
            piece = self._files.pread(source, min(1 << 20, old.length - done), old.offset + old.head + done)
            if not piece:
                raise OSError("a message was cut short")
            self._files.pwrite(self._fd, piece, start + SIZE + done)
            done += len(piece)
        self._end = start + SIZE + old.length
        if marking.keywords and not marking.expunged:
            self._end += self._mailbox._put_attributes(self._fd, self._end, stored.uid, marking.keywords)
        return Location(start, SIZE, old.length, old.header, old.lines, old.crc, mask, stored.uid)

    def finish(self, added: Sequence[Marking], ghosts: Iterable[int], note: Note) -> list[Location]:
        """The rest, the note, sync, rename, sync."""
        self._locations += [self._copy(marking) for marking in added]
        self._files.pwrite(self._fd, MAGIC + write_note(note), 0)
        self._files.sync(self._fd)
        self._left = list(ghosts), note
        self._files.rename(self._path, self._mailbox.path)
        try:
            self._files.sync_directory(self._directory)
        except OSError as problem:
            raise OSError(errno.EIO, "which file has the name is not certain", self._mailbox.path) from problem
        return self._locations

    def take_over(self) -> None:
        """Swap the two."""
        assert self._unneeded is not None
        self._unneeded = self._mailbox.replace(self._unneeded, self._end, *self._left)

    def close(self) -> None:
        """Unpin the one that is not needed."""
        generation, self._unneeded = self._unneeded, None
        if generation is not None:
            generation.unpin()
        with contextlib.suppress(FileNotFoundError):  # it has got its name, or is not wanted
            self._files.unlink(self._path)
