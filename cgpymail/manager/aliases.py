"""Mailbox aliases: top-level names that lead to a mailbox of another account with what lies below it, or to such an
account (manual, Mailboxes, "Mailbox Aliases"; spec 7.2, 14.5.7).

What a name behind an alias means is found at each use (namespace.py), so nothing of it is kept. Here the table is
changed, nowhere else, and who watches the account's names is told. A target is resolved without aliases and never lies
in the own account: there are no loops.
"""

from __future__ import annotations

from typing import Any

from cgpymail.errors import CannotDo, IllegalName, LimitExceeded, MailboxExists, NoSuchAccount, NoSuchMailbox
from cgpymail.manager.namespace import FOREIGN, NameSpace, expand, look_up
from cgpymail.manager.watching import Named
from cgpymail.model import names, rights
from cgpymail.runtime.limits import Limits


class MailboxAliases:
    """Those of one account. ``author`` is the watch of the session that changes them, None if it has none.

    Any change raises StorageFailed, and Busy when the account is just being removed.
    """

    def __init__(self, space: NameSpace, limits: Limits) -> None:
        self._space = space
        self._own = space.own
        self._limits = limits

    def table(self) -> dict[str, str]:
        """Alias -> target, in the order in which they were made. A copy."""
        return dict(self._own.record.aliases())

    async def set(self, alias: str, target: str, author: Any = None) -> str:
        """Have a name lead to ``~account/box`` or ``~account``, which is kept in the words of who sets it; the target
        as it is kept.

        Raises IllegalName, MailboxExists (an own mailbox), CannotDo and NoSuchAccount (the target), LimitExceeded.
        """
        _check_name(alias)
        kept = await self._checked(target)
        await self._own.refresh()
        async with self._own.changing():
            self._check_free(alias)
            table = self.table()
            if alias not in table and len(table) >= self._limits.mailbox_aliases:
                raise LimitExceeded("The account has as many mailbox aliases as it may have")
            await self._own.record.set_aliases(table | {alias: kept})
        self._tell(alias, author=author)
        return kept

    async def remove(self, alias: str, author: Any = None) -> None:
        """Take the name away; never what it leads to (spec 7.2.9). Raises NoSuchMailbox."""
        table = self.table()
        if table.pop(alias, None) is None:
            raise NoSuchMailbox("There is no such mailbox alias")
        await self._own.record.set_aliases(table)
        self._tell(alias, author=author)

    async def rename(self, old: str, new: str, author: Any = None) -> None:
        """Give an alias another name, at the top as well (spec 7.2.9). Raises NoSuchMailbox, CannotDo, IllegalName,
        MailboxExists."""
        if names.SEPARATOR in new:
            raise CannotDo("A mailbox alias cannot be put below another name")
        _check_name(new)
        async with self._own.changing():
            table = self.table()
            if old not in table:
                raise NoSuchMailbox
            self._check_free(new)
            if new in table:
                raise MailboxExists
            await self._own.record.set_aliases({new if name == old else name: to for name, to in table.items()})
        self._tell(new, old, author)

    async def shows(self, alias: str) -> bool:
        """Whether its user may see what an alias leads to now; whole accounts count as seen."""
        place = await self._space.resolve(alias)
        if not place.name:
            return True
        await place.account.refresh()
        return look_up(place) is not None and bool(self._space.rights(place) & rights.LOOKUP)

    def leads_to(self, account: str) -> bool:
        """Whether some alias is one of that whole account, ``~account``, however it is spelled there."""
        meant = self._space.routed(account.removeprefix(FOREIGN))
        owners = (names.split_foreign(to) for to in self.table().values() if to.startswith(FOREIGN))
        return any(not box and self._space.routed(owner) == meant for _, owner, box in owners)

    def _check_free(self, alias: str) -> None:
        if self._own.exists(names.canonical(alias)):
            raise MailboxExists("The account has a mailbox of this name")

    async def _checked(self, target: str) -> str:
        """The target as it is kept."""
        if len(target) > names.MAX_NAME_BYTES:
            raise IllegalName("The target of a mailbox alias is too long")
        if not target.startswith(FOREIGN):
            raise CannotDo("A mailbox alias leads to another account: ~account/mailbox or ~account")
        _, owner, box = names.split_foreign(target.removesuffix(names.SEPARATOR))
        account = await self._space.account(owner)
        if account is None:
            raise NoSuchAccount("The mailbox alias would lead to an account that is not there")
        if account is self._own:
            raise CannotDo("A mailbox alias cannot lead into the own account")
        if box:
            names.check_new(expand(account, box))
        return names.canonical(FOREIGN + owner + (names.SEPARATOR + box if box else ""))

    def _tell(self, alias: str, old: str = "", author: Any = None) -> None:
        self._own.watching.tell(self._own.name, Named((alias,), old, author, private=True))


def _check_name(alias: str) -> None:
    if names.SEPARATOR in alias:
        raise IllegalName(f"The name of a mailbox alias cannot have {names.SEPARATOR} in it")
    names.check_new(alias)
