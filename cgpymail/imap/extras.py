"""Facts for FETCH that extensions added: EMAILID and THREADID (RFC 8474), SAVEDATE (RFC 8514), PREVIEW
(RFC 8970).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from cgpymail.grammar.imap import items as data
from cgpymail.grammar.imap.fetchdata import save_date_item
from cgpymail.imap.preview import preview_item
from cgpymail.manager.handle import Handle
from cgpymail.manager.objectids import read_email_id
from cgpymail.model.columns import Row

Extra = data.EmailId | data.ThreadId | data.SaveDate | data.Preview


class Extras:
    """Answers for the messages of one handle. ``breathe``: lets others have their turn in long work."""

    def __init__(self, handle: Handle, breathe: Callable[[], Awaitable[None]]) -> None:
        self._handle = handle
        self._breathe = breathe

    async def text(self, item: Extra, row: Row) -> bytes:
        """The item with its name. Raises MessageGone, NotPermitted, StorageFailed, MailboxGone."""
        if isinstance(item, data.EmailId):
            value = await read_email_id(self._handle, row.uid, lambda octets: self._breathe())
            return b"EMAILID (%b)" % value.encode("ascii")
        if isinstance(item, data.Preview):
            await self._breathe()
            return await preview_item(self._handle, row.uid, self._breathe, lazy=item.lazy)
        if isinstance(item, data.SaveDate):
            return save_date_item(row.saved)
        return b"THREADID NIL"
