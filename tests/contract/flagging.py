"""What a flag change promises: there at once, told once, and there again after the mailbox comes back."""

from __future__ import annotations

import pytest

from cgpymail.errors import LimitExceeded
from cgpymail.model import flags
from cgpymail.model.changes import FlagsChanged
from cgpymail.model.message import FlagUpdate
from tests.contract.appending import _equal
from tests.contract.box import Box
from tests.contract.messages import PLAIN
from tests.support.results import result


class FlagContract:
    """Flags, keywords and the recent mark."""

    def test_set_and_reset(self, box: Box) -> None:
        """Flags are absolute values: the last ones count, over every opening."""
        [uid] = box.append(PLAIN, flags=flags.SEEN)
        for mask in (flags.FLAGGED | flags.ANSWERED, 0, flags.SEEN | flags.DELETED, flags.DRAFT):
            box.set(uid, mask)
            box.both(lambda mask=mask: _equal(box.row(uid).flags, mask))

    def test_every_flag(self, box: Box) -> None:
        """Each flag of the manual's table can be set alone and is kept."""
        masks = [flag.bit for flag in flags.FLAGS if flag.name != "Recent"]
        uids = box.append(*[PLAIN] * len(masks))
        box.store.set_flags([FlagUpdate(uid, mask, 0) for uid, mask in zip(uids, masks, strict=True)])
        box.both(lambda: _equal([box.row(uid).flags for uid in uids], masks))

    def test_hidden_and_service_stay(self, box: Box) -> None:
        """Flags that no IMAP client can name are kept with the message."""
        [uid] = box.append(PLAIN, flags=flags.HIDDEN | flags.SERVICE)
        box.both(lambda: _equal(box.row(uid).flags, flags.HIDDEN | flags.SERVICE))

    def test_flag_change_leaves_the_rest(self, box: Box) -> None:
        """Bytes, date, UID and the neighbours' flags do not change with a flag."""
        uids = box.append(PLAIN, PLAIN, PLAIN, flags=flags.ANSWERED)
        before = [box.row(uid) for uid in uids]
        box.set(uids[1], flags.SEEN)

        def check() -> None:
            assert box.uids == uids
            assert [box.row(uid).flags for uid in uids] == [flags.ANSWERED, flags.SEEN, flags.ANSWERED]
            assert [box.row(uid).date for uid in uids] == [row.date for row in before]
            assert [box.body(uid) for uid in uids] == [PLAIN] * 3

        box.both(check)

    def test_one_change_for_many(self, box: Box) -> None:
        """One STORE is one change with one new MODSEQ, its UIDs ascending; vanished UIDs are ignored."""
        uids = box.append(PLAIN, PLAIN, PLAIN)
        box.expunge(uids[1])
        before = box.store.modseq
        del box.told[:]
        box.store.set_flags([FlagUpdate(uid, flags.SEEN, 0) for uid in reversed(uids)])
        [change] = box.told
        assert change == FlagsChanged((uids[0], uids[2]), box.store.modseq)
        assert change.modseq > before
        assert [box.row(uid).modseq for uid in (uids[0], uids[2])] == [change.modseq] * 2

    def test_nothing_to_change(self, box: Box) -> None:
        """A STORE whose messages are all gone changes and tells nothing."""
        [uid] = box.append(PLAIN)
        box.expunge(uid)
        del box.told[:]
        before = box.store.modseq
        box.set(uid, flags.SEEN)
        box.store.set_flags([])
        assert box.told == []
        assert box.store.modseq == before

    def test_keyword_survives(self, box: Box) -> None:
        """A client's keyword stays with its message, also when snapshot and journal are lost."""
        first, second = box.append(PLAIN, PLAIN)
        later, work = box.store.define_keyword("Later"), box.store.define_keyword("$work")
        box.set(first, 0, later | work)
        box.set(second, flags.SEEN, work)

        def check() -> None:
            assert box.keywords_of(first) == {"Later", "$work"}
            assert box.keywords_of(second) == {"$work"}

        box.both(check)
        box.set(first, 0, box.store.keywords.find("later"))
        box.both(lambda: _equal(box.keywords_of(first), {"Later"}))

    def test_keyword_names_ignore_case(self, box: Box) -> None:
        """``later`` is ``Later``: one bit, the first spelling."""
        assert box.store.define_keyword("Later") == box.store.define_keyword("lATER") != 0
        assert box.store.keywords.names(box.store.define_keyword("LATER")) == ["Later"]

    def test_keyword_shapes(self, box: Box) -> None:
        """Keywords of every permitted shape come back as they were written."""
        names = ['a"b', "x" * 64, "semi;colon", "back\\slash", "(paren)", "=", "a,b", "\u00e9" * 32, "NotJunk", "$Junk"]
        uids = [box.append(PLAIN, keywords=(name,))[0] for name in names]
        box.both(lambda: _equal([box.keywords_of(uid) for uid in uids], [{name} for name in names]))

    def test_keyword_cap(self, box: Box) -> None:
        """64 keywords a mailbox; all are kept, the next is refused and those in use work on."""
        [uid] = box.append(PLAIN)
        mask = 0
        for number in range(64):
            mask |= box.store.define_keyword(f"Keyword{number}")
        box.set(uid, 0, mask)
        assert mask == (1 << 64) - 1

        def check() -> None:
            assert len(box.keywords_of(uid)) == 64
            with pytest.raises(LimitExceeded):
                box.store.define_keyword("OneMore")
            assert box.store.define_keyword("keyword7")

        box.both(check)

    def test_keyword_too_long(self, box: Box) -> None:
        """A keyword of more than 64 octets is refused."""
        with pytest.raises(LimitExceeded):
            box.store.define_keyword("x" * 65)

    def test_recent_mark(self, box: Box) -> None:
        """The mark only rises, and survives closing and a kill of the process."""
        box.append(PLAIN, PLAIN, PLAIN)
        box.store.set_recent_mark(2)
        box.store.set_recent_mark(1)
        assert box.store.recent_mark == 2
        if box.way != "no-index":
            box.reopen()
            assert box.store.recent_mark == 2

    def test_flags_survive_checkpoints(self, box: Box) -> None:
        """Flags set before, between and after checkpoints are all there."""
        uids = box.append(PLAIN, PLAIN, PLAIN)
        masks = [flags.SEEN, flags.DELETED, flags.FLAGGED]
        for uid, mask in zip(uids, masks, strict=True):
            box.set(uid, mask)
            result(box.store.checkpoint())
        box.set(uids[0], flags.DRAFT)
        masks[0] = flags.DRAFT
        box.both(lambda: _equal([box.row(uid).flags for uid in uids], masks))

    def test_many_changes(self, box: Box) -> None:
        """Two thousand single changes (more than one block of a journal) are all kept."""
        uids = box.append(*[PLAIN] * 20)
        for number in range(2_000):
            box.set(uids[number % 20], flags.SEEN if number % 3 else flags.ANSWERED)
        expected = [box.row(uid).flags for uid in uids]
        assert len(box.told) == 2_001
        box.both(lambda: _equal([box.row(uid).flags for uid in uids], expected))
