"""The one mailbox of a single-mailbox account (spec 1.2): INBOX is a mail file beside those of other accounts.

What belongs to it has its name (model/companions.py; directory/places.py): nothing else in that directory is looked at,
and nothing of it but its own is touched.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Mapping
from typing import TypeVar

from twisted.internet.defer import Deferred, fail
from zope.interface import implementer

from cgpymail.errors import CannotDo, MailboxExists, NoSuchMailbox, OneMailboxOnly
from cgpymail.interfaces import IMailboxTree
from cgpymail.model.mailbox import MailboxHints, TreeEntry
from cgpymail.model.names import INBOX
from cgpymail.runtime.logs import PROBLEM
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.core import mail_error
from cgpymail.stores.engine import Store, open_store
from cgpymail.stores.mailfile import Format, Note
from cgpymail.stores.registry import FORMATS
from cgpymail.stores.scanning import remove_companions

T = TypeVar("T")


@implementer(IMailboxTree)
class SingleTree:
    """``path``: of the mail file, without the dot and the extension; its directory is there."""

    def __init__(self, runtime: Runtime, path: str, formats: Mapping[str, Format] = FORMATS) -> None:
        self._runtime = runtime
        self._files = runtime.files
        self._path = path
        self._formats = formats
        self._log = runtime.logs.module("MAILBOX")
        self._reported: set[str] = set()

    def scan(self) -> Deferred[dict[str, TreeEntry]]:
        """INBOX, if there is a mail file. Fails with StorageFailed."""

        async def scan() -> dict[str, TreeEntry]:
            format = await self._run(self._find)
            return {INBOX: TreeEntry(INBOX, format)} if format else {}

        return Deferred.fromCoroutine(scan())

    def open(self, name: str, hints: MailboxHints, draw: Callable[[], Deferred[int]]) -> Deferred[Store]:
        """The store of INBOX. Fails with NoSuchMailbox, StorageFailed."""

        async def open_mailbox() -> Store:
            extension = await self._run(self._find) if name == INBOX else ""
            if not extension:
                raise NoSuchMailbox
            return await open_store(self._runtime, self._formats[extension], self._file(extension), hints, draw)

        return Deferred.fromCoroutine(open_mailbox())

    def create(self, name: str, format: str, uidvalidity: int) -> Deferred[None]:
        """Make INBOX. Fails with MailboxExists, OneMailboxOnly, CannotDo for an unknown format, StorageFailed."""

        def create() -> None:
            if name != INBOX:
                raise OneMailboxOnly
            if format not in self._formats:
                raise CannotDo("The mailbox format is not known")
            if self._find():
                raise MailboxExists
            directory, _, stem = self._path.rpartition("/")
            remove_companions(self._files, directory, stem)
            try:
                self._formats[format].create(self._files, self._file(format), Note(uidvalidity, 1))
            except FileExistsError as problem:
                raise MailboxExists from problem

        return Deferred.fromCoroutine(self._run(create))

    def create_directory(self, name: str) -> Deferred[None]:
        """Fails with OneMailboxOnly."""
        return fail(OneMailboxOnly())

    def delete(self, name: str) -> Deferred[None]:
        """INBOX stays as long as the account does, and goes with it. Fails with OneMailboxOnly, NoSuchMailbox."""
        return fail(OneMailboxOnly() if name == INBOX else NoSuchMailbox())

    def delete_directory(self, name: str) -> Deferred[None]:
        """Fails with NoSuchMailbox."""
        return fail(NoSuchMailbox())

    def rename(self, old: str, new: str, children: bool) -> Deferred[None]:
        """Fails with OneMailboxOnly, NoSuchMailbox."""
        return fail(OneMailboxOnly() if old == INBOX else NoSuchMailbox())

    def _file(self, extension: str) -> str:
        return f"{self._path}.{extension}"

    def _find(self) -> str:
        """The extension of the mail file, empty if there is none. Of several the first is the mailbox, as elsewhere."""
        found = ""
        for extension in sorted(self._formats):
            try:
                mode = self._files.stat(self._file(extension)).st_mode
            except FileNotFoundError:
                continue
            if not found and (stat.S_ISDIR if self._formats[extension].is_directory else stat.S_ISREG)(mode):
                found = extension
            elif extension not in self._reported:
                self._reported.add(extension)
                self._log.write(PROBLEM, f"not a mailbox, left alone: {self._file(extension)}")
        return found

    async def _run(self, function: Callable[[], T]) -> T:
        """Do it on a thread; what the disk refuses becomes an error that a client can be told."""
        try:
            return await self._runtime.pools.sync.run(function)
        except OSError as problem:
            raise mail_error(problem) from problem
