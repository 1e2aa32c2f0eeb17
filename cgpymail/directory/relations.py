"""What users are to one another: groups and administrators, asked at every command, and changed by the administrator.

A change is written to the file of the domain (``Groups.data``, ``Access.settings``: spec 3.5.3, 11.1) and holds at
once: whoever wanted to hear of changes is told, so that open sessions feel it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import DeferredLock
from zope.interface import implementer

from cgpymail.directory.domains import ALL_USERS, SETTINGS, Domain, Domains, granted, one_spelling
from cgpymail.directory.files import load_document, storage_error
from cgpymail.directory.groups import SIGN, Group, Groups, group_named, size
from cgpymail.directory.naming import account_name, domain_name
from cgpymail.directory.router import Router, split
from cgpymail.errors import AccountExists, BadSettings, IllegalName, LimitExceeded, NoSuchAccount, StorageFailed
from cgpymail.grammar.settings import Document
from cgpymail.interfaces import IRelations
from cgpymail.model.identity import AccountName
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.logs import Log
from cgpymail.runtime.runtime import Runtime

GROUPS_FILE = "Groups.data"
RIGHTS_FILE = "Access.settings"
YES = "YES"
ENDLESS = ("@", "%")  # what an address cannot end with

Change = Callable[[Document], None]


@implementer(IRelations)
class Relations:
    """``turn``: who has it may change the files of the domains."""

    def __init__(self, runtime: Runtime, domains: Domains, router: Router, limits: Limits, turn: DeferredLock) -> None:
        self._runtime = runtime
        self._domains = domains
        self._limits = limits
        self._turn = turn
        self._log: Log = runtime.logs.module("ACCOUNT")
        self._groups = Groups(domains, router, limits, self._log)
        self._listeners: list[Callable[[], None]] = []
        self.recount = self._groups.recount  # blocking

    # -- IRelations ----------------------------------------------------------------------------------------------

    def member(self, group: str, domain: str, who: AccountName) -> bool:
        """See IRelations."""
        return self._groups.member(group, domain, who)

    def groups_known(self, domain: str) -> bool:
        """See IRelations."""
        return self._groups.known(domain)

    def oversees(self, who: AccountName, owner: AccountName) -> bool:
        """See IRelations."""
        return self._domains.oversees(who, owner)

    def tell_changes(self, listener: Callable[[], None]) -> None:
        """See IRelations."""
        self._listeners.append(listener)

    def changed(self) -> None:
        """The answers may be others now."""
        for listener in self._listeners:
            listener()

    # -- groups --------------------------------------------------------------------------------------------------

    def groups(self, domain: str) -> dict[str, tuple[str, ...]]:
        """The groups of a domain with their members as they are written down. Raises NoSuchAccount."""
        return dict(sorted(self._domains.need(domain).groups.items()))

    def members(self, group: Group) -> tuple[str, ...]:
        """The members as written down. Raises NoSuchAccount (no such group, no such domain)."""
        found = self._domains.need(group[1]).groups.get(group[0])
        if found is None:
            raise NoSuchAccount(f"There is no group {SIGN}{group[0]} in {group[1]}")
        return found

    async def create_group(self, group: Group) -> None:
        """Without members. Raises NoSuchAccount (no such domain), AccountExists, LimitExceeded, StorageFailed."""
        domain = self._domains.need(group[1])

        def create() -> None:
            self._look_again(domain)
            if group[0] in domain.groups:
                raise AccountExists("The group exists already")
            self._write_groups(domain, {**domain.groups, group[0]: ()})

        await self._change(create)

    async def delete_group(self, group: Group) -> None:
        """It is no member of other groups any more either. Raises NoSuchAccount, StorageFailed."""

        def delete() -> None:
            for domain in self._domains.all():
                self._look_again(domain)
            self.members(group)
            for domain in self._domains.all():
                left = {
                    name: tuple(each for each in members if not _means(each, group, domain.name))
                    for name, members in domain.groups.items()
                    if (name, domain.name) != group
                }
                if left != domain.groups:
                    self._write_groups(domain, left)

        await self._change(delete)

    async def add_members(self, group: Group, added: Sequence[str]) -> None:
        """``added`` as ``spelled`` gives them. Raises NoSuchAccount (no such group), LimitExceeded, StorageFailed."""
        await self._change(lambda: self._set_members(group, added, ()))

    async def remove_members(self, group: Group, removed: Sequence[str]) -> None:
        """Raises NoSuchAccount (no such group), StorageFailed."""
        await self._change(lambda: self._set_members(group, (), removed))

    def spelled(self, text: str, domain: str) -> str:
        """How the file of a domain calls a member that somebody types: shortest, in small letters. Raises IllegalName.

        An account alias stays one, so that it goes on meaning whatever it leads to.
        """
        if text.startswith(SIGN):
            name, place = group_named(text, domain)
            sign = SIGN
        else:
            local, host = split(text)
            if text.endswith(ENDLESS):
                raise IllegalName("Illegal account name")
            name, place, sign = account_name(local), domain_name(host or domain), ""
        return f"{sign}{name}" if place == domain else f"{sign}{name}@{place}"

    def _look_again(self, domain: Domain) -> None:
        """What is written is put together from what the file says now. Blocking. Raises StorageFailed."""
        self._domains.read_groups(domain)
        if not domain.groups_readable:
            raise StorageFailed(detail=f"the groups of {domain.name} cannot be used")

    def _set_members(self, group: Group, added: Sequence[str], removed: Sequence[str]) -> None:
        domain = self._domains.need(group[1])
        self._look_again(domain)
        members = tuple(each for each in dict.fromkeys([*self.members(group), *added]) if each not in removed)
        self._write_groups(domain, {**domain.groups, group[0]: members})

    def _write_groups(self, domain: Domain, groups: dict[str, tuple[str, ...]]) -> None:
        """Blocking. Raises LimitExceeded, StorageFailed, OSError."""
        if size(groups) > max(self._limits.group_members, size(domain.groups)):
            raise LimitExceeded("The groups of the domain have as many members as they may have")

        def write(document: Document) -> None:
            written: dict[str, list[str]] = {}
            for key in document:
                written.setdefault(key.lower(), []).append(key)
            for name in domain.groups.keys() | groups.keys():
                members = groups.get(name)
                if domain.groups.get(name) == members:
                    continue
                first, *others = written.get(name, [name])
                for key in others:
                    document.remove(key)
                if members is None:
                    document.remove(first)
                else:
                    document.set(first, list(members))

        self._rewrite(domain, GROUPS_FILE, write)
        self._domains.read_groups(domain)

    # -- administrators ------------------------------------------------------------------------------------------

    def administrators(self, domain: str) -> dict[str, tuple[str, ...]]:
        """Account name -> rights as they are written down. Raises NoSuchAccount."""
        return self._domains.need(domain).rights

    async def set_rights(self, who: AccountName, added: Sequence[str], removed: Sequence[str]) -> None:
        """Change an administrator's rights in his domain; upper and lower case and spaces do not matter.

        Raises BadSettings (a right to all accounts outside the main domain), NoSuchAccount, StorageFailed.
        """
        domain = self._domains.need(who.domain)
        if domain is not self._domains.main and any(one_spelling(word) in ALL_USERS for word in added):
            raise BadSettings(f"Only accounts of {self._domains.main.name} can have rights on all accounts")
        await self._change(lambda: self._write_rights(domain, who, added, removed))

    def _write_rights(self, domain: Domain, who: AccountName, added: Sequence[str], removed: Sequence[str]) -> None:
        """Blocking. Raises StorageFailed, OSError."""

        def write(document: Document) -> None:
            keys = [key for key in document if key.lower() in (who.name, str(who))]
            held = {one_spelling(word): word for key in keys for word in granted(document.get(key))}
            held = {one_spelling(word): word for word in added} | held
            kept = [word for spelling, word in held.items() if spelling not in set(map(one_spelling, removed))]
            for key in keys[1:] if kept else keys:
                document.remove(key)
            if kept:
                key = keys[0] if keys else who.name
                document.set(key, _written(document.get(key), kept))

        self._rewrite(domain, RIGHTS_FILE, write)
        self._domains.read_rights(domain)

    # -- files ---------------------------------------------------------------------------------------------------

    async def _change(self, work: Callable[[], Any]) -> None:
        """Do it on a thread, one after the other, then tell. What fails has read the files all the same, and may have
        changed some of them."""

        def change() -> None:
            try:
                work()
            finally:
                self.recount()

        async with self._turn:
            try:
                await self._runtime.pools.sync.run(change)
            except OSError as problem:
                raise storage_error(problem) from problem
            finally:
                self.changed()

    def _rewrite(self, domain: Domain, name: str, change: Change) -> None:
        """Blocking. A file that could not be understood is not written over. Raises StorageFailed, OSError."""
        files, folder = self._runtime.files, f"{domain.path}/{SETTINGS}"
        document, readable = load_document(files, f"{folder}/{name}", self._log)
        if not readable:
            raise StorageFailed(detail=f"{folder}/{name} cannot be used")
        before = document.render()
        change(document)
        if document.render() == before:
            return
        if not files.exists(folder):
            files.mkdir(folder)
            files.sync_directory(domain.path)
        files.write_file(f"{folder}/{name}", document.render())


def _written(before: object, words: list[str]) -> Any:
    """An entry of Access.settings with these rights, in the form it had: words, or a dictionary with YES."""
    if not isinstance(before, dict):
        return words
    other = {key: value for key, value in before.items() if str(value).upper() != YES}
    return other | dict.fromkeys(words, YES)


def _means(text: str, group: Group, domain: str) -> bool:
    """Whether a word in the file of a domain is that group."""
    try:
        return text.startswith(SIGN) and group_named(text, domain) == group
    except IllegalName:
        return False
