"""What APPEND, COPY and delivery promise: the bytes come back as they were, under ascending UIDs, once durable."""

from __future__ import annotations

import random

import pytest

from cgpymail.errors import LimitExceeded, MailError, StorageFailed
from cgpymail.model import flags
from cgpymail.model.changes import Arrived
from cgpymail.model.message import NewMessage
from tests.contract.box import DATE, Box
from tests.contract.messages import INTAKE, PLAIN, SHAPES
from tests.support.results import result


class BrokenContent:
    """A content whose bytes cannot be read to the end."""

    size = 100_000

    def chunks(self):
        yield b"Subject: x\r\n\r\n"
        raise OSError("the spool is broken")

    def release(self):
        pass


class AppendContract:
    """Appending."""

    @pytest.mark.parametrize("shape", SHAPES)
    def test_body_is_byte_identical(self, box: Box, shape: str) -> None:
        """What a client appends comes back byte for byte, whatever lines it contains."""
        [uid] = box.append(SHAPES[shape])

        def check() -> None:
            assert box.body(uid) == SHAPES[shape]
            assert box.row(uid).size == len(SHAPES[shape]) == box.store.content(uid).size

        box.both(check)

    @pytest.mark.parametrize("shape", INTAKE)
    def test_line_ends_are_made_canonical(self, box: Box, shape: str) -> None:
        """Bare LF becomes CRLF and a missing final line end is added, in every format alike."""
        sent, stored = INTAKE[shape]
        [uid] = box.append(sent)
        box.both(lambda: _equal(box.body(uid), stored))

    def test_all_shapes_live_together(self, box: Box) -> None:
        """No message changes its neighbours, in one batch or in many."""
        uids = box.append(*SHAPES.values())
        uids += [uid for data in SHAPES.values() for uid in box.append(data)]

        def check() -> None:
            for uid, data in zip(uids, [*SHAPES.values(), *SHAPES.values()], strict=True):
                assert box.body(uid) == data

        box.both(check)

    def test_spooled_message(self, box: Box) -> None:
        """A message over 1 MB, which waits in a file and not in memory, is stored like any other."""
        source = random.Random(1)
        data = b"Subject: big\r\n\r\n" + b"".join(
            source.randbytes(60).replace(b"\n", b" ") + b"\r\n" + (b"\r\nFrom me\r\n" if line % 999 == 0 else b"")
            for line in range(30_000)
        )
        message = box.message(data)
        assert type(message.content).__name__ == "SpooledContent"
        [uid] = result(box.store.append([message]))
        message.content.release()
        box.both(lambda: _equal(box.body(uid), data))

    def test_empty_message(self, box: Box) -> None:
        """A message of no bytes at all is kept, and does not spoil the one after it."""
        first, second = box.append(b"", PLAIN)
        box.both(lambda: _equal((box.body(first), box.body(second), box.row(first).size), (b"", PLAIN, 0)))

    def test_nothing(self, box: Box) -> None:
        """Appending no messages gives no UIDs and tells nothing."""
        assert box.append() == []
        assert box.told == []

    def test_uids_ascend(self, box: Box) -> None:
        """Every message gets a UID above all before it, over every opening of the mailbox."""
        uids: list[int] = []
        for count in (1, 3, 2):
            uids += box.append(*[PLAIN] * count)
            assert box.store.uidnext > uids[-1]
            box.reopen()
        assert uids == sorted(set(uids))
        assert box.uids == uids

    def test_dates(self, box: Box) -> None:
        """The internal date is kept to the second."""
        dates = [0, 1, 951_782_399, DATE, 2**31, 4_102_444_800]
        uids = [box.append(PLAIN, date=date)[0] for date in dates]
        box.both(lambda: _equal([box.row(uid).date for uid in uids], dates))

    def test_save_dates(self, box: Box) -> None:
        """When a message came is kept, whatever its internal date; it is not known any more when the index is lost, and
        never made up (RFC 8514)."""
        [first] = box.append(PLAIN, date=0)
        box.runtime.clock.advance(100)
        [second] = box.append(PLAIN, date=2**31)
        box.set(first, flags.SEEN)
        saved = [box.runtime.now() - 100, box.runtime.now()]
        _equal([box.row(uid).saved for uid in (first, second)], saved)
        box.reopen()
        expected = [saved] if box.way != "no-index" else [saved, [0, 0]]
        assert [box.row(uid).saved for uid in (first, second)] in expected

    def test_flags_of_new_messages(self, box: Box) -> None:
        """Every built-in flag, Hidden and Service included, can be set on arrival and stays."""
        masks = [flag.bit for flag in flags.FLAGS if flag.name != "Recent"] + [0, flags.ALL_FLAGS & ~flags.RECENT]
        uids = [box.append(PLAIN, flags=mask)[0] for mask in masks]
        box.both(lambda: _equal([box.row(uid).flags for uid in uids], masks))

    def test_recent_and_marks_are_not_stored(self, box: Box) -> None:
        """``\\Recent`` is a high-water mark, and storage marks never come from above."""
        [uid] = box.append(PLAIN, flags=flags.SEEN | flags.RECENT)
        box.both(lambda: _equal(box.row(uid).flags, flags.SEEN))

    def test_keywords_of_new_messages(self, box: Box) -> None:
        """Client keywords given with APPEND are there, in the first spelling."""
        [first] = box.append(PLAIN, keywords=("$Work", "Later"))
        [second] = box.append(PLAIN, keywords=("later", "\u00fcber"))

        def check() -> None:
            assert box.keywords_of(first) == {"$Work", "Later"}
            assert box.keywords_of(second) == {"Later", "\u00fcber"}

        box.both(check)

    def test_too_many_keywords_store_nothing(self, box: Box) -> None:
        """An APPEND that would define a 65th keyword is refused whole."""
        box.append(PLAIN, keywords=[f"k{number}" for number in range(63)])
        with pytest.raises(LimitExceeded):
            result(box.store.append([box.message(PLAIN), box.message(PLAIN, keywords=("a", "b"))]))
        box.both(lambda: _equal(len(box.uids), 1))

    def test_told_once_when_readable(self, box: Box) -> None:
        """The listener hears of a batch once, with the messages in the columns and their bytes readable."""
        uids = box.append(PLAIN, PLAIN)
        [change] = box.told
        assert change == Arrived(tuple(uids), box.store.modseq)
        assert box.recorder.visible == [uids]
        assert {box.row(uid).modseq for uid in uids} == {change.modseq}

    def test_broken_content_stores_nothing(self, box: Box) -> None:
        """When a body cannot be read to its end, nothing of the batch appears, then or later; the mailbox works on."""
        [first] = box.append(PLAIN)
        with pytest.raises(StorageFailed):
            result(box.store.append([box.message(PLAIN), NewMessage(BrokenContent(), DATE)]))  # type: ignore[arg-type]
        box.both(lambda: _equal(box.uids, [first]))
        [second] = box.append(SHAPES["8-bit"])
        assert second > first
        box.both(lambda: _equal((box.body(first), box.body(second)), (PLAIN, SHAPES["8-bit"])))

    def test_appends_under_way_together(self, box: Box) -> None:
        """Several appends begun before the first has ended all succeed, told in UID order."""
        waiting = [box.store.append([box.message(PLAIN + b"%d\r\n" % number)]) for number in range(7)]
        uids = [result(one)[0] for one in waiting]
        assert uids == sorted(uids) == box.arrivals()
        box.both(lambda: _equal([box.body(uid) for uid in uids], [PLAIN + b"%d\r\n" % n for n in range(7)]))

    def test_closed_store_refuses(self, box: Box) -> None:
        """After close nothing is taken any more, with an error that a client can be told."""
        result(box.store.close())
        with pytest.raises(MailError):
            result(box.store.append([box.message(PLAIN)]))
        box.open()
        assert box.uids == []


def _equal(found: object, expected: object) -> None:
    assert found == expected
