"""What a mailbox name means to one user: the only place that resolves names (spec sections 1, 6.2, 7).

A name leads to a *place*: a canonical name in some account. In this order: ``~account/box`` (or ``~/account/box``) goes
to that account, by the router; an own top-level mailbox wins over a mailbox alias of the same name; an alias goes where
it points; and ``$Sent$`` is whatever the preference of the account it stands in says. Targets of aliases are resolved
without aliases, so nothing can run in circles.

To a foreigner, a place that is not there and a place he has no right ``l`` on look the same (spec 14.2.5), and as much
is done for one as for the other.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cgpymail.errors import CannotDo, IllegalName, NoSuchMailbox
from cgpymail.interfaces import IDirectory
from cgpymail.manager.access import Standing, combine, decide, decide_above, refusal, require, standing
from cgpymail.manager.account import Account
from cgpymail.manager.special import PREFERENCES, real_name
from cgpymail.model import names, rights
from cgpymail.model.identity import AccountName, Grantee
from cgpymail.model.mailbox import TreeEntry

FOREIGN = names.FOREIGN
NOBODY = AccountName("", "")


@dataclass(frozen=True, slots=True)
class Place:
    """A canonical mailbox name in an account, whether there is such a mailbox or not; empty: the account's root."""

    account: Account
    name: str


