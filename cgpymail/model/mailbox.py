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
class CreatedMailbox:
    """What CREATE made: the name in the words of the user who asked for it, without a slash at its end or the extension
    of a format; ``mailbox_id``: what names it for good (RFC 8474), empty for a directory entity."""

    name: str
    mailbox_id: str = ""


@dataclass(frozen=True, slots=True)
class PlannedMailbox:
    """A mailbox that a new account is to get: its canonical name, its class (empty: for mail), and whether it is then
    locked (spec 6.3)."""

    name: str
    mailbox_class: str = ""
    locked: bool = False


@dataclass(frozen=True, slots=True)
class MailboxHints:
    """The copy of numbers kept in account.info (spec section 14.1.4); 0 = unknown there."""

    uidvalidity: int = 0
    uidnext: int = 0


@dataclass(frozen=True, slots=True)
class MailboxStatus:
    """The answers of STATUS (RFC 3501 6.3.10), counted for one user's visibility.

    ``deleted``: messages marked as Deleted. ``size``: octets of all messages, as FETCH counts them (RFC 8438).
    ``append_limit``: octets of the largest message that may be stored there (RFC 7889).
    ``mailbox_id``: what names the mailbox for good (RFC 8474).
    """

    messages: int
    recent: int
    unseen: int
    uidnext: int
    uidvalidity: int
    highest_modseq: int
    deleted: int = 0
    size: int = 0
    append_limit: int = 0
    mailbox_id: str = ""


@dataclass(frozen=True, slots=True)
class ListChoice:
    """The options of an extended LIST (RFC 5258, RFC 6154): which names are wanted, and what is told of them.

    ``extended``: the command has the extended form, so what does not exist is called ``\\NonExistent``.
    ``subscribed``, ``special_use``: only names that are on the subscription list, that have a special use; both: names
    that fulfil both. ``recursive``: levels above such names too, if the names themselves do not match the pattern.
    ``tell_subscribed``: say ``\\Subscribed`` whatever was selected. ``non_mail``: calendars and the like too, which
    are otherwise for those who name them (spec 14.5.3).
    """

    extended: bool = False
    subscribed: bool = False
    special_use: bool = False
    recursive: bool = False
    tell_subscribed: bool = False
    non_mail: bool = False

    @property
    def criteria(self) -> tuple[str, ...]:
        """The words of CHILDINFO (RFC 5258 3.5): by what names were selected; empty if by nothing but the pattern."""
        return ("SUBSCRIBED",) * self.subscribed + ("SPECIAL-USE",) * self.special_use


PLAIN_LIST = ListChoice()


@dataclass(frozen=True, slots=True)
class ListedMailbox:
    """One line of LIST or LSUB: name and attributes as RFC 3501/5258/6154 spell them (``\\Noselect``, ``\\Sent`` ...).

    ``child_info``: the criteria that something below it fulfils (RFC 5258 3.5). ``chosen``: it fulfils the criteria of
    the LIST itself, not only something below it. ``old_name``: the name by which the client knows it, if it is
    another one (RFC 9051 6.3.9.7).
    """

    name: str
    attributes: tuple[str, ...] = field(default=())
    child_info: tuple[str, ...] = field(default=())
    chosen: bool = True
    old_name: str = ""

    @property
    def selectable(self) -> bool:
        """Whether there is a mailbox to open."""
        return "\\Noselect" not in self.attributes and "\\NonExistent" not in self.attributes
