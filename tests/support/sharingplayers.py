"""Clients of the sharing machine: they remember what they were told, and object to whatever they should not hear."""

from __future__ import annotations

import re
from typing import Any

from tests.support.sharingmodel import Model, Name, Storage
from tests.support.wire import MemoryWire
from tests.support.world import World
from tests.transcripts.memoryworld import settle

SECRET = b"for readers of the mailbox only"
LITERAL = re.compile(rb"\{(\d+)\}\r\n")
NUMBERED = re.compile(rb"\* (\d+) (EXISTS|EXPUNGE|FETCH)")
UID = re.compile(rb"UID (\d+)")
SUBJECT = re.compile(rb"Subject: (\w+)\r\n")


def octets(subject: str) -> bytes:
    """The message of that subject."""
    return b"Subject: %b\r\n\r\n%b\r\n" % (subject.encode(), SECRET)


def responses(data: bytes) -> list[tuple[bytes, bytes]]:
    """Lines with what their literals hold."""
    found: list[tuple[bytes, bytes]] = []
    while data:
        line, _, data = data.partition(b"\r\n")
        held = b""
        while (literal := re.search(rb"\{(\d+)\}$", line)) is not None:
            size = int(literal[1])
            held += data[:size]
            more, _, data = data[size:].partition(b"\r\n")
            line = line[: literal.start()] + more
        found.append((line, held))
    return found


class Player:
    """One IMAP connection after the other of one user. ``uids``: what has a number in the selected mailbox."""

    def __init__(self, world: World, model: Model, who: str) -> None:
        self.world = world
        self.model = model
        self.who = who
        self.wire: MemoryWire | None = None
        self.idle = False
        self.storage: Storage | None = None
        self.uids: list[int] = []
        self._top = 0
        self._bye = False
        self._heard: list[tuple[bytes, bytes]] = []

    def typed(self, name: Name) -> str:
        """A name as this user types it."""
        owner, mailbox = name
        return mailbox if owner == self.who else f"~{owner}@{self.model.people[owner].domain}/{mailbox}"

    # saying and hearing

    def begin(self, words: str) -> None:
        """Send a command, after the end of IDLE; what is answered waits for ``finish``."""
        if self.wire is None:
            self._connect()
        assert self.wire is not None
        if self.idle:
            self.idle = False
            self._take(self.wire.feed(b"DONE\r\n"))
        if self.wire.closed:
            self._connect()
        self._heard = []
        self._take(self.wire.feed(b"t %b\r\n" % words.encode()))
        settle(self.world.clock)
        self._take(self.wire.take())

    def _connect(self) -> None:
        person = self.model.people[self.who]
        self.wire = self.world.connect("IMAP")
        answer = self.wire.feed(b"l LOGIN %b@%b secret\r\n" % (self.who.encode(), person.domain.encode()))
        assert b"l OK" in answer, answer
        self.idle, self.storage, self.uids = False, None, []
        self._bye = False

    def _take(self, data: bytes) -> None:
        self._heard += responses(data)

    def finish(self) -> bytes:
        """The model knows what the command did: what was heard is looked at. The tagged line, empty if none came."""
        tagged = b""
        for line, held in self._heard:
            if line.startswith((b"t ", b"+ ")):
                tagged = line
            self._hear(line, held)
        assert b"SERVERBUG" not in tagged, tagged
        return tagged

    def untagged(self, word: bytes) -> list[bytes]:
        """The lines heard that begin so."""
        return [line for line, _ in self._heard if line.startswith(b"* " + word)]

    def listen(self) -> None:
        """Look at what came by itself."""
        if self.wire is None:
            return
        self._heard = responses(self.wire.take())
        said = [line for line, held in self._heard if not line.startswith(b"* BYE")]
        assert self.idle or not said, f"{self.who} is told without being in IDLE: {said}"
        for line, held in self._heard:
            assert SECRET not in held, f"{self.who} is told of {line!r} what nobody asked for"
            self._hear(line, held)
        if self.storage is not None and not self.model.may_read(self.who, self.storage):
            assert self.wire.closed, f"{self.who} stays in a mailbox that he may not read"
        if self.wire.closed:
            assert self._bye, f"{self.who} hears no BYE"
            self.wire, self.storage, self.idle = None, None, False

    def _hear(self, line: bytes, held: bytes) -> None:
        assert not self._bye, f"{line!r} after BYE"
        self._bye = line.startswith(b"* BYE")
        numbered = NUMBERED.match(line)
        if numbered is None:
            assert SECRET not in line + held, line
            return
        number, kind = int(numbered[1]), numbered[2]
        assert self.storage is not None, f"{line!r} without a mailbox"
        if kind == b"EXPUNGE":
            del self.uids[number - 1]
        elif kind == b"EXISTS":
            self._more(number)
        else:
            self._fetched(number, line, held)

    def _more(self, exists: int) -> None:
        assert self.storage is not None
        new = [uid for uid in sorted(self.storage.mail) if uid > self._top]
        self.uids += new
        self._top = max([self._top, *new])
        assert len(self.uids) == exists, f"{self.who} is told of {exists} messages, there are {self.uids}"

    def _fetched(self, number: int, line: bytes, held: bytes) -> None:
        assert self.storage is not None
        uid = self.uids[number - 1]
        said = UID.search(line)
        assert said is None or int(said[1]) == uid, f"{line!r} is about UID {uid}"
        assert not held or self.model.may_read(self.who, self.storage), f"{self.who} may not read {line!r}"
        subject = SUBJECT.search(held)
        assert subject is None or subject[1].decode() == self.storage.ever[uid], f"{line!r} is another message"

    # the mailbox that is selected

    def opened(self, storage: Storage) -> None:
        """SELECT succeeded: before its answer is looked at."""
        self.storage = storage
        self.uids, self._top = [], 0

    def left(self) -> None:
        """Nothing is selected."""
        self.storage, self.uids = None, []

    @property
    def present(self) -> list[int]:
        """The UIDs of messages that it knows and that are still there."""
        return [uid for uid in self.uids if self.storage is not None and uid in self.storage.mail]

    @property
    def reads(self) -> bool:
        """Whether it has a mailbox selected."""
        return self.wire is not None and not self.wire.closed and self.storage is not None


class PopPlayer:
    """A POP session in one mailbox; its numbers stay."""

    def __init__(self, world: World, model: Model, who: str, storage: Storage, box: str) -> None:
        self.model = model
        self.who = who
        self.storage = storage
        self.uids = sorted(storage.mail)
        self.wire: Any = world.connect("POP")
        self.wire.take()
        person = model.people[who]
        self.say(f"USER {box}#{who}@{person.domain}")
        self.answer = self.say("PASS secret")

    def say(self, words: str) -> bytes:
        """A command; the answer."""
        answer: bytes = self.wire.feed(words.encode() + b"\r\n")
        return answer
