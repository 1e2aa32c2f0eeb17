"""The interfaces between the layers: what the manager asks of a store, what a store tells the manager.

Conventions. A method is either synchronous (answered from memory, never blocks) or returns a Deferred, always the same
one. UIDs everywhere; sequence numbers exist only in manager/view.py. Everything runs on the reactor thread unless a
docstring says "blocking". Errors are those of cgpymail.errors; anything else is a bug.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import Attribute, Interface

from cgpymail.model.acl import Acl
from cgpymail.model.changes import Change
from cgpymail.model.identity import AccountName, Credentials, Grantee, Link, ScramVerifier
from cgpymail.model.mailbox import MailboxHints, PlannedMailbox, TreeEntry
from cgpymail.model.message import FlagUpdate, NewMessage
from cgpymail.model.seen import KnownReader

# mypy-zope understands methods in Interface classes; ``self`` is absent by zope's convention.


class IContent(Interface):
    """The bytes of a message in wire form: every line ends in CRLF, the last one too; lone CR and NUL are kept."""

    size: int = Attribute("Octets in wire form.")

    def chunks() -> Iterator[bytes]:
        """The wire form in pieces of at most 64 KB. Blocking: for worker threads; may be called again and again."""

    def release() -> None:
        """No longer needed by the caller. Idempotent."""


class IStoredContent(IContent):
    """The bytes of a message that is in a mailbox; pinned (whatever is expunged meanwhile) until released."""

    def read_now(offset: int, length: int) -> bytes | None:
        """Up to ``length`` octets of the wire form from ``offset`` if they can be had without waiting, else None.

        Shorter than asked only at the end of the message, or when the store chose to give less (never 0 before the
        end). Raises StorageFailed when the bytes are no longer what the index says.
        """

    def read(offset: int, length: int) -> Deferred[bytes]:
        """The same, waiting on a thread for the disk."""


class IStoreListener(Interface):
    """Told by a store of what it accepted; the columns hold the new state when it is called."""

    def changed(change: Change) -> None:
        """One change, once, in MODSEQ order. Must not raise."""


class IMailboxStore(Interface):
    """One open mailbox: truth about its messages, durable before visible. Knows no user, session or number."""

    columns: Any = Attribute("model.columns.Columns of all messages (Hidden and Service included); read only.")
    keywords: Any = Attribute("model.keywords.KeywordTable; read only, changed by define_keyword.")
    uidvalidity: int = Attribute("UIDVALIDITY.")
    uidnext: int = Attribute("The smallest UID a future message can get; grows only.")
    modseq: int = Attribute("The highest MODSEQ of a change that everybody sees.")
    recent_mark: int = Attribute("Messages with UID above it are \\Recent to the next read-write session.")
    listener: Any = Attribute("The IStoreListener, or None; set by the manager.")
    seen: Any = Attribute("ISeenRecords: what single users have read, where that is kept for each.")

    def append(messages: Sequence[NewMessage]) -> Deferred[list[int]]:
        """Store messages, all or none. Fires with their UIDs when they are on disk; the listener was told just before.

        The contents may be released by the caller after it fired. Raises StorageFailed, StorageFull, LimitExceeded.
        """

    def set_flags(updates: Sequence[FlagUpdate]) -> None:
        """Set absolute values at once; journalled (survives a kill) before it returns, synced within a second.

        UIDs that are no longer there are ignored. One MODSEQ and one change for all. Raises StorageFailed.
        """

    def expunge(uids: Sequence[int]) -> Deferred[list[int]]:
        """Remove messages; fires with those that were still there when it is durable and the listener was told.

        The change carries their last rows, because views that have not been told yet still read them.
        """

    def forget(uids: Sequence[int]) -> None:
        """Nobody has these expunged messages in its view any more: their bytes may go."""

    def define_keyword(name: str) -> int:
        """The mask of a keyword, made known first if it is new. Raises LimitExceeded at 64 keywords."""

    def set_recent_mark(uid: int) -> None:
        """Raise the \\Recent high-water mark; journalled like a flag change."""

    def expunged_since(modseq: int) -> tuple[Any, bool]:
        """A UidSet of what was expunged after ``modseq``, and whether the record reaches back that far."""

    def provisional() -> dict[int, str]:
        """Messages whose UIDs are not remembered when the mailbox is closed (spec section 4.4), in the order of the
        file: UID -> a word made from the content, the same at every opening, and equal for equal messages."""

    def content(uid: int) -> Any:
        """IStoredContent of a message in the columns, or expunged and not yet forgotten. Raises MessageGone."""

    def checkpoint() -> Deferred[None]:
        """Write flags through to the mail file and make a new snapshot. Between batches only; waits for its turn."""

    def compact() -> Deferred[None]:
        """Give back the space of forgotten messages. Harmless when there is none."""

    def close() -> Deferred[None]:
        """Finish what is under way, checkpoint if it is worth it, and let go of every file."""


class ISeenRecord(Interface):
    """What one user has read of an open mailbox. Begins, where nothing is kept of him, with the Seen of the columns."""

    runs: Any = Attribute("model.seen.SeenRuns; read only.")

    def prepare() -> Deferred[None]:
        """See that something is kept of him, before the first change; fires when on disk. Raises StorageFailed."""

    def change(wanted: Sequence[tuple[int, bool]]) -> int:
        """Set Seen of ascending UIDs; journalled (survives a kill) before it returns, synced within a second.

        Gives the MODSEQ of the change, which no other change of the mailbox has. Raises StorageFailed.
        """

    def close() -> Deferred[None]:
        """Let go of it."""


class ISeenRecords(Interface):
    """The records of a mailbox's readers. They follow the mailbox to another name, and go with it.

    A reader is named by 32 hexadecimal digits.
    """

    def open(reader: str, name: str) -> Deferred[Any]:
        """The ISeenRecord of a reader; ``name``: how he is called now. The caller opens it once until he closes it.

        Raises StorageFailed.
        """

    def known() -> Deferred[list[KnownReader]]:
        """Whose records there are. Raises StorageFailed."""

    def remove(readers: Collection[str]) -> Deferred[None]:
        """Forget these, none of them open. Raises StorageFailed."""


class IMailboxTree(Interface):
    """All mailboxes of one account as they lie on disk. The only place (with stores/) that makes file names.

    Names are Unicode, canonical and already checked by model.names. The manager serialises the calls of one account: a
    change of the names overlaps nothing; only openings of different mailboxes, and a scan, may overlap one another.
    """

    def scan() -> Deferred[dict[str, TreeEntry]]:
        """Every name found. Unknown files are left alone and logged once."""

    def create(name: str, format: str, uidvalidity: int) -> Deferred[None]:
        """Add the storage entity in the format of that extension; makes directory entities of the ancestors first.

        Raises MailboxExists (also when a file system that folds case has the name in another case), LimitExceeded.
        """

    def create_directory(name: str) -> Deferred[None]:
        """Add the directory entity (and those of the ancestors). Raises MailboxExists."""

    def delete(name: str) -> Deferred[None]:
        """Remove the storage entity, crash-safe (renamed to a dot-name first); an open store is cut off before."""

    def delete_directory(name: str) -> Deferred[None]:
        """Remove an empty directory entity; files that are not ours make it stay (CannotDo)."""

    def rename(old: str, new: str, children: bool) -> Deferred[None]:
        """Move the storage entity and, with ``children``, the directory entity too. Open stores follow."""

    def open(name: str, hints: MailboxHints, draw: Callable[[], Deferred[int]]) -> Deferred[Any]:
        """The IMailboxStore of a storage entity; ``draw`` gives a fresh UIDVALIDITY, already stored, when one is due.

        The caller opens a name once and keeps the store until it closes it. Raises NoSuchMailbox, StorageFailed.
        """


class IFormat(Interface):
    """A storage format: one folder under stores/, one line in stores/registry.py (docs/howto-add-a-format.md)."""

    extension: str = Attribute("Extension of the file or directory, without the dot.")
    name: str = Attribute("The name in the manual's CLI: TextMailbox, MailDirMailbox.")
    is_directory: bool = Attribute("Whether a mailbox of this format is a directory.")


class IAccountAccess(Interface):
    """Who may do what with an account: the lists of its mailboxes, for decisions, and its own (spec section 3.5)."""

    def access(name: str) -> Acl:
        """The access list of a mailbox, empty if it has none. Cheap: asked at every command of others."""

    def account_acl() -> dict[str, tuple[str, ...]]:
        """Identifier, as in access lists of mailboxes, -> names of rights such as CreateMailboxes. A copy."""

    def set_account_acl(acl: Mapping[str, Sequence[str]]) -> Deferred[None]:
        """Replace it. In force at once; fires when it is on disk."""


class IBeginning(Interface):
    """What a new account is still to get, noted until it has all of it: whatever happens in between."""

    def to_make() -> list[PlannedMailbox] | None:
        """The mailboxes beside INBOX and those that the preferences name; None if the account is not new any more."""

    def made_all() -> Deferred[None]:
        """It has them: it is not new any more."""


class IAccountRecord(IAccountAccess, IBeginning):
    """One account as the directory knows it: settings, and the volatile data of account.info (spec section 11.1).

    Read from memory; writing fires when it is on disk. One object per account in the process.
    """

    name: Any = Attribute("AccountName.")
    single: bool = Attribute("Whether it is a single-mailbox account: INBOX and nothing else (spec section 1.2).")
    path: str = Attribute("For the tree: its directory (name.macnt); if single, its mail file without the extension.")

    def setting(key: str, default: str) -> str:
        """A setting of the account, else of its domain's defaults, else ``default`` (spec section 11.2)."""

    def preference(key: str) -> str:
        """A preference such as TrashBox (spec section 6.2), with its default for new accounts; empty if unset."""

    def set_preferences(values: dict[str, str]) -> Deferred[None]:
        """Change preferences."""

    def mailbox_info(name: str) -> dict[str, Any]:
        """The entry of a mailbox in account.info: a copy; keys Access, Class, Locked, UIDValidity, UIDNext, ..."""

    def info_size() -> int:
        """Octets of account.info, which is written whole whenever something in it changes."""

    def described_mailboxes() -> list[str]:
        """The names that have an entry, whether there are such mailboxes or not."""

    def update_mailboxes(changes: dict[str, dict[str, Any] | None]) -> Deferred[None]:
        """Merge keys into entries (None as a value removes the key; None for a whole entry removes the entry)."""

    def rename_mailboxes(renames: dict[str, str]) -> Deferred[None]:
        """Move entries to other names, all in one write."""

    def subscription() -> list[str]:
        """The subscribed names as stored."""

    def set_subscription(names: Sequence[str]) -> Deferred[None]:
        """Replace the list."""

    def aliases() -> Mapping[str, str]:
        """Mailbox aliases: name to target, as in the file. Not to be changed; asked for with every name."""

    def set_aliases(aliases: Mapping[str, str]) -> Deferred[None]:
        """Replace the table: DELETE and RENAME of an alias act on it (spec section 7.2, decision 9)."""

    def draw_uidvalidity() -> Deferred[int]:
        """max(now, last + 1), on disk before it fires; never given twice for an account (spec section 1.1.2)."""

    def annotations() -> Deferred[Any]:
        """The account's IAnnotations, read from disk the first time. Fails with StorageFailed."""


