"""Giving an account another name, so that a crash leaves it with the old one or with the new one. All of it blocks.

The account's directory moves by one rename, and with it mailboxes, settings and access lists. What names the account
in its domains follows: account aliases that point to it (Aliases.data), and its administrator's rights
(Access.settings; a later account of the old name must not inherit them). As these are several files, the intent is
noted first, in ``<base>/.renaming``; the next start finishes what was begun, if the directory had moved already.

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
OLD, NEW, SOURCE, TARGET = "Old", "New", "Source", "Target"  # keys of the note; paths are below the base directory


class AccountRenaming:
    """Renames accounts of all domains, one at a time."""

    def __init__(self, files: Files, base: str, domains: Domains, accounts: AccountFiles, log: Log) -> None:
        self._files = files
        self._base = base
        self._domains = domains
        self._accounts = accounts
        self._log = log

    def rename(self, old: AccountName, new: AccountName) -> None:
        """Both domains exist. Raises NoSuchAccount, AccountExists, OSError (then nothing has changed)."""
        self.recover()
        place = self._domains.need(new.domain)
        source = self._accounts.locate(self._domains.need(old.domain), old.name)
        if source is None:
            raise NoSuchAccount
        if new.name in place.aliases and self._meant(place.aliases[new.name], place) != old:
            raise AccountExists("An account alias of that name is there already")
        target = self._accounts.place_for(place, new.name, source if old.domain == new.domain else "")
        paths = {SOURCE: source.removeprefix(f"{self._base}/"), TARGET: target.removeprefix(f"{self._base}/")}
        note = Document()
        for key, value in {OLD: str(old), NEW: str(new), **paths}.items():
            note.set(key, value)
        self._files.write_file(f"{self._base}/{INTENT}", note.render())
        try:
            self._files.rename(source, target)
        except OSError:
            self._forget()
            raise
        for path in dict.fromkeys((target, source)):  # the new name first: the account is never without any
            self._files.sync_directory(path.rpartition("/")[0])
        try:
            self._follow(old, new)
        except OSError as problem:
            self._log.write(CRASH, f"{old} is {new} now, but not everywhere; the next start sees to it: {problem}")

    def recover(self) -> None:
        """Finish or forget what was begun before. Raises OSError."""
        note, readable = load_document(self._files, f"{self._base}/{INTENT}", self._log)
        values = [note.get(key) for key in (OLD, NEW, SOURCE, TARGET)]
        if not readable or not all(values):
            return
        source, target = (f"{self._base}/{value}" for value in values[2:])
        if self._files.exists(target) and not self._files.exists(source):
            self._follow(*(AccountName(*str(value).split("@", 1)) for value in values[:2]))
        else:
            self._forget()

    def _forget(self) -> None:
        self._files.unlink(f"{self._base}/{INTENT}")
        self._files.sync_directory(self._base)

    def _follow(self, old: AccountName, new: AccountName) -> None:
        for domain in self._domains.all():
            self._change_aliases(domain, old, new)
            self._change_rights(domain, old, new)
        self._forget()

    def _change_aliases(self, domain: Domain, old: AccountName, new: AccountName) -> None:
        """Aliases of the account follow it; an alias that had the new name made room for it."""
        path = f"{domain.path}/{SETTINGS}/Aliases.data"
        document, readable = load_document(self._files, path, self._log)
        before = document.render()
        for alias in list(document):
            if domain.name == new.domain and alias.lower() == new.name:
                document.remove(alias)
            elif self._meant(document.get(alias), domain) == old:
                document.set(alias, new.name if new.domain == domain.name else str(new))
        if readable and document.render() != before:
            self._files.write_file(path, document.render())
            self._domains.read_aliases(domain)
            self._domains.read_rights(domain)

    def _change_rights(self, domain: Domain, old: AccountName, new: AccountName) -> None:
        """The rights of the account in the domain; under the bare name only while it stays in the domain."""
        path = f"{domain.path}/{SETTINGS}/Access.settings"
        document, readable = load_document(self._files, path, self._log)
        before = document.render()
        for key in list(document):
            if key.lower() == str(old):
                document.set(str(new), document.get(key))
                document.remove(key)
            elif key.lower() == old.name and domain.name == old.domain:
                document.set(new.name if new.domain == domain.name else str(new), document.get(key))
                document.remove(key)
        if readable and document.render() != before:
            self._files.write_file(path, document.render())

    def _meant(self, target: object, domain: Domain) -> AccountName | None:
        """The account that an alias of the domain points to."""
        local, host = split(target) if isinstance(target, str) else ("", "")
        try:
            return AccountName(account_name(local), domain_name(host or domain.name))
        except IllegalName:
            return None
