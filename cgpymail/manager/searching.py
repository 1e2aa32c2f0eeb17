"""Searches in one session's view: SEARCH, SORT and THREAD, from the handle and its mailbox."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from cgpymail.manager.mailbox import Mailbox
from cgpymail.manager.objectids import read_email_id
from cgpymail.manager.overviews import read_overviews
from cgpymail.manager.reading import next_turn
from cgpymail.manager.search import search
from cgpymail.manager.searchview import Facts
from cgpymail.manager.slicing import Breathe
from cgpymail.manager.sorting import in_order, needs_overviews, sent_times
from cgpymail.manager.threads import Linked, threads
from cgpymail.mime.structure import Part
from cgpymail.model.search import SearchKey
from cgpymail.model.sorting import Criterion
from cgpymail.model.threads import Node, ThreadBy
from cgpymail.model.uidset import NumberSet, UidSet

if TYPE_CHECKING:
    from cgpymail.manager.handle import Handle

_ALL = NumberSet(((1, 0),))


class Searches:
    """What a session can look for.

    ``saved``: the UIDs that its last search with SAVE found (RFC 5182); messages that went since may be among them.
    ``breathe`` is called often, and gives others their turn when it is time to. All raise StorageFailed, MailboxGone.
    """

    def __init__(self, handle: Handle, mailbox: Mailbox) -> None:
        self._handle = handle
        self._mailbox = mailbox
        self.saved = UidSet()

    async def search(self, key: SearchKey) -> list[int]:
        """UIDs of the messages of the view that ``key`` names, ascending."""
        mailbox = self._mailbox
        session = _Session(self._handle, mailbox, self.saved)
        return await search(session, key, mailbox.limits, lambda: next_turn(mailbox.runtime.clock))

    async def sort(self, key: SearchKey, criteria: Sequence[Criterion], breathe: Breathe) -> list[int]:
        """The same, in the order of ``criteria``."""
        found = await self.search(key)
        overviews = {}
        if needs_overviews(criteria):
            overviews = await read_overviews(self._handle, self._mailbox, found, breathe)
            found = list(overviews)
        return await in_order(self._handle.rows(found), overviews, criteria, breathe)

    async def thread(self, key: SearchKey, by: ThreadBy, breathe: Breathe) -> Sequence[Node]:
        """The same messages in threads, with their UIDs."""
        found = await self.search(key)
        overviews = await read_overviews(self._handle, self._mailbox, found, breathe)
        rows = self._handle.rows(list(overviews))
        messages: list[Linked] = []
        for (uid, known), sent, date in zip(overviews.items(), sent_times(rows, overviews), rows.date, strict=True):
            await breathe()
            messages.append(Linked(uid, sent, date, known))
        return await threads(messages, by, breathe)


class _Session:
    """searchview.Searchable. Messages are read by the handle, so what is hidden from its user is not found either."""

    def __init__(self, handle: Handle, mailbox: Mailbox, saved: UidSet) -> None:
        self._handle = handle
        self._mailbox = mailbox
        self._saved = saved

    def facts(self) -> Facts:
        """A copy of the columns as the session sees them."""
        chosen = self._handle.select(_ALL, by_uid=False)
        rows = self._handle.rows(chosen.uids)
        recent, now = self._handle.recent_uids(), self._mailbox.runtime.now()
        facts = Facts(chosen.seqs, rows.uid, rows.flags, rows.keywords, rows.size, rows.date, recent, self._saved, now)
        return replace(facts, modseqs=rows.modseq, save_dates=rows.saved)

    def keyword_mask(self, name: str) -> int:
        """The bit of a keyword."""
        mask: int = self._mailbox.store.keywords.find(name)
        return mask

    def progress(self, done: int, all: int) -> None:
        """For whoever asks the handle."""
        self._handle.progress = (done, all)

    async def headers(self, uid: int) -> bytes:
        """The header block."""
        return await self._handle.headers(uid)

    async def structure(self, uid: int) -> Part:
        """The tree of parts."""
        return await self._handle.structure(uid)

    async def email_id(self, uid: int, pause: Callable[[int], Awaitable[object]]) -> str:
        """EMAILID."""
        return await read_email_id(self._handle, uid, pause)

    def content(self, uid: int) -> Any:
        """The bytes."""
        return self._handle.content(uid)
