"""The .mdir: one directory per mailbox, one file per message (manual, Mailboxes, "MailDirMailbox"; spec section 5).

A message file is written under a temporary name, synced, renamed, and never edited: other mailboxes may have hard links
to it. Whatever can change about a message (its flags) is in its name, so that a checkpoint is renames. Keywords are in
attribute files ``O<origuid>``, the mailbox note is in ``.note``.

Names are not kept in memory: the name of a message follows from its facts. Names that follow from nothing (written by
other programs: other widths, unknown letters, a UID that another file has already) are kept in ``_odd``, and
``Location.offset`` is their number there.

Opening needs no look into any file: the size in wire form is the length on disk plus the number of lines. Only files
that are not ours (without a permanent UID, or unknown to the index) are read to the end once. A file appears whole or
not at all, so a message is known by what is constant in its name: ``Location.crc`` is a checksum of that. No file
counts as unacknowledged for want of a journal record: what nobody reserved a UID for came from others, and is accepted,
under a UID of ours that it gets in its name before anybody is told.
"""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from threading import Lock

from cgpymail.errors import StorageFailed
from cgpymail.model.flags import EXPUNGED
from cgpymail.model.uidset import UidSet
from cgpymail.runtime.logs import PROBLEM
from cgpymail.runtime.runtime import Runtime
from cgpymail.runtime.spool import SharedFile
from cgpymail.stores.attributes import read_keywords, read_note, write_keywords, write_note
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
from cgpymail.stores.mdir.content import MdirContent, MessageFile
from cgpymail.stores.mdir.filenames import ASIDE, NEW, NOTE, MessageName, parse
from cgpymail.stores.mdir.foreign import measure
from cgpymail.stores.mdir.listing import Listing, fingerprint, message_name, read_listing
from cgpymail.stores.mdir.renaming import Renaming
from cgpymail.stores.mdir.writing import Writing, facts, identify

SHOWN = FOREIGN - 1  # the bits of Location.disk that a file name shows


