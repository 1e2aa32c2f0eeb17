"""account.info: what changes often about an account (spec section 11.1): mailbox entries, subscription, aliases, and
the last UIDVALIDITY given out.

The top dictionary has one entry per mailbox under its name; our own entries begin with ``#``, like the manual's
``#Viewer``. A mailbox whose name begins with ``#`` is kept as ``./#name``, which cannot be a mailbox name. Entries
that we do not know stay as they are.

The server survives the loss of this file. If it cannot be understood, it is kept aside under another name and a new
one is begun; UIDVALIDITY numbers that can still be read in the old bytes are not given out again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from types import MappingProxyType
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed

from cgpymail.directory.domains import words_of
from cgpymail.directory.files import SavedFile
from cgpymail.directory.templates import planned
from cgpymail.errors import MailError, StorageFailed
from cgpymail.grammar.settings import Document, SettingsError
from cgpymail.model.mailbox import PlannedMailbox
from cgpymail.runtime.files import Files
from cgpymail.runtime.logs import CRASH, Log
from cgpymail.runtime.runtime import Runtime

SUBSCRIPTION = "#Subscription"
ALIASES = "#Aliases"
ACCESS = "#Access"  # the rights on the account itself (spec section 3.5)
TO_MAKE = "#ToMake"  # the mailboxes that a new account is still to get; gone when it has them
LAST_UIDVALIDITY = "#UIDValidity"
MAX_UIDVALIDITY = 2**32 - 1
_ESCAPE = "./"
_SALVAGE = re.compile(rb'UIDValidity"?\s*+=\s*+#?"?([0-9]{1,10})')
_FAR_FUTURE = 10 * 366 * 86_400  # seconds ahead of the clock; a salvaged number beyond is damage, not a counter


def load_info(runtime: Runtime, path: str, log: Log) -> AccountInfo:
    """Read or begin the file. Blocking. A file that cannot be had at all gives an AccountInfo that refuses changes."""
    files = runtime.files
    try:
        data = files.read_file(path)
    except FileNotFoundError:
        return AccountInfo(runtime, SavedFile(runtime, path, Document(), True), 0)
    except OSError as problem:
        log.write(CRASH, f"{path} cannot be read: {problem}")
        return AccountInfo(runtime, SavedFile(runtime, path, Document(), False), 0)
    try:
        return AccountInfo(runtime, SavedFile(runtime, path, Document(data), True), 0)
    except SettingsError as problem:
        kept = _keep_aside(files, path, log, problem)
        newest = _salvage(data, runtime.now() + _FAR_FUTURE)
        return AccountInfo(runtime, SavedFile(runtime, path, Document(), kept), newest)


def _keep_aside(files: Files, path: str, log: Log, problem: SettingsError) -> bool:
    """Give a damaged file another name. False when that fails: then it must not be written over."""
    number = 1
    while files.exists(f"{path}.damaged-{number}"):
        number += 1
    aside = f"{path}.damaged-{number}"
    try:
        files.rename(path, aside)
        files.sync_directory(path.rpartition("/")[0])
    except OSError as failure:
        log.write(CRASH, f"{path} is damaged ({problem}) and cannot be kept aside: {failure}")
        return False
    log.write(CRASH, f"{path} is damaged ({problem}): kept as {aside}; mailboxes are read anew, subscription is lost")
    return True


def _salvage(data: bytes, latest: int) -> int:
    """The highest believable UIDVALIDITY in a damaged file, 0 if there is none."""
    return max((number for number in map(int, _SALVAGE.findall(data)) if number <= latest), default=0)


class AccountInfo:
    """The file in memory; every change fires when it is on disk."""

    def __init__(self, runtime: Runtime, file: SavedFile, least: int) -> None:
        self.file = file
        self._runtime = runtime
        self._document = file.document
        self._least = least  # UIDVALIDITY numbers up to here are not given out
        self._aliases: Mapping[str, str] | None = None  # as in the file: asked for with every name that a client says

    def entry(self, key: str) -> Any:
        """An entry that is not a mailbox, such as ``#Viewer``."""
        return self._document.get(key)

    def mailbox(self, name: str) -> dict[str, Any]:
        """A copy of the entry of a mailbox; empty if there is none."""
        entry = self._document.get(_key(name))
        return entry if isinstance(entry, dict) else {}

    def mailboxes(self) -> list[str]:
        """The names that have an entry, whether there are such mailboxes or not."""
        return [key.removeprefix(_ESCAPE) for key in self._document if not key.startswith("#")]

    def update_mailboxes(self, changes: dict[str, dict[str, Any] | None]) -> Deferred[None]:
        """Merge keys; None removes a key or an entry."""

        def update(document: Document) -> None:
            for name, values in changes.items():
                entry = self.mailbox(name) | (values or {})
                merged = {key: value for key, value in entry.items() if value is not None}
                if values is None or not merged:
                    document.remove(_key(name))
                else:
                    document.set(_key(name), merged)

        return self.file.change(update)

    def rename_mailboxes(self, renames: dict[str, str]) -> Deferred[None]:
        """Move entries, all at once: a swap works."""

        def rename(document: Document) -> None:
            moved = {new: document.get(_key(old)) for old, new in renames.items() if _key(old) in document}
            for old in renames:
                document.remove(_key(old))
            for new, entry in moved.items():
                document.set(_key(new), entry)

        return self.file.change(rename)

    def subscription(self) -> list[str]:
        """As stored, in order."""
        names = self._document.get(SUBSCRIPTION)
        return [name for name in names if isinstance(name, str)] if isinstance(names, list) else []

    def set_subscription(self, names: Sequence[str]) -> Deferred[None]:
        """Replace the list."""
        return self.file.change(lambda document: document.set(SUBSCRIPTION, list(names)))

    def aliases(self) -> Mapping[str, str]:
        """Alias to target. Not a copy, but not to be changed."""
        if self._aliases is None:
            table = self._document.get(ALIASES)
            pairs = table.items() if isinstance(table, dict) else ()
            self._aliases = MappingProxyType({name: target for name, target in pairs if isinstance(target, str)})
        return self._aliases

    def set_aliases(self, aliases: Mapping[str, str]) -> Deferred[None]:
        """Replace the table."""
        self._aliases = None
        return self.file.change(lambda document: document.set(ALIASES, dict(aliases)))

    def acl(self) -> dict[str, tuple[str, ...]]:
        """The account's own access list: identifier to the names of rights."""
        table = self._document.get(ACCESS)
        return {name: words_of(value) for name, value in table.items()} if isinstance(table, dict) else {}

    def set_acl(self, acl: Mapping[str, Sequence[str]]) -> Deferred[None]:
        """Replace it; an empty one leaves nothing in the file."""

        def replace(document: Document) -> None:
            document.remove(ACCESS)
            if acl:
                document.set(ACCESS, {name: list(words) for name, words in acl.items()})

        return self.file.change(replace)

    def to_make(self) -> list[PlannedMailbox] | None:
        """What a new account is still to get; None if it is not new. What cannot be understood is left out."""
        if TO_MAKE not in self._document:
            return None
        noted, found = self._document.get(TO_MAKE), []
        for entry in noted if isinstance(noted, list) else ():
            with suppress(MailError):
                found.append(planned(entry))
        return found

    def made_all(self) -> Deferred[None]:
        """It is not new any more."""
        if TO_MAKE not in self._document:
            return succeed(None)
        return self.file.change(lambda document: document.remove(TO_MAKE))

    def draw_uidvalidity(self) -> Deferred[int]:
        """max(now, last + 1), on disk before it fires."""
        stored = self._document.get(LAST_UIDVALIDITY, 0)
        last = max(stored if isinstance(stored, int) else 0, self._least)
        drawn = max(self._runtime.now(), last + 1)
        if drawn > MAX_UIDVALIDITY:
            return fail(StorageFailed(detail=f"{self.file.path}: no UIDVALIDITY is left after {last}"))
        self._least = drawn  # even if the write fails: a number is drawn once
        done = self.file.change(lambda document: document.set(LAST_UIDVALIDITY, drawn))
        return done.addCallback(lambda _: drawn)


def _key(name: str) -> str:
    return _ESCAPE + name if name.startswith("#") else name
