"""Groups, for access lists (spec 3.3 and 14.2.4): which groups an account is in, from memory.

A domain has its groups in one file, ``Settings/Groups.data``: ``{ staff = (anna, "peter@client.com", "#sales"); }``. A
member is an address, which the Router takes to an account (account aliases count), or ``#group`` or ``#group@domain``,
whose members are then members too.

After a change of the files an index is made: the groups that name an account, and those that name a group. A question
goes upwards from the account that asks and visits each group once, so groups that contain each other are no loop, and
the work depends on how many groups somebody is in, not on how many members they have. The answer is kept until the
next change.

Where a file cannot be used, its groups have no members; and groups of other domains that contain them may have members
that nobody knows, as may groups that contain addresses of a domain whose account aliases cannot be read.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from cgpymail.directory.domains import Domain, Domains
from cgpymail.directory.naming import account_name, domain_name
from cgpymail.directory.router import Router
from cgpymail.errors import IllegalName
from cgpymail.model.identity import AccountName
from cgpymail.runtime.limits import Limits
from cgpymail.runtime.logs import CRASH, Log

SIGN = "#"
REMEMBERED = 10_000  # accounts whose groups are remembered, count

Group = tuple[str, str]  # name without the sign, domain; canonical


def group_named(text: str, domain: str) -> Group:
    """The group that ``#name``, ``name`` or ``name@domain`` means in a domain. Raises IllegalName."""
    name, _, place = text.removeprefix(SIGN).partition("@")
    try:
        return account_name(name), domain_name(place or domain)
    except IllegalName:
        raise IllegalName("Illegal group name") from None


class _Index:
    """What the files said when it was made."""

    def __init__(self) -> None:
        self.naming: dict[AccountName | Group, list[Group]] = {}
        self.unknown: set[str] = set()  # domains of which some group may have members that are not known
        self.of = lru_cache(maxsize=REMEMBERED)(self._of)

    def _of(self, who: AccountName) -> frozenset[Group]:
        """All groups that an account is in, through other groups too."""
        found: set[Group] = set()
        waiting = list(self.naming.get(who, ()))
        while waiting:
            group = waiting.pop()
            if group not in found:
                found.add(group)
                waiting += self.naming.get(group, ())
        return frozenset(found)


class Groups:
    """Those of all domains. ``recount`` comes first, and after every change of groups or account aliases."""

    def __init__(self, domains: Domains, router: Router, limits: Limits, log: Log) -> None:
        self._domains = domains
        self._router = router
        self._limits = limits
        self._log = log
        self._index = _Index()

    def recount(self) -> bool:
        """Make the index anew; whether it says something else now. It takes time with the number of all members: for a
        thread."""
        index = _Index()
        unaliased = {domain.name for domain in self._domains.all() if not domain.aliases_readable}
        within: dict[str, set[str]] = {}  # domain -> the domains whose groups contain some of its groups
        for domain in self._domains.all():
            if not self._known(domain):
                index.unknown.add(domain.name)
                continue
            for name, members in domain.groups.items():
                for member in self._meant(members, domain):
                    index.naming.setdefault(member, []).append((name, domain.name))
                    if isinstance(member, tuple):
                        within.setdefault(member[1], set()).add(domain.name)
                    elif member.domain in unaliased:
                        index.unknown.add(domain.name)
        _spread(index.unknown, within)
        before, self._index = self._index, index
        return (before.naming, before.unknown) != (index.naming, index.unknown)

    def _known(self, domain: Domain) -> bool:
        """Whether the file could be understood and is not too long."""
        if size(domain.groups) <= self._limits.group_members:
            return domain.groups_readable
        self._log.write(CRASH, f"the groups of {domain.name} have too many members; none of them counts")
        return False

    def _meant(self, members: tuple[str, ...], domain: Domain) -> Iterator[AccountName | Group]:
        """The accounts and groups that the words of the file mean; words that mean nothing here are passed over."""
        for text in members:
            if text.startswith(SIGN):
                try:
                    yield group_named(text, domain.name)
                except IllegalName:
                    continue
            elif account := self._router.route(text, domain.name):
                yield account

    def member(self, group: str, domain: str, who: AccountName) -> bool:
        """See IRelations."""
        return (group, domain) in self._index.of(who)

    def known(self, domain: str) -> bool:
        """See IRelations.groups_known."""
        return domain not in self._index.unknown


def _spread(found: set[str], within: dict[str, set[str]]) -> None:
    """Add whatever is reached from those that are found, however far."""
    waiting = list(found)
    while waiting:
        reached = within.get(waiting.pop(), set()) - found
        found |= reached
        waiting += reached


def size(groups: dict[str, tuple[str, ...]]) -> int:
    """What counts for the limit: each group and each member of it."""
    return len(groups) + sum(map(len, groups.values()))
