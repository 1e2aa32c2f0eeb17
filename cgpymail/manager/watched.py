"""Which mailboxes a session watches, and what there is to tell of one of them (RFC 5465 section 6)."""

from __future__ import annotations

from dataclasses import dataclass, field

from cgpymail.model import names
from cgpymail.model.identity import AccountName

Key = tuple[AccountName, str]


@dataclass(frozen=True, slots=True)
class Watched:
    """A mailbox with the mask of the events that are wanted of it. ``shown``: its name for this user."""

    shown: str
    key: Key
    events: int


@dataclass(frozen=True, slots=True)
class Noted:
    """Annotations of a mailbox that were changed. ``shown``: its name for this user; empty for his account."""

    shown: str
    key: Key
    entries: tuple[str, ...]

    def and_later(self, later: Noted | None) -> Noted:
        """With those that were changed after them, if there are any."""
        entries = dict.fromkeys((*self.entries, *(later.entries if later is not None else ())))
        return Noted(self.shown, self.key, tuple(entries))


@dataclass
class Places:
    """Which mailboxes, each with the mask and the name that is shown: single ones, and all from one downwards."""

    single: dict[Key, tuple[int, str]] = field(default_factory=dict)
    trees: dict[Key, tuple[int, str]] = field(default_factory=dict)

    def add(self, found: dict[Key, tuple[int, str]], key: Key, events: int, shown: str) -> None:
        """Wanted is what any group wants; the name is that of the first."""
        before = found.get(key, (0, shown))
        found[key] = (before[0] | events, before[1])

    def wanted(self, key: Key) -> tuple[int, str]:
        """The mask and the name of one mailbox; (0, "") if it is not among them."""
        account, name = key
        events, shown = self.single.get(key, (0, ""))
        for top in (name, *reversed(names.ancestors(name)), ""):
            tree = self.trees.get((account, top))
            if tree is not None:
                events |= tree[0]
                shown = shown or tree[1] + name[len(top) :]
        return events, shown
