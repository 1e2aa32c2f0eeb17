"""What is known of a mailbox without its messages."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class TreeEntry:
    """One name in an account's tree: its storage format's extension (empty: none) and whether it has a directory entity
    (manual, Mailboxes, "Mailbox Names": two invisible entities per name)."""

    name: str
    format: str = ""
    directory: bool = False


@dataclass(frozen=True, slots=True)
class MailboxHints:
    """The copy of numbers kept in account.info (spec section 14.1.4); 0 = unknown there."""

    uidvalidity: int = 0
    uidnext: int = 0


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """The answers of STATUS (RFC 3501 6.3.10), counted for one user's visibility."""

    messages: int
    recent: int
    unseen: int
    uidnext: int
    uidvalidity: int
    highest_modseq: int
    deleted: int = 0
    size: int = 0


@dataclass(frozen=True, slots=True)
class ListedMailbox:
    """One line of LIST or LSUB: name and attributes as RFC 3501/6154 spell them (``\\Noselect``, ``\\Sent`` ...)."""

    name: str
    attributes: tuple[str, ...] = field(default=())
