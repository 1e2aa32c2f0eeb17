"""All mailboxes of one account as they lie on disk.

Every change is made so that a power cut between any two of its steps leaves each mailbox whole under its old or its
new name: a mail file appears and disappears by one rename, and its snapshot and journals are there before it arrives
and after it has left. What is left over then is removed when the name is used again, and would be refused by its
UIDVALIDITY if it were not.

File systems that fold case: a name that differs in case only from one that is there is refused at creation, and
looking up compares with the names as they are listed, never by asking the file system whether a path exists (manual,
Mailboxes, "Mailbox Names"; spec 1.9).
"""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred
from zope.interface import implementer

from cgpymail.errors import CannotDo, MailboxExists, NoSuchMailbox, StorageFailed, StorageFull
from cgpymail.interfaces import IMailboxTree
from cgpymail.model.companions import finished, looks_like_companion
from cgpymail.model.mailbox import MailboxHints, TreeEntry
from cgpymail.model.names import ancestors, is_below
from cgpymail.runtime.logs import PROBLEM
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores import paths
from cgpymail.stores.engine import Store, open_store
from cgpymail.stores.mailfile import Format, Note
from cgpymail.stores.moving import Move
from cgpymail.stores.registry import FORMATS
from cgpymail.stores.scanning import Scan, finish_deletion, remove_companions

P = ParamSpec("P")
T = TypeVar("T")


