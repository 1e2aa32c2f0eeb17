"""NOTIFY (RFC 5465): the client says what it wants to hear of, at any time and of which mailboxes."""

from __future__ import annotations

from cgpymail.grammar.imap.notifycommands import Notify
from cgpymail.grammar.imap.readfetch import MODSEQ
from cgpymail.imap.context import CONDSTORE, Context, Refused, Reply
from cgpymail.imap.notifications import OVERFLOW
from cgpymail.model.watching import EVENT_NAMES

_BAD_EVENT = b"BADEVENT (%b)" % " ".join(EVENT_NAMES).encode("ascii")


async def notify(context: Context, command: Notify) -> Reply:
    """What was wanted before counts no more. NOTIFY SET begins with all that was not told of the selected mailbox."""
    if command.unknown:
        raise Refused("There are no such events", _BAD_EVENT)
    if sum(1 + len(each.names) for each in command.interests) > context.services.limits.notify_names:
        raise Refused("Too many mailboxes", OVERFLOW)
    if not command.set:
        context.notifications.stop()
        return Reply(b"NOTIFY completed")
    if MODSEQ in command.selected.items:
        context.enable(CONDSTORE)
    context.tell_changes(expunge=True, whole=True)
    await context.notifications.start(command)
    return Reply(b"NOTIFY completed")
