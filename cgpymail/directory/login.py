"""Logging in: name to account, the slow-down, the hash on a thread, and what the account is allowed.

Order matters. Nothing about an account (that it exists, that it may not use a service, that it wants privacy) shows
before the right password was given. Tries of one address wait in line, two at a time, so that each is judged by the
outcome of those before it; hashes are computed two at a time for the whole server, trusted addresses first.
"""

from __future__ import annotations

from typing import Protocol

from twisted.internet.defer import Deferred

from cgpymail.directory import passwords
from cgpymail.directory.domains import Domain, Domains
from cgpymail.directory.record import AccountRecord
from cgpymail.directory.throttle import Throttle, network
from cgpymail.directory.turns import Turns
from cgpymail.errors import AuthenticationFailed, BadSettings, PrivacyRequired, ServiceDisabled, StorageFailed
from cgpymail.grammar import words
from cgpymail.model.identity import AccountName, ApopCredentials, Credentials, Link, PlainCredentials
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.logs import LOW, PROBLEM
from cgpymail.runtime.runtime import Runtime

PASSWORD = "Password"  # noqa: S105
MAX_KEY = 100  # characters of a name that is no account, as the slow-down remembers it


class Accounts(Protocol):
    """What a login asks of the directory."""

    def find(self, name: AccountName) -> Deferred[AccountRecord | None]:
        """The account."""

    def route(self, address: str, domain: str) -> AccountName | None:
        """The account meant by a name."""


class Logins:
    """See IDirectory.login."""

    def __init__(self, runtime: Runtime, accounts: Accounts, domains: Domains, limits: Limits) -> None:
        self._runtime = runtime
        self._accounts = accounts
        self._domains = domains
        self._limits = limits
        self._log = runtime.logs.module("ACCOUNT")
        self._hashing = Turns(limits)
        self._lines: dict[str, Turns] = {}
        self.throttle = Throttle(runtime.clock, limits)
        self.verified = passwords.VerifiedLogins(runtime.random(32), limits)

    def clear_text_allowed(self, link: Link) -> bool:
        """See IDirectory."""
        return link.secure or clear_text(self._domains.at(link.local))

    async def login(self, credentials: Credentials, link: Link) -> AccountName:
        """See IDirectory.login."""
        plain = isinstance(credentials, PlainCredentials)
        if plain and not self.clear_text_allowed(link):
            raise PrivacyRequired
        domain = self._domains.at(link.local).name
        name = self._accounts.route(credentials.login, domain)
        record = await self._find(name)
        if isinstance(record, StorageFailed) or record is None:
            await self._try(credentials, None, network(link.peer), str(name or credentials.login[:MAX_KEY].lower()))
            self._log.write(PROBLEM, f"{link.service} login from {link.peer} failed: no such account")
            raise record or AuthenticationFailed
        await self._check(credentials, record, link)
        self._permit(record, link, plain)
        self._check_identity(credentials, record.name, domain)
        self._log.write(LOW, f"{record.name} logged in from {link.peer} ({link.service})")
        return record.name

    async def _find(self, name: AccountName | None) -> AccountRecord | StorageFailed | None:
        try:
            return await self._accounts.find(name) if name else None
        except StorageFailed as problem:
            return problem

    async def _check(self, credentials: Credentials, record: AccountRecord, link: Link) -> None:
        """The password. Raises AuthenticationFailed, Busy."""
        stored = record.own_setting(PASSWORD) if _flag(record, "UseAppPassword", True) else None
        address = network(link.peer)
        secret = credentials.password if isinstance(credentials, PlainCredentials) else None
        now = self._runtime.clock.seconds
        if secret is None or not self.verified.knows(record.name, stored, secret, now()):
            if not await self._try(credentials, stored, address, str(record.name)):
                self._log.write(PROBLEM, f"{link.service} login of {record.name} from {link.peer} failed")
                raise AuthenticationFailed
            if secret is not None:
                self.verified.remember(record.name, stored, secret, now())
        self.throttle.succeeded(address)

    async def _try(self, credentials: Credentials, stored: object, address: str, account: str) -> bool:
        """One try, after its wait. ``stored`` None: there is no such account, or it has no password."""
        line = self._lines.setdefault(address, Turns(self._limits, 5))
        await line.enter()
        try:
            delay = self.throttle.wait(address, account)
            if delay > 0:
                await self._sleep(delay)
            right = await self._verify(credentials, stored, self.throttle.trusts(address))
            if not right:
                self.throttle.failed(address, account)
            return right
        finally:
            line.leave()
            if not line.users:
                self._lines.pop(address, None)

    async def _verify(self, credentials: Credentials, stored: object, favoured: bool) -> bool:
        if isinstance(credentials, ApopCredentials):
            return passwords.verify_apop(stored, credentials.stamp, credentials.digest)
        await self._hashing.enter(favoured)
        try:
            return await self._runtime.pools.hash.run(passwords.verify, stored, credentials.password)
        finally:
            self._hashing.leave()

    def _sleep(self, seconds: float) -> Deferred[None]:
        done: Deferred[None] = Deferred(lambda _: call.cancel())
        call = self._runtime.clock.callLater(seconds, done.callback, None)
        return done

    def _permit(self, record: AccountRecord, link: Link, plain: bool) -> None:
        """What account and domain allow whose password was right. Raises as login."""
        domain = record.domain
        if not domain.readable:
            raise StorageFailed(detail=f"the settings of {domain.name} could not be understood")
        if plain and not link.secure and (_flag(record, "RequireAPOP", False) or not clear_text(domain)):
            raise PrivacyRequired
        modes = (record.value("AccessModes"), domain.settings.get("DomainAccessModes"))
        if not all(allows(mode, link.service) for mode in modes):
            raise ServiceDisabled

    def _check_identity(self, credentials: Credentials, name: AccountName, domain: str) -> None:
        """An authorization identity must be the account itself: nobody acts for another. Raises as login."""
        wanted = credentials.authzid if isinstance(credentials, PlainCredentials) else ""
        if wanted and self._accounts.route(wanted, domain) != name:
            raise AuthenticationFailed


def clear_text(domain: Domain) -> bool:
    """Whether the method CLRTXT of the domain is on (spec sections 9.1.6, 11.4); off when nobody can know."""
    return domain.readable and allows(domain.settings.get("AUTHMethods"), "CLRTXT")


def allows(setting: object, word: str) -> bool:
    """Whether a list of names, as in AccessModes and AUTHMethods, has the word: ``All`` (and unset) has every one,
    ``None`` no one; a leading number counts the names and says nothing."""
    if setting is None:
        return True
    items = setting if isinstance(setting, list) else [setting]
    listed = {str(item).lower() for item in items}
    return "all" in listed or word.lower() in listed


def _flag(record: AccountRecord, key: str, default: bool) -> bool:
    """A YES/NO setting; nonsense in it counts as the careful answer to a question of safety: the default turned."""
    try:
        return words.flag(record.setting(key, "YES" if default else "NO"))
    except BadSettings:
        return not default
