"""The domains: the main one in ``<base>/Accounts``, every other in ``<base>/Domains/<domain>`` (spec section 11.1)."""

from __future__ import annotations

import ipaddress
import stat
from dataclasses import dataclass, field

from cgpymail.directory.files import load_document
from cgpymail.directory.naming import account_name, domain_name
from cgpymail.directory.places import AccountPlace
from cgpymail.errors import IllegalName, NoSuchAccount
from cgpymail.grammar.settings import Document
from cgpymail.model.identity import AccountName
from cgpymail.runtime.files import Files
from cgpymail.runtime.logs import PROBLEM, Log

ACCOUNTS = "Accounts"
DOMAINS = "Domains"
SETTINGS = "Settings"
# The words for the right All Users in Access.settings: itself, and the right to everything.
ALL_USERS = frozenset({"allusers", "master"})
CAN_VIEW_MAILBOXES = "canviewmailboxes"


@dataclass(slots=True)
class Domain:
    """One domain as it was at start. ``settings`` are those of the domain and the defaults of its accounts.

    ``readable`` is False when Domain.settings could not be understood: nobody logs in then, as nobody knows what is
    allowed. ``aliases_readable`` is False when Aliases.data could not: an unknown name is then a temporary failure.
    ``groups_readable`` is False when Groups.data could not: see IRelations.groups_known.
    """

    name: str
    path: str
    settings: Document = field(default_factory=Document)
    aliases: dict[str, str] = field(default_factory=dict)
    readable: bool = True
    aliases_readable: bool = True
    has_postmaster: bool = False
    rights: dict[str, tuple[str, ...]] = field(default_factory=dict)  # words of administrators, by account name
    viewers: frozenset[AccountName] = frozenset()  # those with CanViewMailboxes
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)  # members as written, by the group's name
    groups_readable: bool = True


