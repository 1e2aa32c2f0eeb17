"""Real IMAP and POP sessions on one mailbox at the same time, driven by hypothesis, against a naive model.

Five IMAP clients (one of them EXAMINEs) and two POP clients, with deliveries by LMTP in between. Clients believe what
they are told, by number, as the RFCs say; whatever happens, what a client believes of a message that is there is so.
"""

from __future__ import annotations

import tempfile
from typing import Any, ClassVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from cgpymail.interfaces import IMailboxTree
from cgpymail.stores.memorytree import MemoryTree
from cgpymail.stores.tree import DiskTree
from tests.support.believers import ImapBeliever, PopBeliever, Truth
from tests.support.records import MemoryRecord
from tests.support.results import result
from tests.support.world import World

NAMES = (b"\\seen", b"\\flagged", b"\\deleted", b"\\deleted", b"\\answered", b"\\draft", b"work")
imap = st.integers(0, 4)
pop = st.integers(0, 1)
place = st.integers(0, 11)
some_names = st.frozensets(st.sampled_from(NAMES), max_size=2)


class Sessions(RuleBasedStateMachine):
    """One step is one command of one client, or a delivery."""

    format: ClassVar[str] = "memory"
    steps: ClassVar[int] = 0

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.world = World(make_tree=self.tree)
        record = self.world.account(path=self.folder.name)
        record.settings["DefaultMailboxType"] = {"mdir": "MailDirMailbox"}.get(self.format, "TextMailbox")
        self.truth = Truth()
        self.serial = 0
        self.world.run(self.world.user().create("Other"))
        self.sender = self.world.connect("LMTP")
        self.sender.feed(b"LHLO here\r\n")
        self.deliver()
        self.imap = [ImapBeliever(self.world, self.truth, read_only=number == 4) for number in range(5)]
        self.pop = [PopBeliever(self.world, self.truth) for _ in range(2)]

    def tree(self, world: World, record: MemoryRecord) -> IMailboxTree:
        """In memory, or files."""
        return MemoryTree(world.runtime) if self.format == "memory" else DiskTree(world.runtime, record.path)

    def teardown(self) -> None:
        """In the end all agree."""
        for client in self.imap:
            if client.idling:
                client.done()
            client.look()
        self.world.run(self.world.manager.stop())
        self.folder.cleanup()

    def client(self, number: int) -> ImapBeliever:
        """One that does not idle any more, with something in its mailbox."""
        client = self.imap[number]
        if client.idling:
            client.done()
        if not client.uids:
            self.deliver()
            client.look()
        return client

    @invariant()
    def who_idles_knows(self) -> None:
        """A client in IDLE knows everything after every step; nobody else is told anything by itself."""
        type(self).steps += 1
        for client in self.imap:
            client.listen()

    # -- the world -----------------------------------------------------------------------------------------------

    @rule()
    def deliver(self) -> None:
        """LMTP."""
        self.serial += 1
        text = b"Subject: %d\r\n\r\ntext %d\r\n" % (self.serial, self.serial)
        script = b"MAIL FROM:<>\r\nRCPT TO:<john@example.org>\r\nDATA\r\n" + text + b".\r\n"
        assert self.sender.feed(script).rpartition(b"354")[2].splitlines()[1].startswith(b"250 ")
        self.truth.add(self.delivered())
        assert self.truth.ever[self.truth.uidnext - 1].endswith(text)

    def delivered(self) -> bytes:
        """The newest message, with what the delivery put in front of it."""
        user = self.world.user(service="POP")
        content = self.world.run(user.open("INBOX", read_only=True)).content(self.truth.uidnext)
        data: bytes = content.read_now(0, content.size) or result(content.read(0, content.size))
        content.release()
        self.world.run(user.close())
        return data

    @rule(number=imap, names=some_names)
    def append(self, number: int, names: frozenset[bytes]) -> None:
        """APPEND into the mailbox that is open."""
        self.serial += 1
        text = b"Subject: %d\r\n\r\nappended\r\n" % self.serial
        client = self.client(number)
        self.truth.add(text, names)
        words = b"APPEND INBOX (%b) {%d+}" % (b" ".join(sorted(names)), len(text))
        assert client.do(words, literal=text)[0].startswith(b"OK [APPENDUID ")

    @rule()
    def checkpoint(self) -> None:
        """A quarter of an hour passes; who is silent for longer than POP allows comes back."""
        for client in self.imap:
            client.wire.set_timeout(0)
        for other in self.pop:
            other.wire.set_timeout(0)
        self.sender.set_timeout(0)
        self.world.clock.advance(901)

    # -- IMAP ----------------------------------------------------------------------------------------------------

    @rule(number=imap)
    def look(self, number: int) -> None:
        """NOOP and FETCH 1:*."""
        self.client(number).look()

    @rule(number=imap)
    def idle(self, number: int) -> None:
        """IDLE, until the client has something to say."""
        self.client(number).idle()

    @rule(number=imap, where=place)
    def read(self, number: int, where: int) -> None:
        """FETCH BODY[]."""
        client = self.client(number)
        client.read(where % len(client.uids) + 1)

    @rule(
        number=imap,
        where=st.sets(place, min_size=1, max_size=3),
        action=st.sampled_from([b"+", b"-", b""]),
        names=some_names,
        silent=st.booleans(),
    )
    def store(self, number: int, where: set[int], action: bytes, names: frozenset[bytes], silent: bool) -> None:
        """STORE."""
        client = self.client(number)
        client.store(sorted({each % len(client.uids) + 1 for each in where}), action, names, silent=silent)

    @rule(number=imap)
    def expunge(self, number: int) -> None:
        """EXPUNGE."""
        self.client(number).expunge()

    @rule(number=imap, where=place)
    def copy(self, number: int, where: int) -> None:
        """COPY."""
        client = self.client(number)
        client.copy(where % len(client.uids) + 1)

    @rule(number=imap, where=place)
    def move(self, number: int, where: int) -> None:
        """MOVE."""
        client = self.client(number)
        client.move(where % len(client.uids) + 1)

    # -- POP -----------------------------------------------------------------------------------------------------

    @rule(number=pop, where=place)
    def retr(self, number: int, where: int) -> None:
        """RETR."""
        client = self.pop[number]
        if client.uids:
            client.read(where % len(client.uids) + 1)

    @rule(number=pop, where=place)
    def dele(self, number: int, where: int) -> None:
        """DELE."""
        client = self.pop[number]
        if client.uids:
            client.mark(where % len(client.uids) + 1)

    @rule(number=pop)
    def stat(self, number: int) -> None:
        """STAT."""
        self.pop[number].stat()

    @rule(number=pop, quits=st.booleans())
    def come_again(self, number: int, quits: bool) -> None:
        """QUIT or a broken link, and a new login."""
        if quits:
            self.pop[number].quit()
        else:
            self.pop[number].drop()


@pytest.mark.parametrize(("format", "examples"), [("memory", 28), ("mbox", 4), ("mdir", 4)])
def test_sessions_of_both_protocols_agree(format: str, examples: int) -> None:
    """Five IMAP and two POP clients in one mailbox never believe anything that is not so; 5,000 steps and more."""
    machine: Any = type(f"Sessions of {format}", (Sessions,), {"format": format, "steps": 0})
    for _ in range(5):  # how long an example becomes is hypothesis' choice
        run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=200))
        if machine.steps >= examples * 180:
            break
    assert machine.steps >= examples * 180
