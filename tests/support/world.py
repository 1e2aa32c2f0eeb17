"""A whole server without a reactor: directory and clock under the test's control, sessions over memory wires."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from twisted.internet.defer import Deferred, fail, succeed
from zope.interface import implementer

from cgpymail.directory.trust import NOBODY
from cgpymail.errors import AuthenticationFailed, PrivacyRequired
from cgpymail.grammar.sasl import scramkeys
from cgpymail.grammar.sasl.registry import MECHANISMS, PLUS
from cgpymail.imap.session import ImapSession
from cgpymail.interfaces import IDirectory, IMailboxTree
from cgpymail.lmtp.session import LmtpSession
from cgpymail.manager.manager import MailboxManager
from cgpymail.manager.services import Services
from cgpymail.manager.user import User
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
)
from cgpymail.model.message import NewMessage
from cgpymail.pop3.session import PopSession
from cgpymail.runtime.limits import DEFAULTS, Limits
from cgpymail.runtime.spool import MemoryContent, Spool
from cgpymail.runtime.wire import Session, Wire
from cgpymail.stores.memorytree import MemoryTree
from cgpymail.stores.registry import FORMATS
from tests.support.grants import MemoryGrants
from tests.support.records import MemoryRecord
from tests.support.relations import Relations
from tests.support.results import result
from tests.support.runtime import memory_runtime
from tests.support.wire import MemoryWire

DOMAIN = "example.org"
ITERATIONS = 4096  # of SCRAM
NAMES = {extension: format.name for extension, format in FORMATS.items()}
SESSIONS: dict[str, Callable[..., Session]] = {"IMAP": ImapSession, "POP": PopSession, "LMTP": LmtpSession}


@implementer(IDirectory)
class MemoryDirectory:
    """Accounts by name, with their passwords in clear."""

    def __init__(self) -> None:
        self.records: dict[AccountName, MemoryRecord] = {}
        self.passwords: dict[AccountName, bytes] = {}
        self.aliases: dict[str, str] = {}
        self.clear_text = True
        self.absent: frozenset[str] = frozenset()  # methods that are not to be had
        self.relations = Relations()
        self.grants = MemoryGrants()
        self.tokens: dict[str, str] = {}  # token -> account
        self.trust = NOBODY

    def find(self, name: AccountName) -> Deferred[Any]:
        """The record, or None."""
        return succeed(self.records.get(name))

    def route(self, address: str, domain: str) -> AccountName | None:
        """Names with and without domain; aliases."""
        name, _, given = address.lower().replace("%", "@").partition("@")
        found = AccountName(self.aliases.get(name, name), given or domain or DOMAIN)
        return found if found in self.records else None

    def member(self, group: str, domain: str, who: AccountName) -> bool:
        """See IRelations."""
        return self.relations.member(group, domain, who)

    def groups_known(self, domain: str) -> bool:
        """See IRelations."""
        return self.relations.groups_known(domain)

    def tell_changes(self, listener: Callable[[], None]) -> None:
        """See IRelations."""
        self.relations.tell_changes(listener)

    def oversees(self, who: AccountName, owner: AccountName) -> bool:
        """See IRelations."""
        return self.relations.oversees(who, owner)

    def clear_text_allowed(self, link: Link) -> bool:
        """Over a secure link, or where the test allows it."""
        return self.clear_text or link.secure

    def methods(self, link: Link) -> frozenset[str]:
        """What the link allows, of all there is."""
        shown = link.tls is not None and link.tls.certificate is not None
        no = {name for name, offer in MECHANISMS.items() if offer.clear and not self.clear_text_allowed(link)}
        encrypted = {name for name in MECHANISMS if name.endswith(PLUS)} | {"OAUTHBEARER", "XOAUTH2"}
        no |= set() if link.encrypted else encrypted
        no |= set() if shown else {"EXTERNAL"}
        return (frozenset(MECHANISMS) | {"APOP"}) - no - self.absent

    def verifier(self, login: str, method: str, link: Link) -> Deferred[ScramVerifier]:
        """Made anew each time; of as few iterations as a client takes (RFC 7677 section 4)."""
        name = self.route(login, DOMAIN)
        secret = self.passwords[name] if name is not None else b"no such password"
        return succeed(scramkeys.derive(method, secret, f"salt of {login}".encode(), ITERATIONS))

    def login(self, credentials: Credentials, link: Link) -> Deferred[AccountName]:
        """Compare in clear."""
        if isinstance(credentials, PlainCredentials) and not self.clear_text_allowed(link):
            return fail(PrivacyRequired())
        name = self._proven(credentials, link)
        wanted = credentials.authzid if isinstance(credentials, Acting) else ""
        other = self.route(wanted, DOMAIN) if wanted else name
        if name is None or other is None or (other != name and name not in self.relations.overseers):
            return fail(AuthenticationFailed())
        return succeed(other)

    def _proven(self, credentials: Credentials, link: Link) -> AccountName | None:
        name = self.route(credentials.login, DOMAIN)
        secret = self.passwords.get(name, b"") if name else b""
        if isinstance(credentials, ApopCredentials):
            right = hashlib.md5(credentials.stamp + secret).hexdigest() == credentials.digest
        elif isinstance(credentials, CramCredentials):
            right = hmac.new(secret, credentials.challenge, "md5").hexdigest() == credentials.digest
        elif isinstance(credentials, ScramCredentials):
            verifier = result(self.verifier(credentials.login, credentials.method, link))
            right = scramkeys.proves(credentials.method, verifier, credentials.message, credentials.proof)
        elif isinstance(credentials, PlainCredentials):
            right = secret == credentials.password
        elif isinstance(credentials, ExternalCredentials):
            shown = link.tls.certificate.emails if link.tls and link.tls.certificate else ()
            return self.route(shown[0], DOMAIN) if shown else None
        else:
            return self.route(self.tokens.get(credentials.token, "nobody"), DOMAIN)
        return name if right else None


class World:
    """``make_tree`` gives the mailboxes of an account (default: in memory); ``spool`` a folder for large messages."""

    def __init__(
        self,
        spool: Path | None = None,
        limits: Limits = DEFAULTS,
        make_tree: Callable[[World, MemoryRecord], IMailboxTree] | None = None,
        formats: Mapping[str, str] = MappingProxyType(NAMES),
    ) -> None:
        self.runtime = memory_runtime()
        self.clock: Any = self.runtime.clock
        self.directory = MemoryDirectory()
        self.trees: dict[AccountName, IMailboxTree] = {}
        self._make_tree = make_tree or (lambda world, record: MemoryTree(world.runtime, single=record.single))
        manager = MailboxManager(self.runtime, self.directory, self.tree, limits, formats)
        spooled = Spool(self.runtime.files, str(spool or "/nonexistent"), limits)
        self.services = Services(self.runtime, self.directory, manager, spooled, limits, "mail.example.org", False)
        self.manager = manager
        self._serial = 0

    def tree(self, record: Any) -> IMailboxTree:
        """The mailboxes of an account: one object per account."""
        if record.name not in self.trees:
            self.trees[record.name] = self._make_tree(self, record)
        return self.trees[record.name]

    def account(self, name: str = "john", *, password: bytes = b"secret", path: str = "") -> MemoryRecord:
        """Make an account with an INBOX."""
        record = MemoryRecord(self.runtime, name, DOMAIN, path)
        self.directory.records[record.name] = record
        self.directory.passwords[record.name] = password
        return record

    def user(self, name: str = "john", service: str = "IMAP") -> User:
        """A door to the account's mailboxes, without a protocol."""
        return result(Deferred.fromCoroutine(self.manager.connect(AccountName(name, DOMAIN), service, "test")))

    def append(self, *messages: bytes, name: str = "john", mailbox: str = "INBOX", flags: int = 0) -> list[int]:
        """Put messages (wire form) into a mailbox; their UIDs."""
        user = self.user(name)
        new = [NewMessage(MemoryContent(data), self.runtime.now(), flags) for data in messages]
        _, uids = self.run(user.append(mailbox, new))
        self.run(user.close())
        return list(uids)

    def turns(self, count: int = 300) -> None:
        """Let the reactor go round: work that is done in slices goes on."""
        for _ in range(count):
            self.clock.advance(0)

    def run(self, work: Any) -> Any:
        """The result of a coroutine that needs no waiting."""
        return result(Deferred.fromCoroutine(work))

    def connect(self, module: str = "IMAP", **wire: Any) -> MemoryWire:
        """A connection to a module; its greeting is still to be taken."""
        self._serial += 1
        log = self.runtime.logs.module(module).numbered(self._serial)
        link = MemoryWire(self.clock, **wire)
        link.attach(lambda made: self._session(module, made, log))
        return link

    def _session(self, module: str, wire: Wire, log: Any) -> Session:
        return SESSIONS[module](wire, log, self.services)
