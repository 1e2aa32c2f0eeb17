"""The stage of the rights matrix: boss shares ``Top/Box``, somebody comes for it; everything is in memory.

``Actor`` is a way of holding rights: it says which access control list gives somebody certain letters.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cgpymail.manager.acls import set_acl
from cgpymail.model import flags
from cgpymail.model.identity import AccountName
from cgpymail.model.message import NewMessage
from cgpymail.runtime.spool import MemoryContent
from tests.support.records import MemoryRecord
from tests.support.rightsmodel import LETTERS, Box, Mail, Person, State, held
from tests.support.wire import MemoryWire
from tests.support.world import DOMAIN, World

ELSEWHERE = "other.net"
TEAM = f"team@{DOMAIN}"
BOSS = Person("boss", DOMAIN)
ANNA = Person("anna", DOMAIN)
CARL = Person("carl", DOMAIN, groups=frozenset({TEAM}))
OTTO = Person("otto", DOMAIN, all_users=True)
DORA = Person("dora", DOMAIN, views=frozenset({DOMAIN}))
ZOE = Person("zoe", DOMAIN)
FERN = Person("fern", ELSEWHERE)
PEOPLE = (BOSS, ANNA, CARL, OTTO, DORA, ZOE, FERN)

Acl = dict[str, str]


@dataclass(frozen=True)
class Actor:
    """``grant``: letters -> the list that should give them to ``person``, or should not."""

    kind: str
    person: Person
    grant: Callable[[str], Acl]


def _rest(letters: str) -> str:
    return "".join(letter for letter in LETTERS if letter not in letters)


ACTORS = (
    Actor("owner", BOSS, lambda letters: {"anyone": letters, "-boss": LETTERS}),
    Actor("grantee by name", ANNA, lambda letters: {"anna": letters}),
    Actor("grantee by address", FERN, lambda letters: {f"fern@{ELSEWHERE}": letters}),
    Actor("group member", CARL, lambda letters: {"#team": letters}),
    Actor("anyone", FERN, lambda letters: {"anyone": letters}),
    Actor("anyone@", ZOE, lambda letters: {"anyone@": letters, f"anyone@{ELSEWHERE}": LETTERS}),
    Actor("anyone@domain", FERN, lambda letters: {f"anyone@{ELSEWHERE}": letters, "anyone@": LETTERS}),
    Actor("negative element", ANNA, lambda letters: {"anyone": LETTERS, "-anna": _rest(letters)}),
    Actor("negative group", CARL, lambda letters: {"carl": LETTERS, "-#team": _rest(letters)}),
    Actor("two elements", ANNA, lambda letters: {"anna": letters[:1], "anyone@": letters[1:]}),
    Actor("administrator", OTTO, lambda letters: {"-otto": letters, "-anyone": letters}),
    Actor("domain administrator", DORA, lambda letters: {"-dora": letters, "-anyone": letters}),
    Actor("stranger", ZOE, lambda letters: {"anna": letters, "#team": letters, f"anyone@{ELSEWHERE}": letters}),
)

BOX, TOP, OTHER, MINE = "boss/Top/Box", "boss/Top", "boss/Other", "me/Mine"
SECRET = b"only for readers"
MARKED = frozenset({"\\Seen", "\\Flagged", "\\Deleted", "kw"})
SHARED = (
    Mail("one"),
    Mail("two", frozenset({"\\Deleted"})),
    Mail("three", frozenset({"Hidden"})),
    Mail("four", frozenset({"Hidden", "\\Deleted"})),
    Mail("five", frozenset({"Service", "\\Seen"})),
)
OWN = (Mail("mine", MARKED),)
BITS = {
    "\\Seen": flags.SEEN,
    "\\Answered": flags.ANSWERED,
    "\\Flagged": flags.FLAGGED,
    "\\Deleted": flags.DELETED,
    "Hidden": flags.HIDDEN,
    "Service": flags.SERVICE,
}


def octets(subject: str) -> bytes:
    """The message of that subject."""
    return b"Subject: %b\r\n\r\n%b: %b\r\n" % (subject.encode(), SECRET, subject.encode())


def _bits(names: frozenset[str]) -> int:
    return sum(BITS[name] for name in names if name in BITS)


class Stage:
    """One world for one actor. ``top``, ``other`` and ``box``: the letters that its list is to give him there."""

    def __init__(self, actor: Actor) -> None:
        self.actor = actor
        self.world = World()
        relations = self.world.directory.relations
        for person in {BOSS, ANNA, actor.person}:
            self._make(person)
            name = AccountName(person.name, person.domain)
            for group in person.groups:
                relations.groups.setdefault(group, set()).add(name)
            relations.overseers |= {name} if person.all_users else set()
            relations.viewers |= {(name, domain) for domain in person.views}
        self.boss = self.account(BOSS)
        self.me = self.account(actor.person)
        for account, names in ((self.boss, ("Top", "Top/Box", "Other")), (self.me, ("Mine",))):
            for name in names:
                self._run(account.create(name))
        self.fill(BOX, SHARED)
        self.fill(MINE, OWN)
        self.lists: dict[str, Acl] = {}
        self.expected: State = self.state()
        self.wire: MemoryWire | None = None
        self._serial = 0

    def _make(self, person: Person) -> None:
        record = MemoryRecord(self.world.runtime, person.name, person.domain)
        record.preferences.clear()
        self.world.directory.records[record.name] = record
        self.world.directory.passwords[record.name] = b"secret"

    def _run(self, work: Any) -> Any:
        return self.world.run(work)

    def account(self, person: Person) -> Any:
        """Somebody's mailboxes."""
        return self._run(self.world.manager._accounts.find(AccountName(person.name, person.domain)))

    def _place(self, name: str) -> tuple[Any, str]:
        owner, _, box = name.partition("/")
        return (self.boss if owner == "boss" else self.me), box

    def fill(self, name: str, mail: tuple[Mail, ...]) -> None:
        """Put messages there, whoever may."""
        account, box = self._place(name)
        mailbox = self._run(account.open(box))
        for each in mail:
            keywords = tuple(flag for flag in each.flags if flag not in BITS)
            message = NewMessage(MemoryContent(octets(each.subject)), 1, _bits(each.flags), keywords)
            self._run(mailbox.append([message]))
        account.close(mailbox)

    def grant(self, name: str, letters: str) -> Acl:
        """Let the list of a mailbox be what should give these letters; the list."""
        acl = self.actor.grant(letters)
        if self.lists.get(name) != acl:
            account, box = self._place(name)
            self._run(set_acl(account, box, acl))
            self.lists[name] = acl
            self.expected = {**self.expected, name: Box(self.expected[name].mail, acl)}
        return acl

    def held(self, name: str) -> frozenset[str]:
        """What he has there by the rules."""
        owner, _ = self._place(name)
        person = BOSS if owner is self.boss else self.actor.person
        return held(self.lists.get(name, {}), self.actor.person, person)

    def state(self) -> State:
        """What there is: read where the server keeps it."""
        found: dict[str, Box] = {}
        for owner, account in (("me", self.me), ("boss", self.boss)):
            tree: Any = self.world.trees[account.name]
            for name, entities in tree._names.items():
                if name != "INBOX":
                    notes = self._notes(account.infos.object_id(name))
                    found[f"{owner}/{name}"] = Box(_mail(entities.mailbox), account.infos.acl(name), notes)
        if self.me is self.boss:
            found["me/Mine"] = found.pop("boss/Mine")
            found = {name: box for name, box in found.items() if not name.startswith("me/") or name == MINE}
        return found

    def _notes(self, about: str) -> dict[str, bytes]:
        """What is noted about a mailbox: with its owner, and with the actor."""
        kept = [account.record.noted.kept.get(about, {}) for account in (self.boss, self.me)]
        return {**kept[0], **kept[1]}

    # the session

    def typed(self, name: str) -> str:
        """The name as the actor types it."""
        account, box = self._place(name)
        return box if account is self.me else f"~boss@{DOMAIN}/{box}"

    def say(self, words: str) -> bytes:
        """Send a command with the tag ``t``; everything that is answered."""
        if self.wire is None or self.wire.closed:
            self._connect()
        assert self.wire is not None
        answer = self.wire.feed(b"t %b\r\n" % words.encode())
        for _ in range(20):
            if b"t OK" in answer or b"t NO" in answer or b"t BAD" in answer or self.wire.closed:
                break
            self.world.clock.advance(0)
            answer += self.wire.take()
        return answer

    def _connect(self) -> None:
        self.wire = self.world.connect("IMAP")
        person = self.actor.person
        answer = self.wire.feed(b"l LOGIN %b@%b secret\r\n" % (person.name.encode(), person.domain.encode()))
        assert b"l OK" in answer, answer

    def select(self, name: str) -> None:
        """Open a mailbox."""
        answer = self.say(f"SELECT {self.typed(name)}")
        assert b"t OK" in answer, (self.actor.kind, name, answer)

    def drop(self) -> None:
        """The session ends without a word."""
        if self.wire is not None:
            self.wire.drop()
            self.wire = None


def _mail(mailbox: Any) -> tuple[Mail, ...]:
    if mailbox is None:
        return ()
    found = []
    for row in zip(*(getattr(mailbox.columns, column) for column in ("uid", "flags", "keywords")), strict=True):
        uid, mask, keywords = row
        names = {name for name, bit in BITS.items() if mask & bit} | set(mailbox.keywords.names(keywords))
        subject = re.search(rb"Subject: (\w+)", mailbox.contents[uid])
        assert subject is not None
        found.append(Mail(subject[1].decode(), frozenset(names)))
    return tuple(found)
