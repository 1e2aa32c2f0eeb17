"""What account.info knows of an account's mailboxes (spec 11.1.4, 14.1.4): access lists, class, Locked, MAILBOXID
and a copy of UIDVALIDITY and UIDNEXT. The entries follow what happens to the names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from cgpymail.errors import LimitExceeded, MailError
from cgpymail.interfaces import IAccountRecord, IAnnotations
from cgpymail.manager.special import renamed_preferences
from cgpymail.manager.words import is_yes, number
from cgpymail.model.mailbox import MailboxHints
from cgpymail.runtime.limits import Limits

ACL, CLASS, LOCKED, UIDVALIDITY, UIDNEXT = "Access", "Class", "Locked", "UIDValidity", "UIDNext"
OBJECT_ID, OWN_SEEN = "MailboxID", "OwnSeen"  # ours: the manual has no such keys; unknown ones are kept (spec 11.1)


class MailboxInfos:
    """The entries of one account's mailboxes. Writing ends when it is on disk; raises StorageFailed."""

    def __init__(self, record: IAccountRecord) -> None:
        self._record = record

    def hints(self, name: str) -> MailboxHints:
        """The numbers noted for a mailbox."""
        info = self._record.mailbox_info(name)
        return MailboxHints(number(info.get(UIDVALIDITY)), number(info.get(UIDNEXT)))

    def locked(self, name: str) -> bool:
        """Whether a mailbox may be neither deleted nor renamed by itself (spec 6.3)."""
        return is_yes(self._record.mailbox_info(name).get(LOCKED))

    async def lock(self, name: str, *, locked: bool) -> None:
        """Make it so, or not."""
        await self._record.update_mailboxes({name: {LOCKED: "YES" if locked else None}})

    def mailbox_class(self, name: str) -> str:
        """What a mailbox is meant for (spec 6.1); empty: for mail."""
        found = self._record.mailbox_info(name).get(CLASS)
        return found if isinstance(found, str) else ""

    async def classify(self, name: str, mailbox_class: str) -> None:
        """Give it a class; empty takes it away."""
        await self._record.update_mailboxes({name: {CLASS: mailbox_class or None}})

    def own_seen(self, name: str) -> bool:
        """Whether every user has a Seen of his own there (ownseen.py)."""
        return is_yes(self._record.mailbox_info(name).get(OWN_SEEN))

    async def set_own_seen(self, name: str, *, on: bool) -> None:
        """Make it so from the next opening on, or not."""
        await self._record.update_mailboxes({name: {OWN_SEEN: "YES" if on else None}})

    def object_id(self, name: str) -> str:
        """The MAILBOXID of a storage entity (RFC 8474), empty if it has none yet."""
        return str(self._record.mailbox_info(name).get(OBJECT_ID, ""))

    async def identify(self, name: str, object_id: str) -> None:
        """Give it one that no mailbox has had before."""
        await self._record.update_mailboxes({name: {OBJECT_ID: object_id}})

    def acl(self, name: str) -> dict[str, Any]:
        """The elements of a name's ACL, empty if it has none."""
        acl = self._record.mailbox_info(name).get(ACL)
        return dict(acl) if isinstance(acl, Mapping) else {}

    def check_room(self, octets: int, limits: Limits) -> None:
        """Raise LimitExceeded if access lists may not get longer by so many octets."""
        if octets > 0 and self._record.info_size() + octets > limits.info_size:
            raise LimitExceeded("The access lists of the account are too large")

    async def note(self, name: str, uidvalidity: int, uidnext: int) -> None:
        """Keep the numbers of a mailbox, if they are not noted already."""
        if self.hints(name) != MailboxHints(uidvalidity, uidnext):
            await self._record.update_mailboxes({name: {UIDVALIDITY: str(uidvalidity), UIDNEXT: str(uidnext)}})

    async def added(self, names: Sequence[str], acl: dict[str, Any], storage: dict[str, dict[str, Any]]) -> None:
        """New ``names`` begin with ``acl`` and nothing else; ``storage``: further facts of new storage entities."""
        changes: dict[str, dict[str, Any] | None] = {}
        for name in names:
            stale = dict.fromkeys(self._record.mailbox_info(name))
            changes[name] = stale | ({ACL: dict(acl)} if acl else {})
        for name, facts in storage.items():
            changes[name] = (changes.get(name) or {UIDNEXT: None}) | facts
        changes = {name: change for name, change in changes.items() if change}
        if changes:
            await self._record.update_mailboxes(changes)

    async def removed(self, name: str, *, directory_stays: bool) -> None:
        """The storage entity, or the whole name, is gone, with its annotations. A directory entity goes on under the
        ACL."""
        gone = self.object_id(name)
        if not directory_stays:
            await self._record.update_mailboxes({name: None})
        else:
            facts = [key for key in self._record.mailbox_info(name) if key != ACL]
            await self._record.update_mailboxes({name: dict.fromkeys(facts)})
        if gone:
            with suppress(MailError):  # nobody looks for them any more: no mailbox gets this MAILBOXID again
                annotations: IAnnotations = await self._record.annotations()
                if annotations.entries(gone):
                    await annotations.forget([gone])

    async def copy_annotations(self, old: str, new: str) -> None:
        """A mailbox begins with those of another one, as far as they are kept with this account (RFC 5464 4.1)."""
        annotations: IAnnotations = await self._record.annotations()
        source, target = self.object_id(old), self.object_id(new)
        kept = annotations.entries(source) if source and target else {}
        if kept:
            await annotations.update(target, "", kept)

    async def moved(self, moves: Mapping[str, str], *, directory_stays: bool) -> None:
        """Entries, and the preferences that name special mailboxes (spec 6.2), follow a rename: old name -> new.

        The first move is the one that was asked for; if its directory entity stays, a copy of its ACL does.
        """
        old, new = next(iter(moves.items()))
        acl = self.acl(old)
        stale: dict[str, dict[str, Any] | None] = {
            target: None for target in moves.values() if self._record.mailbox_info(target)
        }
        if stale:
            await self._record.update_mailboxes(stale)
        await self._record.rename_mailboxes(dict(moves))
        if directory_stays and acl:
            await self._record.update_mailboxes({old: {ACL: acl}})
        preferences = renamed_preferences(self._record, old, new)
        if preferences:
            await self._record.set_preferences(preferences)
