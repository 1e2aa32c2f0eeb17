"""account.annotations: what is noted about mailboxes and the account (RFC 5464), apart from account.info, which is
written often.

The top dictionary has one entry per mailbox, under its MAILBOXID (RFC 8474): so annotations follow a mailbox through
renames without a write, and a new mailbox of an old name inherits nothing. What a user notes for himself about the
mailboxes of others is in his own file: it grows with him, not with their mailboxes, and goes with his account.
``Owner`` in an entry is the account that the mailbox belongs to; ``#Account`` has the annotations of the account.

The file is read when it is first asked for: most sessions never do.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from zope.interface import implementer

from cgpymail.directory.files import SavedFile, load_document
from cgpymail.errors import StorageFailed
from cgpymail.grammar.settings import Document
from cgpymail.interfaces import IAnnotations
from cgpymail.model.annotations import canonical
from cgpymail.runtime.logs import Log
from cgpymail.runtime.runtime import Runtime

ACCOUNT, OWNER = "#Account", "Owner"


@implementer(IAnnotations)
class Annotations:
    """See IAnnotations."""

    def __init__(self, file: SavedFile) -> None:
        self.file = file
        self._kept: dict[str, dict[str, bytes]] = {}
        self._owners: dict[str, str] = {}
        for key in file.document:
            self._read(key, file.document.get(key))

    def _read(self, key: str, entry: Any) -> None:
        if isinstance(entry, dict):
            about = "" if key == ACCOUNT else key
            values = {name: _octets(value) for name, value in entry.items() if canonical(name) == name}
            self._kept[about] = {name: value for name, value in values.items() if value is not None}
            self._owners[about] = str(entry.get(OWNER, ""))

    def entries(self, about: str) -> dict[str, bytes]:
        """A copy."""
        return dict(self._kept.get(about, {}))

    def owners(self) -> dict[str, str]:
        """A copy."""
        return dict(self._owners)

    def update(self, about: str, owner: str, values: Mapping[str, bytes | None]) -> Deferred[None]:
        """Merge; None removes."""

        def update(document: Document) -> None:
            merged = {**self._kept.get(about, {}), **values}
            kept = {name: value for name, value in merged.items() if value is not None}
            if kept:
                self._kept[about], self._owners[about] = kept, owner
                whose = {OWNER: owner} if about else {}
                document.set(about or ACCOUNT, whose | {name: _written(value) for name, value in kept.items()})
            else:
                self._drop(document, about)

        return self.file.change(update)

    def forget(self, abouts: Iterable[str]) -> Deferred[None]:
        """Remove everything about them."""

        def forget(document: Document) -> None:
            for about in abouts:
                self._drop(document, about)

        return self.file.change(forget)

    def _drop(self, document: Document, about: str) -> None:
        self._kept.pop(about, None)
        self._owners.pop(about, None)
        document.remove(about or ACCOUNT)


def _octets(value: Any) -> bytes | None:
    if isinstance(value, str):
        return value.encode("utf-8", "surrogateescape")
    return value if isinstance(value, bytes) else None


def _written(value: bytes) -> str | bytes:
    """As text if it is some, so that a person can read the file; else as a block of data."""
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value
    return text if text.isprintable() else value


class LazyAnnotations:
    """The annotations of one account record, read once."""

    def __init__(self, runtime: Runtime, path: str, log: Log) -> None:
        self._runtime = runtime
        self._path = path
        self._log = log
        self._loaded: Annotations | None = None
        self._waiting: list[Deferred[Annotations]] = []
        self._retired = False

    def get(self) -> Deferred[Annotations]:
        """Fails with StorageFailed when the file cannot be used."""
        result: Deferred[Annotations] = Deferred()
        if self._loaded is not None:
            result.callback(self._loaded)
            return result
        self._waiting.append(result)
        if len(self._waiting) == 1:
            done = self._runtime.pools.read.run(load_document, self._runtime.files, self._path, self._log)
            done.addCallbacks(self._read, self._not_read)
        return result

    def _read(self, found: tuple[Document, bool]) -> None:
        document, readable = found
        if not readable:
            self._not_read(StorageFailed(detail=f"{self._path} cannot be used"))
            return
        file = SavedFile(self._runtime, self._path, document, not self._retired)
        self._loaded = Annotations(file)
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.callback(self._loaded)

    def _not_read(self, problem: Failure | Exception) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            waiter.errback(problem)

    @property
    def files(self) -> tuple[SavedFile, ...]:
        """The file, once it has been read."""
        return (self._loaded.file,) if self._loaded is not None else ()

    def retire(self) -> None:
        """The account gets another name, or goes: the file is not written by this object any more."""
        self._retired = True
        for file in self.files:
            file.writable = False
