"""Settings files of the directory: read with care, written whole and crash-safe.

A file that could not be understood is never written over. A file that changes often is written by one writer at a
time: whoever asks while a write is under way shares the next one.
"""

from __future__ import annotations

import errno
from collections.abc import Callable

from twisted.internet.defer import Deferred, fail
from twisted.python.failure import Failure

from cgpymail.errors import StorageFailed, StorageFull
from cgpymail.grammar.settings import Document, SettingsError
from cgpymail.runtime.files import Files
from cgpymail.runtime.logs import CRASH, Log
from cgpymail.runtime.runtime import Runtime


def load_document(files: Files, path: str, log: Log) -> tuple[Document, bool]:
    """The file (an empty Document when there is none) and whether it could be understood. Blocking.

    A file that cannot be read or understood is reported with its place and left as it is.
    """
    try:
        return Document(files.read_file(path)), True
    except FileNotFoundError:
        return Document(), True
    except (OSError, SettingsError) as problem:
        log.write(CRASH, f"{path} cannot be used and is left as it is: {problem}")
        return Document(), False


def storage_error(problem: OSError) -> StorageFailed:
    """The public error for what the disk said."""
    kind = StorageFull if problem.errno in (errno.ENOSPC, errno.EDQUOT) else StorageFailed
    return kind(detail=str(problem))


class SavedFile:
    """A Document and its place on disk. ``writable`` False: nothing is written, because what is there could not be
    understood, or because the account has gone from there.

    ``save`` is called after every change; what was changed and could not be written goes with the next write.
    """

    def __init__(self, runtime: Runtime, path: str, document: Document, writable: bool) -> None:
        self.document = document
        self.path = path
        self.writable = writable
        self._runtime = runtime
        self._waiting: list[Deferred[None]] = []
        self._writing = False

    @property
    def busy(self) -> bool:
        """Whether a write is under way or due."""
        return self._writing

    def change(self, action: Callable[[Document], None]) -> Deferred[None]:
        """Apply and write; fires when it is on disk. Fails with StorageFailed, and with
        SettingsError for a value that has no form in a file."""
        if not self.writable:
            return fail(StorageFailed(detail=f"{self.path} is not to be written"))
        try:
            action(self.document)
        except SettingsError as problem:
            return fail(problem)
        result: Deferred[None] = Deferred()
        self._waiting.append(result)
        if not self._writing:
            self._write()
        return result

    def settled(self) -> Deferred[None]:
        """Fires when no write is under way; never fails."""
        result: Deferred[None] = Deferred()
        if not self._writing:
            result.callback(None)
            return result
        self._waiting.append(result)
        result.addErrback(lambda _: None)
        return result

    def _write(self) -> None:
        waiters, self._waiting = self._waiting, []
        self._writing = True
        done = self._runtime.pools.sync.run(self._runtime.files.write_file, self.path, self.document.render())
        done.addCallbacks(self._written, self._failed, callbackArgs=(waiters,), errbackArgs=(waiters,))

    def _written(self, _: None, waiters: list[Deferred[None]]) -> None:
        self._next()
        for waiter in waiters:
            waiter.callback(None)

    def _failed(self, failure: Failure, waiters: list[Deferred[None]]) -> None:
        self._next()
        problem = failure.value
        if isinstance(problem, OSError):
            self._runtime.logs.module("ACCOUNT").write(CRASH, f"{self.path} could not be written: {problem}")
            problem = storage_error(problem)
        for waiter in waiters:
            waiter.errback(problem)

    def _next(self) -> None:
        self._writing = False
        if self._waiting:
            self._write()
