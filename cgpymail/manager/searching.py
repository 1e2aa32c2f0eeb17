"""SEARCH in one session's view: gives manager/search.py what it asks for, from the handle and its mailbox."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.reading import next_turn
from cgpymail.manager.search import search
from cgpymail.manager.searchview import Facts
from cgpymail.mime.structure import Part
from cgpymail.model.search import SearchKey
from cgpymail.model.uidset import NumberSet

if TYPE_CHECKING:
    from cgpymail.manager.handle import Handle

_ALL = NumberSet(((1, 0),))


async def search_session(handle: Handle, mailbox: Mailbox, key: SearchKey) -> list[int]:
    """The UIDs of the view that ``key`` names, ascending. Raises StorageFailed."""
    return await search(_Session(handle, mailbox), key, mailbox.limits, lambda: next_turn(mailbox.runtime.clock))


class _Session:
    """searchview.Searchable. Messages are read by the handle, so what is hidden from its user is not found either."""

    def __init__(self, handle: Handle, mailbox: Mailbox) -> None:
        self._handle = handle
        self._mailbox = mailbox

    def facts(self) -> Facts:
        """A copy of the columns as the session sees them."""
        chosen = self._handle.select(_ALL, by_uid=False)
        rows = self._handle.rows(chosen.uids)
        recent, saved = self._handle.recent_uids(), self._handle.saved
        now = self._mailbox.runtime.now()
        return Facts(chosen.seqs, rows.uid, rows.flags, rows.keywords, rows.size, rows.date, recent, saved, now)

    def progress(self, done: int, all: int) -> None:
        """For whoever asks the handle."""
        self._handle.progress = (done, all)

    def keyword_mask(self, name: str) -> int:
        """The bit of a keyword."""
        mask: int = self._mailbox.store.keywords.find(name)
        return mask

    async def headers(self, uid: int) -> bytes:
        """The header block."""
        return await self._handle.headers(uid)

    async def structure(self, uid: int) -> Part:
        """The tree of parts."""
        return await self._handle.structure(uid)

    def content(self, uid: int) -> Any:
        """The bytes."""
        return self._handle.content(uid)
