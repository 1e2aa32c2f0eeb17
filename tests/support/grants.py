"""The grants index in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager

from twisted.internet.defer import Deferred, succeed
from zope.interface import implementer

from cgpymail.interfaces import IGrants
from cgpymail.model.identity import AccountName, Grantee


@implementer(IGrants)
class MemoryGrants:
    """``hints``: grantee -> who shares with him."""

    def __init__(self) -> None:
        self.hints: dict[Grantee, set[AccountName]] = {}
        self._held: Counter[AccountName] = Counter()
        self._added = 0

    def owners(self, grantee: Grantee) -> Deferred[list[AccountName]]:
        """In order."""
        return succeed(sorted(self.hints.get(grantee, ())))

    def groups(self) -> list[Grantee]:
        """Those with hints."""
        return [grantee for grantee in self.hints if grantee.group]

    def add(self, owner: AccountName, grantees: Collection[Grantee]) -> Deferred[None]:
        """Note it."""
        self._added += 1
        for grantee in grantees:
            self.hints.setdefault(grantee, set()).add(owner)
        return succeed(None)

    @contextmanager
    def holding(self, owner: AccountName) -> Iterator[None]:
        """Nothing is dropped meanwhile."""
        self._held[owner] += 1
        try:
            yield
        finally:
            self._held[owner] -= 1
            self._added += 1

    def mark(self) -> int:
        """Now."""
        return self._added

    def drop(self, owner: AccountName, grantee: Grantee, mark: int) -> None:
        """Forget it, unless something was added since."""
        if mark == self._added and not self._held[owner]:
            self.hints.get(grantee, set()).discard(owner)
