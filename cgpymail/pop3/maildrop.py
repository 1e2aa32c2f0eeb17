"""The maildrop of one POP3 session (RFC 1939 section 5; spec sections 7.5.6, 8, 14.4).

Numbers are given at login and stay, whatever other sessions do: the handle is never asked for changes, so everything
listed can be read until the session ends, even what another session expunged. DELE only marks; QUIT removes.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from cgpymail.errors import ExpungeIssued, MailError, MessageGone
from cgpymail.interfaces import IStoredContent
from cgpymail.manager.handle import Handle
from cgpymail.model import flags
from cgpymail.model.uidset import NumberSet


class NoSuchMessage(MailError):
    """The number is not in the maildrop, or its message is marked as deleted."""

    code = "no-message"
    text = "No such message"


class Maildrop:
    """Messages by number, 1 and up; a number is the place in ``_uids`` plus one."""

    def __init__(self, handle: Handle) -> None:
        self._handle = handle
        self._uids = list(handle.select(NumberSet(((1, 0),)), by_uid=False).uids) if handle.exists else []
        self._unique_ids = handle.unique_ids(self._uids)
        rows = [handle.row(uid) for uid in self._uids]
        self._sizes = [row.size for row in rows]
        seen = [number for number, row in enumerate(rows, 1) if row.flags & flags.SEEN]
        self._last_at_login = self._last = seen[-1] if seen else 0
        self._marked: set[int] = set()

    @property
    def name(self) -> str:
        """Of the mailbox, as it was asked for."""
        return self._handle.name

    @property
    def gone(self) -> bool:
        """Whether the mailbox was deleted, or the right to read it withdrawn (spec 14.3.1e)."""
        return self._handle.gone

    @property
    def last(self) -> int:
        """The highest number accessed, or seen before the login (spec 14.4.2)."""
        return self._last

    def totals(self) -> tuple[int, int]:
        """Number and octets of the messages that are not marked."""
        kept = [size for number, size in enumerate(self._sizes, 1) if number not in self._marked]
        return len(kept), sum(kept)

    def numbers(self) -> Iterator[int]:
        """The numbers of messages that are not marked, ascending."""
        return (number for number in range(1, len(self._uids) + 1) if number not in self._marked)

    def check(self, number: int) -> None:
        """Raise NoSuchMessage unless the number can be used."""
        if not 1 <= number <= len(self._uids):
            raise NoSuchMessage
        if number in self._marked:
            raise NoSuchMessage(f"Message {number} is marked as deleted")

    def size(self, number: int) -> int:
        """Octets on the wire, as RETR sends them before dot-stuffing."""
        return self._sizes[number - 1]

    def unique_id(self, number: int) -> str:
        """UIDL: the same at every login (spec 4.4, 14.4.1)."""
        return self._unique_ids[number - 1]

    def content(self, number: int) -> IStoredContent:
        """The bytes; to be released. Raises MessageGone."""
        if self.gone:
            raise MessageGone("The mailbox is no longer available")
        content: IStoredContent = self._handle.content(self._uids[number - 1])
        return content

    def retrieved(self, number: int) -> None:
        """RETR sent the last byte: set Seen, which every IMAP session that has the mailbox open hears of."""
        self._last = max(self._last, number)
        self._handle.mark_seen([self._uids[number - 1]])

    def mark(self, number: int) -> None:
        """DELE: to be removed at QUIT. Raises NotPermitted (foreign mailboxes: without right d, spec 14.4.3),
        MailboxGone."""
        with suppress(ExpungeIssued):  # another session was faster
            self._handle.may_remove([self._uids[number - 1]])
        self._marked.add(number)
        self._last = max(self._last, number)

    def reset(self) -> None:
        """RSET: nothing is marked, LAST is as at login."""
        self._marked.clear()
        self._last = self._last_at_login

    async def commit(self) -> None:
        """QUIT: remove what is marked. Raises NotPermitted, StorageFailed; then nothing was removed."""
        if self._marked:
            await self._handle.remove([self._uids[number - 1] for number in sorted(self._marked)])

    async def close(self) -> None:
        """Let go of the mailbox; marks are forgotten."""
        await self._handle.close()