class IAnnotations(Interface):
    """Annotations kept with one account (RFC 5464): those of the account, the shared ones of its mailboxes, and the
    private ones of its user, whoever the mailboxes belong to that they are about.

    ``about``: the MAILBOXID of a mailbox (RFC 8474), empty for the account. Names of entries are canonical. Read from
    memory; writing fires when it is on disk, and fails with StorageFailed.
    """

    def entries(about: str) -> dict[str, bytes]:
        """A copy: name of the entry -> value."""

    def owners() -> dict[str, str]:
        """Everything about which there are entries, each with the name of the account it belongs to."""

    def update(about: str, owner: str, values: Mapping[str, bytes | None]) -> Deferred[None]:
        """Merge values, all in one write; None removes one."""

    def forget(abouts: Iterable[str]) -> Deferred[None]:
        """Remove all entries about these."""


class IRelations(Interface):
    """What users are to one another, as far as rights depend on it. From memory, at once: asked at every command.

    The answers may change at any time: whoever remembers one asks to be told. Names are canonical, in lower case.
    """

    def member(group: str, domain: str, who: AccountName) -> bool:
        """Whether ``who`` is in the group of that domain, himself or through other groups; False if there is none."""

    def groups_known(domain: str) -> bool:
        """False if some group of the domain may have members that nobody knows, as a file could not be read: what is
        denied to a group there is denied to everybody then."""

    def oversees(who: AccountName, owner: AccountName) -> bool:
        """Whether ``who`` has every right on every mailbox of ``owner`` as an administrator (spec 3.2): of the server
        with All Users, or of the owner's domain with CanViewMailboxes. Says nothing about owners themselves."""

    def tell_changes(listener: Callable[[], None]) -> None:
        """``listener`` is called after each change of the answers, for good."""


