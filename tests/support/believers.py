"""IMAP and POP clients on the wire that remember what they were told, and a naive model of the mailbox they share."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.world import World

EXISTS = re.compile(rb"\* (\d+) EXISTS")
EXPUNGE = re.compile(rb"\* (\d+) EXPUNGE")
FLAGS = re.compile(rb"\* (\d+) FETCH \(.*?FLAGS \(([^)]*)\)", re.DOTALL)
UID = re.compile(rb"\* (\d+) FETCH \(.*?UID (\d+)")
BODY = re.compile(rb"\* \d+ FETCH \(.*?BODY\[\] \{\d+\}\r\n(.*)\)\Z", re.DOTALL)
LITERAL = re.compile(rb"\{(\d+)\}\Z")
Flags = frozenset[bytes]


@dataclass
class Truth:
    """What is in INBOX, by UID; ``ever`` keeps what was."""

    flags: dict[int, Flags] = field(default_factory=dict)
    ever: dict[int, bytes] = field(default_factory=dict)
    uidnext: int = 1

    def add(self, body: bytes, flags: Flags = frozenset()) -> None:
        """A message arrived."""
        self.flags[self.uidnext] = flags
        self.ever[self.uidnext] = body
        self.uidnext += 1


def responses(data: bytes) -> list[bytes]:
    """The lines of an answer, each with its literals."""
    found: list[bytes] = []
    start = place = 0
    while place < len(data):
        place = data.index(b"\r\n", place)
        literal = LITERAL.search(data[start:place])
        if literal:
            place += 2 + int(literal[1])
        else:
            found.append(data[start:place])
            start = place = place + 2
    return found


class ImapBeliever:
    """An IMAP client with INBOX open; ``uids`` and ``flags`` are what it believes. Flags not told yet are missing."""

    def __init__(self, world: World, truth: Truth, *, read_only: bool = False) -> None:
        self.truth = truth
        self.read_only = read_only
        self.idling = False
        self.clock = world.clock
        self.wire = world.connect("IMAP")
        self.wire.take()
        self.serial = 0
        self.wire.feed(b"login LOGIN john secret\r\n")
        self.uids: list[int] = []
        self.flags: dict[int, Flags] = {}
        self.top = 0
        self.do(b"EXAMINE INBOX" if read_only else b"SELECT INBOX")
        self.look()

    # -- speaking ------------------------------------------------------------------------------------------------

    def do(self, command: bytes, *, literal: bytes = b"", numbered: bool = False) -> tuple[bytes, list[bytes]]:
        """A command and what it is answered: the tagged line's rest, and the untagged lines, which were believed.

        ``numbered``: sequence numbers are in use, so no EXPUNGE may come (RFC 3501 7.4.1).
        """
        assert not self.idling
        self.serial += 1
        tag = b"t%d " % self.serial
        *untagged, final = responses(self.wire.feed(tag + command + b"\r\n" + (literal + b"\r\n" if literal else b"")))
        assert final.startswith(tag), final
        if numbered:
            assert not any(EXPUNGE.match(line) for line in untagged), untagged
        for line in untagged:
            self.believe(line)
        self.check()
        return final.removeprefix(tag), untagged

    def idle(self) -> None:
        """From now on everything is told at once."""
        self.idling = True
        for line in responses(self.wire.feed(b"i IDLE\r\n")):
            self.believe(line)
        self.check()

    def done(self) -> None:
        """The end of that."""
        self.listen()
        self.idling = False
        assert self.wire.feed(b"DONE\r\n").startswith(b"i OK ")

    def listen(self) -> None:
        """What came by itself; only a client that idles is told anything."""
        self.clock.advance(0)
        told = responses(self.wire.take())
        assert self.idling or not told
        for line in told:
            self.believe(line)
        if self.idling:
            self.check()
            assert self.uids == sorted(self.truth.flags)

    def look(self) -> None:
        """NOOP, then a FETCH of everything: what the client believed is so, and is all there is."""
        self.do(b"NOOP")
        assert self.uids == sorted(self.truth.flags)
        if self.uids:
            _, told = self.do(b"FETCH 1:* (UID FLAGS)", numbered=True)
            assert [int(found[2]) for line in told if (found := UID.match(line))] == self.uids
            assert set(self.flags) >= set(self.uids)

    # -- believing -----------------------------------------------------------------------------------------------

    def believe(self, line: bytes) -> None:
        """Take in an untagged response."""
        if found := EXPUNGE.match(line):
            self.flags.pop(self.uids.pop(int(found[1]) - 1), None)
        elif found := EXISTS.match(line):
            new = [uid for uid in sorted(self.truth.flags) if uid > self.top]
            assert int(found[1]) == len(self.uids) + len(new)
            self.uids += new
            self.top = max([self.top, *new])
        elif found := FLAGS.match(line):
            names = frozenset(found[2].lower().split()) - {b"\\recent"}
            self.flags[self.uids[int(found[1]) - 1]] = names

    def check(self) -> None:
        """Whatever it believes of a message that is there is so."""
        for uid, names in self.flags.items():
            assert self.truth.flags.get(uid, names) == names, uid

    def present(self, numbers: Sequence[int]) -> list[int]:
        """The UIDs behind sequence numbers of this client, without those expunged meanwhile."""
        return [self.uids[number - 1] for number in numbers if self.uids[number - 1] in self.truth.flags]

    # -- changing ------------------------------------------------------------------------------------------------

    def read(self, number: int) -> None:
        """FETCH BODY[]: any message that it knows of can be read, and is seen from then on."""
        uid = self.uids[number - 1]
        if uid in self.truth.flags and not self.read_only:
            self.truth.flags[uid] |= {b"\\seen"}
        final, told = self.do(b"FETCH %d (BODY[])" % number, numbered=True)
        assert final.startswith(b"OK "), final
        assert [found[1] for line in told if (found := BODY.match(line))] == [self.truth.ever[uid]]

    def store(self, numbers: Sequence[int], action: bytes, names: Flags, *, silent: bool) -> None:
        """STORE; messages expunged meanwhile are passed over."""
        if not self.read_only:
            for uid in self.present(numbers):
                old = self.truth.flags[uid]
                self.truth.flags[uid] = {b"+": old | names, b"-": old - names, b"": names}[action]
                if silent:
                    self.flags[uid] = self.truth.flags[uid]
        which = b",".join(b"%d" % number for number in numbers)
        words = action + b"FLAGS" + (b".SILENT" if silent else b"") + b" (" + b" ".join(sorted(names)) + b")"
        final, _ = self.do(b"STORE " + which + b" " + words, numbered=True)
        assert final.startswith(b"NO " if self.read_only else b"OK "), final

    def expunge(self) -> None:
        """EXPUNGE: those marked that the client knows of."""
        if not self.read_only:
            for uid in self.present(range(1, len(self.uids) + 1)):
                if b"\\deleted" in self.truth.flags[uid]:
                    del self.truth.flags[uid]
        final, _ = self.do(b"EXPUNGE")
        assert final.startswith(b"NO " if self.read_only else b"OK "), final

    def copy(self, number: int) -> None:
        """COPY into the mailbox itself, also of a message expunged meanwhile."""
        uid = self.uids[number - 1]
        if uid in self.truth.flags:
            self.truth.add(self.truth.ever[uid], self.truth.flags[uid])
            assert self.do(b"COPY %d INBOX" % number)[0].startswith(b"OK [COPYUID ")
        else:
            assert self.do(b"COPY %d Other" % number)[0].startswith(b"OK [COPYUID ")

    def move(self, number: int) -> None:
        """MOVE away; nothing if somebody else took it (RFC 5530 EXPUNGEISSUED)."""
        uid = self.uids[number - 1]
        there = uid in self.truth.flags
        if there and not self.read_only:
            del self.truth.flags[uid]
        final, _ = self.do(b"MOVE %d Other" % number)
        expected = b"NO " if self.read_only else b"OK " if there else b"NO [EXPUNGEISSUED] "
        assert final.startswith(expected), final


class PopBeliever:
    """A POP client: what it was shown at login stays."""

    def __init__(self, world: World, truth: Truth) -> None:
        self.world = world
        self.truth = truth
        self.login()

    def login(self) -> None:
        """USER, PASS, UIDL."""
        self.wire = self.world.connect("POP")
        self.wire.take()
        self.uids = sorted(self.truth.flags)
        self.marked: set[int] = set()
        sizes = sum(len(self.truth.ever[uid]) for uid in self.uids)
        answer = self.wire.feed(b"USER john\r\nPASS secret\r\nUIDL\r\n").split(b"\r\n")
        assert b"+OK %d messages (%d octets)" % (len(self.uids), sizes) in answer
        listed = [line.split() for line in answer if line[:1].isdigit()]
        assert [(int(number), int(word.split(b"-")[1])) for number, word in listed] == list(enumerate(self.uids, 1))

    def read(self, number: int) -> None:
        """RETR: everything listed can be read, and is seen from then on; not what the client marked itself."""
        uid = self.uids[number - 1]
        answer = self.wire.feed(b"RETR %d\r\n" % number)
        if number in self.marked:
            assert answer.startswith(b"-ERR")
            return
        assert answer == b"+OK %d octets\r\n%b.\r\n" % (len(self.truth.ever[uid]), self.truth.ever[uid])
        if uid in self.truth.flags:
            self.truth.flags[uid] |= {b"\\seen"}

    def mark(self, number: int) -> None:
        """DELE."""
        assert self.wire.feed(b"DELE %d\r\n" % number).startswith(b"-ERR" if number in self.marked else b"+OK")
        self.marked.add(number)

    def stat(self) -> None:
        """Counts are those of the login, less the client's own marks."""
        kept = [uid for number, uid in enumerate(self.uids, 1) if number not in self.marked]
        sizes = sum(len(self.truth.ever[uid]) for uid in kept)
        assert self.wire.feed(b"STAT\r\n") == b"+OK %d %d\r\n" % (len(kept), sizes)

    def quit(self) -> None:
        """What is marked goes."""
        for number in self.marked:
            self.truth.flags.pop(self.uids[number - 1], None)
        assert self.wire.feed(b"QUIT\r\n").startswith(b"+OK")
        self.login()

    def drop(self) -> None:
        """The link breaks: nothing goes."""
        self.wire.drop()
        self.login()
