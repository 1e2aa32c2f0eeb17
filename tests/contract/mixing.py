"""Random work against a naive model: whatever the order of appends, flag changes, expunges and openings."""

from __future__ import annotations

import random

import pytest

from cgpymail.model import flags
from cgpymail.model.changes import Arrived, Expunged, FlagsChanged
from tests.contract.box import Box
from tests.contract.messages import SHAPES
from tests.support.results import result

SMALL = [data for data in SHAPES.values() if len(data) < 5_000]
MASKS = [flag.bit for flag in flags.FLAGS if flag.name != "Recent"]
NAMES = ["Later", "$work", "x-1"]


class Model:
    """What the mailbox has to hold: UID to (bytes, flags, keyword names)."""

    def __init__(self) -> None:
        self.messages: dict[int, tuple[bytes, int, frozenset[str]]] = {}
        self.highest = 0

    def check(self, box: Box) -> None:
        """Compare everything."""
        assert box.uids == sorted(self.messages)
        assert box.store.uidnext > self.highest
        for uid, (data, mask, names) in self.messages.items():
            assert (box.row(uid).flags, box.keywords_of(uid)) == (mask, names), uid
            assert box.body(uid) == data, uid


class MixContract:
    """Long mixed runs."""

    @pytest.mark.parametrize("seed", range(6))
    def test_random_work(self, box: Box, seed: int) -> None:
        """After any mix of commands, checkpoints, compactions and openings the mailbox holds what it should."""
        source = random.Random(seed)
        model = Model()
        for _ in range(60):
            self._step(box, model, source)
        model.check(box)
        box.reopen()
        model.check(box)

    def _step(self, box: Box, model: Model, source: random.Random) -> None:
        choice = source.randrange(20)
        if choice < 7:
            self._append(box, model, source)
        elif choice < 13 and model.messages:
            self._flag(box, model, source)
        elif choice < 16 and model.messages:
            gone = source.sample(sorted(model.messages), min(len(model.messages), source.randrange(1, 4)))
            assert box.expunge(*gone) == sorted(gone)
            for uid in gone:
                del model.messages[uid]
        elif choice == 16:
            result(box.store.checkpoint())
        elif choice == 17:
            result(box.store.compact())
        elif choice == 18:
            box.reopen(source.choice(("close", "kill", box.way)))
            model.check(box)

    @staticmethod
    def _append(box: Box, model: Model, source: random.Random) -> None:
        datas = source.choices(SMALL, k=source.randrange(1, 4))
        mask, names = source.choice(MASKS), source.sample(NAMES, source.randrange(3))
        uids = box.append(*datas, flags=mask, keywords=names)
        assert uids[0] > model.highest
        model.highest = uids[-1]
        for uid, data in zip(uids, datas, strict=True):
            model.messages[uid] = (data, mask, frozenset(names))

    @staticmethod
    def _flag(box: Box, model: Model, source: random.Random) -> None:
        uid = source.choice(sorted(model.messages))
        mask, names = source.choice(MASKS) | source.choice(MASKS), source.sample(NAMES, source.randrange(3))
        bits = 0
        for name in names:
            bits |= box.store.define_keyword(name)
        box.set(uid, mask, bits)
        model.messages[uid] = (model.messages[uid][0], mask, frozenset(names))

    def test_changes_in_order(self, box: Box) -> None:
        """What the listener is told, one after the other, gives the columns; MODSEQs rise from change to change."""
        first = box.store.append([box.message(SMALL[0]) for _ in range(4)])
        uids = result(first)
        waiting = [box.store.append([box.message(SMALL[1])]), box.store.expunge(uids[:1])]
        box.set(uids[1], flags.SEEN)
        waiting += [box.store.append([box.message(SMALL[2])]), box.store.expunge(uids[1:3])]
        box.set(uids[3], flags.SEEN)
        for one in waiting:
            result(one)
        present: list[int] = []
        for change in box.told:
            assert list(change.uids) == sorted(change.uids)
            if isinstance(change, Arrived):
                present += change.uids
            elif isinstance(change, Expunged):
                present = [uid for uid in present if uid not in change.uids]
            else:
                assert isinstance(change, FlagsChanged)
                assert set(change.uids) <= set(present)
        assert present == box.uids
        modseqs = [change.modseq for change in box.told]
        assert modseqs == sorted(set(modseqs))
