"""An account record in memory, for tests of everything above the directory."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from cgpymail.interfaces import IAccountRecord, IAnnotations
from cgpymail.model.acl import Acl, take_apart
from cgpymail.model.identity import AccountName
from cgpymail.model.mailbox import PlannedMailbox
from cgpymail.runtime.runtime import Runtime

NEW_ACCOUNT_PREFERENCES = {
    "TrashBox": "Trash",
    "SentBox": "Sent Items",
    "DraftsBox": "Drafts",
    "JunkBox": "Junk",
    "ArchiveBox": "Archive",
    "CalendarBox": "Calendar",  # for these the names only, as accounts that say nothing have them
    "ContactsBox": "Contacts",
}


@implementer(IAnnotations)
class MemoryAnnotations:
    """The annotations of one account."""

    def __init__(self) -> None:
        self.kept: dict[str, dict[str, bytes]] = {}
        self._owners: dict[str, str] = {}

    def entries(self, about: str) -> dict[str, bytes]:
        """A copy."""
        return dict(self.kept.get(about, {}))

    def owners(self) -> dict[str, str]:
        """A copy."""
        return dict(self._owners)

    def update(self, about: str, owner: str, values: Mapping[str, bytes | None]) -> Deferred[None]:
        """Merge; None removes."""
        merged = {**self.kept.pop(about, {}), **values}
        kept = {name: value for name, value in merged.items() if value is not None}
        if kept:
            self.kept[about], self._owners[about] = kept, owner
        else:
            self._owners.pop(about, None)
        return succeed(None)

    def forget(self, abouts: Iterable[str]) -> Deferred[None]:
        """Remove everything about them."""
        for about in abouts:
            self.kept.pop(about, None)
            self._owners.pop(about, None)
        return succeed(None)


@implementer(IAccountRecord)
class MemoryRecord:
    """Settings and account.info of one account; ``settings`` and ``alias_table`` may be changed by the test."""

    def __init__(self, runtime: Runtime, name: str = "john", domain: str = "example.org", path: str = "") -> None:
        self._runtime = runtime
        self.name = AccountName(name, domain)
        self.path = path
        self.single = False
        self.settings: dict[str, str] = {}
        self.preferences = dict(NEW_ACCOUNT_PREFERENCES)
        self.infos: dict[str, dict[str, Any]] = {}
        self.own_access: dict[str, tuple[str, ...]] = {}
        self.alias_table: dict[str, str] = {}
        self.planned: list[PlannedMailbox] | None = None
        self.noted = MemoryAnnotations()
        self._subscription: list[str] = []
        self._last_uidvalidity = 0
        self._taken: dict[str, tuple[Any, Acl]] = {}

    def setting(self, key: str, default: str) -> str:
        """A setting, else the default."""
        return self.settings.get(key, default)

    def preference(self, key: str) -> str:
        """A preference, empty if unset."""
        return self.preferences.get(key, "")

    def set_preferences(self, values: dict[str, str]) -> Deferred[None]:
        """Change preferences."""
        self.preferences.update(values)
        return succeed(None)

    def mailbox_info(self, name: str) -> dict[str, Any]:
        """A copy of the entry."""
        return dict(self.infos.get(name, {}))

    def info_size(self) -> int:
        """About as much as in a file."""
        return sum(len(repr(info)) for info in self.infos.values())

    def described_mailboxes(self) -> list[str]:
        """The names of all entries."""
        return list(self.infos)

    def update_mailboxes(self, changes: dict[str, dict[str, Any] | None]) -> Deferred[None]:
        """Merge; None removes."""
        for name, values in changes.items():
            if values is None:
                self.infos.pop(name, None)
                continue
            merged = self.infos.get(name, {}) | values
            self.infos[name] = {key: value for key, value in merged.items() if value is not None}
        return succeed(None)

    def rename_mailboxes(self, renames: dict[str, str]) -> Deferred[None]:
        """Move entries."""
        moved = {new: self.infos.pop(old) for old, new in renames.items() if old in self.infos}
        self.infos.update(moved)
        return succeed(None)

    def subscription(self) -> list[str]:
        """A copy of the list."""
        return list(self._subscription)

    def set_subscription(self, names: Sequence[str]) -> Deferred[None]:
        """Replace the list."""
        self._subscription = list(names)
        return succeed(None)

    def aliases(self) -> Mapping[str, str]:
        """Not a copy."""
        return self.alias_table

    def set_aliases(self, aliases: Mapping[str, str]) -> Deferred[None]:
        """Replace the table."""
        self.alias_table = dict(aliases)
        return succeed(None)

    def access(self, name: str) -> Acl:
        """Taken apart when it is another one than before."""
        acl = self.infos.get(name, {}).get("Access")
        known = self._taken.get(name)
        if known is None or known[0] != acl:
            copy = dict(acl) if isinstance(acl, dict) else acl
            known = self._taken[name] = (copy, take_apart(acl, self.name.domain))
        return known[1]

    def account_acl(self) -> dict[str, tuple[str, ...]]:
        """A copy."""
        return dict(self.own_access)

    def set_account_acl(self, acl: Mapping[str, Sequence[str]]) -> Deferred[None]:
        """Replace it."""
        self.own_access = {name: tuple(words) for name, words in acl.items()}
        return succeed(None)

    def to_make(self) -> list[PlannedMailbox] | None:
        """What the test says."""
        return self.planned

    def made_all(self) -> Deferred[None]:
        """Nothing more."""
        self.planned = None
        return succeed(None)

    def draw_uidvalidity(self) -> Deferred[int]:
        """max(now, last + 1)."""
        self._last_uidvalidity = max(self._runtime.now(), self._last_uidvalidity + 1)
        return succeed(self._last_uidvalidity)

    def annotations(self) -> Deferred[MemoryAnnotations]:
        """Always there."""
        return succeed(self.noted)