class MdirFile(MailFile):
    """One .mdir mailbox. Threads as in MailFile; ``_lock`` guards the readers that have not opened their file."""

    adopts = True

    def __init__(self, runtime: Runtime, path: str) -> None:
        self.path = path
        self.note: Note | None = None
        self._files = runtime.files
        self._pool = runtime.pools.read
        self._log = runtime.logs.module("MAILBOX")
        self._known = UidSet()
        self._indexed = False  # whether there is an index, so that files it does not know are not ours
        self._odd: dict[int, str] = {}
        self._odd_numbers = count(1)
        self._writing = Writing(runtime.files)
        self._listing = Listing()
        self._lock = Lock()
        self._waiting: dict[int, set[MessageFile]] = {}
        self._gone: set[int] = set()  # UIDs of expunged messages whose files are gone, and which have no mark yet

    # -- opening -------------------------------------------------------------------------------------------------

    def open(self, known: Known | None) -> bool:
        """Compare names with what the snapshot knows; tidy up what a former process left. Raises StorageFailed."""
        try:
            self._listing = read_listing(self._files, self.path)
        except NotADirectoryError as problem:
            raise StorageFailed(detail=f"{self.path} is not a directory") from problem
        self.note = self._read_note()
        for name in self._listing.strays:
            self._log.write(PROBLEM, f"not a message, left alone: {self.path}/{name}")
        self._tidy()
        self._indexed = self._indexed or known is not None
        if known is None or not self._recognise(known):
            self._known = UidSet()
            self._odd.clear()
            return False
        self._known = UidSet.of_ascending(known.columns.uid)
        return True

    def _read_note(self) -> Note | None:
        try:
            return read_note(self._files.read_file(f"{self.path}/{NOTE}", 4096))
        except FileNotFoundError:
            return None

    def _tidy(self) -> None:
        """Temporary files were never acknowledged; expunged ones have no reader in a new process.

        The highest UID must not lose its last witness: the note says it first.
        """
        for temporary in self._listing.left:
            self._remove(temporary)
        if not self._listing.gone:
            return
        highest = max(name.uid for _, name in self._listing.gone)
        if self.note is None:
            return
        if highest >= self.note.uidnext:
            self._write_note(Note(self.note.uidvalidity, highest + 1))
        for file, name in self._listing.gone:
            self._remove(file)
            if name.origuid == name.uid:
                self._remove(f"O{name.origuid}")

    def _recognise(self, known: Known) -> bool:
        """Whether each known message has its file, under the name that its known facts give."""
        columns, locations = known.columns, known.locations
        for place, uid in enumerate(columns.uid):
            found = self._listing.messages.get(uid)
            location = locations.at(place)
            if found is None or location.disk & FOREIGN:
                return False
            if location.offset:
                self._odd[location.offset] = found
                if message_name(found).mask != location.disk & SHOWN:
                    return False
            elif found != str(facts(Stored(uid, columns.date[place], 0, location))):
                return False
        return True

    def scan(self, tail: bool, expected: Expected) -> Iterator[Found | Attributes]:
        """What the names tell, in UID order; then files whose UID is another's."""
        listing, self._listing = self._listing, Listing()
        wanted = set[int]()
        for uid in sorted(listing.messages):
            if not (tail and uid in self._known):
                file = listing.messages[uid]
                name = message_name(file)
                wanted.add(name.origuid)
                yield from self._found(file, name, uid, ours=not self._indexed or expected(uid) is not None)
        for file in listing.repeated:
            yield from self._found(file, message_name(file), 0, ours=False)
        for origuid in listing.attributes:
            if origuid in wanted:
                yield from self._attributes(origuid)

    def _found(self, file: str, name: MessageName, uid: int, *, ours: bool) -> Iterator[Found]:
        """One message; its file is read to the end if the number of lines in its name is not to be believed."""
        try:
            length = self._files.stat(f"{self.path}/{file}").st_size
            disk, lines, size = name.mask, name.lines, length + name.lines
            if not ours or not name.origuid or lines > length:
                disk, lines, size = measure(self._files, f"{self.path}/{file}", name.mask)
        except FileNotFoundError:  # renamed or removed by another program since the listing
            return
        canonical = MessageName(name.uid, name.origuid, name.mask, name.date, name.lines)
        odd = 0
        if not uid or str(canonical) != file or lines != name.lines:
            odd = self._remember(file)
        disk |= 0 if uid else FOREIGN
        yield Found(uid, name.date, size, Location(odd, 0, length, 0, lines, name.stamp, disk, name.origuid))

    def _attributes(self, origuid: int) -> Iterator[Attributes]:
        with contextlib.suppress(OSError):
            keywords = read_keywords(self._files.read_file(f"{self.path}/O{origuid}", 1 << 20))
            if keywords is not None:
                yield Attributes(origuid, keywords)

    def set_aside(self, unwanted: Sequence[Stored]) -> str:
        """Move message files into a folder of the mailbox that nobody looks into."""
        if not unwanted:
            return ""
        aside = f"{self.path}/{ASIDE}"
        with contextlib.suppress(FileExistsError):
            self._files.mkdir(aside)
        for stored in unwanted:
            name = self._find(stored)
            self._files.rename(f"{self.path}/{name}", f"{aside}/{name}")
        self._files.sync_directory(aside)
        self._files.sync_directory(self.path)
        return aside

    # -- writing -------------------------------------------------------------------------------------------------

    def write(self, batch: Sequence[Outgoing]) -> list[Stored]:
        """Write under temporary names, or link. Takes all back and raises OSError if one fails."""
        return self._writing.write(self.path, batch)

    def sync(self) -> None:
        """Sync the new files, give them their names, sync the directory."""
        self._writing.sync(self.path)

    def undo(self) -> None:
        """Unlink what was written since."""
        self._writing.undo()

    def flush(self, markings: Sequence[Marking], note: Note) -> Flushed:
        """Renames, attribute files and the note; one sync of the directory."""
        if note != self.note:
            self._write_note(note)
        flushed = Flushed([self._mark(marking) for marking in markings])
        if markings:
            self._files.sync_directory(self.path)
        return flushed

    def _mark(self, marking: Marking) -> Location:
        stored = marking.stored
        location = stored.location
        if marking.expunged and stored.uid in self._gone:
            self._gone.discard(stored.uid)
            return location
        old = self._find(stored)
        before = parse(old) or facts(stored)
        mask = marking.flags | (EXPUNGED if marking.expunged else 0)
        origuid = 0 if location.disk & FOREIGN else location.origuid
        after = MessageName(stored.uid, origuid or stored.uid, mask, stored.date, location.lines, before.unknown)
        if marking.keywords is not None and not marking.expunged:
            self._write_attributes(after.origuid, marking.keywords)
        if str(after) != old:
            self._rename(old, str(after))
        self._odd.pop(location.offset, None)
        odd = self._remember(str(after)) if after.unknown else 0
        disk = mask | (location.disk & ~SHOWN & ~FOREIGN)
        return location._replace(offset=odd, crc=after.stamp, disk=disk, origuid=after.origuid)

    def _rename(self, old: str, new: str) -> None:
        """Somebody else may have removed the file meanwhile: that message is lost, the others are not."""
        try:
            self._files.rename(f"{self.path}/{old}", f"{self.path}/{new}")
        except FileNotFoundError:
            self._log.write(PROBLEM, f"a message file is missing: {self.path}/{old}")

    def _write_attributes(self, origuid: int, keywords: Sequence[str]) -> None:
        """As Files.write_file does, but for the sync of the directory, which is one for the whole checkpoint."""
        if not keywords:
            self._remove(f"O{origuid}")
            return
        temporary = f"{self.path}/{NEW}O{origuid}"
        self._remove(f"{NEW}O{origuid}")
        fd = self._files.create(temporary)
        try:
            self._files.pwrite(fd, write_keywords(keywords), 0)
            self._files.sync(fd)
        finally:
            self._files.close(fd)
        self._files.rename(temporary, f"{self.path}/O{origuid}")

    def _write_note(self, note: Note) -> None:
        self._files.write_file(f"{self.path}/{NOTE}", write_note(note))
        self.note = note

    def rewrite(self, survivors: Sequence[Marking], *, least: float) -> Rewrite | None:
        """Nothing to compact. After a failed sync the names are written anew: each file was synced on its own."""
        return Renaming(self, survivors) if least < 0 else None

    # -- reading and removing --------------------------------------------------------------------------------------

    def content(self, stored: Stored) -> MdirContent:
        """The bytes of a message."""
        uid = stored.uid
        source = MessageFile(
            self._files,
            partial(self._open_message, stored),
            partial(self._open_now, stored),
            partial(self._dropped, uid),
        )
        with self._lock:
            self._waiting.setdefault(uid, set()).add(source)
        return MdirContent(source, stored, self._pool, partial(self._share, stored))

    def _dropped(self, uid: int, source: MessageFile) -> None:
        with self._lock:
            waiting = self._waiting.get(uid)
            if waiting is not None:
                waiting.discard(source)
                if not waiting:
                    del self._waiting[uid]

    def _open_message(self, stored: Stored) -> int:
        """A descriptor, whatever the file is called by now: a checkpoint may rename it between look and open."""
        for _ in range(3):
            with contextlib.suppress(FileNotFoundError):
                return self._files.open_read(f"{self.path}/{self._find(stored)}")
        raise FileNotFoundError(errno.ENOENT, "the message file is missing", self.path)

    def _open_now(self, stored: Stored) -> int | None:
        """The same if it needs no look into the directory and no waiting for the disk."""
        name = self._expected_name(stored)
        try:
            return self._files.open_now(f"{self.path}/{name}") if name else None
        except OSError:
            return None  # renamed, or worse: the thread finds out

    def _share(self, stored: Stored) -> SharedFile | None:
        with contextlib.suppress(OSError):
            path = f"{self.path}/{self._find(stored)}"
            return SharedFile(path, identify(self._files, path), stored.location.lines, stored.location.header)
        return None

    def forget(self, messages: Sequence[Stored], note: Note) -> None:
        """Unlink the files, once readers that still wait have opened them and the note proves the highest UID."""
        if not messages:
            return
        if self.note is None or max(stored.uid for stored in messages) >= self.note.uidnext:
            self._write_note(note)
        present: dict[int, str] | None = None
        for stored in messages:
            with self._lock:
                waiting = list(self._waiting.get(stored.uid, ()))
            for source in waiting:
                with contextlib.suppress(OSError):
                    source.open()
            name = self._expected_name(stored)
            if not name or not self._files.exists(f"{self.path}/{name}"):
                present = self._present() if present is None else present
                name = present.get(stored.location.crc, "")
            if name:
                self._remove(name)
            self._gone.add(stored.uid)
            if stored.location.origuid == stored.uid:
                self._remove(f"O{stored.uid}")

    def _find(self, stored: Stored) -> str:
        """The file's present name: as its facts give it, else the one with its constant part, whatever its flags."""
        name = self._expected_name(stored)
        if name and self._files.exists(f"{self.path}/{name}"):
            return name
        return self._present().get(stored.location.crc) or name or str(facts(stored))

    def _present(self) -> dict[int, str]:
        """The files there are by the constant part of their names, but for those with odd names."""
        others = set(self._odd.values())
        found = {file: parse(file) for file in self._files.listdir(self.path) if file not in others}
        return {name.stamp: file for file, name in found.items() if name is not None}

    def _expected_name(self, stored: Stored) -> str:
        """As the facts give it; empty when they do not."""
        odd = self._odd.get(stored.location.offset, "")
        return odd or ("" if stored.location.disk & FOREIGN else str(facts(stored)))

    def _remember(self, name: str) -> int:
        number = next(number for number in self._odd_numbers if number not in self._odd)
        self._odd[number] = name
        return number

    def _remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            self._files.unlink(f"{self.path}/{name}")

    def memo(self) -> bytes:
        """Changes whenever a file comes, goes or is renamed."""
        return fingerprint(self._files, self.path)

    def close(self) -> None:
        """Drop what was never synced."""
        self._writing.undo()
