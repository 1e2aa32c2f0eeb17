"""Annotations of mailboxes and of the user's own account (RFC 5464): who may read and change them, and where they are.

What is shared about a mailbox is kept with its owner's account; what a user notes for himself about a mailbox,
whoever's it is, with his own, so nobody else, not even its owner, comes by it. Both go by the MAILBOXID: annotations
follow a mailbox through renames, and go with it. A few entries are not kept here but are facts known elsewhere
(computed.py).

Rights (RFC 5464 3.3 with spec 3.1): on a mailbox one needs ``l`` and one of ``r s w i p``; to change what is shared one
needs ``a`` besides ("change meta-data"). What is shared about the account itself is its administrators' to say.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from twisted.internet.defer import DeferredList

from cgpymail.errors import MailError, NoSuchMailbox, NotPermitted, TooManyAnnotations
from cgpymail.interfaces import IAnnotations
from cgpymail.manager.access import may_annotate
from cgpymail.manager.account import Account, Check, unasked
from cgpymail.manager.computed import OF_MAILBOXES, of_account, of_mailbox
from cgpymail.manager.namespace import NameSpace, Place
from cgpymail.manager.objectids import new_level_id, new_mailbox_id
from cgpymail.manager.watching import Annotated
from cgpymail.model import rights
from cgpymail.model.annotations import ACCOUNT, Found, Wish, choose, is_private
from cgpymail.model.identity import AccountName
from cgpymail.runtime.limits import Limits

Values = Mapping[str, bytes | None]


class Annotating:
    """By one user. ``author``: gives the watch of his session, if it has one. Any method raises NoSuchMailbox for what
    he may not know of, NotPermitted, StorageFailed, Busy.
    """

    def __init__(self, space: NameSpace, limits: Limits, author: Callable[[], Any]) -> None:
        self._space = space
        self._limits = limits
        self._author = author

    async def read(self, typed: str, wish: Wish) -> Found:
        """What is wanted of a mailbox's annotations, or, for an empty name, of the account's."""
        if typed == ACCOUNT:
            return choose(await self._of_account(), wish)
        place = await self._permitted(typed, shared=False)
        kept = await self._of_mailbox(place)
        self._check(place, shared=False)  # still
        return choose(kept, wish)

    async def change(self, typed: str, values: Values) -> None:
        """Set entries (canonical names), None removes one: all, or none if one of them cannot be set.

        Raises CannotDo (a value that a computed entry cannot have), TooManyAnnotations too. After StorageFailed they
        are in force as long as the process runs, and what could not be written goes with the next write.
        """
        if typed == ACCOUNT:
            if not all(map(is_private, values)):
                raise NotPermitted
            await self._keep(Place(self._space.own, ACCOUNT), values, unasked)
            return
        shared = not all(map(is_private, values))
        place = await self._permitted(typed, shared=shared)
        allowed = partial(self._check, place, shared=shared)
        computed = {OF_MAILBOXES[name]: value for name, value in values.items() if name in OF_MAILBOXES}
        for entry, value in computed.items():
            entry.check(self._space, place, value)
        kept = {name: value for name, value in values.items() if name not in OF_MAILBOXES}
        if kept:
            await self._keep(place, kept, allowed)
        for entry, value in computed.items():
            await entry.write(self._space, place, value, self._author(), allowed)

    async def _permitted(self, typed: str, *, shared: bool) -> Place:
        place, _ = await self._space.permitted(typed, rights.LOOKUP)
        self._check(place, shared=shared)
        return place

    def _check(self, place: Place, *, shared: bool) -> None:
        if not may_annotate(self._space.check(place, rights.LOOKUP), shared=shared):
            raise NotPermitted

    # reading

    async def _of_account(self) -> dict[str, bytes]:
        own = self._space.own
        mine: IAnnotations = await own.record.annotations()
        return mine.entries(ACCOUNT) | of_account(own)

    async def _of_mailbox(self, place: Place) -> dict[str, bytes]:
        about = place.account.infos.object_id(place.name)
        found: dict[str, bytes] = {}
        if about:
            theirs: IAnnotations = await place.account.record.annotations()
            mine: IAnnotations = await self._space.own.record.annotations()
            found = {name: value for name, value in theirs.entries(about).items() if not is_private(name)}
            found |= {name: value for name, value in mine.entries(about).items() if is_private(name)}
        return found | of_mailbox(self._space, place)

    # writing

    async def _keep(self, place: Place, values: Values, allowed: Check) -> None:
        """Both files are looked at before either is changed; then both are written at once. ``allowed`` raises if it is
        not permitted any more then."""
        own = self._space.own
        mine = {name: value for name, value in values.items() if is_private(name)}
        shared = {name: value for name, value in values.items() if not is_private(name)}
        about = await self._about(place)
        parts = [(own, mine), (place.account, shared)]
        if place.account is own:
            parts = [(own, dict(values))]
        parts = [(account, part) for account, part in parts if part]
        kept = [await account.record.annotations() for account, _ in parts]
        for notes, (account, part) in zip(kept, parts, strict=True):
            await self._check_room(account, notes, about, part)
        allowed()
        writes = [
            notes.update(about, "" if place.account is account else str(place.account.name), part)
            for notes, (account, part) in zip(kept, parts, strict=True)
        ]
        self._tell(place, shared, None)  # also if the disk refuses: they are in force, and go with the next write
        self._tell(place, mine, own.name)
        outcomes: list[tuple[bool, Any]] = await DeferredList(writes, consumeErrors=True)
        for done, outcome in outcomes:
            if not done:
                raise outcome.value

    def _tell(self, place: Place, values: Values, user: AccountName | None) -> None:
        if values:
            event = Annotated(place.name, tuple(values), self._author(), user)
            place.account.watching.tell(place.account.name, event)

    async def _about(self, place: Place) -> str:
        """The MAILBOXID; drawn now if there is none yet, also for a name that holds no messages."""
        account, name = place.account, place.name
        if name == ACCOUNT:
            return ACCOUNT
        if not account.infos.object_id(name):
            async with account.changing():
                entry = account.find(name)
                if entry is None:
                    raise NoSuchMailbox
                if not account.infos.object_id(name):
                    number = account.infos.hints(name).uidvalidity
                    drawn = new_mailbox_id(account.runtime, number) if entry.format else new_level_id(account.runtime)
                    await account.infos.identify(name, drawn)
        return account.infos.object_id(name)

    async def _check_room(self, account: Account, notes: IAnnotations, about: str, values: Values) -> None:
        """Raise TooManyAnnotations unless the values may be kept with ``account``; what is left there of mailboxes that
        are gone makes room."""
        before = notes.entries(about)
        after = {name: value for name, value in {**before, **values}.items() if value is not None}
        if len(after) > max(len(before), self._limits.metadata_entries):
            raise TooManyAnnotations
        growth = _octets(after) - _octets(before)
        if growth > 0 and _all_octets(notes) + growth > self._limits.metadata_size:
            await self._drop_orphans(account, notes)
            if _all_octets(notes) + growth > self._limits.metadata_size:
                raise TooManyAnnotations

    async def _drop_orphans(self, account: Account, notes: IAnnotations) -> None:
        """What is noted about mailboxes of others stays when these are removed: nobody looks for it then."""
        orphans: list[str] = []
        alive: dict[str, set[str] | None] = {"": _ids(account)}
        for about, owner in notes.owners().items():
            if owner not in alive:
                name, _, domain = owner.partition("@")
                try:
                    other = await self._space.account_named(AccountName(name, domain))
                    alive[owner] = _ids(other) if other is not None else set()
                except MailError:  # what cannot be asked is kept
                    alive[owner] = None
            known = alive[owner]
            if about != ACCOUNT and known is not None and about not in known:
                orphans.append(about)
        await notes.forget(orphans)


def _ids(account: Account) -> set[str]:
    return {account.infos.object_id(name) for name in account.entries}


def _octets(entries: Mapping[str, bytes]) -> int:
    return sum(len(name) + len(value) for name, value in entries.items())


def _all_octets(notes: IAnnotations) -> int:
    return sum(_octets(notes.entries(about)) for about in notes.owners())
