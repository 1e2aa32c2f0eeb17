"""What a user does with access lists (spec 3.3, 3.6, 14.2; RFC 4314 section 3).

Who has no right ``a`` is refused, in the way in which everything is refused to him (spec 14.2.5). An element is read,
changed and written while the account's turn is held, so two who change one list at the same time lose nothing. Elements
need not name an account that there is: whoever could see a difference would know who exists.

The owner's own element says nothing, as he has every right (spec 14.2.7). Whoever would take some from him is refused;
whoever grants him everything is told that it is done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from cgpymail.errors import CannotDo, IllegalName, LimitExceeded, MailError, NoSuchMailbox
from cgpymail.grammar.saslprep import Prohibited, saslprep
from cgpymail.manager.account import Account
from cgpymail.manager.acls import set_acl
from cgpymail.manager.namespace import NameSpace, Place
from cgpymail.manager.watch import Watch
from cgpymail.model import rights
from cgpymail.model.acl import size
from cgpymail.model.identifiers import NEGATIVE, canonical, is_account, means
from cgpymail.model.identity import AccountName
from cgpymail.model.rights import Grantable, Held, RightsChange
from cgpymail.runtime.limits import Limits

_SHOWS = rights.LOOKUP | rights.READ | rights.INSERT | rights.CREATE | rights.ADMIN  # any: RFC 4314 section 4, MYRIGHTS


class Sharing:
    """By one user. ``author`` gives the watch of his session, None if it has none.

    Names are as typed. Any method raises NoSuchMailbox for what the user may not know of, and StorageFailed.
    """

    def __init__(self, space: NameSpace, limits: Limits, author: Callable[[], Watch | None]) -> None:
        self._space = space
        self._limits = limits
        self._author = author

    async def change(self, name: str, identifier: str, change: RightsChange) -> None:
        """SETACL. In force for everybody when it returns.

        Raises NotPermitted, IllegalName (the identifier), CannotDo, LimitExceeded.
        """
        place = await self._administered(name)
        async with place.account.changing():
            self._space.check(place, rights.ADMIN)  # still, now that our turn has come
            changes = [(identifier, change)]
            await change_elements(place.account, place.name, changes, self._limits, author=self._author())

    async def remove(self, name: str, identifier: str) -> None:
        """DELETEACL; nothing happens if there is no such element. Raises NotPermitted, IllegalName."""
        place = await self._administered(name)
        async with place.account.changing():
            self._space.check(place, rights.ADMIN)  # still, now that our turn has come
            await remove_element(place.account, place.name, identifier, author=self._author())

    async def elements(self, name: str) -> dict[str, int]:
        """GETACL: identifier -> mask, as it is kept. Raises NotPermitted."""
        place = await self._administered(name)
        return masks(place.account.infos.acl(place.name))

    async def grantable(self, name: str, identifier: str) -> Grantable:
        """LISTRIGHTS. Raises NotPermitted, IllegalName."""
        place = await self._administered(name)
        owner = place.account.name
        meant = prepared(identifier, owner.domain)
        if not is_account(meant, owner.name):
            return Grantable.EACH
        return Grantable.NEVER if meant.startswith(NEGATIVE) else Grantable.ALWAYS

    async def held(self, name: str) -> Held:
        """MYRIGHTS: the user's own rights."""
        place, _, mask = await self._space.found(name)
        held = Held(mask, bool(mask & rights.DELETE) and self._may_delete(place))
        if not held.mask & _SHOWS and not held.deletes:
            raise NoSuchMailbox
        return held

    async def _administered(self, name: str) -> Place:
        place, _ = await self._space.permitted(name, rights.ADMIN)
        return place

    def _may_delete(self, place: Place) -> bool:
        try:
            self._space.require_delete(place)
        except MailError:
            return False
        return True


async def change_elements(
    account: Account,
    name: str,
    changes: Sequence[tuple[str, RightsChange]],
    limits: Limits,
    *,
    author: Any = None,
) -> None:
    """Change elements of the list of a canonical name, all or none. The caller has the account's turn.

    Raises NoSuchMailbox, IllegalName, CannotDo, LimitExceeded, StorageFailed.
    """
    before = account.infos.acl(name)
    acl = before
    for identifier, change in changes:
        acl = with_change(acl, account.name, identifier, change)
    _check_size(acl, before, limits)
    account.infos.check_room(size(acl) - size(before), limits)
    if acl != before:
        await set_acl(account, name, acl, author=author)


def with_change(acl: dict[str, Any], owner: AccountName, identifier: str, change: RightsChange) -> dict[str, Any]:
    """A list after a change of one element. Raises IllegalName, CannotDo."""
    meant = prepared(identifier, owner.domain)
    mask = change.of(_mask(acl, meant, owner.domain))
    if is_account(meant, owner.name):
        _check_owner(meant, change, mask)
        return acl
    others = _without(acl, meant, owner.domain)
    return _with(acl, others, meant, rights.show(mask)) if mask else others


async def remove_element(account: Account, name: str, identifier: str, *, author: Any = None) -> None:
    """Take one element from the list of a canonical name, whatever it says. The caller has the account's turn.

    Raises NoSuchMailbox, IllegalName, StorageFailed.
    """
    domain = account.name.domain
    acl = account.infos.acl(name)
    left = _without(acl, prepared(identifier, domain), domain)
    if len(left) < len(acl):
        await set_acl(account, name, left, author=author)


def prepared(identifier: str, domain: str) -> str:
    """The identifier as it is kept. Raises IllegalName."""
    try:
        return canonical(saslprep(identifier), domain)
    except Prohibited:
        raise IllegalName("Illegal identifier") from None


def masks(acl: Mapping[str, Any]) -> dict[str, int]:
    """The elements that say something, with their rights as masks."""
    found = {identifier: rights.parse(letters) for identifier, letters in acl.items() if isinstance(letters, str)}
    return {identifier: mask for identifier, mask in found.items() if mask}


def _check_owner(meant: str, change: RightsChange, mask: int) -> None:
    reduced = mask if meant.startswith(NEGATIVE) else change.of(rights.ALL) != rights.ALL
    if reduced:
        raise CannotDo("The owner has all rights, and they cannot be reduced")


def _mask(acl: Mapping[str, Any], meant: str, domain: str) -> int:
    mask = rights.NONE
    for kept, letters in acl.items():
        if isinstance(letters, str) and means(kept, meant, domain):
            mask |= rights.parse(letters)
    return mask


def _without(acl: Mapping[str, Any], meant: str, domain: str) -> dict[str, Any]:
    return {kept: letters for kept, letters in acl.items() if not means(kept, meant, domain)}


def _with(acl: Mapping[str, Any], others: dict[str, Any], meant: str, letters: str) -> dict[str, Any]:
    """The element at the place that it has, or at the end."""
    if meant not in acl:
        return others | {meant: letters}
    return {kept: letters if kept == meant else acl[kept] for kept in acl if kept == meant or kept in others}


def _check_size(changed: Mapping[str, Any], before: Mapping[str, Any], limits: Limits) -> None:
    """A list that is too large already (somebody else made it) may still be changed, but not grow."""
    if len(changed) > max(limits.acl_elements, len(before)):
        raise LimitExceeded("The access list has too many elements")
    if size(changed) > max(limits.acl_size, size(before)):
        raise LimitExceeded("The access list is too large")
