"""NOTIFY: who may hear what, when it can be said, and that it costs nothing when nobody reads or listens."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import StorageFailed
from cgpymail.manager.namespace import NameSpace, Place
from cgpymail.manager.user import User
from cgpymail.runtime.limits import DEFAULTS
from tests.support.imapclient import ImapClient
from tests.support.records import MemoryRecord
from tests.support.world import World
from tests.transcripts.memoryworld import settle

MAIL = b"Subject: s\r\n\r\ntext\r\n"
MESSAGES = b"(MessageNew MessageExpunge)"
APPEND = b"APPEND %b {%d+}\r\n" % (b"%b", len(MAIL)) + MAIL


class Two:
    """john, who listens, and mary, who has mailboxes and works."""

    def __init__(self, folder: Path, **limits: int) -> None:
        self.world = World(folder, replace(DEFAULTS, **limits))
        self.world.account("john")
        self.record: MemoryRecord = self.world.account("mary")
        self.john = ImapClient(self.world)
        self.mary = ImapClient(self.world, login="mary")

    def told(self) -> list[bytes]:
        """What john heard by himself."""
        settle(self.world.clock)
        return self.john.told()

    def grant(self, name: str, letters: str) -> None:
        """Let john have these rights on a mailbox of mary."""
        self.record.infos.setdefault(name, {})["Access"] = {"john": letters}


@pytest.fixture
def two(tmp_path: Path) -> Two:
    """The two of them."""
    return Two(tmp_path)


def test_mailboxes_of_others(two: Two) -> None:
    """A mailbox that may be read is watched by its name, until it may not be read any more."""
    two.mary.do(b"CREATE Box")
    two.grant("Box", "lr")
    first = two.john.do(b"NOTIFY SET STATUS (mailboxes ~mary/Box %b)" % MESSAGES)
    assert [line.split(b" (")[0] for line in first] == [b"* STATUS ~mary/Box"]
    two.mary.do(APPEND % b"Box")
    assert [line[:30] for line in two.told()] == [b"* STATUS ~mary/Box (MESSAGES 1"]
    two.grant("Box", "l")
    two.mary.do(APPEND % b"Box")
    assert two.told() == []
    two.grant("Box", "lr")
    two.mary.do(APPEND % b"Box")
    assert [line[:30] for line in two.told()] == [b"* STATUS ~mary/Box (MESSAGES 3"]


def test_names_of_others_that_are_none_of_his_business(two: Two) -> None:
    """Neither that they come nor that they go is told, nor what happens there."""
    two.mary.do(b"CREATE Open")
    two.grant("Open", "lr")
    events = b"(MessageNew MessageExpunge MailboxName)"
    assert two.john.do(b"NOTIFY SET STATUS (subtree (~mary ~nobody) %b)" % events)
    for command in (b"CREATE Secret", APPEND % b"Secret", b"RENAME Secret Hidden", b"DELETE Hidden"):
        two.mary.do(command)
        assert two.told() == []
    two.mary.do(b"DELETE Open")
    assert two.told() == [b'* LIST (\\NonExistent) "/" ~mary/Open']


def test_what_can_be_listed_but_not_read(two: Two) -> None:
    """Is named at once as out of reach (RFC 5465 3.1)."""
    two.mary.do(b"CREATE Box")
    two.grant("Box", "l")
    answer = two.john.do(b"NOTIFY SET STATUS (mailboxes ~mary/Box %b)" % MESSAGES)
    assert answer == [b'* LIST (\\NoAccess) "/" ~mary/Box']


def test_a_client_that_does_not_read_is_told_that_it_missed_something(tmp_path: Path) -> None:
    """Its watch is over, and nothing is kept for it; what happens to one mailbox counts once."""
    two = Two(tmp_path, notify_events=3)
    work = ImapClient(two.world)
    for name in (b"A", b"B", b"C", b"D"):
        work.do(b"CREATE " + name)
    two.john.do(b"NOTIFY SET (personal %b)" % MESSAGES)
    two.john.wire.hold()
    two.john.wire.full = True
    for _ in range(20):
        work.do(APPEND % b"A")
        settle(two.world.clock)
    two.john.wire.release()
    assert [line[:27] for line in two.told()] == [b"* STATUS A (MESSAGES 20 UID"]
    two.john.wire.hold()
    two.john.wire.full = True
    for name in (b"A", b"B", b"C", b"D"):
        work.do(APPEND % name)
        settle(two.world.clock)
    two.john.wire.release()
    assert [line.split(b"]")[0] for line in two.told()] == [b"* OK [NOTIFICATIONOVERFLOW"]
    work.do(APPEND % b"A")
    assert two.told() == []


def test_nothing_is_left_of_who_went_away(two: Two) -> None:
    """No stream of events goes on when nobody listens."""
    two.mary.do(b"CREATE Box")
    two.grant("Box", "lr")
    two.john.do(b"NOTIFY SET (mailboxes ~mary/Box %b) (personal %b)" % (MESSAGES, MESSAGES))
    watching = two.world.manager._opened.watching
    assert len(watching._streams) == 2
    two.john.do(b"NOTIFY SET (personal %b)" % MESSAGES)
    assert len(watching._streams) == 1
    two.john.wire.drop()
    settle(two.world.clock)
    assert watching._streams == {}


def test_nothing_is_said_inside_a_response(two: Two) -> None:
    """A body that is being sent stays whole; the line comes after it."""
    work = ImapClient(two.world)
    work.do(b"CREATE Box")
    text = b"Subject: s\r\n\r\n" + b"x" * 500_000 + b"\r\n"
    work.do(b"APPEND INBOX {%d+}\r\n%b" % (len(text), text))
    two.john.do(b"NOTIFY SET (personal %b)" % MESSAGES)
    two.john.do(b"SELECT INBOX")
    two.john.wire.hold()
    sent = two.john.raw(b"f FETCH 1 (UID BODY.PEEK[])\r\n")
    work.do(APPEND % b"Box")
    for _ in range(50):
        settle(two.world.clock)
        sent += two.john.wire.read_some()
    two.john.wire.release()
    settle(two.world.clock)
    sent += two.john.wire.take()
    assert b"{%d}\r\n%b)\r\n" % (len(text), text) in sent
    assert sent.count(b"* STATUS Box (MESSAGES 1") == 1


def test_new_messages_are_told_whole_before_the_next_command(two: Two) -> None:
    """While FETCH of a new message waits for a slow reader, no command begins; when it is over, all goes on."""
    work = ImapClient(two.world)
    text = b"Subject: s\r\n\r\n" + b"x" * 500_000 + b"\r\n"
    two.john.do(b"SELECT INBOX")
    two.john.do(b"NOTIFY SET (selected (MessageNew (BODY.PEEK[]) MessageExpunge))")
    two.john.wire.hold()
    work.do(b"APPEND INBOX {%d+}\r\n%b" % (len(text), text))
    settle(two.world.clock)
    sent = two.john.raw(b"n NOOP\r\n")
    for _ in range(50):
        settle(two.world.clock)
        sent += two.john.wire.read_some()
    two.john.wire.release()
    settle(two.world.clock)
    sent += two.john.wire.take()
    assert sent.startswith(b"* 1 EXISTS\r\n")
    assert sent.endswith(b"* 1 FETCH (BODY[] {%d}\r\n%b)\r\nn OK NOOP completed\r\n" % (len(text), text))


def test_a_link_that_breaks_while_a_new_message_is_told(two: Two) -> None:
    """Everything is given back, and the neighbours go on."""
    work = ImapClient(two.world)
    text = b"Subject: s\r\n\r\n" + b"x" * 500_000 + b"\r\n"
    two.john.do(b"SELECT INBOX")
    two.john.do(b"NOTIFY SET (selected (MessageNew (BODY.PEEK[]) MessageExpunge))")
    two.john.wire.hold()
    work.do(b"APPEND INBOX {%d+}\r\n%b" % (len(text), text))
    settle(two.world.clock)
    two.john.wire.drop()
    settle(two.world.clock)
    lines: list[str] = two.world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    assert not [line for line in lines if "Traceback" in line]
    assert two.world.manager._opened.watching._streams == {}
    work.do(b"NOOP")


def test_numbers_are_not_taken_from_under_a_command(two: Two) -> None:
    """What goes while messages are fetched by number is told when that is over, without another command."""
    work = ImapClient(two.world)
    for _ in range(3):
        work.do(APPEND % b"INBOX")
    two.john.do(b"SELECT INBOX")
    work.do(b"SELECT INBOX")
    two.john.do(b"NOTIFY SET (selected %b)" % MESSAGES)
    work.do(b"STORE 1 +FLAGS (\\Deleted)")
    work.raw(b"x EXPUNGE\r\n")
    assert two.john.lines(b"f FETCH 2 (UID)") == [
        b"* 2 FETCH (UID 2)",
        b"f OK FETCH completed",
        b"* 1 EXPUNGE",
        b"* 2 RECENT",
    ]


def test_a_name_that_is_changed_twice_before_it_is_told(two: Two) -> None:
    """The client hears of the last name with the one that it knows."""
    work = ImapClient(two.world)
    work.do(b"CREATE A")
    two.john.do(b"NOTIFY SET (personal (MailboxName))")
    two.john.wire.hold()
    two.john.wire.full = True
    work.do(b"RENAME A B")
    work.do(b"RENAME B C")
    work.do(b"CREATE Gone")
    work.do(b"DELETE Gone")
    settle(two.world.clock)
    two.john.wire.release()
    assert two.told() == [
        b'* LIST (\\HasNoChildren) "/" C ("OLDNAME" (A))',
        b'* LIST (\\NonExistent) "/" Gone',
    ]


def test_a_client_that_reads_in_between_is_told_the_rest(two: Two) -> None:
    """What did not fit into the buffer follows as soon as it is read, without another event or command."""
    work = ImapClient(two.world)
    for name in (b"A", b"B"):
        work.do(b"CREATE " + name)
    two.john.do(b"NOTIFY SET (personal %b)" % MESSAGES)
    two.john.wire.hold()
    two.john.wire.write(b"x" * 65_500)
    for name in (b"A", b"B"):
        work.do(APPEND % name)
    settle(two.world.clock)
    assert two.john.wire.read_some().count(b"* STATUS") == 1
    assert [line.split(b" (")[0] for line in two.told()] == [b"* STATUS B"]


def test_numbers_of_anothers_mailbox_are_not_taken_for_ones_own(two: Two) -> None:
    """What is put into a mailbox of mary, with the UID and the UIDVALIDITY of a message to come, hides nothing."""
    work = ImapClient(two.world)
    two.grant("INBOX", "lrsip")
    two.john.do(b"SELECT INBOX")
    two.john.do(b"NOTIFY SET (selected (MessageNew (UID) MessageExpunge))")
    assert two.mary.do(b"STATUS INBOX (UIDVALIDITY)") == work.do(b"STATUS INBOX (UIDVALIDITY)")
    two.john.do(APPEND % b"~mary/INBOX")
    work.do(APPEND % b"INBOX")
    assert two.told() == [b"* 1 EXISTS", b"* 1 RECENT", b"* 1 FETCH (UID 1)"]


def test_what_happens_right_after_notify_is_told(two: Two) -> None:
    """Also if others have not been told yet of what happened to that mailbox right before."""
    work = ImapClient(two.world)
    two.mary.do(b"CREATE Box")
    two.grant("Box", "lr")
    work.do(b"NOTIFY SET (mailboxes ~mary/Box %b)" % MESSAGES)
    settle(two.world.clock)
    two.mary.do(APPEND % b"Box")
    two.john.do(b"NOTIFY SET (mailboxes ~mary/Box %b)" % MESSAGES)
    two.mary.do(APPEND % b"Box")
    assert [line[:30] for line in two.told()] == [b"* STATUS ~mary/Box (MESSAGES 2"]


def test_who_is_thrown_out_gets_his_message_whole(two: Two) -> None:
    """BYE comes behind a new message that is being told of, not inside it."""
    work = ImapClient(two.world)
    text = b"Subject: s\r\n\r\n" + b"x" * 500_000 + b"\r\n"
    two.john.do(b"SELECT INBOX")
    two.john.do(b"NOTIFY SET (selected (MessageNew (BODY.PEEK[]) MessageExpunge))")
    wire = two.john.wire
    wire.hold()
    work.do(b"APPEND INBOX {%d+}\r\n%b" % (len(text), text))
    settle(two.world.clock)
    assert wire.session is not None
    wire.session.kill("Go away")
    sent = wire.read_some()
    for _ in range(50):
        settle(two.world.clock)
        sent += wire.read_some()
    assert sent.endswith(b"%b)\r\n* BYE Go away\r\n" % text) and wire.closed


def test_a_failure_is_told_between_responses(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """If a name cannot be looked at, the client hears that notifications have ended, but not inside a body."""
    work = ImapClient(two.world)
    text = b"Subject: s\r\n\r\n" + b"x" * 500_000 + b"\r\n"
    work.do(b"APPEND INBOX {%d+}\r\n%b" % (len(text), text))
    two.john.do(b"SELECT INBOX")
    two.john.do(b"NOTIFY SET (personal (MailboxName))")
    looked: Deferred[None] = Deferred()

    async def described(*_: object) -> None:
        await looked
        raise StorageFailed("the disk is broken")

    monkeypatch.setattr(User, "described", described)
    work.do(b"CREATE Box")
    settle(two.world.clock)
    two.john.wire.hold()
    sent = two.john.raw(b"f FETCH 1 (UID BODY.PEEK[])\r\n")
    looked.callback(None)
    for _ in range(50):
        settle(two.world.clock)
        sent += two.john.wire.read_some()
    assert b"%b)\r\n" % text in sent
    assert sent.count(b"* OK [NOTIFICATIONOVERFLOW]") == 1


def test_who_leaves_while_his_subscription_is_read_leaves_nothing(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """No stream of events is joined for a session that is gone."""
    work = ImapClient(two.world)
    two.john.do(b"NOTIFY SET (subscribed %b)" % MESSAGES)
    looked: Deferred[None] = Deferred()
    find = NameSpace.resolve

    async def resolve(space: NameSpace, name: str) -> Place:
        await looked
        return await find(space, name)

    work.do(b"SUBSCRIBE INBOX")
    monkeypatch.setattr(NameSpace, "resolve", resolve)
    settle(two.world.clock)
    two.john.wire.drop()
    settle(two.world.clock)
    looked.callback(None)
    settle(two.world.clock)
    assert two.world.manager._opened.watching._streams == {}


def test_names_that_are_there_are_not_kept_again(two: Two) -> None:
    """A session that watches many mailboxes by name shares their names with the account."""
    work = ImapClient(two.world)
    found = [b"%03d" % number + b"x" * 190 for number in range(60)]
    for name in found:
        work.do(b"CREATE " + name)
    settle(two.world.clock)
    command = b"NOTIFY SET (mailboxes (%b) %b)" % (b" ".join(found), MESSAGES)
    work.do(command)  # what is kept once for all is there now
    gc.collect()
    tracemalloc.start()
    try:
        two.john.do(command)
        gc.collect()
        assert tracemalloc.get_traced_memory()[0] < 60 * 300
    finally:
        tracemalloc.stop()
