"""What SEARCH needs to know of one session's mailbox: the border between manager/search.py and manager/handle.py."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from cgpymail.mime.structure import Part
from cgpymail.model.uidset import UidSet


@dataclass(frozen=True, slots=True)
class Facts:
    """The session's view at the moment the search began: parallel columns by ascending UID, not changed afterwards.

    Ghosts that still have a number are in it. ``dates`` are internal dates, seconds since the epoch; ``flags`` without
    Recent, which is ``recent``: the UIDs that are \\Recent to this session (others may be in it too). ``saved``: the
    UIDs that the search before saved (others may be in it too). ``now``: seconds since the epoch. ``save_dates``: 0
    where they are not known.
    """

    seqs: Sequence[int]
    uids: Sequence[int]
    flags: Sequence[int]
    keywords: Sequence[int]
    sizes: Sequence[int]
    dates: Sequence[int]
    recent: UidSet
    saved: UidSet = field(default_factory=UidSet)
    now: int = 0
    modseqs: Sequence[int] = ()
    save_dates: Sequence[int] = ()


class Searchable(Protocol):
    """One session's mailbox. The readers raise MessageGone or NotPermitted for a message that vanished."""

    def facts(self) -> Facts:
        """A copy of the columns as this session sees them."""

    def progress(self, done: int, all: int) -> None:
        """So many of so many messages were read; from the beginning again for another key."""

    def keyword_mask(self, name: str) -> int:
        """The bit of a keyword, case ignored; 0 if the mailbox does not have it."""

    async def headers(self, uid: int) -> bytes:
        """The header block in wire form, cut at ``limits.header_size``."""

    async def structure(self, uid: int) -> Part:
        """The tree of parts."""

    async def email_id(self, uid: int, pause: Callable[[int], Awaitable[object]]) -> str:
        """EMAILID; ``pause`` is told how many octets were worked on."""

    def content(self, uid: int) -> Any:
        """IStoredContent; released by the caller."""
