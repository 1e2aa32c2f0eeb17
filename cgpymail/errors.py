"""The errors that cross a layer border.

Each class carries a stable ``code`` (the wire texts of a protocol are chosen by it, in one table per protocol),
``temporary`` (whether the same request may succeed later) and a public text that is safe to show to any client.
Detail for the log goes into ``detail`` and never onto the wire. An exception that is not a ``MailError`` is a bug.
"""

from __future__ import annotations

from typing import ClassVar


class MailError(Exception):
    """An operation that could not be done, with the answer it deserves."""

    code: ClassVar[str] = "failed"
    temporary: ClassVar[bool] = False
    text: ClassVar[str] = "The operation failed"

    def __init__(self, public: str | None = None, *, detail: str = "") -> None:
        self.public = public or self.text
        self.detail = detail
        super().__init__(f"{self.public} ({detail})" if detail else self.public)


class NoSuchMailbox(MailError):
    """No mailbox of that name, or none that this user may know of (the two look the same)."""

    code = "no-mailbox"
    text = "No such mailbox"


class NotSelectable(MailError):
    """The name exists as a directory entity only (spec section 1.6)."""

    code = "not-selectable"
    text = "The mailbox cannot hold messages"


class MailboxExists(MailError):
    """A mailbox of that name is there already."""

    code = "exists"
    text = "The mailbox exists already"


class IllegalName(MailError):
    """The name cannot be a mailbox name (spec section 14.1.10)."""

    code = "illegal-name"
    text = "Illegal mailbox name"


class NotPermitted(MailError):
    """The user is not allowed to do this to something he may know of."""

    code = "not-permitted"
    text = "Access denied"


class CannotDo(MailError):
    """The operation makes no sense for this object (INBOX deletion, rename below itself)."""

    code = "cannot"
    text = "The operation is not possible"


class OneMailboxOnly(CannotDo):
    """A single-mailbox account has its INBOX and nothing else (spec section 1.2)."""

    text = "This account has one mailbox only"


class HasChildren(CannotDo):
    """A name that holds nothing but other names cannot be removed before them."""

    code = "has-children"
    text = "The mailbox has inferior mailboxes"


class UseRefused(MailError):
    """A special use that a mailbox cannot be given (RFC 6154 section 3)."""

    code = "use"
    text = "The mailbox cannot have this special use"


class LimitExceeded(MailError):
    """A configured limit would be passed."""

    code = "limit"
    text = "A limit would be exceeded"


class TooManyAnnotations(LimitExceeded):
    """A mailbox or an account has as many annotations as it may have, or they are as large (RFC 5464 4.3)."""

    code = "too-many-annotations"
    text = "There are too many annotations"


class OverQuota(MailError):
    """The account has no room for it."""

    code = "over-quota"
    text = "The account is over its quota"


class MessageTooLarge(MailError):
    """The message is larger than the server or the account takes."""

    code = "too-large"
    text = "The message is too large"


class StorageFailed(MailError):
    """The disk refused, or a file could not be understood; nothing was acknowledged."""

    code = "storage"
    temporary = True
    text = "The mailbox storage failed; try again later"


class StorageFull(StorageFailed):
    """No space is left on the device."""

    code = "storage-full"
    text = "No space is left for the message"


class MessageGone(MailError):
    """The message was expunged and its bytes are no longer to be had."""

    code = "message-gone"
    text = "Some of the messages no longer exist"


class ExpungeIssued(MailError):
    """MOVE of a message that another session has expunged meanwhile (RFC 5530)."""

    code = "expunge-issued"
    text = "Some of the messages were expunged by another session"


class UnknownEncoding(MailError):
    """A part cannot be decoded, because nobody here knows its transfer encoding (RFC 3516 4.3)."""

    code = "unknown-encoding"
    text = "The transfer encoding of a part is not known"


class MailboxGone(MailError):
    """The mailbox was deleted, or the right to read it withdrawn, while it was open."""

    code = "mailbox-gone"
    text = "The mailbox is no longer available"


class ReadOnly(MailError):
    """The session opened the mailbox for reading only."""

    code = "read-only"
    text = "The mailbox is open for reading only"


class AlreadyCompressed(MailError):
    """COMPRESS on a connection that is compressed."""

    code = "compressed"
    text = "Compression is active already"


class BadCharset(MailError):
    """A SEARCH charset that is not known."""

    code = "bad-charset"
    text = "The charset is not supported"


class AuthenticationFailed(MailError):
    """Wrong name or password; never says which."""

    code = "authentication"
    text = "Wrong account name or password"


class PrivacyRequired(MailError):
    """Clear-text passwords are not taken on this link (spec section 9.1.6)."""

    code = "privacy"
    text = "An encrypted connection is required"


class ServiceDisabled(MailError):
    """The account exists and the password is right, but it may not use this protocol."""

    code = "disabled"
    text = "This service is disabled for the account"


class NoSuchAccount(MailError):
    """No account of that name."""

    code = "no-account"
    text = "Unknown account"


class AccountExists(MailError):
    """An account of that name is there already."""

    code = "account-exists"
    text = "The account exists already"


class BadSettings(MailError):
    """A settings file or value that cannot be understood; it is left as it is."""

    code = "settings"
    text = "The settings could not be read"


class Busy(MailError):
    """The base directory, a slot or a session limit is taken."""

    code = "busy"
    temporary = True
    text = "Too many are busy with it; try again later"
