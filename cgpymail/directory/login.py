"""Logging in: name to account, the slow-down, the proof, and what the account is allowed.

Order matters. Nothing about an account (that it exists, that it may not use a service, that it wants privacy) shows
before the right proof was given. Tries of one address wait in line, two at a time, so that each is judged by the
outcome of those before it; hashes are computed two at a time for the whole server, trusted addresses first. All this
is the same for every method. An account may be in memory, a name that is none has to be looked for on the disk: so a
refusal comes as late as if that had always taken LOOKUP_TIME. What a proof is worth is for proofs.py to say.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from twisted.internet.defer import Deferred

from cgpymail.directory import passwords, verifiers
from cgpymail.directory.domains import Domains
from cgpymail.directory.enrolment import Enrolment
from cgpymail.directory.methods import CLRTXT, allows, clear_text, enabled, method_of, possible, scram_enabled
from cgpymail.directory.proofs import Judge, flag, password_of
from cgpymail.directory.record import AccountRecord
from cgpymail.directory.throttle import Throttle, network
from cgpymail.directory.trust import NOBODY, Trust
from cgpymail.directory.turns import Turns
from cgpymail.errors import AuthenticationFailed, PrivacyRequired, ServiceDisabled, StorageFailed
from cgpymail.model.identity import (
    AccountName,
    Acting,
    ApopCredentials,
    CramCredentials,
    Credentials,
    ExternalCredentials,
    Link,
    PlainCredentials,
    ScramCredentials,
    ScramVerifier,
    TokenCredentials,
)
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.logs import LOW, MAJOR, PROBLEM
from cgpymail.runtime.runtime import Runtime

MAX_KEY = 100  # characters of a name that is no account, as the slow-down remembers it
LOOKUP_TIME = 0.02  # seconds that looking for an account takes, as far as those can see who have not logged in

NamedCredentials = PlainCredentials | ApopCredentials | CramCredentials | ScramCredentials | ExternalCredentials
Judgement = Callable[[bool], Awaitable[bool]]  # from whether the address is trusted to whether the proof is right


class Accounts(Protocol):
    """What a login asks of the directory."""

    def find(self, name: AccountName) -> Deferred[AccountRecord | None]:
        """The account."""

    def route(self, address: str, domain: str) -> AccountName | None:
        """The account meant by a name."""


class Logins:
    """See IDirectory.login. ``trust`` may be replaced at any time."""

    def __init__(self, runtime: Runtime, accounts: Accounts, domains: Domains, limits: Limits) -> None:
        self._runtime = runtime
        self._accounts = accounts
        self._domains = domains
        self._limits = limits
        self._log = runtime.logs.module("ACCOUNT")
        self._lines: dict[str, Turns] = {}
        hashing = Turns(limits)
        self.trust: Trust = NOBODY
        self.judge = Judge(runtime, hashing, runtime.random(verifiers.SECRET))
        self.enrolment = Enrolment(runtime, hashing)
        self.throttle = Throttle(runtime.clock, limits)
        self.verified = passwords.VerifiedLogins(runtime.random(32), limits)

    def clear_text_allowed(self, link: Link) -> bool:
        """See IDirectory."""
        return link.secure or clear_text(self._domains.at(link.local))

    def methods(self, link: Link) -> frozenset[str]:
        """See IDirectory."""
        return possible(self._domains.at(link.local), link, self.trust)

    async def verifier(self, login: str, method: str, link: Link) -> ScramVerifier:
        """See IDirectory. It takes LOOKUP_TIME, so that looking for a file shows as little as finding one in memory."""
        async with self._turn(network(link.peer)):
            ready = self._runtime.clock.seconds() + LOOKUP_TIME
            name = self._accounts.route(login, self._domains.at(link.local).name)
            record = await self._find(name)
            known = record if isinstance(record, AccountRecord) else None
            found = self.judge.verifier(known, _key(name, login), method)
            await self._sleep(ready - self._runtime.clock.seconds())
            return found

    async def login(self, credentials: Credentials, link: Link) -> AccountName:
        """See IDirectory.login."""
        if isinstance(credentials, PlainCredentials) and not self.clear_text_allowed(link):
            raise PrivacyRequired
        if isinstance(credentials, TokenCredentials):
            record = await self._by_token(credentials, link)
        else:
            record = await self._by_name(credentials, link)
        self._permit_method(record, link, method_of(credentials))
        self._permit_service(record, link)
        wanted = credentials.authzid if isinstance(credentials, Acting) else ""
        name = await self._act_as(wanted, record, link) if wanted else record.name
        self._log.write(LOW, f"{name} logged in from {link.peer} ({link.service})")
        return name

    async def _find(self, name: AccountName | None) -> AccountRecord | StorageFailed | None:
        try:
            return await self._accounts.find(name) if name else None
        except StorageFailed as problem:
            return problem

    # -- the proof -----------------------------------------------------------------------------------------------

    async def _by_name(self, credentials: NamedCredentials, link: Link) -> AccountRecord:
        """Who is named, by himself or by his certificate, and proves it. Raises AuthenticationFailed, Busy,
        StorageFailed."""
        claimed = credentials.login
        if isinstance(credentials, ExternalCredentials):
            claimed = self.trust.named(link.tls.certificate if link.tls is not None else None)
        name = self._accounts.route(claimed, self._domains.at(link.local).name) if claimed else None
        key, address = _key(name, claimed), network(link.peer)
        now = self._runtime.clock.seconds
        began = now()
        record = await self._find(name)
        rest = LOOKUP_TIME - (now() - began)
        if not isinstance(record, AccountRecord):
            await self._try(lambda trusted: self.judge.right(credentials, None, key, trusted), address, key)
            await self._sleep(rest)
            self._log.write(PROBLEM, f"{link.service} login from {link.peer} failed: no such account")
            raise record or AuthenticationFailed
        secret = credentials.password if isinstance(credentials, PlainCredentials) else None
        stored = password_of(record)
        if secret is None or not self.verified.knows(record.name, stored, secret, now()):
            if not await self._try(lambda trusted: self.judge.right(credentials, record, key, trusted), address, key):
                self._log.write(PROBLEM, f"{link.service} login of {record.name} from {link.peer} failed")
                await self._sleep(rest)
                raise AuthenticationFailed
            if secret is not None:
                self.verified.remember(record.name, stored, secret, now())
                if scram_enabled(record.domain):
                    self.enrolment.enrol(record, secret)
        self.throttle.succeeded(address)
        return record

    async def _by_token(self, credentials: TokenCredentials, link: Link) -> AccountRecord:
        """Whom a token stands for. Raises the same."""
        tokens, domain, address = self.trust.tokens, self._domains.at(link.local).name, network(link.peer)
        wanted = credentials.authzid
        key = _key(self._accounts.route(wanted, domain) if wanted else None, wanted) or f"token {address}"
        found: list[AccountRecord] = []
        why = "it stands for nobody here"

        async def valid(trusted: bool) -> bool:
            nonlocal why
            if tokens is None:
                return False
            try:
                name = self._accounts.route(await tokens.check(credentials.token), domain)
            except AuthenticationFailed as error:
                why = error.detail
                return False
            record = await self._find(name)
            if isinstance(record, StorageFailed):
                raise record
            found.extend([record] if record is not None else [])
            return record is not None

        if not await self._try(valid, address, key):
            self._log.write(PROBLEM, f"{link.service} login by token from {link.peer} failed: {why}")
            raise AuthenticationFailed
        self.throttle.succeeded(address)
        return found[0]

    async def _try(self, judgement: Judgement, address: str, account: str) -> bool:
        """One try, after its wait."""
        async with self._turn(address):
            await self._sleep(self.throttle.wait(address, account))
            right = await judgement(self.throttle.trusts(address))
            if not right:
                self.throttle.failed(address, account)
            return right

    @asynccontextmanager
    async def _turn(self, address: str) -> AsyncIterator[None]:
        """Two of one address at a time; the others wait in line. Raises Busy."""
        line = self._lines.setdefault(address, Turns(self._limits, 5))
        await line.enter()
        try:
            yield
        finally:
            line.leave()
            if not line.users:
                self._lines.pop(address, None)

    async def _sleep(self, seconds: float) -> None:
        if seconds > 0:
            done: Deferred[None] = Deferred(lambda _: call.cancel())
            call = self._runtime.clock.callLater(seconds, done.callback, None)
            await done

    # -- what is allowed to whom has proved himself --------------------------------------------------------------

    def _permit_method(self, record: AccountRecord, link: Link, method: str) -> None:
        """Whether account and domain allow this way of logging in. Raises as login."""
        domain = record.domain
        if not domain.readable:
            raise StorageFailed(detail=f"the settings of {domain.name} could not be understood")
        if method == CLRTXT:
            if not link.secure and (flag(record, "RequireAPOP", False) or not clear_text(domain)):
                raise PrivacyRequired
        elif not enabled(domain, method):
            raise ServiceDisabled("This way of logging in is disabled for the account")

    def _permit_service(self, record: AccountRecord, link: Link) -> None:
        """Whether account and domain have the protocol. Raises ServiceDisabled."""
        modes = (record.value("AccessModes"), record.domain.settings.get("DomainAccessModes"))
        if not all(allows(mode, link.service) for mode in modes):
            raise ServiceDisabled

    async def _act_as(self, wanted: str, record: AccountRecord, link: Link) -> AccountName:
        """The account itself, or, for an administrator with the right All Users, any other one (spec section 3.5).

        Raises as login; nobody without the right learns whether there is such an account.
        """
        name = self._accounts.route(wanted, self._domains.at(link.local).name)
        if name == record.name:
            return record.name
        if name is None or not self._domains.may_act_for_all(record.name):
            self._log.write(PROBLEM, f"{record.name} may not act for others, from {link.peer} ({link.service})")
            raise AuthenticationFailed
        other = await self._find(name)
        if not isinstance(other, AccountRecord):
            self._log.write(PROBLEM, f"{record.name} wants to act for {name}, which is not there")
            raise other or AuthenticationFailed
        self._permit_service(other, link)
        self._log.write(MAJOR, f"{record.name} acts for {other.name}, from {link.peer} ({link.service})")
        return other.name


def _key(name: AccountName | None, login: str) -> str:
    """What counts as one account, whether it exists or not."""
    return str(name or login[:MAX_KEY].lower())
