"""The grants index on disk: who has shared something with whom (spec 14.5.6; see IGrants).

``<base>/.grants`` has a small file for each account and each group that somebody granted ``l``: the names of those who
did. The grantee need not exist; nothing is to be done when he comes, goes or is renamed, as access control lists name
him by the same words. All of it can be made again from them (``cgpymail account grants``).
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from twisted.internet.defer import Deferred, DeferredLock
from zope.interface import implementer

from cgpymail.directory.files import SavedFile, load_document, storage_error
from cgpymail.directory.naming import account_name, domain_name
from cgpymail.errors import IllegalName, LimitExceeded
from cgpymail.grammar.settings import Document
from cgpymail.interfaces import IGrants
from cgpymail.model.identity import AccountName, Grantee
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.logs import Log
from cgpymail.runtime.runtime import Runtime

FOLDER = ".grants"
ACCOUNTS, GROUPS = "accounts", "groups"
SHARES = "YES"  # the value of each entry; the keys are what counts


@implementer(IGrants)
class GrantFiles:
    """``load`` comes first and blocks; it is for the start."""

    def __init__(self, runtime: Runtime, base: str, limits: Limits, log: Log) -> None:
        self._runtime = runtime
        self._base = f"{base}/{FOLDER}"
        self._limits = limits
        self._log = log
        self._groups: dict[Grantee, None] = {}
        self._read: OrderedDict[Grantee, SavedFile] = OrderedDict()
        self._reading = DeferredLock()
        self._unsaved: set[Grantee] = set()  # whose file has less than its document, for lack of a working disk
        self._held: Counter[AccountName] = Counter()
        self._added = 0

    def load(self) -> None:
        """Learn which groups there are. Raises OSError."""
        for domain in self._names(f"{self._base}/{GROUPS}"):
            for name in self._names(f"{self._base}/{GROUPS}/{domain}"):
                self._groups[Grantee(name, domain, group=True)] = None

    def _names(self, path: str) -> list[str]:
        try:
            return [name for name in self._runtime.files.listdir(path) if not name.startswith(".")]
        except FileNotFoundError:
            return []

    async def settled(self) -> None:
        """Fires when nothing is being written any more."""
        for file in list(self._read.values()):
            await file.settled()

    # -- IGrants -------------------------------------------------------------------------------------------------

    def owners(self, grantee: Grantee) -> Deferred[list[AccountName]]:
        """See IGrants."""
        return Deferred.fromCoroutine(self._owners(grantee))

    async def _owners(self, grantee: Grantee) -> list[AccountName]:
        if not _can_be(grantee):
            return []
        document = (await self._file(grantee)).document
        return [AccountName(name, domain) for name, _, domain in (key.rpartition("@") for key in document)]

    def groups(self) -> list[Grantee]:
        """See IGrants."""
        return list(self._groups)

    def add(self, owner: AccountName, grantees: Collection[Grantee]) -> Deferred[None]:
        """See IGrants."""
        return Deferred.fromCoroutine(self._add(owner, grantees))

    async def _add(self, owner: AccountName, grantees: Collection[Grantee]) -> None:
        self._added += 1
        for grantee in filter(_can_be, grantees):
            file = await self._file(grantee)
            if str(owner) not in file.document:
                await self._make_folder(grantee)
                file = await self._file(grantee)  # which may have been forgotten meanwhile
            elif not file.busy and grantee not in self._unsaved:
                continue
            await self._write(owner, grantee, file)

    async def _write(self, owner: AccountName, grantee: Grantee, file: SavedFile) -> None:
        listed = set(file.document)
        if str(owner) not in listed and len(listed) >= self._limits.sharing_accounts:
            raise LimitExceeded(f"Too many accounts share something with {grantee.name}")
        if grantee.group:
            self._groups[grantee] = None
        self._unsaved.add(grantee)
        await file.change(lambda document: document.set(str(owner), SHARES))
        self._unsaved.discard(grantee)

    @contextmanager
    def holding(self, owner: AccountName) -> Iterator[None]:
        """See IGrants."""
        self._held[owner] += 1
        try:
            yield
        finally:
            self._held[owner] -= 1
            self._added += 1
            if not self._held[owner]:
                del self._held[owner]

    def mark(self) -> int:
        """See IGrants."""
        return self._added

    def drop(self, owner: AccountName, grantee: Grantee, mark: int) -> None:
        """See IGrants."""
        file = self._read.get(grantee)
        if mark != self._added or owner in self._held or file is None or not file.writable:
            return
        written = file.change(lambda document: document.remove(str(owner)))
        written.addErrback(lambda _: None)  # it stays on disk for now: a hint too many

    # -- files ---------------------------------------------------------------------------------------------------

    def _path(self, grantee: Grantee) -> str:
        return f"{self._base}/{GROUPS if grantee.group else ACCOUNTS}/{grantee.domain}/{grantee.name}"

    async def _file(self, grantee: Grantee) -> SavedFile:
        """One object for each file, as long as it is being read or written; and those used last."""
        file = self._read.get(grantee)
        if file is not None:
            self._read.move_to_end(grantee)
            return file
        async with self._reading:
            if grantee not in self._read:
                found: tuple[Document, bool] = await self._runtime.pools.read.run(
                    load_document, self._runtime.files, self._path(grantee), self._log
                )
                self._read[grantee] = SavedFile(self._runtime, self._path(grantee), *found)
                self._forget_some()
            return self._read[grantee]

    def _forget_some(self) -> None:
        idle = [grantee for grantee, file in self._read.items() if not file.busy and grantee not in self._unsaved]
        for grantee in idle[: max(len(self._read) - self._limits.account_cache, 0)]:
            del self._read[grantee]

    async def _make_folder(self, grantee: Grantee) -> None:
        try:
            await self._runtime.pools.sync.run(self._make, self._path(grantee).rpartition("/")[0])
        except OSError as problem:
            raise storage_error(problem) from problem

    def _make(self, folder: str) -> None:
        files = self._runtime.files
        above = folder.rpartition("/")[0]
        if files.exists(folder):
            return
        if above != self._base.rpartition("/")[0]:
            self._make(above)
        files.mkdir(folder)
        files.sync_directory(above)


def _can_be(grantee: Grantee) -> bool:
    """Whether anybody can have the name; only such names become names of files."""
    try:
        return account_name(grantee.name) == grantee.name and domain_name(grantee.domain) == grantee.domain
    except IllegalName:
        return False