@implementer(IMailboxTree)
class DiskTree:
    """The tree of one account. ``root``: the account's directory, which is there. ``formats``: by extension."""

    def __init__(self, runtime: Runtime, root: str, formats: Mapping[str, Format] = FORMATS) -> None:
        self._runtime = runtime
        self._files = runtime.files
        self._root = root
        self._formats = formats
        self._log = runtime.logs.module("MAILBOX")
        self._reported: set[str] = set()
        self._open: dict[str, Store] = {}

    # -- looking -------------------------------------------------------------------------------------------------

    def scan(self) -> Deferred[dict[str, TreeEntry]]:
        """Every name found. Fails with StorageFailed."""

        async def scan() -> dict[str, TreeEntry]:
            found = await self._run(Scan(self._files, self._root, self._formats).run)
            for path in found.unknown:
                if path not in self._reported:
                    self._reported.add(path)
                    self._log.write(PROBLEM, f"not a mailbox, left alone: {path}")
            return found.entries

        return Deferred.fromCoroutine(scan())

    def open(self, name: str, hints: MailboxHints, draw: Callable[[], Deferred[int]]) -> Deferred[Store]:
        """The store. Fails with NoSuchMailbox, StorageFailed."""

        async def open_mailbox() -> Store:
            place = paths.place(self._root, name)
            extension = await self._run(partial(self._extension, place))
            if not extension:
                raise NoSuchMailbox
            format = self._formats[extension]
            store = await open_store(self._runtime, format, place.file(extension), hints, draw)
            self._open[name] = store
            return store

        return Deferred.fromCoroutine(open_mailbox())

    # -- creating ------------------------------------------------------------------------------------------------

    def create(self, name: str, format: str, uidvalidity: int) -> Deferred[None]:
        """Add the storage entity. Fails with MailboxExists, CannotDo for an unknown format, StorageFailed."""

        def create() -> None:
            if format not in self._formats:
                raise CannotDo("The mailbox format is not known")
            place = paths.place(self._root, name)
            self._make_ancestors(name)
            self._check_case(place)
            if self._extension(place):
                raise MailboxExists
            remove_companions(self._files, place.directory, place.stem)
            try:
                self._formats[format].create(self._files, place.file(format), Note(uidvalidity, 1))
            except FileExistsError as problem:
                raise MailboxExists from problem

        return Deferred.fromCoroutine(self._run(create))

    def create_directory(self, name: str) -> Deferred[None]:
        """Add the directory entity. Fails with MailboxExists, StorageFailed."""

        def create() -> None:
            place = paths.place(self._root, name)
            self._make_ancestors(name)
            self._check_case(place)
            if not self._make_folder(place):
                raise MailboxExists

        return Deferred.fromCoroutine(self._run(create))

    def _make_ancestors(self, name: str) -> None:
        for above in ancestors(name):
            place = paths.place(self._root, above)
            self._check_case(place)
            self._make_folder(place)

    def _make_folder(self, place: paths.Place) -> bool:
        """Whether it was not there before."""
        try:
            self._files.mkdir(place.folder)
        except FileExistsError:
            return False
        self._files.sync_directory(place.directory)
        return True

    # -- removing ------------------------------------------------------------------------------------------------

    def delete(self, name: str) -> Deferred[None]:
        """Remove the storage entity: gone with one rename, tidied up after it. Fails with NoSuchMailbox."""

        async def delete() -> None:
            place = paths.place(self._root, name)
            extension = await self._run(partial(self._extension, place))
            if not extension:
                raise NoSuchMailbox
            store = self._opened(name)
            if store is not None:
                del self._open[name]
                await store.cut_off()
            await self._run(partial(self._remove, place, extension))

        return Deferred.fromCoroutine(delete())

    def _remove(self, place: paths.Place, extension: str) -> None:
        doomed = f"{paths.DOOMED}{place.stem}.{extension}"
        path = f"{place.directory}/{doomed}"
        if self._files.exists(path):  # what a crash left of an older mailbox of that name
            self._formats[extension].destroy(self._files, path)
        self._files.rename(place.file(extension), path)
        self._files.sync_directory(place.directory)
        finish_deletion(self._files, place.directory, doomed, self._formats)

    def delete_directory(self, name: str) -> Deferred[None]:
        """Remove an empty directory entity. Fails with NoSuchMailbox, CannotDo when something is in it."""

        def delete() -> None:
            place = paths.place(self._root, name)
            if place.folder.rpartition("/")[2] not in self._listed(place.directory):
                raise NoSuchMailbox
            self._clear(place.folder)
            try:
                self._files.rmdir(place.folder)
            except OSError as problem:
                if problem.errno not in (errno.ENOTEMPTY, errno.EEXIST):
                    raise
                raise CannotDo("The mailbox has inferiors, or its folder holds other files") from problem
            self._files.sync_directory(place.directory)

        return Deferred.fromCoroutine(self._run(delete))

    def _clear(self, folder: str) -> None:
        """Take away what is left of former mailboxes, if there is nothing else."""
        names = self._listed(folder)
        if all(name.startswith(paths.DOOMED) or looks_like_companion(finished(name)) for name in names):
            for name in names:
                if name.startswith(paths.DOOMED):
                    finish_deletion(self._files, folder, name, self._formats)
            for name in self._listed(folder):
                self._files.unlink(f"{folder}/{name}")

    # -- renaming ------------------------------------------------------------------------------------------------

    def rename(self, old: str, new: str, children: bool) -> Deferred[None]:
        """Move entities, and the stores that are open on them. Fails with NoSuchMailbox, MailboxExists, CannotDo."""

        async def rename() -> None:
            move = await self._run(partial(self._plan, old, new, children))
            held: list[tuple[str, Store]] = []
            try:
                for name, store in self._moving(old, move):
                    await store.hold()
                    held.append((name, store))
                await self._run(move.run)
                self._relocate(held, old, new)
            finally:
                for _, store in held:
                    store.resume()

        return Deferred.fromCoroutine(rename())

    def _plan(self, old: str, new: str, children: bool) -> Move:
        """Check everything that can be known before anything moves; makes the ancestors."""
        source, target = paths.place(self._root, old), paths.place(self._root, new)
        extension = self._extension(source)
        moves_folder = children and self._has_folder(source)
        if not extension and not moves_folder:
            raise NoSuchMailbox
        if moves_folder and is_below(new, old):
            raise CannotDo("A mailbox cannot be moved below itself")
        self._make_ancestors(new)
        self._check_case(target, besides=source)
        if old == new or (extension and self._extension(target)) or (moves_folder and self._has_folder(target)):
            raise MailboxExists
        return Move(self._files, source, target, extension, moves_folder)

    def _moving(self, old: str, move: Move) -> list[tuple[str, Store]]:
        """Open stores that a move takes along."""
        self._open = {name: store for name, store in self._open.items() if not store.closed}
        return [
            (name, store)
            for name, store in self._open.items()
            if (name == old and move.extension) or (move.folder and is_below(name, old))
        ]

    def _relocate(self, moved: list[tuple[str, Store]], old: str, new: str) -> None:
        for name, _ in moved:
            del self._open[name]
        for name, store in moved:
            name = new + name[len(old) :]
            self._open[name] = store
            extension = store.path.rpartition(".")[2]
            store.relocate(paths.place(self._root, name).file(extension))

    # -- parts ---------------------------------------------------------------------------------------------------

    def _opened(self, name: str) -> Store | None:
        store = self._open.get(name)
        return None if store is None or store.closed else store

    def _listed(self, directory: str) -> list[str]:
        """Names as they are; a directory that is not there has none."""
        try:
            return self._files.listdir(directory)
        except (FileNotFoundError, NotADirectoryError):
            return []

    def _extension(self, place: paths.Place) -> str:
        """The format of the storage entity, empty if there is none. Exact, on any file system."""
        listed = set(self._listed(place.directory))
        return next((extension for extension in sorted(self._formats) if f"{place.stem}.{extension}" in listed), "")

    def _has_folder(self, place: paths.Place) -> bool:
        return place.stem + paths.FOLDER in self._listed(place.directory)

    def _check_case(self, place: paths.Place, besides: paths.Place | None = None) -> None:
        """Raise MailboxExists if the name differs from one that is there in case only, and the file system folds it.

        That it does shows when it finds under our spelling what it lists under another.
        """
        listed = self._listed(place.directory)
        for name in listed:
            stem, _, extension = name.rpartition(".")
            if stem == place.stem or stem.lower() != place.stem.lower():
                continue
            if besides is not None and (besides.directory, besides.stem) == (place.directory, stem):
                continue
            if extension not in self._formats and "." + extension != paths.FOLDER:
                continue
            ours = f"{place.stem}.{extension}"
            if ours not in listed and self._files.exists(f"{place.directory}/{ours}"):
                raise MailboxExists("A mailbox whose name differs only in case is there already")

    async def _run(self, function: Callable[[], T]) -> T:
        """Do it on a thread; what the disk refuses becomes an error that a client can be told."""
        try:
            return await self._runtime.pools.sync.run(function)
        except OSError as problem:
            kind: Any = StorageFull if problem.errno in (errno.ENOSPC, errno.EDQUOT) else StorageFailed
            raise kind(detail=str(problem)) from problem
