"""LIST and LSUB (RFC 3501 6.3.8 and 6.3.9; CHILDREN, RFC 3348; SPECIAL-USE, RFC 6154; spec sections 7 and 14.5).

First everything the user may see of the trees that a pattern can reach is written down with the names under which he
sees it: the own mailboxes, what lies behind his mailbox aliases, or one foreign account (``~account/...``). Then the
pattern chooses. Accounts are never enumerated: a wildcard in the account's name finds nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cgpymail.errors import LimitExceeded, NoSuchMailbox
from cgpymail.manager.account import Account
from cgpymail.manager.namespace import FOREIGN, NameSpace, Place
from cgpymail.manager.patterns import Pattern
from cgpymail.manager.special import use_attributes
from cgpymail.manager.words import is_yes
from cgpymail.model import names, rights
from cgpymail.model.mailbox import ListedMailbox
from cgpymail.runtime.limits import Limits

NOSELECT, NOINFERIORS = "\\Noselect", "\\Noinferiors"
HAS_CHILDREN, HAS_NO_CHILDREN = "\\HasChildren", "\\HasNoChildren"
LEVEL_ABOVE = (NOSELECT, HAS_CHILDREN)
MAIL_ONLY_SERVICE = "IMAP"  # the protocol whose clients are not shown calendars and the like unasked (spec 14.5.3)


@dataclass(frozen=True, slots=True)
class Shown:
    """A name the user sees, with the attributes that do not depend on its neighbours."""

    attributes: tuple[str, ...] = field(default=())
    non_mail: bool = False  # has a Class: shown only to those who ask for it by name


class Listing:
    """Answers one user's LIST and LSUB."""

    def __init__(self, space: NameSpace, service: str, limits: Limits) -> None:
        self._space = space
        self._own = space.own
        self._service = service
        self._limits = limits

    async def mailboxes(self, reference: str, patterns: Sequence[str]) -> list[ListedMailbox]:
        """What LIST answers, each name once. Raises LimitExceeded, StorageFailed."""
        found: dict[str, ListedMailbox] = {}
        for text in self._checked(patterns):
            if not text:
                found.setdefault("", ListedMailbox(root_name(reference), (NOSELECT,)))
                continue
            for listed in await self._matching(join(reference, text)):
                found.setdefault(listed.name, listed)
        return list(found.values())

    async def subscribed(self, reference: str, patterns: Sequence[str]) -> list[ListedMailbox]:
        """What LSUB answers: subscribed names as stored, existing or not; levels above them for ``%``."""
        subscription = self._own.record.subscription()
        known = set(subscription)
        found: dict[str, ListedMailbox] = {}
        for text in self._checked(patterns):
            pattern = Pattern(join(reference, text))
            for name in subscription:
                if pattern.matches(name):
                    found.setdefault(name, ListedMailbox(name))
                elif pattern.shows_levels:
                    for above in levels_above(name, pattern):
                        if above not in known:
                            found.setdefault(above, ListedMailbox(above, (NOSELECT,)))
        return list(found.values())

    def sees_any(self, account: Account) -> bool:
        """Whether the user may see some mailbox of an account."""
        return any(True for _ in self._visible(account, ""))

    def _checked(self, patterns: Sequence[str]) -> Sequence[str]:
        if len(patterns) > self._limits.list_patterns:
            raise LimitExceeded("Too many patterns")
        return patterns

    async def _matching(self, text: str) -> list[ListedMailbox]:
        if not text.startswith(FOREIGN):
            pattern = Pattern(text)
            await self._own.refresh()
            shown = self._tree(self._own, pattern.top, pattern.top) | await self._behind_aliases(pattern)
            return select(shown, pattern)
        owner, slash, rest = text.partition(names.SEPARATOR)
        account = None if Pattern(owner).wild else await self._space.account(owner.removeprefix(FOREIGN))
        if account is None:
            return []
        await account.refresh()
        if not slash:
            return [ListedMailbox(owner, LEVEL_ABOVE)] if self.sees_any(account) else []
        pattern = Pattern(rest)
        found = select(self._tree(account, pattern.top, pattern.top), pattern)
        return [ListedMailbox(f"{owner}/{listed.name}", listed.attributes) for listed in found]

    # what the user sees

    def _visible(self, account: Account, top: str) -> Iterator[str]:
        """The names at and below ``top`` (empty: all) on which the user has ``l``."""
        for name in account.entries:
            inside = not top or name == top or names.is_below(name, top)
            if inside and (account is self._own or self._space.rights(Place(account, name)) & rights.LOOKUP):
                yield name

    def _tree(self, account: Account, top: str, shown_as: str) -> dict[str, Shown]:
        """What is visible at and below ``top``, with ``shown_as`` in place of that part of the name."""
        uses = use_attributes(account.record) if account is self._own else {}
        mail_only = self._service == MAIL_ONLY_SERVICE and not self._sees_non_mail()
        shown: dict[str, Shown] = {}
        for name in self._visible(account, top):
            attributes = [] if account.entries[name].format else [NOSELECT]
            if name.count(names.SEPARATOR) + 1 >= names.MAX_DEPTH:
                attributes.append(NOINFERIORS)
            if not attributes:
                attributes += uses.get(name, [])
            non_mail = mail_only and bool(account.record.mailbox_info(name).get("Class"))
            shown[shown_as + name[len(top) :]] = Shown(tuple(attributes), non_mail)
        return shown

    def _sees_non_mail(self) -> bool:
        return is_yes(self._own.record.setting("IMAPSeesNonMail", "NO"))

    async def _behind_aliases(self, pattern: Pattern) -> dict[str, Shown]:
        shown: dict[str, Shown] = {}
        for alias in self._own.record.aliases():
            if not self._space.is_alias(alias) or not pattern.can_start(alias):
                continue
            try:
                place = await self._space.resolve(alias)
            except NoSuchMailbox:
                place = None
            if place is not None:
                await place.account.refresh()
                behind = alias if place.name else alias + names.SEPARATOR
                shown |= self._tree(place.account, place.name, behind)
            target = self._own.record.aliases().get(alias, "")
            if names.SEPARATOR not in target and target.startswith(FOREIGN):  # a whole account (spec 7.2.4)
                shown[alias] = Shown((NOSELECT,))
        return shown


