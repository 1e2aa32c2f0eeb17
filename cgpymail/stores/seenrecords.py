"""What single users have read of a mailbox, in a file for each beside it: NAME.seen-<reader>.

The file is a journal (journal.py) with records of its own kinds: ranges of UIDs that were read or not, with absolute
values, and the name of the reader. A change is written to it on the reactor thread before anybody hears of it, and
synced within a second. When it has grown, or a sync has failed, it is made anew: the state goes to another file, which
also gets every change made meanwhile, is synced, and takes the name. That happens in the mailbox's ``turn``, and so
does reading the file: neither ever meets a rename of the mailbox. A file of another UIDVALIDITY counts for nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import IntEnum
from typing import Any

from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from zope.interface import implementer

from cgpymail.errors import StorageFailed
from cgpymail.interfaces import ISeenRecord, ISeenRecords
from cgpymail.model.companions import SEEN, reader_of
from cgpymail.model.seen import KnownReader, Run, SeenRuns, seen_runs
from cgpymail.runtime.logs import PROBLEM
from cgpymail.stores import journal
from cgpymail.stores.core import SYNC_DELAY, Core, in_turn, mail_error
from cgpymail.stores.journal import Contents, Header, Journal, Record, record
from cgpymail.stores.upkeep import attempt

ROOM = 4_096  # bytes that are reserved for a new file
GROWN = 64 * 1024  # bytes; a file smaller than that is not made anew for its size
TOLERANCE = 2  # seconds by which the time of a file may lie before the MODSEQ in it, rounded
LARGEST = 64 * 1024 * 1024  # bytes; four times a million runs of one message each
_RANGES = 5  # in one record
_RANGE = struct.Struct("<II")
_NAME_PART = 40
_NAME_ROOM = 16 * journal.SIZE  # bytes at the beginning that a name fits into

Found = tuple[Contents, Journal, SeenRuns]
"""What a file says, open for going on, and what comes of it."""


class _Kind(IntEnum):
    """What a record says: its ``part`` first ranges were read, or not; or part ``part`` of the reader's name."""

    READ = 1
    UNREAD = 2
    NAME = 3


def _records(runs: Iterable[Run]) -> list[bytes]:
    """As many ranges of one value as fit go into a record."""
    bodies: list[bytes] = []
    batch: list[Run] = []
    for run in runs:
        if batch and (run[2:] != batch[0][2:] or len(batch) == _RANGES):
            bodies.append(_record(batch))
            batch = []
        batch.append(run)
    return [*bodies, _record(batch)] if batch else bodies


def _record(runs: Sequence[Run]) -> bytes:
    kind = _Kind.READ if runs[0].seen else _Kind.UNREAD
    data = b"".join(_RANGE.pack(run.low, run.high) for run in runs)
    return record(kind, runs[0].low, runs[-1].high, runs[0].modseq, data, len(runs))


def _name_records(name: str) -> list[bytes]:
    data = name.encode("utf-8", "surrogateescape")
    parts = [data[start : start + _NAME_PART] for start in range(0, len(data), _NAME_PART)]
    return [record(_Kind.NAME, 0, len(data), data=part, part=number) for number, part in enumerate(parts)]


def _runs_of(records: Iterable[Record]) -> Iterator[list[Run]]:
    for each in records:
        if each.kind in (_Kind.READ, _Kind.UNREAD) and each.part <= _RANGES:
            ranges = [_RANGE.unpack_from(each.data, place * _RANGE.size) for place in range(each.part)]
            yield [Run(low, high, each.kind == _Kind.READ, each.modseq) for low, high in ranges]


def _name_of(records: Iterable[Record]) -> str:
    named = [each for each in records if each.kind == _Kind.NAME]
    data = b"".join(each.data for each in named)
    return data[: named[0].last].decode("utf-8", "surrogateescape") if named else ""


