"""Accounts as they lie on disk (places.py): found, listed, created, moved, removed. Everything here blocks.

They lie in the domain's directory or in folders ``*.sub`` below it ("foldering").

A new multi-mailbox account is made under a dot-name and appears with one rename; of a single-mailbox account the
settings come last, which make it exist. To move or remove an account is first to ``leave``, by one rename, after which
the account is not to be found under its name; then to ``arrive``, which may be done again after a crash (renaming.py).
What is removed gets dot-names first and is then taken apart. What a crash leaves of that, or of a new account, goes
when the name is used again.
"""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from cgpymail.directory.domains import Domain
from cgpymail.directory.info import SUBSCRIPTION, TO_MAKE
from cgpymail.directory.naming import account_name
from cgpymail.directory.places import (
    FOLDER,
    GRAVE,
    INFO,
    MAIL_FILES,
    MOVING,
    MULTI,
    PREFERENCES,
    SETTINGS,
    AccountPlace,
    Belonging,
)
from cgpymail.directory.record import NEW_ACCOUNT_PREFERENCES
from cgpymail.directory.templates import Template, described
from cgpymail.errors import AccountExists, IllegalName
from cgpymail.grammar.settings import Document, Value
from cgpymail.runtime.files import Files

MAX_FOLDERING = 5  # levels of .sub
Values = Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Listed:
    """One account in a domain. ``format``: the extension of a ``single`` one's mail file, empty if there is none."""

    name: str
    single: bool = False
    format: str = ""