class Domains:
    """All domains, in memory. ``load`` blocks: it is for the start."""

    def __init__(self, files: Files, base: str, main: str, log: Log) -> None:
        self._files = files
        self._base = base
        self._log = log
        self._all: dict[str, Domain] = {}
        self._addresses: dict[str, str] = {}
        self._overseers: frozenset[AccountName] = frozenset()
        self.main = Domain(domain_name(main), f"{base}/{ACCOUNTS}")

    def load(self) -> None:
        """Read the settings and aliases of every domain; the main domain's directory is made. Raises OSError."""
        if not self._files.exists(self.main.path):
            self._files.mkdir(self.main.path)
            self._files.sync_directory(self._base)
        self._add(self.main)
        for name in self._listed():
            path = f"{self._base}/{DOMAINS}/{name}"
            if name == self.main.name or not self._is_domain(name, path):
                self._log.write(PROBLEM, f"{path} is not the directory of a further domain, left alone")
            else:
                self._add(Domain(name, path))

    def _listed(self) -> list[str]:
        try:
            return self._files.listdir(f"{self._base}/{DOMAINS}")
        except FileNotFoundError:
            return []

    def _is_domain(self, name: str, path: str) -> bool:
        try:
            return domain_name(name) == name and stat.S_ISDIR(self._files.stat(path).st_mode)
        except (IllegalName, OSError):
            return False

    def _add(self, domain: Domain) -> None:
        place = f"{domain.path}/{SETTINGS}"
        domain.settings, domain.readable = load_document(self._files, f"{place}/Domain.settings", self._log)
        self.read_aliases(domain)
        self.read_rights(domain)
        self.read_groups(domain)
        marks = (AccountPlace(domain.path, "postmaster", single).proof for single in (False, True))
        domain.has_postmaster = any(map(self._files.exists, marks))
        self._all[domain.name] = domain
        addresses = domain.settings.get("IPAddresses", [])
        for address in addresses if isinstance(addresses, list) else [addresses]:
            self._addresses[canonical_address(getattr(address, "host", str(address)))] = domain.name

    def read_aliases(self, domain: Domain) -> None:
        """Take the aliases from their file, at the start and after a change. Blocking."""
        path = f"{domain.path}/{SETTINGS}/Aliases.data"
        aliases, domain.aliases_readable = load_document(self._files, path, self._log)
        domain.aliases = self._aliases(aliases, path)

    def read_rights(self, domain: Domain) -> None:
        """Take the administrators' rights from their file, at the start and after a change. Blocking."""
        rights, _ = load_document(self._files, f"{domain.path}/{SETTINGS}/Access.settings", self._log)
        domain.rights = {name.lower(): granted(rights.get(name)) for name in rights}
        domain.viewers = _holders(domain, frozenset({CAN_VIEW_MAILBOXES}))
        if domain is self.main:
            self._overseers = _holders(domain, ALL_USERS)

    def read_groups(self, domain: Domain) -> None:
        """Take the groups from their file, at the start and after a change; one that is there in two spellings has the
        members of both. Blocking."""
        path = f"{domain.path}/{SETTINGS}/Groups.data"
        document, domain.groups_readable = load_document(self._files, path, self._log)
        found: dict[str, tuple[str, ...]] = {}
        for name in document:
            members = document.get(name)
            try:
                found[account_name(name)] = found.get(account_name(name), ()) + words_of(members)
            except IllegalName:
                self._log.write(PROBLEM, f"{path}: {name!r} cannot be a group, left alone")
        domain.groups = found

    def _aliases(self, document: Document, path: str) -> dict[str, str]:
        found: dict[str, str] = {}
        for name in document:
            target = document.get(name)
            try:
                found[account_name(name)] = target if isinstance(target, str) else ""
            except IllegalName:
                self._log.write(PROBLEM, f"{path}: {name!r} cannot be an alias, left alone")
        return {name: target for name, target in found.items() if target}

    def get(self, name: str) -> Domain | None:
        """The domain of a canonical name."""
        return self._all.get(name)

    def need(self, name: str) -> Domain:
        """The same. Raises NoSuchAccount."""
        domain = self._all.get(name)
        if domain is None:
            raise NoSuchAccount(f"There is no domain {name}")
        return domain

    def all(self) -> list[Domain]:
        """The main domain first."""
        return list(self._all.values())

    def may_act_for_all(self, name: AccountName) -> bool:
        """Whether an account has the server-level right All Users (spec sections 3.2, 11.1): only those of the main
        domain can."""
        return name in self._overseers

    def oversees(self, who: AccountName, owner: AccountName) -> bool:
        """See IRelations."""
        domain = self._all.get(owner.domain)
        return who in self._overseers or (domain is not None and who in domain.viewers)

    def at(self, local: str) -> Domain:
        """The domain of a local address (setting IPAddresses of a domain), else the main one (spec section 11.3)."""
        return self._all.get(self._addresses.get(canonical_address(local), ""), self.main)


def _holders(domain: Domain, words: frozenset[str]) -> frozenset[AccountName]:
    """The administrators with any of these rights. An administrator of a domain is one of its own accounts."""
    names = (
        name.partition("@") for name, held in domain.rights.items() if not words.isdisjoint(map(one_spelling, held))
    )
    return frozenset(AccountName(local, domain.name) for local, _, place in names if place in ("", domain.name))


def one_spelling(word: str) -> str:
    """A right in small letters and without spaces: as they are compared."""
    return word.lower().replace(" ", "")


def granted(value: object) -> tuple[str, ...]:
    """The rights in an entry of Access.settings: words, or a dictionary of words and YES."""
    if isinstance(value, dict):
        value = [word for word, held in value.items() if str(held).upper() == "YES"]
    return words_of(value)


def words_of(value: object) -> tuple[str, ...]:
    """The texts in a value of a settings file: an array, or one alone."""
    items = value if isinstance(value, list) else [value]
    return tuple(item for item in items if isinstance(item, str))


def canonical_address(text: str) -> str:
    """One spelling per IP address, IPv4 in IPv6 form as IPv4; other text as it is."""
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return text
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)
