"""Which messages a command is about."""

from __future__ import annotations

from cgpymail.imap.context import BadCommand
from cgpymail.manager.handle import Handle, Selection
from cgpymail.model.uidset import MessageSet, NumberSet, SavedResult


def selected(handle: Handle, numbers: MessageSet, *, by_uid: bool) -> Selection:
    """The messages that ``numbers`` names. Unknown UIDs are left out (RFC 3501 6.4.8), and of ``$`` those that went.

    Raises BadCommand for a sequence number that no message has (RFC 3501 section 9, sequence-set).
    """
    if isinstance(numbers, SavedResult):
        return handle.select(NumberSet(handle.searches.saved.ranges), by_uid=True)
    try:
        return handle.select(numbers, by_uid=by_uid)
    except ValueError:
        raise BadCommand("There is no message with such a number") from None
