"""What single users have read of a mailbox in memory: the reference for ISeenRecords."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from cgpymail.errors import StorageFailed
from cgpymail.interfaces import ISeenRecord, ISeenRecords
from cgpymail.model.columns import Columns
from cgpymail.model.seen import KnownReader, SeenRuns, seen_runs
from cgpymail.runtime.runtime import Runtime


@dataclass(slots=True)
class KeptSeen:
    """What a file would hold of one reader."""

    runs: SeenRuns
    name: str
    changed: int


@implementer(ISeenRecord)
class MemorySeenRecord:
    """One reader's, while he has the mailbox open."""

    def __init__(self, records: MemorySeenRecords, reader: str, name: str) -> None:
        self._records = records
        self._reader = reader
        self._name = name
        self._closed = False
        kept = records.kept.get(reader)
        self.runs = SeenRuns.of_flags(records.columns) if kept is None else kept.runs

    def prepare(self) -> Deferred[None]:
        """See ISeenRecord."""
        self._records.kept.setdefault(
            self._reader, KeptSeen(self.runs, self._name, self._records.now())
        ).name = self._name
        return succeed(None)

    def change(self, wanted: Sequence[tuple[int, bool]]) -> int:
        """See ISeenRecord."""
        kept = self._records.kept.get(self._reader)
        if kept is None or self._closed:
            raise StorageFailed(detail=f"what {self._name} reads is not kept")
        modseq = self._records.draw()
        self.runs.put(seen_runs(self._records.columns, wanted, modseq))
        kept.changed = self._records.now()
        return modseq

    def close(self) -> Deferred[None]:
        """See ISeenRecord."""
        self._closed = True
        return succeed(None)


@implementer(ISeenRecords)
class MemorySeenRecords:
    """Those of an open mailbox. ``draw`` gives a MODSEQ of the mailbox, and raises StorageFailed when it is closed."""

    def __init__(self, runtime: Runtime, kept: dict[str, KeptSeen], draw: Callable[[], int], columns: Columns) -> None:
        self.now = runtime.now
        self.kept = kept
        self.draw = draw
        self.columns = columns

    def open(self, reader: str, name: str) -> Deferred[MemorySeenRecord]:
        """See ISeenRecords."""
        return succeed(MemorySeenRecord(self, reader, name))

    def known(self) -> Deferred[list[KnownReader]]:
        """See ISeenRecords."""
        return succeed([KnownReader(reader, kept.name, kept.changed) for reader, kept in self.kept.items()])

    def remove(self, readers: Collection[str]) -> Deferred[None]:
        """See ISeenRecords."""
        for reader in readers:
            self.kept.pop(reader, None)
        return succeed(None)
