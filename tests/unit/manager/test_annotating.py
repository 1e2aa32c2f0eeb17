"""Annotations (RFC 5464): where they are kept, what they may cost, and who is in the way."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, fail

from cgpymail.errors import MailError, NoSuchMailbox, NotPermitted, StorageFailed, TooManyAnnotations
from cgpymail.manager.user import User
from cgpymail.model.annotations import Found, Wish
from cgpymail.model.watching import MAILBOX_METADATA, Filter, Interest
from cgpymail.runtime.limits import DEFAULTS
from tests.support.records import MemoryAnnotations
from tests.support.results import result
from tests.support.world import World

COMMENT, MINE = "/shared/comment", "/private/comment"


class Ground:
    """boss, who has a mailbox that john may read and administer."""

    def __init__(self, folder: Path, **limits: int) -> None:
        self.world = World(folder, replace(DEFAULTS, **limits))
        self.boss_record = self.world.account("boss")
        self.john_record = self.world.account("john")
        self.boss: User = self.world.user("boss")
        self.john: User = self.world.user("john")
        self.make("Box")

    def make(self, name: str) -> None:
        """Another one."""
        self.world.run(self.boss.create(name))
        self.boss_record.infos[name]["Access"] = {"john": "lra"}

    def note(self, user: User, name: str, **values: bytes | None) -> None:
        """``shared`` and ``private``: the comments."""
        entries = {COMMENT: values["shared"]} if "shared" in values else {}
        entries |= {MINE: values["private"]} if "private" in values else {}
        self.world.run(user.annotations.change(name, entries))

    def read(self, user: User, name: str, entry: str) -> bytes | None:
        """One value."""
        found: Found = self.world.run(user.annotations.read(name, Wish((entry,))))
        return dict(found.values)[entry]


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """The two of them."""
    return Ground(tmp_path)


def test_private_notes_are_in_the_file_of_who_makes_them(ground: Ground) -> None:
    """Neither the owner's files nor anybody's session have them; they end with the account of who made them."""
    ground.note(ground.john, "~boss/Box", shared=b"for all", private=b"secret")
    assert [set(kept) for kept in ground.boss_record.noted.kept.values()] == [{COMMENT}]
    assert [set(kept) for kept in ground.john_record.noted.kept.values()] == [{MINE}]
    assert ground.john_record.noted.owners() == {ground.boss_record.infos["Box"]["MailboxID"]: "boss@example.org"}


def test_octets_are_limited(tmp_path: Path) -> None:
    """All values and names of one account together; what gets smaller is taken always."""
    ground = Ground(tmp_path, metadata_size=100)
    ground.note(ground.boss, "Box", shared=b"x" * 80)
    with pytest.raises(TooManyAnnotations):
        ground.note(ground.boss, "INBOX", shared=b"", private=b"y" * 20)
    assert ground.read(ground.boss, "INBOX", COMMENT) is None
    ground.note(ground.boss, "Box", shared=b"x" * 70)
    ground.note(ground.john, "~boss/Box", private=b"z" * 80)


def test_mailboxes_that_are_gone_make_room(tmp_path: Path) -> None:
    """Notes about mailboxes of others that are not there any more count only as long as there is room for them."""
    ground = Ground(tmp_path, metadata_size=100)
    ground.make("Other")
    ground.note(ground.john, "~boss/Box", private=b"x" * 20)
    ground.note(ground.john, "~boss/Other", private=b"x" * 20)
    ground.world.run(ground.boss.delete("Box"))
    ground.note(ground.john, "INBOX", private=b"x" * 30)
    assert ground.read(ground.john, "~boss/Other", MINE) == b"x" * 20
    assert len(ground.john_record.noted.kept) == 2


def test_room_is_not_made_of_what_cannot_be_looked_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While an account cannot be opened nobody's notes about it are given up; notes of one that is gone are."""
    ground = Ground(tmp_path, metadata_size=100)
    ground.note(ground.john, "~boss/Box", private=b"x" * 60)

    async def broken(_: object) -> None:
        raise StorageFailed

    space = ground.john.annotations._space
    monkeypatch.setattr(space, "account_named", broken)
    with pytest.raises(TooManyAnnotations):
        ground.note(ground.john, "INBOX", private=b"x" * 60)

    async def gone(_: object) -> None:
        return None

    monkeypatch.setattr(space, "account_named", gone)
    ground.note(ground.john, "INBOX", private=b"x" * 60)
    assert len(ground.john_record.noted.kept) == 1