class NameSpace:
    """One user's view of all names. ``find_account`` gives the Account of a canonical account name, or None."""

    def __init__(
        self, own: Account, directory: IDirectory, find_account: Callable[[AccountName], Awaitable[Account | None]]
    ) -> None:
        self.own = own
        self._directory = directory
        self._find_account = find_account

    # where a name leads

    async def resolve(self, typed: str) -> Place:
        """The place of a name as typed. Raises NoSuchMailbox if it leads to no account here."""
        if len(typed) > names.MAX_NAME_BYTES:
            raise IllegalName("The mailbox name is too long")
        name = typed.removesuffix(names.SEPARATOR)
        target = self.alias_target(name)
        if target is not None:
            _, slash, rest = name.partition(names.SEPARATOR)
            place = await self._without_aliases(target)
            joined = place.name + slash + rest if place.name else rest
            return Place(place.account, expand(place.account, joined))
        return await self._without_aliases(name)

    async def resolve_in(self, account: Account, typed: str) -> Place:
        """The place of a name that must be in that account. Raises CannotDo for a name in another one, whether there
        is such an account or not; else as ``resolve``."""
        name = self.alias_target(typed) or typed
        found = await self.account(names.split_foreign(name)[1]) if name.startswith(FOREIGN) else self.own
        if found is not account:
            raise CannotDo("A mailbox cannot be renamed into another account")
        return await self.resolve(typed)

    async def _without_aliases(self, name: str) -> Place:
        if not name.startswith(FOREIGN):
            return Place(self.own, expand(self.own, name))
        _, owner, rest = names.split_foreign(name)
        account = await self.account(owner)
        if account is None:
            self._pretend(rest)
            raise NoSuchMailbox
        return Place(account, expand(account, rest))

    def _pretend(self, name: str) -> None:
        """As much work as a name costs in an account that is there, but shares nothing: here, for a stranger."""
        look_up(Place(self.own, expand(self.own, name)))
        for _ in range(3):
            self.ask_for_nobody(name)

    def ask_for_nobody(self, name: str) -> None:
        """As much work as ``rights`` in an account that is there, for who has none."""
        decide(NOBODY, self.own.record, name, self.own.exists, self._directory)

    def seen(self, typed: str, place: Place) -> str:
        """What LIST calls the place to which ``typed`` has led: ``$Sent$`` and the extension of a format are gone."""
        if typed.startswith(FOREIGN):
            return names.split_foreign(typed)[0] + names.SEPARATOR + place.name
        top = typed.partition(names.SEPARATOR)[0]
        target = self.alias_target(typed)
        if target is None:
            return place.name
        inner = names.split_foreign(target)[2] if target.startswith(FOREIGN) else target
        if not inner:  # an alias of an account
            return f"{top}{names.SEPARATOR}{place.name}".removesuffix(names.SEPARATOR)
        return top + place.name[len(expand(place.account, inner)) :]

    def seen_now(self, shown: str, place: Place, name: str) -> str:
        """What LIST calls a place that it called ``shown``, now that its name is ``name``: by an alias only where that
        still leads there (spec 7.3)."""
        if name == place.name:
            return shown
        if shown.startswith(FOREIGN) or self._alias_covers(shown, place.account, name):
            return self.seen(shown, Place(place.account, name))
        return self.shown_unasked(place.account.name, name)

    def _alias_covers(self, typed: str, account: Account, name: str) -> bool:
        target = self.alias_target(typed)
        if target is None:
            return False
        _, owner, inner = (
            names.split_foreign(target) if target.startswith(FOREIGN) else ("", str(self.own.name), target)
        )
        if self.routed(owner) != account.name:
            return False
        try:
            top = expand(account, inner) if inner else ""
        except NoSuchMailbox:  # it names a special mailbox, and there is none now
            return False
        return not top or name == top or names.is_below(name, top)

    def shown_unasked(self, owner: AccountName, name: str) -> str:
        """What LIST calls a mailbox of an account, whatever aliases there are."""
        return name if owner == self.own.name else self.name_of(owner) + names.SEPARATOR + name

    async def account(self, typed: str) -> Account | None:
        """The account that ``~typed`` leads to, by the router; None if there is none."""
        routed = self.routed(typed)
        if routed is None or routed == self.own.name:
            return self.own if routed else None
        return await self._find_account(routed)

    def routed(self, typed: str) -> AccountName | None:
        """The name of that account, whether there is one or not; None if ``~typed`` leads nowhere."""
        routed: AccountName | None = self._directory.route(typed, self.own.name.domain) if typed else None
        return routed

    async def account_named(self, name: AccountName) -> Account | None:
        """The account of a canonical name; None if there is none."""
        return self.own if name == self.own.name else await self._find_account(name)

    def names_account(self, name: str) -> bool:
        """Whether ``account%domain`` names an account of a domain that is there: to LIST it might be a pattern."""
        local, sign, domain = name.partition("%")
        plain = sign and local and domain and "%" not in domain and "*" not in name
        return bool(plain) and self._directory.route(f"{local}@{domain}", "") is not None

    def name_of(self, owner: AccountName) -> str:
        """The one name ``~account`` under which LIST shows an account unasked: without domain where the user's own is
        meant; empty if no name leads there."""
        for name in (owner.name, str(owner)):
            if self._directory.route(name, self.own.name.domain) == owner:
                return FOREIGN + name
        return ""

    def alias_target(self, name: str) -> str | None:
        """Where the alias points that ``name`` is, or lies below; None if it is not an alias's business."""
        top = names.canonical(name).partition(names.SEPARATOR)[0]
        target: str | None = self.own.record.aliases().get(top)
        return None if target is None or self.own.find(top) or not can_be_alias(top) else target

    def is_alias(self, name: str) -> bool:
        """Whether ``name`` itself is an alias."""
        return names.SEPARATOR not in name and self.alias_target(name) is not None

    async def find(self, typed: str) -> tuple[Place, TreeEntry]:
        """The place of a name that is there; ``box.mdir`` finds a ``box`` of that format (spec 1.13).

        Raises NoSuchMailbox. That the user has a right is for the caller to see to. What is not there is looked for on
        the disk only by the owner and by those who see the level above; and so is what they may not know of, so that
        the time taken says nothing (spec 14.2.5).
        """
        place, entry, _ = await self.found(typed)
        return place, entry

    async def found(self, typed: str) -> tuple[Place, TreeEntry, int]:
        """``find``, with the user's rights there, which are asked as often for what is not there."""
        place = await self.resolve(typed)
        entry, held = look_up(place), self.rights(place)
        if (entry is None or not held & rights.LOOKUP) and self._sees_above(place):
            await place.account.refresh()
            entry, held = look_up(place), self.rights(place)
        if entry is None:
            raise NoSuchMailbox
        if entry.name != place.name:  # the extension of its format was said too
            place = Place(place.account, entry.name)
            held = self.rights(place)
        return place, entry, held

    def _sees_above(self, place: Place) -> bool:
        above = Place(place.account, names.parent(place.name))
        return place.account is self.own or bool(self.rights(above) & rights.LOOKUP)

    # what the user may do there

    def rights(self, place: Place) -> int:
        """The user's rights on a mailbox, as a mask; on one that is not there, those on the nearest name above it."""
        account = place.account
        return decide(self.own.name, account.record, place.name, account.exists, self._directory)

    def standing(self, account: Account, name: str, service: str) -> Standing:
        """The user's rights on a mailbox and what he does not see there over ``service``."""
        return standing(self.own.name, account.record, name, service, account.exists, self._directory)

    def rights_by(self, acl: Any, owner: AccountName) -> int:
        """The user's rights where this ACL stands, or stood, in an account of ``owner``: of a mailbox that is gone."""
        return combine(acl, self.own.name, owner, self._directory)

    def is_among(self, grantee: Grantee) -> bool:
        """Whether an element of an access control list that names ``grantee`` means the user."""
        if grantee.group:
            return self._directory.member(grantee.name, grantee.domain, self.own.name)
        return grantee == Grantee(self.own.name.name, self.own.name.domain)

    def outer_rights(self, place: Place) -> int:
        """The user's rights on the nearest name above that is there: ``c`` decides on making and removing mailboxes; at
        the top of an account it goes with the account's right CreateMailboxes (spec 3.4)."""
        account = place.account
        return decide_above(self.own.name, account.record, place.name, account.exists, self._directory)

    async def permitted(self, typed: str, needed: int) -> tuple[Place, TreeEntry]:
        """A place that is there and on which the user holds all of ``needed``. Raises NoSuchMailbox, NotPermitted."""
        place, entry, held = await self.found(typed)
        require(held, needed)
        return place, entry

    def check(self, place: Place, needed: int) -> int:
        """The user's rights on a place; to be asked again after every wait, for the disk or for a turn. Raises
        NoSuchMailbox, NotPermitted if it is gone meanwhile or he does not hold all of ``needed`` any more."""
        held = self.rights(place)
        if not place.account.exists(place.name):
            raise NoSuchMailbox
        require(held, needed)
        return held

    def require_create(self, place: Place) -> None:
        """Raise unless the user may make the mailbox (spec 3.4.2)."""
        require(self.outer_rights(place), rights.CREATE)

    def require_delete(self, place: Place) -> None:
        """Raise unless the user may remove the mailbox (spec 14.2.1)."""
        held = self.rights(place)
        require(held, rights.DELETE)
        if not self.outer_rights(place) & rights.CREATE:
            raise refusal(held)


def look_up(place: Place) -> TreeEntry | None:
    """What is at a place now; ``box.mdir`` also finds a ``box`` of that format."""
    entry = place.account.find(place.name)
    if entry is not None:
        return entry
    stem, extension = place.account.split_format(place.name)
    entry = place.account.find(stem)
    return entry if entry is not None and extension and entry.format == extension else None


def can_be_alias(name: str) -> bool:
    """Whether a mailbox alias may be called so: whoever edits the file could write anything there."""
    with suppress(IllegalName):
        names.check_new(name)
        return names.SEPARATOR not in name
    return False


def expand(account: Account, name: str) -> str:
    """The canonical form of a name inside an account: INBOX folded, a leading ``$Word$`` replaced."""
    top, slash, rest = names.canonical(name).partition(names.SEPARATOR)
    if top in PREFERENCES:
        top = real_name(account.record, top)
        if not top:
            raise NoSuchMailbox
    return names.canonical(top + slash + rest)