def select(shown: dict[str, Shown], pattern: Pattern) -> list[ListedMailbox]:
    """Those that match, INBOX first, then by name; with ``%``, levels that lead to what is shown too."""
    if pattern.wild:
        shown = without_non_mail(shown)
    parents = levels(shown)
    found: dict[str, tuple[str, ...]] = {}
    for name, facts in shown.items():
        if pattern.matches(name):
            found[name] = (*facts.attributes, HAS_CHILDREN if name in parents else HAS_NO_CHILDREN)
    if pattern.shows_levels:
        for above in parents - shown.keys():
            if pattern.matches(above):
                found[above] = LEVEL_ABOVE
    order = sorted(found, key=lambda name: (name != names.INBOX, name))
    return [ListedMailbox(name, found[name]) for name in order]


def without_non_mail(shown: dict[str, Shown]) -> dict[str, Shown]:
    """The mail mailboxes; one of another class above a mail mailbox shows as not selectable (spec 14.5.3)."""
    if not any(facts.non_mail for facts in shown.values()):
        return shown
    leading = levels(name for name, facts in shown.items() if not facts.non_mail)
    return {
        name: Shown((NOSELECT,)) if facts.non_mail else facts
        for name, facts in shown.items()
        if not facts.non_mail or name in leading
    }


def levels(found: Iterable[str]) -> set[str]:
    """All names above any of these."""
    above: set[str] = set()
    for name in found:
        level = names.parent(name)
        while level and level not in above:
            above.add(level)
            level = names.parent(level)
    return above


def levels_above(name: str, pattern: Pattern) -> list[str]:
    """The levels above a name that match."""
    return [above for above in names.ancestors(name) if pattern.matches(above)]


def join(reference: str, text: str) -> str:
    """Reference and pattern as one: put together, but ``~`` after a whole reference starts anew (RFC 3501 6.3.8)."""
    if text.startswith(FOREIGN) and reference.endswith(names.SEPARATOR):
        return text
    return reference + text


def root_name(reference: str) -> str:
    """The root of a reference: ``~account/`` for a foreign name, else nothing. Says nothing about what exists."""
    owner, slash, _ = reference.partition(names.SEPARATOR)
    return owner + slash if slash and owner.startswith(FOREIGN) else ""
