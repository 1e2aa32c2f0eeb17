"""Hidden and Service: the flags without an IMAP name (manual, Mailboxes, "Message Flags"; spec 2, 2.8).

No mail client can set or reset them. Other programs do, and administrators; here is their one way. Sessions that do not
see such messages find them gone, or there, as they find those that others expunged or added.
"""

from __future__ import annotations

from cgpymail.manager.account import Account
from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.reading import next_turn
from cgpymail.manager.watching import Touched
from cgpymail.model import flags
from cgpymail.model.message import FlagUpdate
from cgpymail.model.uidset import NumberSet
from cgpymail.model.watching import MESSAGE_EVENTS

HIDING = flags.HIDDEN | flags.SERVICE
STRIDE = 1_000  # messages changed before others may have their turn


async def hide(account: Account, name: str, numbers: NumberSet, mask: int, *, on: bool) -> int:
    """Set or reset flags of ``mask``, which are among HIDING, for messages by their UIDs; how many of them there are.

    ``name`` is canonical. Raises NoSuchMailbox, NotSelectable, StorageFailed, MailboxGone.
    """
    mailbox = await account.open(name)
    try:
        uids = numbers.select(mailbox.store.columns.uid)
        for start in range(0, len(uids), STRIDE):
            mailbox.set_flags(_updates(mailbox, uids[start : start + STRIDE], mask & HIDING, on=on))
            mailbox.rights_changed()  # what some are copying just now they may not read any more
            # For some who watch the mailbox these messages went or came, though only a flag was changed.
            account.watching.tell(account.name, Touched(mailbox.name, MESSAGE_EVENTS))
            await next_turn(mailbox.runtime.clock)
        return len(uids)
    finally:
        account.close(mailbox)


def _updates(mailbox: Mailbox, uids: list[int], mask: int, *, on: bool) -> list[FlagUpdate]:
    """What changes for those that are still there."""
    columns = mailbox.store.columns
    found: list[FlagUpdate] = []
    for place in filter(lambda place: place >= 0, map(columns.find, uids)):
        old = columns.flags[place]
        new = old | mask if on else old & ~mask
        if new != old:
            found.append(FlagUpdate(columns.uid[place], new, columns.keywords[place]))
    return found
