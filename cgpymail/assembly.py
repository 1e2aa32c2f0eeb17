"""Where the layers are joined: runtime, directory, mailbox trees and the Mailbox Manager over one base directory.

The daemon (tap.py) and the ``cgpymail`` tool make the same composition, each with a runtime of its own kind; the lock
on ``<base>/.lock`` lets one of them at a time have the base directory.
"""

from __future__ import annotations

import stat
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field

from cgpymail.config import Settings
from cgpymail.directory.directory import Directory
from cgpymail.errors import BadSettings
from cgpymail.interfaces import IAccountRecord, IMailboxTree
from cgpymail.manager.grants import announced
from cgpymail.manager.manager import MailboxManager
from cgpymail.manager.services import Services
from cgpymail.model.identity import AccountName
from cgpymail.runtime.limits import LiveLimits
from cgpymail.runtime.runtime import Runtime
from cgpymail.runtime.sessions import Sessions
from cgpymail.runtime.spool import Spool
from cgpymail.stores.registry import FORMATS
from cgpymail.stores.singletree import SingleTree
from cgpymail.stores.tree import DiskTree

LOCK = ".lock"
SPOOL = ".spool"


class BaseTaken(SystemExit):
    """Another process works on the base directory."""


class BaseUnusable(SystemExit):
    """The base directory is not there, or not ours to write."""


@dataclass(slots=True)
class Server:
    """Everything below the protocols. ``stop`` comes after the last session has ended."""

    services: Services
    directory: Directory
    limits: LiveLimits
    _lock: int
    sessions: Sessions = field(default_factory=Sessions)

    async def create_account(
        self,
        name: str,
        password: bytes = b"",
        *,
        domain: str = "",
        encryption: str = "",
        format: str = "",
        single: bool = False,
    ) -> None:
        """A new account with INBOX and its special mailboxes, or if ``single`` with INBOX alone. ``domain`` empty: the
        main one; ``format`` as in the setting DefaultMailboxType, empty: the domain's default.

        Raises IllegalName, AccountExists, NoSuchAccount (no such domain), BadSettings (password), StorageFailed.
        """
        try:
            text = password.decode("utf-8")
        except UnicodeDecodeError:
            raise BadSettings("A password must be in UTF-8") from None
        place = domain or self.directory.domains.main.name
        record = await self.directory.create(name, place, text, encryption, format, single=single)
        user = await self.services.manager.connect(record.name, "ADMIN", "create")  # makes what a new account has
        await user.close()

    async def delete_account(self, name: AccountName) -> None:
        """Remove an account with all its mail; its sessions end, and those that have a mailbox of it open.

        Raises NoSuchAccount, Busy, StorageFailed.
        """
        await self.directory.need(name)
        async with self._withdrawn(name, "The account was removed"):
            await self.directory.delete(name)

    async def rename_account(self, old: AccountName, name: str, domain: str = "") -> AccountName:
        """Give an account another name (``domain`` empty: in its domain); sessions end as if it were removed, as what
        they were told of it does not hold any more.

        Raises NoSuchAccount (no such domain either), IllegalName, AccountExists, Busy, StorageFailed.
        """
        await self.directory.need(old)
        new = await self.directory.vacant(name, domain or old.domain)
        async with self._withdrawn(old, "The account has another name now"):
            record = await self.directory.need(old)
            async with announced(self.directory.grants, record, new):
                await self.directory.rename(old, new)
                self.services.manager.appeared(new)
        return new

    def _withdrawn(self, name: AccountName, reason: str) -> AbstractAsyncContextManager[None]:
        return self.services.manager.withdrawn(name, lambda: self.sessions.kill_account(name, reason))

    async def stop(self) -> None:
        """Close every mailbox, finish every write, and give the base directory free."""
        await self.services.manager.stop()
        await self.directory.stop()
        self.services.runtime.files.close(self._lock)


def assemble(settings: Settings, runtime: Runtime) -> Server:
    """Take the base directory and put everything together. Blocking.

    Raises BaseTaken, BaseUnusable, with texts for people.
    """
    limits = LiveLimits.of(settings.limits)
    try:
        lock = _take(settings.base, runtime)
        directory = Directory(runtime, settings.base, settings.domain, limits)
        directory.load()
        spool = _spool(settings.base, limits, runtime)
    except OSError as problem:
        raise BaseUnusable(f"The base directory {settings.base} cannot be used: {problem}") from problem

    def open_tree(record: IAccountRecord) -> IMailboxTree:
        kind = SingleTree if record.single else DiskTree
        tree: IMailboxTree = kind(runtime, record.path, FORMATS)
        return tree

    formats = {extension: format.name for extension, format in FORMATS.items()}
    manager = MailboxManager(runtime, directory, open_tree, limits, formats)
    services = Services(runtime, directory, manager, spool, limits, settings.host, settings.trust_same_host)
    return Server(services, directory, limits, lock)


def _take(base: str, runtime: Runtime) -> int:
    """The lock; the base directory itself is made if only it is missing."""
    files = runtime.files
    if not files.exists(base):
        files.mkdir(base)
    if not stat.S_ISDIR(files.stat(f"{base}/.").st_mode):
        raise BaseUnusable(f"{base} is not a directory")
    try:
        return files.lock(f"{base}/{LOCK}")
    except BlockingIOError as problem:
        raise BaseTaken(
            f"The base directory {base} is in use by another process: by a server, or by a cgpymail command that works "
            "on it because no server runs"
        ) from problem


def _spool(base: str, limits: LiveLimits, runtime: Runtime) -> Spool:
    path = f"{base}/{SPOOL}"
    if not runtime.files.exists(path):
        runtime.files.mkdir(path)
    spool = Spool(runtime.files, path, limits)
    spool.clear()
    return spool
