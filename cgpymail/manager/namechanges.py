"""What a user does to names: mailboxes made, removed and renamed, mailbox aliases, and the subscription list.

Here the names are resolved and the rights asked (spec 3.4), and asked again when the account's turn has come, as they
or the mailbox may have been changed in between. The owner's account does it, and those who watch are told (naming.py).
``author`` is the watch of the session that does it, None if it has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from cgpymail.errors import LimitExceeded, MailboxExists, UseRefused
from cgpymail.manager import naming
from cgpymail.manager.aliases import MailboxAliases
from cgpymail.manager.namespace import NameSpace, Place
from cgpymail.manager.special import expected_class
from cgpymail.manager.uses import create_with_uses, use_keys
from cgpymail.manager.watch import Watch
from cgpymail.manager.watching import Subscribed
from cgpymail.model import names, rights
from cgpymail.model.mailbox import CreatedMailbox
from cgpymail.runtime.limits import Limits

Author = Watch | None


class NameChanges:
    """By one user. Any method raises StorageFailed, and NoSuchMailbox for what he may not know of."""

    def __init__(self, space: NameSpace, limits: Limits) -> None:
        self._space = space
        self._own = space.own
        self._limits = limits
        self.aliases = MailboxAliases(space, limits)

    async def create(self, name: str, author: Author, uses: Sequence[str] = ()) -> CreatedMailbox:
        """Make a mailbox; ``name/`` only its directory entity, ``name.mdir`` one of that format (spec 1.6, 1.13). By
        its ``$Word$`` a special one gets the class that it is expected to have (spec 6.2). ``uses``: special-use
        attributes that it is to have, in the own account only (RFC 6154).

        Raises IllegalName, MailboxExists, NotPermitted, UseRefused, LimitExceeded.
        """
        keys = use_keys(uses)
        if self._space.is_alias(name.removesuffix(names.SEPARATOR)):
            raise MailboxExists
        place = await self._space.resolve(name)
        allowed = partial(self._space.require_create, place)
        allowed()
        if keys and (place.account is not self._own or name.endswith(names.SEPARATOR)):
            raise UseRefused
        if name.endswith(names.SEPARATOR):
            await naming.create_directory(place.account, place.name, author, allowed)
            return CreatedMailbox(self._space.seen(name, place))
        stem, format = place.account.split_format(place.name)
        box_class = expected_class(name)
        if keys:
            await create_with_uses(place.account, stem, format, box_class, keys, author)
        else:
            await naming.create(place.account, stem, format, mailbox_class=box_class, author=author, allowed=allowed)
        made = self._space.seen(name, Place(place.account, stem))
        return CreatedMailbox(made, place.account.infos.object_id(stem))

    async def delete(self, name: str, author: Author) -> None:
        """Remove a mailbox, or a mailbox alias (never its target, spec 7.2.9). Raises CannotDo, NotPermitted."""
        name = name.removesuffix(names.SEPARATOR)
        if self._space.is_alias(name):
            await self.aliases.remove(name, author)
            return
        place, _ = await self._space.permitted(name, rights.DELETE)
        allowed = partial(self._space.require_delete, place)
        allowed()
        await naming.delete(place.account, place.name, author=author, allowed=allowed)

    async def rename(self, old: str, new: str, author: Author) -> None:
        """Rename a mailbox with what lies below it, or a mailbox alias.

        Raises IllegalName, MailboxExists, CannotDo (also between accounts), NotPermitted, LimitExceeded.
        """
        old = old.removesuffix(names.SEPARATOR)
        if self._space.is_alias(old):
            await self.aliases.rename(old, new, author)
            return
        place, _ = await self._space.permitted(old, rights.DELETE)
        self._space.require_delete(place)
        if self._space.is_alias(new.removesuffix(names.SEPARATOR)):
            raise MailboxExists
        target = await self._space.resolve_in(place.account, new)

        def allowed() -> None:
            self._space.require_delete(place)
            self._space.require_create(target)

        allowed()
        await naming.rename(place.account, place.name, target.name, author=author, allowed=allowed)

    # subscription: stored, never interpreted (spec 7.1)

    def subscription(self) -> list[str]:
        """The subscribed names as stored. A copy."""
        return self._own.record.subscription()

    async def subscribe(self, name: str, author: Author) -> None:
        """Add a name, which need not exist. Raises IllegalName, LimitExceeded."""
        wanted = names.canonical(name.removesuffix(names.SEPARATOR))
        names.check_subscribed(wanted)
        known = self._own.record.subscription()
        if wanted in known:
            return
        size = sum(len(each.encode("utf-8", "surrogatepass")) for each in (*known, wanted))
        if len(known) >= self._limits.subscriptions or size > self._limits.subscription_size:
            raise LimitExceeded("The subscription list is full")
        await self._own.record.set_subscription([*known, wanted])
        self._own.watching.tell(self._own.name, Subscribed(wanted, author))

    async def unsubscribe(self, name: str, author: Author) -> None:
        """Take a name off the list; nothing happens if it is not on it."""
        unwanted = {name, names.canonical(name.removesuffix(names.SEPARATOR))}
        known = self._own.record.subscription()
        kept = [each for each in known if each not in unwanted]
        if len(kept) < len(known):
            await self._own.record.set_subscription(kept)
            for each in known:
                if each in unwanted:
                    self._own.watching.tell(self._own.name, Subscribed(each, author))
