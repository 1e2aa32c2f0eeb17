"""Whatever a session is doing when the right to read is withdrawn: not one octet of the mailbox comes after that."""

from __future__ import annotations

from contextlib import contextmanager
from functools import partial
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from cgpymail.manager.acls import set_acl
from cgpymail.stores.memory import MemoryStoredContent
from tests.support.imapclient import ImapClient
from tests.support.world import World
from tests.transcripts.memoryworld import settle

SMALL = b"Subject: the secret\r\nContent-Type: text/plain\r\n\r\nsecret\r\n"
LARGE = b"Subject: the secret\r\n\r\n" + b"the secret\r\n" * 20_000
BYE = b"* BYE The mailbox is no longer available\r\n"
WORDS = """
FETCH 1:* (UID FLAGS)
FETCH 1:* BODY.PEEK[]
UID FETCH 3 BODY[TEXT]
FETCH 1:* (ENVELOPE BODYSTRUCTURE)
FETCH 2:4 (BODY[1] BINARY[1])
FETCH 1:3 (PREVIEW EMAILID)
SEARCH RETURN (ALL) TEXT secret
UID SORT (SUBJECT) UTF-8 ALL
THREAD REFS UTF-8 BODY secret
COPY 1:* Kept
UID MOVE 1 Kept
STORE 1:* +FLAGS (\\Flagged)
EXPUNGE
NOOP
IDLE
STATUS ~boss/Box (MESSAGES SIZE)
SELECT ~boss/Box
EXAMINE ~boss/Box
LIST "" ~boss/Box RETURN (STATUS (UNSEEN))
"""
COMMANDS = st.sampled_from(WORDS.encode().strip().splitlines())
CHUNK = 30_000


class Slow:
    """A store whose bytes come when the test lets them."""

    def __init__(self) -> None:
        self.waiting: list[partial[None]] = []

    def read(self, content: MemoryStoredContent, offset: int, length: int) -> Deferred[bytes]:
        """Later."""
        done: Deferred[bytes] = Deferred()
        self.waiting.append(partial(done.callback, content._data[offset : offset + min(length, CHUNK)]))
        return done

    def let(self, count: int) -> None:
        """The next reads come to their end."""
        while count and self.waiting:
            self.waiting.pop(0)()
            count -= 1

    @contextmanager
    def at_work(self):
        """Instead of the store's own ways."""
        kept = MemoryStoredContent.read_now, MemoryStoredContent.read
        MemoryStoredContent.read_now = lambda *_: None
        MemoryStoredContent.read = lambda *wanted: self.read(*wanted)
        try:
            yield
        finally:
            MemoryStoredContent.read_now, MemoryStoredContent.read = kept


@given(
    st.lists(COMMANDS, min_size=1, max_size=3),
    st.booleans(),
    st.lists(st.integers(0, 4), max_size=4),
    st.booleans(),
)
@settings(max_examples=80, deadline=None)
def test_nothing_comes_after_a_withdrawal(commands, holds, steps, own_way):
    """However far its commands are, whether it reads or not, and whether the element goes or a negative one comes."""
    slow = Slow()
    with TemporaryDirectory() as folder, slow.at_work():
        world = World(folder)
        record = world.account("boss")
        world.account("anna")
        ImapClient(world, login="boss").do(b"CREATE Box")
        world.append(SMALL, SMALL, LARGE, SMALL, name="boss", mailbox="Box")
        account = world.run(world.manager._accounts.find(record.name))
        world.run(set_acl(account, "Box", {"anna": "lrswipcda"}))
        anna = ImapClient(world, login="anna")
        anna.do(b"CREATE Kept")
        anna.do(b"SELECT ~boss/Box")
        if holds:
            anna.wire.hold()
        anna.raw(b"".join(b"%d %b\r\n" % numbered for numbered in enumerate(commands)))
        for count in steps:
            slow.let(count)
            settle(world.clock)
            anna.wire.read_some()
        anna.wire.take()
        world.run(set_acl(account, "Box", {"anyone": "lr", "-anna": "r"} if own_way else {"anna": "lswipcda"}))
        for _ in range(30):
            slow.let(-1)
            settle(world.clock)
        anna.wire.release()
        settle(world.clock)
        assert_silent(anna.wire.take())


def assert_silent(heard):
    """BYE, or, for a mailbox that was not open at that moment, answers that tell nothing of it."""
    if heard in (b"", BYE):
        return
    for line in heard.split(b"\r\n")[:-1]:
        assert b"NO [NO" in line or b"OK" in line or b"BAD" in line or line.startswith((b"* LIST", b"* BYE", b"+ ")), (
            heard
        )
    assert b"secret" not in heard and b"FETCH (" not in heard and b"EXISTS" not in heard and b"STATUS ~" not in heard