class AccountFiles:
    """The accounts' files in all domains."""

    def __init__(self, files: Files) -> None:
        self._files = files

    def locate(self, domain: Domain, name: str) -> AccountPlace | None:
        """Where an account is, or None. Raises OSError."""
        for folder in self._folders(domain.path):
            for single in (False, True):
                place = AccountPlace(folder, name, single)
                if self._is_there(place):
                    return place
        return None

    def list(self, domain: Domain) -> list[Listed]:
        """By name. Raises OSError."""
        found: dict[str, Listed] = {}
        for folder in self._folders(domain.path):
            entries = self._files.listdir(folder)
            formats = dict(entry.rsplit(".", 1) for entry in reversed(entries) if entry.endswith(MAIL_FILES))
            for entry in entries:
                place = AccountPlace.of(f"{folder}/{entry}")
                name = place.name
                if entry.endswith((MULTI, SETTINGS)) and name not in found and _is_name(name) and self._is_there(place):
                    found[name] = Listed(name, True, formats.get(name, "")) if place.single else Listed(name)
        return [found[name] for name in sorted(found)]

    # -- creating ------------------------------------------------------------------------------------------------

    def create(
        self,
        domain: Domain,
        name: str,
        settings: dict[str, Value],
        template: Template,
        *,
        single: bool = False,
    ) -> AccountPlace:
        """Make an account's files but its mail: ``settings`` before those of the template, and a note of the mailboxes
        that it is to get. A ``single`` one gets settings and subscription only. Raises AccountExists, OSError.
        """
        if self._taken(domain, name):
            raise AccountExists
        place = AccountPlace(domain.path, name, single)
        fresh = AccountPlace(domain.path, f".new-{name}", False)
        if self._files.exists(fresh.root):
            self._remove(fresh.root)
        if single:
            self._clear(place)
            self._write_files(place, template.settings | settings, {}, _beginning(template))
            return place
        self._files.mkdir(fresh.root)
        info = _beginning(template) | {TO_MAKE: [described(each) for each in template.mailboxes]}
        preferences = NEW_ACCOUNT_PREFERENCES | template.preferences
        self._write_files(fresh, template.settings | settings, preferences, info)
        self._files.rename(fresh.root, place.root)
        self._files.sync_directory(domain.path)
        return place

    def _write_files(self, place: AccountPlace, settings: Values, preferences: Values, info: Values) -> None:
        """The settings come last: they are what makes a single-mailbox account exist."""
        for ending, values in ((PREFERENCES, preferences), (INFO, info), (SETTINGS, settings)):
            self._files.write_file(place.file(ending), _document(values))

    def _clear(self, place: AccountPlace) -> None:
        """What lies there without an account must not become a part of the single-mailbox account to come."""
        belonging = Belonging(place.name)
        for file in self._files.listdir(place.folder):
            if file in belonging or belonging.buried(file):
                self._remove(f"{place.folder}/{file}")

    # -- moving and removing -------------------------------------------------------------------------------------

    def place_for(self, domain: Domain, name: str, source: AccountPlace) -> AccountPlace:
        """Where the account at ``source`` is to be under another name: in the folder where it is, if that is the
        domain's, else in the domain's directory. Raises AccountExists, OSError.
        """
        if self._taken(domain, name):
            raise AccountExists
        inside = source.folder == domain.path or source.folder.startswith(f"{domain.path}/")
        return source.renamed(name, source.folder if inside else domain.path)

    def leave(self, source: AccountPlace, target: AccountPlace | None) -> None:
        """The account is not at ``source`` any more; it is on its way to ``target``, or None: to be removed.

        Raises OSError: nothing has changed, or ``arrive`` is due.
        """
        if target is None:
            self.take_apart(source)
        elif target.single:
            self._clear(target)
        self._files.rename(source.proof, _on_the_way(source, target))
        self._sync(source, target)

    def arrive(self, source: AccountPlace, target: AccountPlace | None) -> None:
        """After ``leave``: a single-mailbox account's other files follow. Raises OSError; may be done again."""
        if not source.single:
            return
        belonging, folder = Belonging(source.name), (target or source).folder
        for file in self._files.listdir(source.folder):
            if file in belonging:
                new = belonging.renamed(file, target.name) if target else GRAVE + file
                self._files.rename(f"{source.folder}/{file}", f"{folder}/{new}")
        self._sync(source, target)
        if target is not None and self._files.exists(_on_the_way(source, target)):
            self._files.rename(_on_the_way(source, target), target.proof)
            self._files.sync_directory(folder)

    def take_apart(self, place: AccountPlace) -> None:
        """What has dot-names since it was removed goes. Raises OSError."""
        belonging = Belonging(place.name)
        for file in self._files.listdir(place.folder):
            if belonging.buried(file) if place.single else file == GRAVE + place.name + MULTI:
                self._remove(f"{place.folder}/{file}")

    def _sync(self, source: AccountPlace, target: AccountPlace | None) -> None:
        for folder in dict.fromkeys(((target or source).folder, source.folder)):
            self._files.sync_directory(folder)

    def _remove(self, path: str) -> None:
        """A file, or a directory with everything in it; links are removed, never followed."""
        if not self._is(stat.S_ISDIR, path):
            self._files.unlink(path)
            return
        for entry in list(self._files.entries(path)):
            self._remove(entry.path)
        self._files.rmdir(path)

    # -- looking -------------------------------------------------------------------------------------------------

    def _taken(self, domain: Domain, name: str) -> bool:
        """By an account, or by mail that lies there without one."""
        names = [name + ending for ending in (MULTI, SETTINGS, *MAIL_FILES)]
        return any(self._files.exists(f"{folder}/{each}") for folder in self._folders(domain.path) for each in names)

    def _folders(self, path: str, levels: int = MAX_FOLDERING) -> Iterator[str]:
        """The domain's directory, then the ``.sub`` folders below it."""
        yield path
        if levels:
            for entry in self._files.listdir(path):
                if entry.endswith(FOLDER) and self._is(stat.S_ISDIR, f"{path}/{entry}"):
                    yield from self._folders(f"{path}/{entry}", levels - 1)

    def _is_there(self, place: AccountPlace) -> bool:
        return self._is(stat.S_ISREG if place.single else stat.S_ISDIR, place.proof)

    def _is(self, kind: Callable[[int], bool], path: str) -> bool:
        """Whether it is a real one: a symbolic link could lead anywhere."""
        try:
            return kind(self._files.stat(path).st_mode)
        except FileNotFoundError:
            return False


def _on_the_way(source: AccountPlace, target: AccountPlace | None) -> str:
    """The path of what made the account exist, between ``leave`` and ``arrive``."""
    if target is None:
        return f"{source.folder}/{GRAVE}{source.proof.rpartition('/')[2]}"
    return f"{target.folder}/{MOVING}{target.name}{SETTINGS}" if target.single else target.root


def _is_name(text: str) -> bool:
    try:
        return account_name(text) == text
    except IllegalName:
        return False


def _beginning(template: Template) -> dict[str, Value]:
    """What account.info begins with."""
    return {SUBSCRIPTION: list(template.subscription)} if template.subscription else {}


def _document(values: Values) -> bytes:
    document = Document()
    for key, value in values.items():
        document.set(key, value)
    return document.render()
