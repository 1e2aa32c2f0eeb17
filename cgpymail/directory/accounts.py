"""Accounts as they lie on disk (spec section 11.1): found, listed, created, removed. Everything here blocks.

A multi-mailbox account is the directory ``name.macnt``, in the domain's directory or in folders ``*.sub`` below it
("foldering"). A single-mailbox account is ``name.mbox`` or ``name.mdir`` with ``name.settings`` beside it: it is
recognised, its name is taken, and it is left alone.

A new account is made under a dot-name and appears with one rename; a removed one disappears with one rename and is
then taken apart. What a crash leaves of either begins with a dot and goes when the name is used again.
"""

from __future__ import annotations

import stat
from collections.abc import Iterator
from dataclasses import dataclass

from cgpymail.directory.domains import Domain
from cgpymail.directory.naming import account_name
from cgpymail.directory.record import INFO_FILE, NEW_ACCOUNT_PREFERENCES, PREFERENCES_FILE, SETTINGS_FILE
from cgpymail.errors import AccountExists, IllegalName
from cgpymail.grammar.settings import Document, Value
from cgpymail.runtime.files import Files

MULTI = ".macnt"
FOLDER = ".sub"
SINGLE = (".mbox", ".mdir", ".settings", ".info")
MAX_FOLDERING = 5  # levels of .sub


@dataclass(frozen=True, slots=True)
class Listed:
    """One account in a domain; ``served`` is False for a single-mailbox account."""

    name: str
    served: bool


class AccountFiles:
    """The account directories of all domains."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def locate(self, domain: Domain, name: str) -> str | None:
        """The directory of an account, or None. Raises OSError."""
        for folder in self._folders(domain.path):
            path = f"{folder}/{name}{MULTI}"
            if self._is_directory(path):
                return path
        return None

    def list(self, domain: Domain) -> list[Listed]:
        """By name. Raises OSError."""
        found: dict[str, bool] = {}
        for folder in self._folders(domain.path):
            for entry in self._files.listdir(folder):
                name, dot, extension = entry.rpartition(".")
                served = dot + extension == MULTI
                if (served or dot + extension in SINGLE) and _is_name(name):
                    found[name] = found.get(name, False) or (served and self._is_directory(f"{folder}/{entry}"))
        return [Listed(name, served) for name, served in sorted(found.items())]

    def create(self, domain: Domain, name: str, settings: dict[str, Value]) -> str:
        """Make the directory with its files; gives its path. Raises AccountExists, OSError."""
        if self._taken(domain, name):
            raise AccountExists
        path = f"{domain.path}/{name}{MULTI}"
        fresh = f"{domain.path}/.new-{name}{MULTI}"
        if self._files.exists(fresh):
            self.remove_tree(fresh)
        self._files.mkdir(fresh)
        self._files.write_file(f"{fresh}/{SETTINGS_FILE}", _document(settings))
        self._files.write_file(f"{fresh}/{PREFERENCES_FILE}", _document(dict(NEW_ACCOUNT_PREFERENCES)))
        self._files.write_file(f"{fresh}/{INFO_FILE}", _document({}))
        self._files.rename(fresh, path)
        self._files.sync_directory(domain.path)
        return path

    def place_for(self, domain: Domain, name: str, beside: str = "") -> str:
        """The path for another name of an account: in the folder where it is (``beside``), else in the domain's.

        Raises AccountExists, OSError.
        """
        if self._taken(domain, name):
            raise AccountExists
        return f"{beside.rpartition('/')[0] or domain.path}/{name}{MULTI}"

    def grave_for(self, path: str) -> str:
        """The dot-name that an account's directory gets before it is taken apart; what a crash left there goes now."""
        folder, _, name = path.rpartition("/")
        doomed = f"{folder}/.deleted-{name}"
        if self._files.exists(doomed):
            self.remove_tree(doomed)
        return doomed

    def remove_tree(self, path: str) -> None:
        """A directory with everything in it; links are removed, never followed."""
        for entry in list(self._files.entries(path)):
            if entry.is_dir(follow_symlinks=False):
                self.remove_tree(entry.path)
            else:
                self._files.unlink(entry.path)
        self._files.rmdir(path)

    def _taken(self, domain: Domain, name: str) -> bool:
        names = [name + extension for extension in (MULTI, *SINGLE)]
        return any(self._files.exists(f"{folder}/{each}") for folder in self._folders(domain.path) for each in names)

    def _folders(self, path: str, levels: int = MAX_FOLDERING) -> Iterator[str]:
        """The domain's directory, then the ``.sub`` folders below it."""
        yield path
        if levels:
            for entry in self._files.listdir(path):
                if entry.endswith(FOLDER) and self._is_directory(f"{path}/{entry}"):
                    yield from self._folders(f"{path}/{entry}", levels - 1)

    def _is_directory(self, path: str) -> bool:
        """A real one: a symbolic link could lead anywhere."""
        try:
            return stat.S_ISDIR(self._files.stat(path).st_mode)
        except FileNotFoundError:
            return False


def _is_name(text: str) -> bool:
    try:
        return account_name(text) == text
    except IllegalName:
        return False


def _document(values: dict[str, Value]) -> bytes:
    document = Document()
    for key, value in values.items():
        document.set(key, value)
    return document.render()
