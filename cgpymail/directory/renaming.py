"""Giving an account another name, or none any more, so that a crash leaves the old state or the new one. It blocks.

The account's directory moves by one rename, and with it mailboxes, settings and access lists. What is said of the
account in the files of the domains follows: account aliases that point to it (Aliases.data), and its administrator's
rights (Access.settings; a later account of the same name must not inherit them). As these are several files, the
intent is noted first, in ``<base>/.renaming``; the next start finishes what was begun, if the directory had moved.

What other accounts say of it (their access lists, subscriptions and mailbox aliases) stays as it is.
"""

from __future__ import annotations

from cgpymail.directory.accounts import AccountFiles
from cgpymail.directory.domains import SETTINGS, Domain, Domains
from cgpymail.directory.files import load_document
from cgpymail.directory.naming import account_name, domain_name
from cgpymail.directory.router import split
from cgpymail.errors import AccountExists, IllegalName, NoSuchAccount
from cgpymail.grammar.settings import Document
from cgpymail.model.identity import AccountName
from cgpymail.runtime.files import Files
from cgpymail.runtime.logs import CRASH, Log

INTENT = ".renaming"
OLD, NEW, SOURCE = "Old", "New", "Source"  # keys of the note: names, and where in the base directory the account was


class AccountRenaming:
    """Renames and removes accounts of all domains, one at a time."""

    def __init__(self, files: Files, base: str, domains: Domains, accounts: AccountFiles, log: Log) -> None:
        self._files = files
        self._base = base
        self._domains = domains
        self._accounts = accounts
        self._log = log

    def rename(self, old: AccountName, new: AccountName) -> None:
        """Both domains exist. Raises NoSuchAccount, AccountExists, OSError (then nothing has changed)."""
        source = self._locate(old)
        place = self._domains.need(new.domain)
        if new.name in place.aliases and self._meant(place.aliases[new.name], place) != old:
            raise AccountExists("An account alias of that name is there already")
        target = self._accounts.place_for(place, new.name, source if old.domain == new.domain else "")
        self._move(old, new, source, target)

    def remove(self, name: AccountName) -> None:
        """With all its mail, its account aliases and its rights. Raises NoSuchAccount, OSError."""
        source = self._locate(name)
        doomed = self._accounts.grave_for(source)
        self._move(name, None, source, doomed)
        self._accounts.remove_tree(doomed)

    def recover(self) -> None:
        """Finish or forget what was begun before. Raises OSError."""
        note, readable = load_document(self._files, f"{self._base}/{INTENT}", self._log)
        old, new, source = (note.get(key) for key in (OLD, NEW, SOURCE))
        if not readable or not old or not source:
            return
        if self._files.exists(f"{self._base}/{source}"):
            self._forget()
        else:
            self._follow(_named(old), _named(new) if new else None)

    def _locate(self, name: AccountName) -> str:
        """The account's directory. What another one has left unfinished comes first."""
        self.recover()
        path = self._accounts.locate(self._domains.need(name.domain), name.name)
        if path is None:
            raise NoSuchAccount
        return path

    def _move(self, old: AccountName, new: AccountName | None, source: str, target: str) -> None:
        note = Document()
        for key, value in {OLD: str(old), NEW: str(new or ""), SOURCE: source.removeprefix(f"{self._base}/")}.items():
            note.set(key, value)
        self._files.write_file(f"{self._base}/{INTENT}", note.render())
        try:
            self._files.rename(source, target)
        except OSError:
            self._forget()
            raise
        for folder in dict.fromkeys(path.rpartition("/")[0] for path in (target, source)):
            self._files.sync_directory(folder)
        try:
            self._follow(old, new)
        except OSError as problem:
            what = f"{new} now" if new else "removed"
            self._log.write(CRASH, f"{old} is {what}, but not everywhere; the next start sees to it: {problem}")

    def _forget(self) -> None:
        self._files.unlink(f"{self._base}/{INTENT}")
        self._files.sync_directory(self._base)

    def _follow(self, old: AccountName, new: AccountName | None) -> None:
        for domain in self._domains.all():
            self._change_aliases(domain, old, new)
            self._change_rights(domain, old, new)
        self._forget()

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

    def _meant(self, target: object, domain: Domain) -> AccountName | None:
        """The account that an alias of the domain points to."""
        local, host = split(target) if isinstance(target, str) else ("", "")
        try:
            return AccountName(account_name(local), domain_name(host or domain.name))
        except IllegalName:
            return None


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
