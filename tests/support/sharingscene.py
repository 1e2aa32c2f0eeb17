"""The scene of the sharing machine: accounts, sessions, and what must hold whatever is done.

Every message has a text of its own; every answer of every session is looked at (sharingplayers.py). What is answered
and changed is compared with sharingmodel.py.
"""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from cgpymail.manager import naming
from cgpymail.manager.acls import set_acl
from cgpymail.model import flags
from cgpymail.model.identity import AccountName
from tests.support.records import MemoryRecord
from tests.support.rightsmodel import LETTERS, Person, Verdict
from tests.support.sharingmodel import CANNOT, HAS_CHILDREN, NOT_SELECTABLE, Answer, Item, Model, Name
from tests.support.sharingplayers import Player, PopPlayer, octets
from tests.support.world import World
from tests.transcripts.memoryworld import settle

HOME, AWAY = "example.org", "other.net"
TEAM = f"team@{HOME}"
PEOPLE = (
    Person("boss", HOME),
    Person("anna", HOME),
    Person("carl", HOME, frozenset({TEAM})),
    Person("fern", AWAY),
    Person("vera", HOME),
)
WHO = ("boss", "anna", "anna", "carl", "fern")  # who has sessions
PLAYERS = st.integers(0, len(WHO) - 1)
BOXES = st.sampled_from(["A", "A/B", "A/B/C", "D", "D/E"])
NAMES = st.tuples(st.sampled_from(["boss", "boss", "boss", "fern", "vera"]), BOXES)
PLACES = st.integers(0, 11)  # mostly a mailbox that is there
RIGHTS = st.sampled_from(
    ["", "l", "r", "i", "a", "lr", "lrs", "lri", "lrsw", "lrswi", "lrsd", "lrc", "lrcd", "lra", LETTERS]
)
IDENTIFIERS = st.sampled_from(
    ["anna@example.org", "carl@example.org", "#team@example.org", "anyone", "anyone@example.org", "anyone@other.net"]
)
FLAGS = st.sampled_from(
    [("\\Seen",), ("\\Deleted",), ("\\Flagged",), ("\\Seen", "\\Deleted"), ("\\Deleted", "\\Flagged")]
)
BITS = {"\\Seen": flags.SEEN, "\\Deleted": flags.DELETED, "\\Flagged": flags.FLAGGED}
CODES = {
    Verdict.DONE: b"t OK",
    Verdict.PARTLY: b"t OK",
    Verdict.DENIED: b"t NO [NOPERM]",
    Verdict.EXISTS: b"t NO [ALREADYEXISTS]",
    CANNOT: b"t NO [CANNOT]",
    HAS_CHILDREN: b"t NO [HASCHILDREN]",
}


def canonical(identifier: str, domain: str) -> str:
    """How an identifier is kept in a list of this domain."""
    name, at, place = identifier.partition("@")
    if not at or place != domain:
        return identifier
    return f"{name}@" if name.endswith("anyone") else name


