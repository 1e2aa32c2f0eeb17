"""Lasting names of mailboxes and messages (RFC 8474)."""

from __future__ import annotations

import hashlib

import pytest
from twisted.internet.defer import fail

from cgpymail.errors import StorageFailed
from cgpymail.manager.objectids import read_email_id
from cgpymail.model.search import EmailId
from tests.support.records import MemoryRecord
from tests.support.world import World

MAIL = b"Subject: x\r\n\r\n" + b"0123456789abcde\r\n" * 20_000


@pytest.fixture
def world() -> World:
    """A server with one account."""
    made = World()
    made.account("john")
    return made


async def no_pause(octets: int) -> None:
    """Nobody else waits."""


def test_equal_octets_have_one_email_id(world: World) -> None:
    """The beginning of the SHA-256, in every mailbox; one octet more and it is another."""
    world.append(MAIL, MAIL, MAIL + b"\r\n")
    handle = world.run(world.user().open("INBOX"))
    found = [world.run(read_email_id(handle, uid, no_pause)) for uid in (1, 2, 3)]
    assert found[0] == found[1] == "M" + hashlib.sha256(MAIL).hexdigest()[:40]
    assert found[2] != found[0]
    assert world.run(handle.searches.search(EmailId(found[0]))) == [1, 2]


def test_it_is_computed_once(world: World) -> None:
    """Then it is known, also to other sessions."""
    world.append(MAIL)
    first, second = [world.run(world.user().open("INBOX")) for _ in range(2)]
    work: list[int] = []

    async def pause(octets: int) -> None:
        work.append(octets)

    value = world.run(read_email_id(first, 1, pause))
    assert sum(work) == len(MAIL)
    assert world.run(read_email_id(second, 1, pause)) == value
    assert sum(work) == len(MAIL)


def test_a_mailbox_without_one_gets_one_that_stays(world: World) -> None:
    """Mailboxes made by other programs: the first who opens it draws it, and it is noted."""
    user = world.user()
    world.run(user.create("Work"))
    (record,) = world.directory.records.values()
    del record.infos["Work"]["MailboxID"]
    first = world.run(user.open("Work")).mailbox_id
    assert first == record.infos["Work"]["MailboxID"]
    assert world.run(user.status("Work")).mailbox_id == first
    world.run(user.rename("Work", "Play"))
    assert world.run(user.open("Play")).mailbox_id == first


def test_no_two_mailboxes_have_the_same(world: World) -> None:
    """Not even one made in the place of another."""
    user = world.user()
    seen = {world.run(user.create("a")).mailbox_id}
    world.run(user.delete("a"))
    seen.add(world.run(user.create("a")).mailbox_id)
    seen.add(world.run(user.create("b.mdir")).mailbox_id)
    seen.add(world.run(user.open("INBOX")).mailbox_id)
    assert len(seen) == 4
    assert world.run(user.create("c/")).mailbox_id == ""


def test_a_disk_that_takes_nothing_does_not_keep_anybody_out(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mailbox is opened, and its lasting name is not told."""
    user = world.user()
    (record,) = world.directory.records.values()
    del record.infos["INBOX"]["MailboxID"]
    monkeypatch.setattr(MemoryRecord, "update_mailboxes", lambda *_: fail(StorageFailed()))
    assert world.run(user.open("INBOX")).mailbox_id == ""
