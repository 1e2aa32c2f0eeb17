"""SEARCH (RFC 3501 6.4.4), SORT and THREAD (RFC 5256) as values, and what their answers are to say (RFC 4731).

Texts in the search program are decoded from the client's charset already.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from cgpymail.grammar.imap.commands import Command
from cgpymail.model.paging import Page
from cgpymail.model.search import SearchKey
from cgpymail.model.sorting import Criterion
from cgpymail.model.threads import ThreadBy
from cgpymail.model.uidset import UidSet


@dataclass(frozen=True, slots=True)
class Returns:
    """The result options of a search (RFC 4731 3.1; ``save``: RFC 5182; ``partial``, which excludes ``all``: RFC 9394).
    ``RETURN ()`` is ``all``."""

    min: bool = False
    max: bool = False
    all: bool = False
    count: bool = False
    save: bool = False
    partial: Page | None = None

    @property
    def silent(self) -> bool:
        """Whether nothing is to be told: the result is only saved (RFC 5182 2.1)."""
        return self == Returns(save=True)

    def to_save(self, uids: Sequence[int]) -> UidSet:
        """What ``$`` names after the search: all that it found, or what is told if that is only the ends or a part
        of it (RFC 5182 2.4, RFC 9394 section 3.2)."""
        if self.all or self.count or not (self.min or self.max or self.partial):
            return UidSet.of(uids)
        ends = [*(uids[:1] if self.min else ()), *(uids[-1:] if self.max else ())]
        return UidSet.of([*ends, *(self.partial.of(uids) if self.partial else ())])


@dataclass(frozen=True, slots=True)
class Search(Command):
    """SEARCH and UID SEARCH; ``returns``: None for an answer as RFC 3501 has it."""

    name: ClassVar[str] = "SEARCH"

    key: SearchKey
    uid: bool
    returns: Returns | None = None


@dataclass(frozen=True, slots=True)
class Sort(Command):
    """SORT and UID SORT; ``returns``: None for an answer as RFC 5256 has it (RFC 5267 section 3)."""

    name: ClassVar[str] = "SORT"

    criteria: tuple[Criterion, ...]
    key: SearchKey
    uid: bool
    returns: Returns | None = None


@dataclass(frozen=True, slots=True)
class Thread(Command):
    """THREAD and UID THREAD."""

    name: ClassVar[str] = "THREAD"

    by: ThreadBy
    key: SearchKey
    uid: bool