@implementer(ISeenRecords)
class SeenRecords:
    """Those of one open mailbox."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._ordered = False  # whether MODSEQs are drawn above those of all readers

    def open(self, reader: str, name: str) -> Deferred[SeenRecord]:
        """See ISeenRecords."""

        async def opened() -> SeenRecord:
            core = self._core
            if not self._ordered:
                core.draw_above(await core.run(self._latest))
                self._ordered = True
            found, problem = await core.run(_load, core, reader)
            if problem:
                core.log.write(PROBLEM, f"the record of what {name} has read of {core.path} {problem}")
            return SeenRecord(core, reader, name, found)

        return in_turn(self._core.turn, opened)

    def known(self) -> Deferred[list[KnownReader]]:
        """See ISeenRecords. Names of files that cannot be understood are empty."""
        return Deferred.fromCoroutine(self._core.run(self._known))

    def _known(self) -> list[KnownReader]:
        files = self._core.runtime.files
        found: list[KnownReader] = []
        for path, reader in self._paths():
            contents = journal.read(files, path, _NAME_ROOM)
            changed = int(files.stat(path).st_mtime)
            found.append(KnownReader(reader, _name_of(contents.records) if contents else "", changed))
        return found

    def remove(self, readers: Collection[str]) -> Deferred[None]:
        """See ISeenRecords."""

        def remove() -> None:
            files = self._core.runtime.files
            doomed = [path for path, reader in self._paths() if reader in readers]
            for path in doomed:
                files.unlink(path)
            if doomed:
                files.sync_directory(doomed[0].rpartition("/")[0])

        return in_turn(self._core.turn, lambda: self._core.run(remove))

    def _latest(self) -> int:
        """No MODSEQ of what users have read is above it, by the times of the files: after a kill, or when the clock was
        set back, what changes for everybody still comes later. Blocking. Raises OSError."""
        files = self._core.runtime.files
        times = (int(files.stat(path).st_mtime) + TOLERANCE for path, _ in self._paths())
        return max(times, default=0) * 1_000_000

    def _paths(self) -> list[tuple[str, str]]:
        directory, _, stem = self._core.stem.rpartition("/")
        found = ((name, reader_of(name, stem)) for name in self._core.runtime.files.listdir(directory))
        return [(f"{directory}/{name}", reader) for name, reader in found if reader]


def _load(core: Core, reader: str) -> tuple[Found | None, str]:
    """What is on disk, None if nothing that counts; and what is to be told of it. Blocking. Raises OSError."""
    files = core.runtime.files
    path = f"{core.stem}{SEEN}{reader}"
    try:
        if files.stat(path).st_size > LARGEST:
            return None, "is larger than any can be: it begins anew"
        contents = journal.read(files, path)
    except FileNotFoundError:
        return None, ""
    if contents is None:
        return None, "cannot be understood: it begins anew"
    if contents.header.uidvalidity != core.state.uidvalidity:
        return None, ""
    runs = SeenRuns(floor=contents.header.modseq)
    for some in _runs_of(contents.records):
        runs.put(some)
    kept = Journal.resume(files, contents, grow=False)
    try:
        kept.sync()  # of a process that was killed it may not be on disk yet, and from now on people see it
    except BaseException:
        kept.close()
        raise
    return (contents, kept, runs), "is damaged: some of it is lost" if contents.damaged else ""


@implementer(ISeenRecord)
class SeenRecord:
    """One reader's, while he has the mailbox open."""

    def __init__(self, core: Core, reader: str, name: str, found: Found | None) -> None:
        self._core = core
        self._reader = reader
        self._name = name
        self._journal: Journal | None = None
        self._next: Journal | None = None  # the file that is about to take the name; gets every change too
        self._meanwhile: list[bytes] | None = None  # changes since the state was taken that the next file begins with
        self._timer: Any = None
        self._closed = False
        self._grown = GROWN
        if found is None:
            self.runs = SeenRuns.of_flags(core.state.columns)
            self._due = True
            return
        contents, self._journal, self.runs = found
        self.runs.prune(core.state.columns.uid)
        core.draw_above(self.runs.highest)
        self._due = contents.damaged or _name_of(contents.records) != name or self._journal.tail > self._grown

    def prepare(self) -> Deferred[None]:
        """See ISeenRecord."""
        if not self._wanting:
            return succeed(None)
        return in_turn(self._core.turn, self._prepare)

    @property
    def _wanting(self) -> bool:
        return self._due or self._journal is None or self._journal.broken

    async def _prepare(self) -> None:
        if self._wanting:
            await self._renew()

    def change(self, wanted: Sequence[tuple[int, bool]]) -> int:
        """See ISeenRecord."""
        if self._closed or self._core.closed or self._journal is None:
            raise StorageFailed(detail=f"what {self._name} reads is not kept: {self._core.path}")
        modseq = self._core.draw_for_one()
        runs = seen_runs(self._core.state.columns, wanted, modseq)
        bodies = _records(runs)
        try:
            self._journal.write(bodies)
            if self._next is not None:
                self._next.write(bodies)
        except OSError as problem:
            self._renew_soon()
            raise mail_error(problem) from problem
        if self._meanwhile is not None:
            self._meanwhile += bodies
        self.runs.put(runs)
        self._sync_soon()
        if self._journal.tail > self._grown and not self._due:
            self._renew_soon()
        return modseq

    def _sync_soon(self) -> None:
        if self._timer is None:
            self._timer = self._core.runtime.clock.callLater(SYNC_DELAY, self._sync)

    def _sync(self) -> None:
        self._timer = None
        for each in (self._journal, self._next):
            if each is not None:
                self._core.runtime.pools.sync.run(each.sync).addErrback(self._sync_failed)

    def _sync_failed(self, failure: Failure) -> None:
        self._renew_soon()

    def _renew_soon(self) -> None:
        self._due = True
        in_turn(self._core.turn, lambda: attempt(self._core, "keeping what a user reads", self._prepare()))

    async def _renew(self) -> None:
        """Make the file anew. Raises StorageFailed, StorageFull; then the old one goes on."""
        core = self._core
        if self._closed or core.closed:
            raise StorageFailed(detail=f"the mailbox is closed: {core.path}")
        kept = self.runs.copy()
        kept.prune(core.state.columns.uid)
        header = Header(core.state.uidvalidity, 0, 0, kept.floor, b"", core.runtime.now())
        bodies = [*_name_records(self._name), *_records(kept)]
        path = f"{core.stem}{SEEN}{self._reader}"
        self._meanwhile = []
        try:
            fresh = await core.run(self._begin, path, header, bodies)
            try:
                fresh.write(self._meanwhile)
                self._next, self._meanwhile = fresh, None
                await core.run(self._put_in_place, fresh, path)
            except BaseException:
                fresh.close()
                if self._next is not None and self._journal is not None:
                    self._journal.broken = True  # which of the two has the name is not known
                raise
        except OSError as problem:
            raise mail_error(problem) from problem
        finally:
            self._due = True
            self._next = self._meanwhile = None
        self._due = False
        old, self._journal = self._journal, fresh
        if old is not None:
            old.close()
        self._grown = max(GROWN, 4 * fresh.tail)
        self._sync_soon()

    def _begin(self, path: str, header: Header, bodies: Sequence[bytes]) -> Journal:
        """A file with the state, under a name of ours. Blocking. Raises OSError."""
        directory, _, name = path.rpartition("/")
        fresh = Journal.create(self._core.runtime.files, f"{directory}/.{name}.new", header, ROOM)
        try:
            fresh.write(bodies)
            fresh.sync()
        except BaseException:
            fresh.close()
            raise
        return fresh

    def _put_in_place(self, fresh: Journal, path: str) -> None:
        """Blocking. Raises OSError."""
        files = self._core.runtime.files
        fresh.sync()
        files.rename(fresh.path, path)
        files.sync_directory(path.rpartition("/")[0])
        fresh.path = path

    def close(self) -> Deferred[None]:
        """See ISeenRecord. Idempotent."""
        return in_turn(self._core.turn, self._close)

    async def _close(self) -> None:
        if self._closed:
            return
        self._closed = True
        kept = self._journal
        if kept is None:
            return
        if self._timer is not None:
            self._timer.cancel()
            await attempt(self._core, "closing what a user reads", self._core.run(kept.sync))
        kept.close()
