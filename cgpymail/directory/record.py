"""One account in memory: account.settings, account.prefs and account.info together.

Of a single-mailbox account the same are called name.settings, name.prefs and name.info (places.py).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from cgpymail.directory.annotations import Annotations, LazyAnnotations
from cgpymail.directory.domains import Domain
from cgpymail.directory.files import SavedFile, load_document
from cgpymail.directory.info import AccountInfo, load_info
from cgpymail.directory.places import ANNOTATIONS, INFO, PREFERENCES, SETTINGS, AccountPlace
from cgpymail.errors import StorageFailed
from cgpymail.grammar.settings import Document, write
from cgpymail.interfaces import IAccountRecord
from cgpymail.model.acl import Acl, take_apart
from cgpymail.model.identity import AccountName
from cgpymail.model.mailbox import PlannedMailbox
from cgpymail.runtime.logs import Log
from cgpymail.runtime.runtime import Runtime

MOST_LISTS = 1_000  # access lists of one account kept taken apart, count
# Written into the preferences of a new account (spec section 6.2) ...
NEW_ACCOUNT_PREFERENCES = {
    "SentBox": "Sent Items",
    "DraftsBox": "Drafts",
    "TrashBox": "Trash",
    "JunkBox": "Junk",
    "ArchiveBox": "Archive",
}
# ... and what holds for an account that says nothing.
DEFAULT_PREFERENCES = NEW_ACCOUNT_PREFERENCES | {
    "HistoryBox": "History",
    "CalendarBox": "Calendar",
    "TasksBox": "Tasks",
    "ContactsBox": "Contacts",
    "NotesBox": "Notes",
}


@implementer(IAccountRecord)
class AccountRecord:
    """See IAccountRecord. ``domain`` gives the defaults of the settings."""

    def __init__(
        self,
        name: AccountName,
        place: AccountPlace,
        domain: Domain,
        settings: SavedFile,
        preferences: SavedFile,
        info: AccountInfo,
        annotations: LazyAnnotations,
    ) -> None:
        self.name = name
        self.path = place.root
        self.single = place.single
        self.domain = domain
        self.info = info
        self._settings = settings
        self._preferences = preferences
        self._annotations = annotations
        self._access: dict[str, Acl] = {}

    def value(self, key: str) -> Any:
        """A setting with its type, of the account or else its domain's default; None if neither has it."""
        settings = self._settings.document
        return settings.get(key) if key in settings else self.domain.settings.get(key)

    def setting(self, key: str, default: str) -> str:
        """A setting as text; what is not text comes in the settings syntax."""
        value = self.value(key)
        if value is None:
            return default
        return value if isinstance(value, str) else write(value).decode("utf-8", "replace").lstrip("#")

    def own_setting(self, key: str) -> Any:
        """A setting of the account alone: a password has no default. None if unset."""
        return self._settings.document.get(key)

    def set_settings(self, values: dict[str, Any]) -> Deferred[None]:
        """Change settings of the account; None removes one."""
        return self._settings.change(lambda document: _apply(document, values))

    def preference(self, key: str) -> str:
        """From account.prefs, else the ``#Viewer`` entry of account.info, else the default; empty if unset."""
        value = self._preferences.document.get(key)
        if value is None:
            viewer = self.info.entry("#Viewer")
            value = viewer.get(key) if isinstance(viewer, dict) else None
        return value if isinstance(value, str) else DEFAULT_PREFERENCES.get(key, "")

    def set_preferences(self, values: Mapping[str, str | None]) -> Deferred[None]:
        """Change preferences; None removes one, so that its default holds."""
        return self._preferences.change(lambda document: _apply(document, values))

    def mailbox_info(self, name: str) -> dict[str, Any]:
        """A copy of the entry of a mailbox in account.info."""
        return self.info.mailbox(name)

    def info_size(self) -> int:
        """As it would be written now."""
        return self.info.file.document.size

    def described_mailboxes(self) -> list[str]:
        """Those that have an entry in account.info."""
        return self.info.mailboxes()

    def update_mailboxes(self, changes: dict[str, dict[str, Any] | None]) -> Deferred[None]:
        """Merge keys into entries."""
        written = self.info.update_mailboxes(changes)
        for name in changes:
            self._access.pop(name, None)
        return written

    def rename_mailboxes(self, renames: dict[str, str]) -> Deferred[None]:
        """Move entries."""
        written = self.info.rename_mailboxes(renames)
        self._access.clear()
        return written

    def subscription(self) -> list[str]:
        """The subscribed names as stored."""
        return self.info.subscription()

    def set_subscription(self, names: Sequence[str]) -> Deferred[None]:
        """Replace the list."""
        return self.info.set_subscription(names)

    def aliases(self) -> Mapping[str, str]:
        """Mailbox aliases: name to target."""
        return self.info.aliases()

    def set_aliases(self, aliases: Mapping[str, str]) -> Deferred[None]:
        """Replace the table."""
        return self.info.set_aliases(aliases)

    def access(self, name: str) -> Acl:
        """As it was taken apart when it was last asked for, or changed."""
        found = self._access.get(name)
        if found is None:
            if len(self._access) >= MOST_LISTS:
                self._access.clear()
            found = self._access[name] = take_apart(self.info.mailbox(name).get("Access"), self.name.domain)
        return found

    def account_acl(self) -> dict[str, tuple[str, ...]]:
        """The rights on the account itself."""
        return self.info.acl()

    def set_account_acl(self, acl: Mapping[str, Sequence[str]]) -> Deferred[None]:
        """Replace them."""
        return self.info.set_acl(acl)

    def to_make(self) -> list[PlannedMailbox] | None:
        """What a new account is still to get; None if it is not new."""
        return self.info.to_make()

    def made_all(self) -> Deferred[None]:
        """It is not new any more."""
        return self.info.made_all()

    def draw_uidvalidity(self) -> Deferred[int]:
        """max(now, last + 1), on disk before it fires."""
        return self.info.draw_uidvalidity()

    def annotations(self) -> Deferred[Annotations]:
        """Read from disk the first time."""
        return self._annotations.get()

    @property
    def busy(self) -> bool:
        """Whether one of the files is being written."""
        return any(file.busy for file in self._files)

    def settled(self) -> list[Deferred[None]]:
        """One Deferred per file; each fires when it is not being written."""
        return [file.settled() for file in self._files]

    def retire(self) -> None:
        """The account gets another name, or goes: from now on its files are not written by this object any more."""
        for file in self._files:
            file.writable = False
        self._annotations.retire()

    @property
    def _files(self) -> tuple[SavedFile, ...]:
        return self._settings, self._preferences, self.info.file, *self._annotations.files

    def own(self) -> dict[str, Any]:
        """All settings of the account itself, in the order of the file."""
        return {key: self._settings.document.get(key) for key in self._settings.document}

    def own_preferences(self) -> dict[str, Any]:
        """All preferences in account.prefs, in the order of the file."""
        return {key: self._preferences.document.get(key) for key in self._preferences.document}


def load_record(runtime: Runtime, name: AccountName, place: AccountPlace, domain: Domain, log: Log) -> AccountRecord:
    """Read the files of an account that is there. Blocking.

    Raises StorageFailed when account.settings cannot be understood: nothing is known of the account then.
    """
    path = place.file(SETTINGS)
    settings, readable = load_document(runtime.files, path, log)
    if not readable:
        raise StorageFailed(detail=f"{path} cannot be used")
    preferences, writable = load_document(runtime.files, place.file(PREFERENCES), log)
    return AccountRecord(
        name,
        place,
        domain,
        SavedFile(runtime, path, settings, True),
        SavedFile(runtime, place.file(PREFERENCES), preferences, writable),
        load_info(runtime, place.file(INFO), log),
        LazyAnnotations(runtime, place.file(ANNOTATIONS), log),
    )


def _apply(document: Document, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if value is None:
            document.remove(key)
        else:
            document.set(key, value)
