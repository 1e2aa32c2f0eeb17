"""What EXPUNGE promises: gone for good, remembered for QRESYNC, and readable for those who have not been told yet."""

from __future__ import annotations

import pytest

from cgpymail.errors import MessageGone
from cgpymail.model import flags
from cgpymail.model.changes import Expunged
from cgpymail.model.message import FlagUpdate
from cgpymail.model.uidset import UidSet
from tests.contract.appending import _equal
from tests.contract.box import Box
from tests.contract.messages import PLAIN, SHAPES
from tests.support.results import result

BIG = SHAPES["noise"]


class ExpungeContract:
    """Expunging, the record of it, ghosts and compaction."""

    @pytest.mark.parametrize("place", [0, 1, 2, 3])
    def test_expunged_stays_away(self, box: Box, place: int) -> None:
        """An expunged message does not come back, wherever it lay; the others do not change."""
        uids = box.append(PLAIN, BIG, SHAPES["from-after-blank"], SHAPES["empty-body"])
        bodies = {uid: box.body(uid) for uid in uids}
        assert box.expunge(uids[place]) == [uids[place]]
        del bodies[uids[place]]

        def check() -> None:
            assert box.uids == list(bodies)
            assert {uid: box.body(uid) for uid in box.uids} == bodies
            with pytest.raises(MessageGone):
                box.store.content(uids[place])

        box.both(check)
        box.reopen()
        check()

    def test_expunge_all(self, box: Box) -> None:
        """An emptied mailbox is empty when it comes back, and takes mail again."""
        box.expunge(*box.append(PLAIN, BIG, PLAIN))
        box.both(lambda: _equal(box.uids, []))
        [uid] = box.append(BIG)
        box.both(lambda: _equal((box.uids, box.body(uid)), ([uid], BIG)))

    def test_told_once(self, box: Box) -> None:
        """One EXPUNGE is one change; it names those that were still there, and they are out of the columns."""
        uids = box.append(*[PLAIN] * 5)
        box.expunge(uids[2])
        del box.told[:], box.recorder.visible[:]
        gone = result(box.store.expunge([uids[4], uids[2], uids[0], 4_000_000]))
        assert gone == [uids[0], uids[4]]
        assert box.told == [Expunged((uids[0], uids[4]), box.store.modseq)]
        assert box.recorder.visible == [[uids[1], uids[3]]]

    def test_expunge_of_nothing(self, box: Box) -> None:
        """Expunging what is gone already changes and tells nothing."""
        [uid] = box.append(PLAIN)
        box.expunge(uid)
        del box.told[:]
        assert box.expunge(uid) == []
        assert box.told == []

    def test_two_expunges_at_once(self, box: Box) -> None:
        """Of two sessions that expunge the same messages each message goes once."""
        uids = box.append(PLAIN, PLAIN, PLAIN)
        one, two = box.store.expunge(uids[:2]), box.store.expunge(uids[1:])
        assert sorted(result(one) + result(two)) == uids
        assert [uid for change in box.told if isinstance(change, Expunged) for uid in change.uids] == uids

    def test_departed_is_readable_until_forgotten(self, box: Box) -> None:
        """A session that was not told yet can still read the message; afterwards its bytes are gone."""
        first, second = box.append(BIG, PLAIN)
        result(box.store.expunge([first]))
        assert box.body(first) == BIG
        result(box.store.checkpoint())
        result(box.store.compact())
        assert box.body(first) == BIG
        box.store.forget([first])
        with pytest.raises(MessageGone):
            box.store.content(first)
        assert box.body(second) == PLAIN

    def test_pinned_content_outlives_everything(self, box: Box) -> None:
        """Who holds a content reads it to the end, whatever is expunged, forgotten and compacted meanwhile."""
        first, second = box.append(BIG, PLAIN)
        content = box.store.content(first)
        box.expunge(first)
        result(box.store.checkpoint())
        result(box.store.compact())
        box.append(SHAPES["from-after-blank"])
        assert b"".join(content.chunks()) == BIG
        assert result(content.read(100_000, 50)) == BIG[100_000:100_050]
        content.release()
        content.release()
        box.both(lambda: _equal(box.body(second), PLAIN))

    def test_flags_of_departed_are_ignored(self, box: Box) -> None:
        """Changing the flags of an expunged message is silently ignored (RFC 2180)."""
        first, second = box.append(PLAIN, PLAIN)
        result(box.store.expunge([first]))
        box.store.set_flags([FlagUpdate(first, flags.SEEN, 0), FlagUpdate(second, flags.SEEN, 0)])
        box.both(lambda: _equal((box.uids, box.row(second).flags), ([second], flags.SEEN)))

    def test_expunged_since(self, box: Box) -> None:
        """The record says what went after a MODSEQ, and whether it reaches back so far."""
        uids = box.append(*[PLAIN] * 4)
        start = box.store.modseq
        box.expunge(uids[1])
        middle = box.store.modseq
        box.expunge(uids[3])

        def check() -> None:
            gone, complete = box.store.expunged_since(middle)
            assert not complete or gone == UidSet.of([uids[3]])
            gone, complete = box.store.expunged_since(start)
            assert not complete or gone == UidSet.of([uids[1], uids[3]])
            assert box.store.expunged_since(box.store.modseq) == (UidSet(), True)

        check()
        assert box.store.expunged_since(start)[1]
        box.reopen()
        check()
        if box.way != "no-index":
            assert box.store.expunged_since(start)[1], "the record must outlive the process"

    def test_old_state_is_answered_in_full(self, box: Box) -> None:
        """A record that does not reach back to a client's MODSEQ says so, rather than leave an expunge out."""
        uids = box.append(PLAIN, PLAIN)
        before = box.store.modseq
        box.expunge(uids[0])
        box.reopen()
        gone, complete = box.store.expunged_since(before)
        assert uids[0] in gone or not complete

    @pytest.mark.parametrize("kept", [(), (0,), (1, 3), (4,), (0, 1, 2, 3, 4)])
    def test_compaction(self, box: Box, kept: tuple[int, ...]) -> None:
        """Compaction changes nothing that a session can see."""
        datas = [PLAIN, BIG, SHAPES["looks-like-our-own"], SHAPES["nul"], SHAPES["8-bit"]]
        mark = box.store.define_keyword("Marked")
        uids = box.append(*datas)
        for number, uid in enumerate(uids):
            box.set(uid, flags.SEEN if number % 2 else 0, mark)
        box.expunge(*[uid for number, uid in enumerate(uids) if number not in kept])
        result(box.store.compact())

        def check() -> None:
            assert box.uids == [uids[number] for number in kept]
            for number in kept:
                assert box.body(uids[number]) == datas[number]
                assert box.row(uids[number]).flags == (flags.SEEN if number % 2 else 0)
                assert box.keywords_of(uids[number]) == {"Marked"}

        box.both(check)
        [more] = box.append(PLAIN)
        assert more > uids[-1]
        result(box.store.compact())
        box.reopen()
        assert box.uids == [*[uids[number] for number in kept], more]

    def test_work_goes_on_around_compaction(self, box: Box) -> None:
        """Appends, flag changes and expunges begun together with a compaction all succeed."""
        uids = box.append(PLAIN, BIG, PLAIN, BIG)
        box.expunge(uids[0])
        compaction = box.store.compact()
        append = box.store.append([box.message(SHAPES["from-first-in-body"])])
        box.set(uids[1], flags.FLAGGED)
        expunge = box.store.expunge([uids[2]])
        checkpoint = box.store.checkpoint()
        result(compaction)
        [added] = result(append)
        result(expunge)
        result(checkpoint)

        def check() -> None:
            assert box.uids == [uids[1], uids[3], added]
            assert [box.row(uid).flags for uid in box.uids] == [flags.FLAGGED, 0, 0]
            assert [box.body(uid) for uid in box.uids] == [BIG, BIG, SHAPES["from-first-in-body"]]

        box.both(check)
