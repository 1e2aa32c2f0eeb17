"""What a session wants to hear of mailboxes, selected or not (RFC 5465): events, and which mailboxes they concern."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

MESSAGE_NEW, MESSAGE_EXPUNGE, FLAG_CHANGE = 1, 2, 4
MAILBOX_NAME, SUBSCRIPTION_CHANGE = 8, 16
MAILBOX_METADATA, SERVER_METADATA = 32, 64
MESSAGE_EVENTS = MESSAGE_NEW | MESSAGE_EXPUNGE | FLAG_CHANGE

EVENT_NAMES = {
    "MessageNew": MESSAGE_NEW,
    "MessageExpunge": MESSAGE_EXPUNGE,
    "FlagChange": FLAG_CHANGE,
    "MailboxName": MAILBOX_NAME,
    "SubscriptionChange": SUBSCRIPTION_CHANGE,
    "MailboxMetadataChange": MAILBOX_METADATA,
    "ServerMetadataChange": SERVER_METADATA,
}
"""The events that there are, each with its bit (RFC 5465 section 5)."""


class Filter(Enum):
    """Which mailboxes, other than the selected one (RFC 5465 section 6)."""

    PERSONAL = "PERSONAL"
    SUBSCRIBED = "SUBSCRIBED"
    SUBTREE = "SUBTREE"
    MAILBOXES = "MAILBOXES"


@dataclass(frozen=True, slots=True)
class Interest:
    """One group of events: ``events`` is a mask; ``names`` as typed, for SUBTREE and MAILBOXES."""

    filter: Filter
    events: int
    names: tuple[str, ...] = ()
