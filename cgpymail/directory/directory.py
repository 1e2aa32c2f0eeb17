"""The directory: who exists, and who may log in. One object in the process; see IDirectory.

Account records are read when they are first needed and kept: one object per account for as long as anybody holds it
(a weak table), and the most recently used ones beyond that.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, ParamSpec
from weakref import WeakValueDictionary

from twisted.internet.defer import Deferred, DeferredLock
from zope.interface import implementer

from cgpymail.directory import passwords, verifiers
from cgpymail.directory.accounts import AccountFiles, Listed
from cgpymail.directory.domains import SETTINGS, Domain, Domains
from cgpymail.directory.files import storage_error
from cgpymail.directory.grants import GrantFiles
from cgpymail.directory.login import Logins
from cgpymail.directory.methods import scram_enabled
from cgpymail.directory.naming import new_account_name
from cgpymail.directory.proofs import PASSWORD
from cgpymail.directory.record import AccountRecord, load_record
from cgpymail.directory.relations import Relations
from cgpymail.directory.renaming import AccountRenaming
from cgpymail.directory.router import POSTMASTER, Router
from cgpymail.directory.templates import Template, read_template
from cgpymail.directory.trust import Trust
from cgpymail.errors import AccountExists, NoSuchAccount, StorageFailed
from cgpymail.interfaces import IDirectory
from cgpymail.model.identity import AccountName, Credentials, Link, ScramVerifier
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.logs import PROBLEM
from cgpymail.runtime.runtime import Runtime

ENCRYPTION = "PasswordEncryption"
FORMAT = "DefaultMailboxType"
P = ParamSpec("P")


@implementer(IDirectory)
class Directory:
    """The accounts below a base directory. ``load`` comes first and blocks; it is for the start."""

    def __init__(self, runtime: Runtime, base: str, main_domain: str, limits: Limits) -> None:
        self._runtime = runtime
        self._limits = limits
        self._base = base
        self._log = runtime.logs.module("ACCOUNT")
        self.domains = Domains(runtime.files, base, main_domain, self._log)
        self._files = AccountFiles(runtime.files)
        self._renaming = AccountRenaming(runtime.files, base, self.domains, self._files, self._log)
        self.grants = GrantFiles(runtime, base, limits, self._log)
        self._router = Router(self.domains)
        self._turn = DeferredLock()  # accounts are made, renamed and removed one after the other
        self.relations = Relations(runtime, self.domains, self._router, limits, self._turn)
        self._loading: dict[AccountName, list[Deferred[AccountRecord | None]]] = {}
        self._records: WeakValueDictionary[AccountName, AccountRecord] = WeakValueDictionary()
        self._recent: OrderedDict[AccountName, AccountRecord] = OrderedDict()
        self._moving: set[AccountName] = set()  # being renamed or removed
        self._logins = Logins(runtime, self, self.domains, limits)

    def load(self) -> None:
        """Read what is kept in memory: domains, their settings and aliases. Raises OSError."""
        self.domains.load()
        self._renaming.recover()
        self.relations.recount()
        self.grants.load()
        self._logins.judge.secret = verifiers.load_secret(self._runtime.files, self._base, self._runtime.random)

    @property
    def trust(self) -> Trust:
        """Whom it believes besides those who know a password; may be replaced at any time."""
        return self._logins.trust

    @trust.setter
    def trust(self, trust: Trust) -> None:
        self._logins.trust = trust

    async def stop(self) -> None:
        """Fires when nothing is being written any more."""
        await self._logins.enrolment.settled()
        await self.grants.settled()
        for record in list(self._records.values()):
            for settled in record.settled():
                await settled

    # -- IDirectory ----------------------------------------------------------------------------------------------

    def route(self, address: str, domain: str) -> AccountName | None:
        """See IDirectory."""
        return self._router.route(address, domain)

    def member(self, group: str, domain: str, who: AccountName) -> bool:
        """See IRelations."""
        return self.relations.member(group, domain, who)

    def oversees(self, who: AccountName, owner: AccountName) -> bool:
        """See IRelations."""
        return self.relations.oversees(who, owner)

    def groups_known(self, domain: str) -> bool:
        """See IRelations."""
        return self.relations.groups_known(domain)

    def tell_changes(self, listener: Callable[[], None]) -> None:
        """See IRelations."""
        self.relations.tell_changes(listener)

    def clear_text_allowed(self, link: Link) -> bool:
        """See IDirectory."""
        return self._logins.clear_text_allowed(link)

    def methods(self, link: Link) -> frozenset[str]:
        """See IDirectory."""
        return self._logins.methods(link)

    def verifier(self, login: str, method: str, link: Link) -> Deferred[ScramVerifier]:
        """See IDirectory."""
        return Deferred.fromCoroutine(self._logins.verifier(login, method, link))

    def login(self, credentials: Credentials, link: Link) -> Deferred[AccountName]:
        """See IDirectory."""
        return Deferred.fromCoroutine(self._logins.login(credentials, link))

    def find(self, name: AccountName) -> Deferred[AccountRecord | None]:
        """See IDirectory. Fails with StorageFailed when the account's files cannot be read."""
        result: Deferred[AccountRecord | None] = Deferred()
        record = self._records.get(name)
        domain = self.domains.get(name.domain)
        if name in self._moving or name in self._renaming.halfway:
            result.errback(StorageFailed(detail=f"{name} is being renamed or removed"))
        elif record is not None:
            self._keep(record)
            result.callback(record)
        elif domain is None:
            result.callback(None)
        elif name in self._loading:
            self._loading[name].append(result)
        else:
            self._loading[name] = [result]
            done = self._runtime.pools.read.run(self._read, name, domain)
            done.addCallbacks(self._loaded, self._not_loaded, callbackArgs=(name,), errbackArgs=(name,))
        return result

    def _read(self, name: AccountName, domain: Domain) -> AccountRecord | None:
        try:
            place = self._files.locate(domain, name.name)
            if place is not None:
                return load_record(self._runtime, name, place, domain, self._log)
        except OSError as problem:
            raise storage_error(problem) from problem
        if not domain.aliases_readable:
            raise StorageFailed(detail=f"{name} may be an alias, and those of {domain.name} could not be read")
        return None

    def _loaded(self, record: AccountRecord | None, name: AccountName) -> None:
        if record is not None:
            self._records[name] = record
            self._keep(record)
        for waiter in self._loading.pop(name):
            waiter.callback(record)

    def _not_loaded(self, failure: Any, name: AccountName) -> None:
        for waiter in self._loading.pop(name):
            waiter.errback(failure)

    def _keep(self, record: AccountRecord) -> None:
        """Recently used records stay; one that is being written stays too, so that it is not read half old."""
        self._recent[record.name] = record
        self._recent.move_to_end(record.name)
        while len(self._recent) > self._limits.account_cache:
            oldest = next(iter(self._recent.values()))
            if oldest.busy:
                self._recent.move_to_end(oldest.name)
                return
            del self._recent[oldest.name]

    # -- administration ------------------------------------------------------------------------------------------

    def accounts(self, domain: str) -> Deferred[list[Listed]]:
        """The accounts of a domain, by name. Fails with NoSuchAccount, StorageFailed."""
        return Deferred.fromCoroutine(self._list(domain))

    async def _list(self, domain: str) -> list[Listed]:
        try:
            return await self._runtime.pools.read.run(self._files.list, self.domains.need(domain))
        except OSError as problem:
            raise storage_error(problem) from problem

    async def create(
        self,
        name: str,
        domain: str,
        password: str = "",
        encryption: str = "",
        format: str = "",
        *,
        single: bool = False,
    ) -> AccountRecord:
        """A new account with its settings and those of the domain's template; its mailboxes are the manager's to make.
        Without password nobody logs in.

        ``format``: of its mailboxes, as the setting DefaultMailboxType has it (empty: the domain's default);
        ``single``: with an INBOX only (spec 1.2).

        Raises IllegalName, AccountExists, NoSuchAccount (no such domain), BadSettings (password), StorageFailed.
        """
        place = self.domains.need(domain)
        account = AccountName(new_account_name(name), place.name)
        template = await self.template(place.name)
        for problem in template.problems:
            self._log.write(PROBLEM, f"account template of {place.name}: {problem}")
        chosen = {ENCRYPTION: encryption, FORMAT: format}
        settings: dict[str, Any] = {key: value for key, value in chosen.items() if value}
        if password:
            usual = template.settings.get(ENCRYPTION) or place.settings.get(ENCRYPTION, "")
            kept = await self._store(password, encryption or str(usual), place)
            settings |= {key: value for key, value in kept.items() if value is not None}
        async with self._turn:
            await self._on_disk(self._renaming.recover)  # lest the new account gets what was an earlier one's
            await self._on_disk(self._files.create, place, account.name, settings, template, single=single)
        place.has_postmaster = place.has_postmaster or account.name == POSTMASTER
        await self._names_changed()
        return await self.need(account)

    def template(self, domain: str) -> Deferred[Template]:
        """What new accounts of a domain begin with, as its file has it now. Raises NoSuchAccount (no such domain)."""
        folder = f"{self.domains.need(domain).path}/{SETTINGS}"
        return self._runtime.pools.read.run(read_template, self._runtime.files, folder)

    async def delete(self, name: AccountName) -> None:
        """Remove an account that nobody uses, with all its mail. Raises NoSuchAccount, StorageFailed."""
        place = self.domains.need(name.domain)
        async with self._away(name):
            await self._on_disk(self._renaming.remove, name)
        place.has_postmaster = place.has_postmaster and name.name != POSTMASTER
        await self._names_changed()

    async def vacant(self, name: str, domain: str) -> AccountName:
        """The name that an account could get, as far as can be seen without a change.

        Raises IllegalName, NoSuchAccount (no such domain), AccountExists, StorageFailed.
        """
        wanted = AccountName(new_account_name(name), self.domains.need(domain).name)
        if await self.find(wanted) is not None:
            raise AccountExists
        return wanted

    async def rename(self, old: AccountName, new: AccountName) -> None:
        """Give an account that nobody uses a name that is ``vacant``, maybe in another domain; its mail, settings,
        rights and account aliases stay with it. Raises NoSuchAccount, AccountExists, StorageFailed.
        """
        left, place = self.domains.need(old.domain), self.domains.need(new.domain)
        async with self._away(old):
            await self._on_disk(self._renaming.rename, old, new)
        left.has_postmaster = left.has_postmaster and old.name != POSTMASTER
        place.has_postmaster = place.has_postmaster or new.name == POSTMASTER
        await self._names_changed()

    async def _names_changed(self) -> None:
        """Addresses may mean other accounts now, and the members of groups are addresses. Who counts them has the turn:
        whoever counts last must know most."""
        async with self._turn:
            if await self._runtime.pools.sync.run(self.relations.recount):
                self.relations.changed()

    @asynccontextmanager
    async def _away(self, name: AccountName) -> AsyncIterator[None]:
        """While it lasts, nobody reads or writes the account's files; what was known of it is forgotten."""
        async with self._turn:
            self._moving.add(name)
            try:
                if name in self._loading:
                    read: Deferred[Any] = Deferred()
                    self._loading[name].append(read)
                    await read.addErrback(lambda _: None)
                record = self._records.pop(name, None)
                if record is not None:
                    record.retire()
                    for settled in record.settled():
                        await settled
                self._recent.pop(name, None)
                self._logins.verified.forget(name)
                yield
            finally:
                self._moving.discard(name)

    async def _on_disk(self, function: Callable[P, object], *args: P.args, **kw: P.kwargs) -> None:
        try:
            await self._runtime.pools.sync.run(function, *args, **kw)
        except OSError as problem:
            raise storage_error(problem) from problem

    async def set_password(self, name: AccountName, password: str, encryption: str = "") -> None:
        """Store another password; ``encryption`` (``argon2``, ``clear``) is kept as the account's if it is given.

        Raises NoSuchAccount, BadSettings, StorageFailed.
        """
        record = await self.need(name)
        changes = await self._store(password, encryption or record.setting(ENCRYPTION, ""), record.domain)
        if encryption:
            changes[ENCRYPTION] = encryption
        self._logins.verified.forget(name)
        await record.set_settings(changes)

    async def remove_password(self, name: AccountName) -> None:
        """Nobody can log in any more. Raises NoSuchAccount, StorageFailed."""
        record = await self.need(name)
        self._logins.verified.forget(name)
        await record.set_settings({PASSWORD: None, verifiers.KEY: None})

    async def need(self, name: AccountName) -> AccountRecord:
        """The record. Raises NoSuchAccount, StorageFailed."""
        record = await self.find(name)
        if record is None:
            raise NoSuchAccount
        return record

    async def _store(self, password: str, encryption: str, domain: Domain) -> dict[str, Any]:
        """What to keep of a password: it or its hash, and, where SCRAM is on, its verifiers. Raises BadSettings."""
        salt, salts = self._runtime.random(passwords.SALT), self._runtime.random(verifiers.salt_size())
        stored = await self._runtime.pools.hash.run(passwords.store, password, encryption, salt)
        made = None
        if scram_enabled(domain):
            made = await self._runtime.pools.hash.run(verifiers.make, password, stored, salts)
        return {PASSWORD: stored, verifiers.KEY: made}
