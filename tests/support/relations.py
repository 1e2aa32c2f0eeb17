"""Groups and administrators, as a test wants them."""

from __future__ import annotations

from collections.abc import Callable

from zope.interface import implementer

from cgpymail.interfaces import IRelations
from cgpymail.model.identity import AccountName


@implementer(IRelations)
class Relations:
    """``groups``: ``name@domain`` -> members. ``overseers``: administrators of the server, ``viewers``: (who, domain)
    with CanViewMailboxes there."""

    def __init__(self) -> None:
        self.groups: dict[str, set[AccountName]] = {}
        self.overseers: set[AccountName] = set()
        self.viewers: set[tuple[AccountName, str]] = set()
        self.unreadable: set[str] = set()  # domains whose groups are not known
        self._listeners: list[Callable[[], None]] = []

    def member(self, group: str, domain: str, who: AccountName) -> bool:
        """Whether it is written down so; groups in groups are not looked into."""
        return who in self.groups.get(f"{group}@{domain}", ())

    def groups_known(self, domain: str) -> bool:
        """Whether nothing else is written down."""
        return domain not in self.unreadable

    def oversees(self, who: AccountName, owner: AccountName) -> bool:
        """Whether it is written down so."""
        return who in self.overseers or (who, owner.domain) in self.viewers

    def tell_changes(self, listener: Callable[[], None]) -> None:
        """See IRelations."""
        self._listeners.append(listener)

    def changed(self) -> None:
        """The test has changed something: open sessions feel it."""
        for listener in self._listeners:
            listener()