class IGrants(Interface):
    """The grants index: which accounts granted the right ``l`` to whom, by name or by group (spec 14.5.6).

    It holds hints, never truth: who reads it asks the access control lists. There may be hints too many, which are
    dropped when somebody comes upon them, but none is missing: it is on disk before the access control list is.
    """

    def owners(grantee: Grantee) -> Deferred[list[AccountName]]:
        """The accounts that share something with an account or group. Empty if that cannot be read."""

    def groups() -> list[Grantee]:
        """The groups with which somebody shares something. From memory."""

    def add(owner: AccountName, grantees: Collection[Grantee]) -> Deferred[None]:
        """``owner`` is about to share with these; fires when that is on disk. Raises LimitExceeded, StorageFailed."""

    def holding(owner: AccountName) -> AbstractContextManager[None]:
        """While it lasts, no hint about an account is dropped: between ``add`` and the change that it announces."""

    def mark() -> int:
        """The moment before somebody looks whether a hint is true."""

    def drop(owner: AccountName, grantee: Grantee, mark: int) -> None:
        """It is not, unless something was added since ``mark``."""


class IDirectory(IRelations):
    """Who exists, and who may log in."""

    grants: Any = Attribute("IGrants.")

    def find(name: AccountName) -> Deferred[Any]:
        """The IAccountRecord, or None."""

    def route(address: str, domain: str) -> Any:
        """AccountName for a name or address as typed (``name``, ``name@domain``, ``name%domain``, aliases through the
        router), or None when it routes nowhere here. ``domain`` is used when none is given."""

    def clear_text_allowed(link: Link) -> bool:
        """Whether a password may be sent in clear over this link: it is secure, or the domain of the local address (the
        main domain) has CLRTXT on (spec section 9.1.6). False: LOGINDISABLED, and POP refuses USER."""

    def methods(link: Link) -> frozenset[str]:
        """The SASL mechanisms that may be used over this link, by name, and APOP (spec section 11.4)."""

    def verifier(login: str, method: str, link: Link) -> Deferred[ScramVerifier]:
        """What a SCRAM exchange needs of the account that ``login`` names; for a name without verifier one that no
        password fits, always the same. ``method``: SCRAM-SHA-1 or SCRAM-SHA-256. Raises Busy."""

    def login(credentials: Credentials, link: Link) -> Deferred[AccountName]:
        """Check what somebody shows, slowed down by the rules against guessing; fires with the account that he is, or,
        if he may, that he wants to act as (authorization identity). Passwords are hashed off the reactor thread.

        Raises AuthenticationFailed, PrivacyRequired, ServiceDisabled; Busy when too many logins wait, and StorageFailed
        when the account's files cannot be read (both temporary: the client should keep its password).
        """
