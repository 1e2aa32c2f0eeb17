"""Accounts that share mailboxes, as plain dictionaries: what LIST shows, what each command makes of it.

Built on rightsmodel.py; together they are the whole of what the sharing machine believes. A name is a pair of owner and
mailbox name. What a command answers is a ``Verdict``, or the response code in the few other cases.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.support.rightsmodel import (
    ALL,
    LETTERS,
    NONE,
    Held,
    Person,
    Verdict,
    creating,
    deleting,
    held,
    settable,
    verdict,
)

Name = tuple[str, str]
Answer = Verdict | str
CANNOT, HAS_CHILDREN, NOT_SELECTABLE = "CANNOT", "HASCHILDREN", "NOSELECT"


@dataclass
class Item:
    """A message in a mailbox: what it is called, which is the same for its copies."""

    subject: str
    flags: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Storage:
    """The messages of a mailbox by UID, and those that were there, which some sessions may still know."""

    mail: dict[int, Item] = field(default_factory=dict)
    ever: dict[int, str] = field(default_factory=dict)
    gone: bool = False

    def add(self, item: Item) -> None:
        """Put a message in."""
        uid = len(self.ever) + 1
        self.mail[uid] = item
        self.ever[uid] = item.subject

    def remove(self, uids: Iterable[int]) -> None:
        """Take messages out."""
        for uid in uids:
            del self.mail[uid]


@dataclass
class Entry:
    """What there is under a name."""

    storage: Storage | None
    acl: dict[str, str]


def parent_names(name: str) -> list[str]:
    """The names above, the nearest first."""
    found = []
    while "/" in name:
        name = name.rpartition("/")[0]
        found.append(name)
    return found


class Model:
    """``people``: by name; ``creators``: who has CreateMailboxes in which account."""

    def __init__(self, people: Iterable[Person]) -> None:
        self.people = {person.name: person for person in people}
        self.accounts: dict[str, dict[str, Entry]] = {}
        self.creators: dict[str, set[str]] = {}
        for person in self.people:
            self.open_account(person)

    def open_account(self, owner: str) -> None:
        """A new account has an INBOX."""
        self.accounts[owner] = {"INBOX": Entry(Storage(), {})}
        self.creators[owner] = set()

    # rights

    def find(self, name: Name) -> Entry | None:
        """What is there."""
        return self.accounts.get(name[0], {}).get(name[1])

    def held(self, who: str, name: Name) -> frozenset[str]:
        """The letters on a name, or on the nearest one above it that is there (spec 14.2.8)."""
        owner, mailbox = name
        if owner not in self.accounts:
            return NONE
        there = next((each for each in (mailbox, *parent_names(mailbox)) if self.find((owner, each))), None)
        acl = self.accounts[owner][there].acl if there is not None else {}
        return held(acl, self.people[who], self.people[owner])

    def outer(self, who: str, name: Name) -> frozenset[str]:
        """The letters on the nearest name above; ``c`` at the top with CreateMailboxes (spec 3.4)."""
        owner, mailbox = name
        if any(self.find((owner, each)) for each in parent_names(mailbox)):
            return self.held(who, (owner, parent_names(mailbox)[0]))
        if self.held(who, (owner, "")) == ALL:
            return ALL
        return frozenset("c") if who in self.creators.get(owner, ()) else NONE

    def rights(self, who: str, name: Name) -> Held:
        """Both."""
        return Held(self.held(who, name), self.outer(who, name))

    def may_read(self, who: str, storage: Storage) -> bool:
        """Whether a mailbox is there, under whatever name, and he has ``r`` on it."""
        place = self.place(storage)
        return place is not None and "r" in self.held(who, place)

    def place(self, storage: Storage) -> Name | None:
        """The name of a mailbox that is open somewhere, None if it is gone."""
        for owner, entries in self.accounts.items():
            for mailbox, entry in entries.items():
                if entry.storage is storage:
                    return owner, mailbox
        return None

    def listed(self, who: str, owner: str) -> dict[str, bool]:
        """The names of an account that he may know of, each with whether it can be selected."""
        entries = self.accounts.get(owner, {})
        return {name: bool(entries[name].storage) for name in entries if "l" in self.held(who, (owner, name))}

    def granted_by_name(self, who: str) -> set[str]:
        """The accounts that have granted him ``l`` by name or by a group, and still do (spec 14.5.6)."""
        person = self.people[who]
        himself = Person(person.name, person.domain, person.groups)  # administrators see more, but were not granted it

        def named(owner: str, entry: Entry) -> bool:
            special = {identifier: letters for identifier, letters in entry.acl.items() if "anyone" not in identifier}
            given = held(special, himself, self.people[owner])
            return "l" in given and "l" in held(entry.acl, person, self.people[owner])

        others = (owner for owner in self.accounts if owner != who)
        return {owner for owner in others if any(named(owner, entry) for entry in self.accounts[owner].values())}

    # names

    def below(self, name: Name) -> list[str]:
        """The names under it."""
        return [each for each in self.accounts[name[0]] if each.startswith(name[1] + "/")]

    def _make_levels(self, owner: str, mailbox: str) -> dict[str, str]:
        """The levels above a new name; the list that new names begin with (spec 3.4.1)."""
        entries = self.accounts[owner]
        above = parent_names(mailbox)
        acl = next((entries[each].acl for each in above if each in entries), {})
        for each in above:
            entries.setdefault(each, Entry(None, dict(acl)))
        return dict(acl)

    def create(self, who: str, name: Name) -> Answer:
        """CREATE."""
        allowed = creating(self.rights(who, name))
        if allowed is not Verdict.DONE:
            return allowed
        entry = self.find(name)
        if entry is not None and entry.storage is not None:
            return Verdict.EXISTS
        acl = self._make_levels(*name)
        kept = acl if entry is None else entry.acl
        self.accounts[name[0]][name[1]] = Entry(Storage(), kept)
        return Verdict.DONE

    def delete(self, who: str, name: Name) -> Answer:
        """DELETE."""
        entry = self.find(name)
        if entry is None:
            return Verdict.ABSENT
        allowed = deleting(self.rights(who, name))
        if allowed is not Verdict.DONE:
            return allowed
        below = self.below(name)
        if entry.storage is None and below:
            return HAS_CHILDREN
        entry.storage = None
        if not below:
            del self.accounts[name[0]][name[1]]
        return Verdict.DONE

    def rename(self, who: str, old: Name, new: Name) -> Answer:
        """RENAME."""
        entry = self.find(old)
        if entry is None:
            return Verdict.ABSENT
        allowed = deleting(self.rights(who, old))
        if allowed is not Verdict.DONE:
            return allowed
        allowed = creating(self.rights(who, new))
        if old[0] != new[0]:
            return CANNOT
        if allowed is not Verdict.DONE:
            return allowed
        if self.find(new) is not None:
            return Verdict.EXISTS
        if new[1].startswith(old[1] + "/"):
            return CANNOT
        entries = self.accounts[old[0]]
        moved = {name: entries.pop(name) for name in [*self.below(old), old[1]]}
        self._make_levels(*new)
        entries.update({new[1] + name[len(old[1]) :]: entry for name, entry in moved.items()})
        return Verdict.DONE

    # lists

    def set_acl(self, who: str, name: Name, identifier: str, letters: str) -> Answer:
        """SETACL with a plain value, which replaces (no letters: the element disappears)."""
        entry = self.find(name)
        if entry is None:
            return Verdict.ABSENT
        here = self.held(who, name)
        allowed = verdict("a" in here, here)
        if allowed is Verdict.DONE:
            entry.acl.pop(identifier, None)
            if letters:
                entry.acl[identifier] = "".join(letter for letter in LETTERS if letter in letters)
        return allowed

    # messages

    def opening(self, who: str, name: Name, needed: str) -> Answer:
        """Whether a mailbox can be opened for what needs this letter."""
        entry = self.find(name)
        if entry is None:
            return Verdict.ABSENT
        here = self.held(who, name)
        allowed = verdict(needed in here, here)
        return NOT_SELECTABLE if allowed is Verdict.DONE and entry.storage is None else allowed

    def put(self, who: str, name: Name, items: Iterable[Item]) -> Answer:
        """APPEND and COPY: flags that he may not set there are left out."""
        allowed = self.opening(who, name, "i")
        entry = self.find(name)
        if allowed is Verdict.DONE and entry is not None and entry.storage is not None:
            here = self.held(who, name)
            for item in items:
                entry.storage.add(Item(item.subject, set(settable(item.flags, here))))
        return allowed
