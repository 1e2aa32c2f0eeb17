"""Annotations that are facts known elsewhere (RFC 5464 4.1: "computed"): tables of them, for mailboxes and accounts.

Of an account its administrators say what is shared (``cgpymail account settings``, or the domain's defaults): users can
read it only.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from cgpymail.errors import CannotDo, NotSelectable, UseRefused
from cgpymail.manager.account import Account, Check
from cgpymail.manager.attributes import write_class
from cgpymail.manager.namespace import NameSpace, Place
from cgpymail.manager.ownseen import set_own_seen
from cgpymail.manager.special import use_attributes
from cgpymail.manager.uses import changed_uses
from cgpymail.manager.watching import Annotated
from cgpymail.model.annotations import CLASS_ENTRY, OWN_SEEN_ENTRY, USE_ENTRY
from cgpymail.model.classes import check_class
from cgpymail.model.names import INBOX


class Computed(Protocol):
    """One entry."""

    def read(self, space: NameSpace, place: Place) -> bytes | None:
        """Its value for this user; None if there is none."""

    def check(self, space: NameSpace, place: Place, value: bytes | None) -> None:
        """Raise a MailError unless it could be set to this, None: removed, just now. The rights have been asked."""

    async def write(self, space: NameSpace, place: Place, value: bytes | None, author: Any, allowed: Check) -> None:
        """Set it, and tell those who watch. ``allowed`` raises if it is not permitted any more when its turn comes."""


class MailboxClass:
    """What a mailbox is meant for (spec 6.1, 14.5.2): a vendor's entry of ours."""

    def read(self, space: NameSpace, place: Place) -> bytes | None:
        """None for mail."""
        return place.account.infos.mailbox_class(place.name).encode() or None

    def check(self, space: NameSpace, place: Place, value: bytes | None) -> None:
        """A class is a short text; a name that holds no messages has none."""
        if not _holds_messages(place):
            raise NotSelectable
        check_class(_text(value))

    async def write(self, space: NameSpace, place: Place, value: bytes | None, author: Any, allowed: Check) -> None:
        """From now on."""
        await write_class(place.account, place.name, _text(value), author, allowed)


class OwnSeen:
    """Whether every user has a Seen of his own in the mailbox (ownseen.py): a vendor's entry of ours."""

    def read(self, space: NameSpace, place: Place) -> bytes | None:
        """YES, or nothing."""
        return b"YES" if place.account.infos.own_seen(place.name) else None

    def check(self, space: NameSpace, place: Place, value: bytes | None) -> None:
        """YES or NO; a name that holds no messages has no such option."""
        if not _holds_messages(place):
            raise NotSelectable
        if _text(value).upper() not in ("", "YES", "NO"):
            raise CannotDo("This value must be YES or NO")

    async def write(self, space: NameSpace, place: Place, value: bytes | None, author: Any, allowed: Check) -> None:
        """Sessions that have it open feel it."""
        on = _text(value).upper() == "YES"
        await set_own_seen(place.account, place.name, on=on, author=author, allowed=allowed)


class SpecialUse:
    """The special uses of one of the user's own mailboxes (RFC 6154 section 4): preferences of his account, so those of
    others' mailboxes are not for him to see (spec 6.2)."""

    def read(self, space: NameSpace, place: Place) -> bytes | None:
        """As in LIST, with spaces between; None if it has none."""
        if place.account is not space.own or not _holds_messages(place):
            return None
        return " ".join(use_attributes(place.account.record).get(place.name, ())).encode() or None

    def check(self, space: NameSpace, place: Place, value: bytes | None) -> None:
        """Uses that are served here and that no other mailbox has."""
        if place.account is not space.own:
            raise UseRefused("Only a mailbox of one's own can have a special use")
        if not _holds_messages(place):
            raise NotSelectable
        if place.name == INBOX and value:
            raise UseRefused("INBOX has a use of its own")
        changed_uses(place.account, place.name, _text(value).split())

    async def write(self, space: NameSpace, place: Place, value: bytes | None, author: Any, allowed: Check) -> None:
        """From now on."""
        allowed()
        account = place.account
        changed = changed_uses(account, place.name, _text(value).split())
        if changed:
            await account.record.set_preferences(changed)
            account.watching.tell(account.name, Annotated(place.name, (USE_ENTRY,), author, account.name))


def _holds_messages(place: Place) -> bool:
    entry = place.account.find(place.name)
    return entry is None or bool(entry.format)


def _text(value: bytes | None) -> str:
    try:
        return (value or b"").decode()
    except UnicodeDecodeError:
        raise CannotDo("This value must be text in UTF-8") from None


OF_MAILBOXES: Mapping[str, Computed] = {CLASS_ENTRY: MailboxClass(), OWN_SEEN_ENTRY: OwnSeen(), USE_ENTRY: SpecialUse()}
OF_ACCOUNTS = {"/shared/comment": "SharedComment", "/shared/admin": "AdminContact"}
"""What administrators say to the user of an account, each with the setting that has it."""


def of_account(account: Account) -> dict[str, bytes]:
    """Those that are set, for this account or in its domain's defaults."""
    said = {entry: account.record.setting(key, "") for entry, key in OF_ACCOUNTS.items()}
    return {entry: text.encode("utf-8", "replace") for entry, text in said.items() if text}


def of_mailbox(space: NameSpace, place: Place) -> dict[str, bytes]:
    """Those that a mailbox has, for this user."""
    known = {entry: computed.read(space, place) for entry, computed in OF_MAILBOXES.items()}
    return {entry: value for entry, value in known.items() if value is not None}
