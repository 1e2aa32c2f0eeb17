"""Giving an account another name, or none any more, so that a crash leaves the old state or the new one. It blocks.

The account's directory moves by one rename, and with it mailboxes, settings and access lists; a single-mailbox account
leaves by one rename, its other files follow, and it arrives by another one. Before it goes to another domain, names in
its access lists that mean somebody of the old one are spelled out. What is said of the account in the files of the
domains follows: account aliases that point to it (Aliases.data), its membership in groups (Groups.data) and its
administrator's rights (Access.settings): a later account of the same name must not inherit them. As these are several
files, the intent is noted first, in ``<base>/.renaming``; the next start, or the next change of accounts, finishes
what was begun, if the account had left.

What other accounts say of it (their access lists, subscriptions and mailbox aliases) stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from cgpymail.directory.accounts import AccountFiles
from cgpymail.directory.domains import SETTINGS, Domain, Domains, words_of
from cgpymail.directory.files import load_document
from cgpymail.directory.groups import SIGN
from cgpymail.directory.info import ACCESS
from cgpymail.directory.naming import account_name, domain_name
from cgpymail.directory.places import INFO, AccountPlace
from cgpymail.directory.router import split
from cgpymail.errors import AccountExists, IllegalName, NoSuchAccount
from cgpymail.grammar.settings import Document
from cgpymail.model.identifiers import spelled_out
from cgpymail.model.identity import AccountName
from cgpymail.runtime.files import Files
from cgpymail.runtime.logs import CRASH, Log

INTENT = ".renaming"
ACCESS_LIST = "Access"  # in the entry of a mailbox in account.info
# Keys of the note: names, and the paths in the base directory that made the account exist, and are to.
OLD, NEW, SOURCE, TARGET = "Old", "New", "Source", "Target"
_NOBODY: frozenset[AccountName] = frozenset()


class AccountRenaming:
    """Renames and removes accounts of all domains, one at a time."""

    def __init__(self, files: Files, base: str, domains: Domains, accounts: AccountFiles, log: Log) -> None:
        self._files = files
        self._base = base
        self._domains = domains
        self._accounts = accounts
        self._log = log
        self.halfway = _NOBODY  # the names of an account that has left and not arrived: it is neither there nor gone

    def rename(self, old: AccountName, new: AccountName) -> None:
        """Both domains exist. Raises NoSuchAccount, AccountExists, OSError (nothing has changed, or it is
        ``halfway``)."""
        source = self._locate(old)
        place = self._domains.need(new.domain)
        if new.name in place.aliases and self._meant(place.aliases[new.name], place) != old:
            raise AccountExists("An account alias of that name is there already")
        target = self._accounts.place_for(place, new.name, source)
        if old.domain != new.domain:
            self._spell_out(source, old.domain)
        self._move(old, new, source, target)

    def remove(self, name: AccountName) -> None:
        """With all its mail, its account aliases and its rights. Raises NoSuchAccount, OSError."""
        source = self._locate(name)
        self._move(name, None, source, None)
        self._accounts.take_apart(source)

    def recover(self) -> None:
        """Finish or forget what was begun before. Raises OSError."""
        note, readable = load_document(self._files, f"{self._base}/{INTENT}", self._log)
        old, new, source, target = (note.get(key) for key in (OLD, NEW, SOURCE, TARGET))
        if not readable or not old or not source:
            return
        if self._files.exists(f"{self._base}/{source}"):
            self._forget()
            return
        name, renamed = _named(old), _named(new) if new else None
        place = AccountPlace.of(f"{self._base}/{target}") if target else None
        self._arrive(name, renamed, AccountPlace.of(f"{self._base}/{source}"), place)
        self._follow(name, renamed)

    def _locate(self, name: AccountName) -> AccountPlace:
        """Where the account is. What another one has left unfinished comes first."""
        self.recover()
        place = self._accounts.locate(self._domains.need(name.domain), name.name)
        if place is None:
            raise NoSuchAccount
        return place

    def _move(
        self, old: AccountName, new: AccountName | None, source: AccountPlace, target: AccountPlace | None
    ) -> None:
        note = Document()
        paths = {SOURCE: source.proof, TARGET: target.proof if target else ""}
        inside = {key: path.removeprefix(f"{self._base}/") for key, path in paths.items()}
        for key, value in ({OLD: str(old), NEW: str(new or "")} | inside).items():
            note.set(key, value)
        self._files.write_file(f"{self._base}/{INTENT}", note.render())
        try:
            self._accounts.leave(source, target)
        except OSError:
            if self._files.exists(source.proof):
                self._forget()
                raise
        self._arrive(old, new, source, target)
        try:
            self._follow(old, new)
        except OSError as problem:
            what = f"{new} now" if new else "removed"
            self._log.write(CRASH, f"{old} is {what}, but not everywhere; the next start sees to it: {problem}")

    def _arrive(
        self, old: AccountName, new: AccountName | None, source: AccountPlace, target: AccountPlace | None
    ) -> None:
        self.halfway = _NOBODY if new is None else frozenset((old, new))
        try:
            self._accounts.arrive(source, target)
        except OSError as problem:
            self._log.write(CRASH, f"{old} has left and not arrived; the next start sees to it: {problem}")
            raise
        self.halfway = _NOBODY

    def _forget(self) -> None:
        self._files.unlink(f"{self._base}/{INTENT}")
        self._files.sync_directory(self._base)

    def _follow(self, old: AccountName, new: AccountName | None) -> None:
        """The aliases come last: what groups have as members may be one."""
        for domain in self._domains.all():
            self._change_rights(domain, old, new)
            self._change_groups(domain, old, new)
        for domain in self._domains.all():
            self._change_aliases(domain, old, new)
        self._forget()

    def _spell_out(self, place: AccountPlace, domain: str) -> None:
        """Names in the account's access lists that mean somebody of its domain say so from now on, which they may also
        if the account stays: ``mary`` must not become her namesake in the domain that it goes to."""
        path = place.file(INFO)
        document, readable = load_document(self._files, path, self._log)
        before = document.render()
        for key in list(document):
            entry = document.get(key)
            if isinstance(entry, dict) and key == ACCESS:
                document.set(key, _spelled_out(entry, domain))
            elif isinstance(entry, dict) and isinstance(entry.get(ACCESS_LIST), dict):
                document.set(key, entry | {ACCESS_LIST: _spelled_out(entry[ACCESS_LIST], domain)})
        if readable and document.render() != before:
            self._files.write_file(path, document.render())

    def _change_aliases(self, domain: Domain, old: AccountName, new: AccountName | None) -> None:
        """Aliases of the account follow it; an alias that had the new name makes room for it."""
        path = f"{domain.path}/{SETTINGS}/Aliases.data"
        document, readable = load_document(self._files, path, self._log)
        before = document.render()
        for alias in list(document):
            if new is not None and domain.name == new.domain and alias.lower() == new.name:
                document.remove(alias)
            elif self._meant(document.get(alias), domain) == old:
                _point(document, alias, alias, _shortest(new, domain))
        if readable and document.render() != before:
            self._files.write_file(path, document.render())
            self._domains.read_aliases(domain)

    def _change_rights(self, domain: Domain, old: AccountName, new: AccountName | None) -> None:
        """The rights of the account in the domain stay its rights."""
        path = f"{domain.path}/{SETTINGS}/Access.settings"
        document, readable = load_document(self._files, path, self._log)
        before = document.render()
        for key in list(document):
            if key.lower() == str(old) or (key.lower() == old.name and domain.name == old.domain):
                _point(document, key, _shortest(new, domain), document.get(key))
        if readable and document.render() != before:
            self._files.write_file(path, document.render())
            self._domains.read_rights(domain)

    def _change_groups(self, domain: Domain, old: AccountName, new: AccountName | None) -> None:
        """The account stays a member; one that goes is none any more, nor are its aliases, which go with it."""
        gone = {old} if new else {old, *self._aliases_of(old)}
        path = f"{domain.path}/{SETTINGS}/Groups.data"
        document, readable = load_document(self._files, path, self._log)
        before = document.render()
        for group in list(document):
            members = words_of(document.get(group))
            mine = [each for each in members if not each.startswith(SIGN) and self._meant(each, domain) in gone]
            if mine:
                followed = [_shortest(new, domain) if each in mine else each for each in members]
                document.set(group, [each for each in dict.fromkeys(followed) if each])
        if readable and document.render() != before:
            self._files.write_file(path, document.render())
            self._domains.read_groups(domain)

    def _aliases_of(self, name: AccountName) -> Iterator[AccountName]:
        for domain in self._domains.all():
            for alias, target in domain.aliases.items():
                if self._meant(target, domain) == name:
                    yield AccountName(alias, domain.name)

    def _meant(self, target: object, domain: Domain) -> AccountName | None:
        """The account that an alias of the domain points to."""
        local, host = split(target) if isinstance(target, str) else ("", "")
        try:
            return AccountName(account_name(local), domain_name(host or domain.name))
        except IllegalName:
            return None


def _spelled_out(acl: Mapping[str, Any], domain: str) -> dict[str, Any]:
    """An access list with whole names. What is there twice then means what both say."""
    made: dict[str, Any] = {}
    for identifier, value in acl.items():
        whole = spelled_out(identifier, domain)
        if whole in made and isinstance(value, str) and isinstance(made[whole], str):
            value = made[whole] + value
        made[whole] = value
    return made


def _named(text: str) -> AccountName:
    name, _, domain = text.partition("@")
    return AccountName(name, domain)


def _shortest(name: AccountName | None, domain: Domain) -> str:
    """How a file of the domain calls an account; empty for none."""
    if name is None:
        return ""
    return name.name if name.domain == domain.name else str(name)


def _point(document: Document, old: str, new: str, value: object) -> None:
    """Replace the entry ``old`` by ``new`` with that value; nothing stays if either is empty."""
    document.remove(old)
    if new and value:
        document.set(new, value)
