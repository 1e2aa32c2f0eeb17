"""What is kept of single users' reading: theirs alone, there at once, and there again after the mailbox comes back."""

from __future__ import annotations

from typing import Any

import pytest
from zope.interface.verify import verifyObject

from cgpymail.errors import StorageFailed
from cgpymail.interfaces import ISeenRecord, ISeenRecords
from cgpymail.model.flags import FLAGGED, SEEN
from cgpymail.model.seen import KnownReader
from tests.contract.box import Box
from tests.contract.messages import PLAIN
from tests.support.results import result

ANNA, BOSS = "a" * 32, "0123456789abcdef" * 2


def open_record(box: Box, reader: str = ANNA, name: str = "anna@example.org") -> Any:
    """A reader's record, ready for changes."""
    record = result(box.store.seen.open(reader, name))
    result(record.prepare())
    return record


def read(box: Box, record: Any) -> list[int]:
    """The UIDs that a reader has read."""
    return [uid for uid in box.uids if record.runs.find(uid)[0]]


class SeenContract:
    """The records of readers."""

    def test_seen_interfaces(self, box: Box) -> None:
        """Both objects have every method and attribute of their interfaces."""
        assert verifyObject(ISeenRecords, box.store.seen)
        assert verifyObject(ISeenRecord, open_record(box))

    def test_each_has_his_own(self, box: Box) -> None:
        """Everybody begins with what was read for all; what he reads is told to nobody, and is there again later."""
        uids = box.append(*[PLAIN] * 4)
        box.set(uids[0], SEEN)
        anna, boss = open_record(box), open_record(box, BOSS, "boss@example.org")
        told = len(box.told)
        anna.change([(uids[1], True), (uids[2], True)])
        boss.change([(uids[0], False)])
        assert (read(box, anna), read(box, boss)) == (uids[:3], [])
        assert [box.row(uid).flags for uid in uids] == [SEEN, 0, 0, 0]
        assert len(box.told) == told
        box.reopen()
        assert read(box, open_record(box)) == uids[:3]
        assert read(box, open_record(box, BOSS)) == []
        assert read(box, result(box.store.seen.open("f" * 32, "new"))) == uids[:1]

    def test_modseqs(self, box: Box) -> None:
        """Reading has a MODSEQ above all before it, and below all after it; it is remembered."""
        [first, second] = box.append(PLAIN, PLAIN)
        anna = open_record(box)
        before = box.row(second).modseq
        modseq = anna.change([(first, True)])
        assert before < modseq == anna.runs.highest
        assert box.store.modseq == before
        box.set(second, FLAGGED)
        assert box.row(second).modseq > modseq
        anna.change([(first, False)])
        modseq = anna.change([(first, True)])
        box.reopen()
        anna = open_record(box)
        assert (anna.runs.find(first), anna.runs.find(second)) == ((True, modseq), (False, 0))
        assert box.store.modseq == box.row(second).modseq
        box.set(second, 0)
        assert box.row(second).modseq > modseq

    def test_a_clock_that_was_set_back(self, box: Box) -> None:
        """What changes for everybody comes after what any user has read, even before his record is looked at again."""
        [uid] = box.append(PLAIN)
        modseq = open_record(box).change([(uid, True)])
        box.reopen()
        box.runtime.clock.rightNow -= 1_000
        open_record(box, BOSS)
        box.set(uid, FLAGGED)
        assert box.row(uid).modseq > modseq

    def test_many_ranges(self, box: Box) -> None:
        """Reading that jumps about is kept as exactly, across expunges too."""
        uids = box.append(*[PLAIN] * 24)
        anna = open_record(box)
        anna.change([(uid, True) for uid in uids[::2]])
        anna.change([(uid, uid % 3 == 0) for uid in uids])
        box.expunge(*uids[4:9])
        wanted = [uid for uid in box.uids if uid % 3 == 0]
        for _ in range(2):
            assert read(box, anna) == wanted
            box.reopen()
            anna = open_record(box)
        assert read(box, anna) == wanted

    def test_nothing_is_kept_unprepared(self, box: Box) -> None:
        """Who only looks leaves no trace, and cannot change anything."""
        [uid] = box.append(PLAIN)
        record = result(box.store.seen.open(ANNA, "anna@example.org"))
        with pytest.raises(StorageFailed):
            record.change([(uid, True)])
        assert result(box.store.seen.known()) == []

    def test_known_and_removed(self, box: Box) -> None:
        """It is known of whom something is kept, under the name he has now; it can be forgotten."""
        [uid] = box.append(PLAIN)
        open_record(box).change([(uid, True)])
        result(open_record(box, BOSS, "boss@example.org").close())
        box.reopen()
        result(open_record(box, ANNA, "renamed@example.org").close())
        known: list[KnownReader] = result(box.store.seen.known())
        assert sorted((each.reader, each.name) for each in known) == [
            (BOSS, "boss@example.org"),
            (ANNA, "renamed@example.org"),
        ]
        assert all(each.changed > 0 for each in known)
        result(box.store.seen.remove([ANNA]))
        assert [each.reader for each in result(box.store.seen.known())] == [BOSS]
        assert read(box, open_record(box)) == []

    def test_closed_store_keeps_nothing(self, box: Box) -> None:
        """After the mailbox is closed nobody is told that his reading is kept."""
        [uid] = box.append(PLAIN)
        record = open_record(box)
        result(box.store.close())
        with pytest.raises(StorageFailed):
            record.change([(uid, True)])
        result(record.close())
        box.open()


class SeenNameContract:
    """The records when the name of the mailbox changes."""

    def test_seen_follows_a_rename(self, box: Box) -> None:
        """Of an open mailbox and of a closed one."""
        [first, second] = box.append(PLAIN, PLAIN)
        record = open_record(box)
        record.change([(first, True)])
        result(box.tree.rename(box.name, "other", True))
        box.name = "other"
        record.change([(second, True)])
        box.both(lambda: None)
        assert read(box, open_record(box)) == [first, second]
        result(box.store.close())
        result(box.tree.rename("other", "third", True))
        box.name = "third"
        box.open()
        assert read(box, open_record(box)) == [first, second]

    def test_seen_goes_with_the_mailbox(self, box: Box) -> None:
        """A new mailbox of the name knows no readers; nor does one with another UIDVALIDITY."""
        [uid] = box.append(PLAIN)
        open_record(box).change([(uid, True)])
        result(box.tree.delete(box.name))
        result(box.tree.create(box.name, self.format, 78))  # type: ignore[attr-defined]
        box.hints = type(box.hints)(uidvalidity=78)
        box.open()
        [uid] = box.append(PLAIN)
        assert result(box.store.seen.known()) == []
        record = open_record(box)
        assert read(box, record) == []
        record.change([(uid, True)])
        result(box.store.close())
        box.hints = type(box.hints)(uidvalidity=99)
        box.open()
        assert read(box, open_record(box)) == []
