"""COPY, MOVE and REPLACE (RFC 3501 6.4.7, RFC 6851, RFC 8508).

A copy is one batch at the target, all or nothing. A move is a copy that is durable before the originals are expunged:
whatever fails, no message is lost, and at worst it is in both mailboxes. Moves out of one mailbox take turns, so that
of two that want the same message one finds it gone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from cgpymail.errors import ExpungeIssued, MailboxGone, MailError, MessageGone, NoSuchMailbox, NotPermitted
from cgpymail.manager.access import Standing, require, settable_flags
from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.permits import Permit, Permitted
from cgpymail.manager.readers import Reader
from cgpymail.manager.view import View
from cgpymail.model import flags, rights
from cgpymail.model.columns import Row
from cgpymail.model.message import NewMessage


@dataclass(frozen=True, slots=True)
class Target:
    """An open mailbox to put messages into, held until ``release`` is called.

    ``rights``: of this user there. ``admit(octets, messages)`` raises OverQuota when the account has no room.
    ``reader``: the user, where everybody has a Seen of his own: that of what he puts there is his.
    """

    mailbox: Mailbox
    rights: int
    admit: Callable[[int, int], None]
    release: Callable[[], None]
    reader: Reader | None = None

    async def append(self, messages: Sequence[NewMessage]) -> list[int]:
        """Store them. Raises what ``Mailbox.append`` raises, and NoSuchMailbox when it was deleted at that moment:
        that must not look as if the mailbox that the session has open were gone."""
        try:
            return await (self.reader or self.mailbox).append(messages)
        except MailError:
            if self.mailbox.gone:
                raise NoSuchMailbox from None
            raise


Resolve = Callable[[str], Awaitable[Target]]
"""Finds a target by the name the user gave. Raises NoSuchMailbox, NotSelectable and whatever opening raises."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where messages are taken from. ``row`` gives one with the flags that the user sees; None if it is not there.
    ``permit``: to read their bytes. ``ask`` gives the user's standing now; it raises MailboxGone."""

    mailbox: Mailbox
    view: View
    row: Callable[[int], Row | None]
    permit: Permit
    ask: Callable[[], Standing]


Stored = tuple[int, list[int]]  # UIDVALIDITY and UIDs of what was stored
Storing = Callable[[], Awaitable[Stored]]


@dataclass(frozen=True, slots=True)
class CopyResult:
    """What COPYUID says (RFC 4315): UIDVALIDITY of the target, and UIDs here and there, parallel."""

    uidvalidity: int
    source: list[int]
    copied: list[int]


async def copy_messages(source: Source, uids: Sequence[int], hides: int, target: Target) -> CopyResult:
    """Copy messages of the view, ghosts too; UIDs that it does not have are dropped.

    Raises NotPermitted (also for a message that was hidden from the user), MessageGone, OverQuota, and what
    ``Target.append`` raises; then nothing was copied.
    """
    require(target.rights, rights.INSERT)
    chosen = [uid for uid in sorted(set(uids)) if source.view.has(uid)]
    rows = [_readable(source, uid, hides) for uid in chosen]
    if not rows:
        return CopyResult(target.mailbox.store.uidvalidity, [], [])
    target.admit(sum(row.size for row in rows), len(rows))
    contents: list[Any] = []
    try:
        for uid in chosen:
            contents.append(Permitted(source.mailbox.store.content(uid), source.permit, uid))
        batch = [
            _copied(source.mailbox, row, content, target.rights) for row, content in zip(rows, contents, strict=True)
        ]
        copied = await target.append(batch)
    finally:
        for content in contents:
            content.release()
    return CopyResult(target.mailbox.store.uidvalidity, chosen, copied)


def _readable(source: Source, uid: int, hides: int) -> Row:
    row = source.row(uid)
    if row is None:
        raise MessageGone
    if row.flags & hides:
        raise NotPermitted
    return row


def _copied(source: Mailbox, row: Row, content: Any, held: int) -> NewMessage:
    keywords = tuple(source.store.keywords.names(row.keywords)) if held & rights.WRITE else ()
    allowed = settable_flags(held) | flags.HIDDEN | flags.SERVICE  # those two always come along (spec 2.8)
    return NewMessage(content, row.date, row.flags & allowed, keywords)


async def move_messages(source: Source, uids: Sequence[int], hides: int, target: Target) -> CopyResult:
    """Copy, then expunge. Raises ExpungeIssued, and moves nothing, when another session expunged one of them. What was
    hidden from the user when it had just been copied stays, and so does all, with NotPermitted, if right ``d`` was
    withdrawn."""
    async with source.mailbox.moving:
        source.mailbox.check_usable()
        if any(source.view.is_ghost(uid) for uid in uids):
            raise ExpungeIssued
        result = await copy_messages(source, uids, hides, target)
        if not source.ask().rights & rights.DELETE:
            raise NotPermitted
        await source.mailbox.expunge(source.view.present(result.source))
        return result


async def replace_message(source: Mailbox, uid: int, check: Callable[[], None], store: Storing) -> Stored:
    """Remove a message when ``store`` has put another one in its place, durable; ``check`` raises if it may not be.

    Of two sessions that replace or move the same message one finds it gone, and stores nothing. What may not be removed
    any more when the other one is stored stays.
    """
    async with source.moving:
        check()
        stored = await store()
        with suppress(MailboxGone, NotPermitted, ExpungeIssued):  # the mailbox may be deleted, and the old message too
            check()
            await source.expunge([uid])
        return stored
