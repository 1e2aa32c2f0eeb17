"""An administrator's door to the mailboxes of one account (spec 1.1.1, 3.2.2): every right, and no session.

It works on the same Account as the sessions do, so they see at once what is done here: a mailbox that is renamed keeps
its sessions, one that is deleted ends them (spec 14.3.1e). Names are those of the account: mailbox aliases are not
followed.
"""

from __future__ import annotations

from collections.abc import Sequence

from cgpymail.errors import NoSuchMailbox
from cgpymail.manager import naming
from cgpymail.manager.account import Account
from cgpymail.manager.attributes import write_class, write_lock
from cgpymail.manager.hiding import hide
from cgpymail.manager.namespace import Place, expand, look_up
from cgpymail.manager.ownseen import set_own_seen
from cgpymail.manager.sharing import change_elements, masks
from cgpymail.manager.special import expected_class
from cgpymail.model import names
from cgpymail.model.rights import RightsChange
from cgpymail.model.uidset import NumberSet
from cgpymail.runtime.limits import Limits


class Administration:
    """Any method raises StorageFailed when the disk refuses, and Busy when the account is just being removed."""

    def __init__(self, account: Account) -> None:
        self._account = account

    async def mailboxes(self) -> list[str]:
        """All names in order; those that hold no messages end with ``/`` (spec 1.6)."""
        await self._account.refresh()
        entries = self._account.entries
        return [name if entries[name].format else name + names.SEPARATOR for name in sorted(entries)]

    async def create(self, name: str, mailbox_class: str = "") -> None:
        """Make a mailbox; ``name/`` only its directory entity, ``name.mdir`` one of that format (spec 1.6, 1.13).

        A special mailbox made by its ``$Word$`` gets the class it is expected to have. Raises IllegalName, CannotDo
        (the class), MailboxExists, LimitExceeded.
        """
        wanted = expand(self._account, name.removesuffix(names.SEPARATOR))
        if name.endswith(names.SEPARATOR):
            await naming.create_directory(self._account, wanted)
        else:
            stem, format = self._account.split_format(wanted)
            mailbox_class = mailbox_class or expected_class(name)
            await naming.create(self._account, stem, format, mailbox_class=mailbox_class)

    async def rename(self, old: str, new: str, *, children: bool) -> None:
        """Give a mailbox, and with ``children`` all below it, another name (spec 1.1).

        Raises NoSuchMailbox, NotSelectable, IllegalName, MailboxExists, CannotDo, LimitExceeded.
        """
        target = expand(self._account, new)
        await naming.rename(self._account, await self._existing(old), target, children=children)

    async def delete(self, name: str, *, children: bool) -> None:
        """Remove a mailbox, and with ``children`` all below it (spec 1.1). Raises NoSuchMailbox, CannotDo."""
        await naming.delete(self._account, await self._existing(name), children=children)

    async def attributes(self, name: str) -> tuple[str, bool]:
        """Class (empty: for mail) and whether it is locked (spec 6.1, 6.3). Raises NoSuchMailbox."""
        found = await self._existing(name)
        return self._account.infos.mailbox_class(found), self._account.infos.locked(found)

    async def set_class(self, name: str, mailbox_class: str) -> None:
        """Say what a mailbox is meant for; empty: for mail. Raises NoSuchMailbox, NotSelectable, CannotDo."""
        await write_class(self._account, await self._existing(name), mailbox_class)

    async def lock(self, name: str, *, locked: bool) -> None:
        """Forbid that a mailbox is removed or renamed by itself, here too, or allow it. Raises NoSuchMailbox."""
        await write_lock(self._account, await self._existing(name), locked=locked)

    async def hide(self, name: str, uids: NumberSet, mask: int, *, on: bool) -> int:
        """Set or reset Hidden or Service (mask of model.flags) for messages; how many there are (spec 2.8).

        Raises NoSuchMailbox, NotSelectable.
        """
        return await hide(self._account, await self._existing(name), uids, mask, on=on)

    async def set_own_seen(self, name: str, *, on: bool) -> None:
        """Give every user of a mailbox a Seen of his own, or one to all. Raises NoSuchMailbox, NotSelectable."""
        await set_own_seen(self._account, await self._existing(name), on=on)

    async def acl(self, name: str) -> dict[str, int]:
        """The access list of a mailbox: identifier -> mask. Raises NoSuchMailbox."""
        return masks(self._account.infos.acl(await self._existing(name)))

    async def change_acl(self, name: str, changes: Sequence[tuple[str, RightsChange]], limits: Limits) -> None:
        """Change elements of it, all or none; in force when it returns, in sessions that are open too.

        Raises NoSuchMailbox, IllegalName, CannotDo (the owner's), LimitExceeded.
        """
        existing = await self._existing(name)
        async with self._account.changing():
            await change_elements(self._account, existing, changes, limits)

    async def _existing(self, typed: str) -> str:
        """The canonical name of a mailbox that is there. Raises NoSuchMailbox."""
        place = Place(self._account, expand(self._account, typed.removesuffix(names.SEPARATOR)))
        entry = look_up(place)
        if entry is None:
            await self._account.refresh()
            entry = look_up(place)
        if entry is None:
            raise NoSuchMailbox
        return entry.name