class Scene(RuleBasedStateMachine):
    """Players, the server they work with, and the model. ``executed``: steps that were really done, in all runs."""

    executed = 0

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.model = Model(PEOPLE)
        self.relations = self.world.directory.relations
        for person in PEOPLE:
            self._register(person)
        self.players = [Player(self.world, self.model, who) for who in WHO]
        self.pop: PopPlayer | None = None
        self.serial = 0

    # help

    def account(self, owner: str) -> Any:
        """The mailboxes of an account, as the server has them."""
        name = AccountName(owner, self.model.people[owner].domain)
        return self.world.run(self.world.manager._accounts.find(name))

    def _register(self, person: Person) -> None:
        """Let somebody have an account."""
        record = MemoryRecord(self.world.runtime, person.name, person.domain)
        record.preferences.clear()
        self.world.directory.records[record.name] = record
        self.world.directory.passwords[record.name] = b"secret"
        for group in person.groups:
            self.relations.groups.setdefault(group, set()).add(record.name)

    def name(self, place: int) -> Name:
        """A name: of what is there, or not."""
        there = [(owner, box) for owner, entries in self.model.accounts.items() for box in entries if box != "INBOX"]
        if place == 11 or not there:
            return "boss", "Z"
        return there[place % len(there)]

    def items(self, *subjects: str) -> list[Item]:
        """New messages, each with a text of its own."""
        self.serial += 1
        return [Item(f"m{self.serial}{subject}") for subject in subjects or ("x",)]

    def try_it(self, player: Player, command: str, words: str, expected: Answer) -> bytes:
        """The answer to what was begun agrees with the model."""
        self.count()
        tagged = player.finish()
        if expected is Verdict.ABSENT:
            into = command in ("APPEND", "COPY", "MOVE")
            absent = b"t NO [%b] No such mailbox" % (b"TRYCREATE" if into else b"NONEXISTENT")
            assert tagged == absent, f"{player.who}: {words}: {tagged!r} instead of {absent!r}"
        elif expected == NOT_SELECTABLE:
            assert tagged.startswith((b"t NO [CANNOT]", b"t NO [TRYCREATE]")), f"{player.who}: {words}: {tagged!r}"
        else:
            assert tagged.startswith(CODES[expected]), f"{player.who}: {words}: {tagged!r} instead of {expected}"
        return tagged

    # the beginning

    @initialize(letters=RIGHTS)
    def begin(self, letters: str) -> None:
        """Some mailboxes with some messages, shared with somebody."""
        for name in ("A", "A/B", "D"):
            self._make(("boss", name), {"anna": LETTERS, "#team": letters} if name == "A" else {})
        self._grant(("boss", "A/B"), {"anna": letters, "anyone": "lr"})
        self._make(("vera", "A"), {"anyone": "lrsi"})

    def _make(self, name: Name, acl: dict[str, str]) -> None:
        """The owner makes a mailbox."""
        self.world.run(naming.create(self.account(name[0]), name[1]))
        self.model.create(name[0], name)
        self._grant(name, acl)
        self._fill(name, self.items("a", "b", "c"))

    def _grant(self, name: Name, acl: dict[str, str]) -> None:
        """The owner shares a mailbox."""
        entry = self.model.find(name)
        assert entry is not None
        self.world.run(set_acl(self.account(name[0]), name[1], acl))
        entry.acl = dict(acl)

    def _fill(self, name: Name, items: list[Item]) -> None:
        """Mail comes."""
        entry = self.model.find(name)
        assert entry is not None and entry.storage is not None
        wire = self.world.connect("LMTP")
        wire.feed(b"LHLO client\r\n")
        domain = self.model.people[name[0]].domain
        for item in items:
            wire.feed(f"MAIL FROM:<a@b.example>\r\nRCPT TO:<{name[1]}#{name[0]}@{domain}>\r\nDATA\r\n".encode())
            assert wire.feed(octets(item.subject) + b".\r\n").startswith(b"250"), name
            entry.storage.add(item)
        wire.drop()

    @rule(place=PLACES)
    def mail_comes(self, place: int) -> None:
        """Delivery asks no rights."""
        name = self.name(place)
        entry = self.model.find(name)
        if entry is not None and entry.storage is not None:
            self._fill(name, self.items())
            self.count()

    # what always holds

    def count(self) -> None:
        """One step more was really done."""
        Scene.executed += 1

    @invariant()
    def everybody_listens(self) -> None:
        """Nobody hears anything of a mailbox that he may not read, numbers stay consistent, BYE is the last word."""
        settle(self.world.clock)
        for player in self.players:
            player.listen()

    def teardown(self) -> None:
        """What the server keeps is what the model has, and nothing went wrong inside."""
        lines = self.world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
        bugs = [line for line in lines if "Traceback" in line]
        assert not bugs, bugs[0]
        for owner, entries in self.model.accounts.items():
            account = self.account(owner)
            tree: Any = self.world.trees[account.name]
            assert {name: entities.mailbox is not None for name, entities in tree._names.items()} == {
                name: entry.storage is not None for name, entry in entries.items()
            }
            for name, entry in entries.items():
                assert account.infos.acl(name) == entry.acl, (owner, name)
                kept = tree._names[name].mailbox
                if entry.storage is not None:
                    masks = dict(zip(kept.columns.uid, kept.columns.flags, strict=True))
                    expected = {uid: sum(BITS[flag] for flag in item.flags) for uid, item in entry.storage.mail.items()}
                    assert masks == expected, f"{owner}/{name}: {masks} instead of {expected}"
                    assert all(
                        kept.contents[uid].endswith(octets(item.subject)) for uid, item in entry.storage.mail.items()
                    )
