"""A client that watches all mailboxes has, after any work of others, the numbers that STATUS would give it."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from tests.support.imapclient import ImapClient
from tests.support.world import World
from tests.transcripts.memoryworld import settle

MAIL = b"Subject: s\r\n\r\ntext\r\n"
BOXES = [b"INBOX", b"A", b"A/B", b"C", b"D"]
LINE = re.compile(rb'\* STATUS (\S+|"[^"]*") \((.*)\)')
ITEMS = b"(MESSAGES UIDNEXT UIDVALIDITY UNSEEN)"
STEPS = 100


class Listening:
    """What the client knows: numbers by name."""

    def __init__(self, client: ImapClient) -> None:
        self.client = client
        self.numbers: dict[bytes, bytes] = {}
        self.selected = b""
        events = b"(MessageNew MessageExpunge FlagChange MailboxName)"
        self.hear(
            client.do(b"NOTIFY SET STATUS (selected (MessageNew MessageExpunge FlagChange)) (personal %b)" % events)
        )

    def hear(self, lines: list[bytes]) -> None:
        """Take in responses."""
        for line in lines:
            found = LINE.fullmatch(line)
            if found is not None:
                self.numbers[found[1]] = found[2].split(b" HIGHESTMODSEQ")[0]
            elif line.startswith(b"* LIST "):
                self.named(line.split(b'"/" ')[1].split()[0], line)

    def named(self, name: bytes, line: bytes) -> None:
        """There is a name, maybe in the place of another one, or it is not there any more."""
        if b'("OLDNAME" (' in line:
            self.renamed(name, line.split(b"(")[-1].rstrip(b")"))
        if b"\\NonExistent" in line or b"\\Noselect" in line:
            self.numbers.pop(name, None)

    def leave(self, other: bytes = b"") -> None:
        """Select another mailbox, or none; of the one before, the client has its numbers from what it was told there,
        or, as here, from STATUS."""
        command = b"EXAMINE " + other if other else b"UNSELECT"
        self.hear(self.client.lines(b"s " + command))
        if self.selected:
            self.hear(self.client.lines(b"s STATUS %b %b" % (self.selected, ITEMS)))
        self.selected = other

    def renamed(self, new: bytes, old: bytes) -> None:
        """A name, and all below it, is another one now."""
        if self.selected == old or self.selected.startswith(old + b"/"):
            self.selected = new + self.selected[len(old) :]
        for name in list(self.numbers):
            if name == old or name.startswith(old + b"/"):
                self.numbers[new + name[len(old) :]] = self.numbers.pop(name)


def work(client: ImapClient, chance: random.Random) -> None:
    """One step of somebody else; what cannot be done is refused."""
    box, other = chance.choice(BOXES), chance.choice(BOXES)
    kind = chance.randrange(7)
    if kind < 2:
        client.raw(b"w APPEND %b {%d+}\r\n%b\r\n" % (box, len(MAIL), MAIL))
    elif kind == 2:
        client.raw(b"w SELECT %b\r\nw STORE 1 +FLAGS (\\Seen)\r\nw COPY 1:2 %b\r\n" % (box, other))
    elif kind == 3:
        client.raw(b"w SELECT %b\r\nw STORE 2:* +FLAGS (\\Deleted)\r\nw EXPUNGE\r\nw UNSELECT\r\n" % box)
    elif kind == 4:
        client.raw(b"w CREATE %b\r\n" % box)
    elif kind == 5 and box != b"INBOX":
        client.raw(b"w DELETE %b\r\n" % box)
    elif box != b"INBOX":
        client.raw(b"w RENAME %b %b\r\n" % (box, other))


@pytest.mark.parametrize("seed", range(8))
def test_who_listens_knows_the_numbers(tmp_path: Path, seed: int) -> None:
    """Whether he reads all the time or now and then, and whatever he has selected meanwhile."""
    chance = random.Random(seed)
    world = World(tmp_path)
    world.account("john")
    others = [ImapClient(world), ImapClient(world)]
    john = ImapClient(world)
    known = Listening(john)
    for _ in range(STEPS):
        work(chance.choice(others), chance)
        match chance.randrange(6):
            case 0:
                settle(world.clock)
                known.hear(john.told())
            case 1:
                john.wire.full = not john.wire.full and not john.wire._waiters
            case 2 if not john.wire.full and not john.wire.closed:
                known.leave(chance.choice(BOXES))
            case 3 if not john.wire.full and not john.wire.closed:
                known.leave()
        if john.wire.closed:  # the mailbox that he had selected was deleted
            john = ImapClient(world)
            known = Listening(john)
    john.wire.release()
    settle(world.clock)
    known.leave()
    settle(world.clock)
    known.hear(john.told())
    fresh = ImapClient(world)
    expected = {}
    for line in fresh.do(b'LIST "" *'):
        if b"\\Noselect" not in line:
            name = line.split(b'"/" ')[1]
            (status,) = fresh.do(b"STATUS %b %b" % (name, ITEMS))
            expected[name] = LINE.fullmatch(status)[2]  # type: ignore[index]
    assert known.numbers == expected