def test_annotations_that_cannot_be_read_keep_nothing_from_being_deleted(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A damaged file of annotations is answered as a failing disk, where they are asked for; mail goes on."""
    ground.note(ground.boss, "Box", shared=b"x")
    monkeypatch.setattr(ground.boss_record, "annotations", lambda: fail(StorageFailed()))
    with pytest.raises(StorageFailed):
        ground.read(ground.boss, "Box", COMMENT)
    ground.world.run(ground.boss.delete("Box"))
    assert "Box" not in ground.boss_record.infos


def test_a_mailbox_without_mailboxid_takes_nothing_along(ground: Ground) -> None:
    """When it is removed, what was noted about the account stays."""
    ground.note(ground.boss, "", private=b"mine")
    del ground.boss_record.infos["Box"]["MailboxID"]
    ground.world.run(ground.boss.delete("Box"))
    assert ground.read(ground.boss, "", MINE) == b"mine"


def test_two_at_the_same_time(ground: Ground) -> None:
    """Both are kept under one MAILBOXID; of a mailbox that went meanwhile nothing is."""
    ground.make("Gone")
    for name in ("Box", "Gone"):
        del ground.boss_record.infos[name]["MailboxID"]
    turn = ground.boss.annotations._space.own.turn
    turn.acquire()
    work = [("Box", {COMMENT: b"x"}), ("Box", {MINE: b"y"}), ("Gone", {COMMENT: b"z"})]
    done = [Deferred.fromCoroutine(ground.boss.annotations.change(name, values)) for name, values in work]
    del ground.boss.annotations._space.own._entries["Gone"]
    turn.release()
    ground.world.turns()
    result(done[0]), result(done[1])
    with pytest.raises(NoSuchMailbox):
        result(done[2])
    assert ground.boss_record.noted.kept == {
        ground.boss_record.infos["Box"]["MailboxID"]: {COMMENT: b"x", MINE: b"y"},
    }


@pytest.mark.parametrize(
    ("left", "entry", "heard", "done"),
    [
        ("lr", COMMENT, None, NotPermitted),
        ("p", COMMENT, NoSuchMailbox, NoSuchMailbox),
        ("p", MINE, NoSuchMailbox, NoSuchMailbox),
        ("", MINE, NoSuchMailbox, NoSuchMailbox),
    ],
)
def test_rights_that_go_while_the_disk_is_slow(
    ground: Ground,
    monkeypatch: pytest.MonkeyPatch,
    left: str,
    entry: str,
    heard: type[MailError] | None,
    done: type[MailError],
) -> None:
    """Count no more: nothing is said, nor kept, that is forbidden when the file has been read."""
    ground.note(ground.boss, "Box", shared=b"secret")
    kept = dict(ground.boss_record.noted.kept)
    slow: Deferred[None] = Deferred()
    for record in (ground.boss_record, ground.john_record):
        monkeypatch.setattr(record, "annotations", partial(_after, slow, record.noted))
    reading = Deferred.fromCoroutine(ground.john.annotations.read("~boss/Box", Wish((COMMENT,))))
    writing = Deferred.fromCoroutine(ground.john.annotations.change("~boss/Box", {entry: b"x"}))
    ground.boss_record.infos["Box"]["Access"] = {"john": left}
    slow.callback(None)
    for work, error in ((reading, heard), (writing, done)):
        with nullcontext() if error is None else pytest.raises(error):
            result(work)
    assert (ground.boss_record.noted.kept, ground.john_record.noted.kept) == (kept, {})


def test_two_files_that_cannot_be_written(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is answered when both writes have ended, and neither failure is left for the log to wonder about; who watches
    is told, as everybody sees the new values."""
    watch = ground.world.run(ground.boss.watch([Interest(Filter.PERSONAL, MAILBOX_METADATA)], lambda: None))
    writes: list[Deferred[None]] = [Deferred(), Deferred()]
    waiting = iter(writes)
    for record in (ground.boss_record, ground.john_record):
        monkeypatch.setattr(record.noted, "update", lambda *_: next(waiting))
    work = Deferred.fromCoroutine(ground.john.annotations.change("~boss/Box", {COMMENT: b"x", MINE: b"y"}))
    writes[1].errback(StorageFailed())
    assert not work.called
    writes[0].errback(StorageFailed())
    with pytest.raises(StorageFailed):
        result(work)
    assert [write.result for write in writes] == [None, None]
    ground.world.turns(1)
    noted = watch.take_annotated()
    assert noted is not None and noted.entries == (COMMENT,)


def _after(slow: Deferred[None], noted: MemoryAnnotations) -> Deferred[MemoryAnnotations]:
    """What was noted, when the disk has it."""
    later: Deferred[MemoryAnnotations] = Deferred()
    slow.addCallback(lambda _: later.callback(noted))
    return later


def test_a_mailbox_without_mailboxid_gets_one(ground: Ground) -> None:
    """One that another program has put there can be annotated like every other, at the first try."""
    del ground.boss_record.infos["Box"]["MailboxID"]
    assert ground.read(ground.boss, "Box", COMMENT) is None
    ground.note(ground.boss, "Box", shared=b"x")
    drawn = ground.boss_record.infos["Box"]["MailboxID"]
    ground.note(ground.boss, "Box", shared=b"y")
    assert ground.boss_record.infos["Box"]["MailboxID"] == drawn
    assert ground.read(ground.john, "~boss/Box", COMMENT) == b"y"
