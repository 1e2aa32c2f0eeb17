"""The reference store against a naive model, whatever is asked of it and in whatever order."""

from __future__ import annotations

import hypothesis.strategies as st
from hypothesis import settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from twisted.internet.defer import succeed

from cgpymail.errors import LimitExceeded, MessageGone
from cgpymail.model import flags
from cgpymail.model.changes import Arrived, Expunged
from cgpymail.model.mailbox import MailboxHints
from cgpymail.model.message import FlagUpdate, NewMessage
from cgpymail.model.uidset import UidSet
from cgpymail.runtime.spool import MemoryContent
from cgpymail.stores.memorytree import MemoryTree
from tests.support.results import result
from tests.support.runtime import memory_runtime

BODIES = st.lists(st.sampled_from([b"", b"\r\n", b"a\r\n", b"From x\r\n", b"\0\r\r\n"]), max_size=3).map(b"".join)
MASKS = st.integers(0, flags.ALL_FLAGS).map(lambda mask: mask & ~flags.RECENT)
NAMES = st.sampled_from([f"k{number}" for number in range(70)] + ["K1", "$Work"])


class StoreMachine(RuleBasedStateMachine):
    """``model``: UID to (bytes, flags, keyword names in lower case); ``ghosts``: expunged and not forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.runtime = memory_runtime()
        self.tree = MemoryTree(self.runtime)
        result(self.tree.create("box", "mbox", 7))
        self.model: dict[int, tuple[bytes, int, frozenset[str]]] = {}
        self.ghosts: dict[int, bytes] = {}
        self.expunged: list[tuple[int, int]] = []
        self.present: list[int] = []
        self.highest = 0
        self.modseq = 0
        self._open()

    def _open(self) -> None:
        self.store = result(self.tree.open("box", MailboxHints(7), lambda: succeed(99)))
        self.store.listener = self

    def changed(self, change) -> None:
        """A listener that follows what it is told."""
        assert change.modseq > self.modseq
        self.modseq = change.modseq
        if isinstance(change, Arrived):
            self.present += change.uids
        elif isinstance(change, Expunged):
            assert list(change.rows.uid) == list(change.uids)
            self.present = [uid for uid in self.present if uid not in change.uids]

    @rule(body=BODIES, mask=MASKS, names=st.sets(NAMES, max_size=3))
    def append(self, body: bytes, mask: int, names: set[str]) -> None:
        """Either it is there with all its keywords, or nothing changed."""
        message = NewMessage(MemoryContent(body), 5, mask, tuple(sorted(names)))
        try:
            uids = result(self.store.append([message, message]))
        except LimitExceeded:
            known = {name.lower() for _, name in self.store.keywords}
            assert len(known | {name.lower() for name in names}) > 64
            return
        assert self.highest < uids[0] < uids[1]
        self.highest = uids[1]
        for uid in uids:
            self.model[uid] = (body, mask, frozenset(name.lower() for name in names))

    @precondition(lambda self: self.model)
    @rule(data=st.data(), mask=MASKS)
    def flag(self, data: st.DataObject, mask: int) -> None:
        """Flags of some, and of one that is gone."""
        uids = data.draw(st.lists(st.sampled_from(sorted(self.model)), unique=True, max_size=3))
        self.store.set_flags([FlagUpdate(uid, mask, 0) for uid in [*uids, self.highest + 1]])
        for uid in uids:
            self.model[uid] = (self.model[uid][0], mask, frozenset())

    @precondition(lambda self: self.model)
    @rule(data=st.data(), forget=st.booleans())
    def expunge(self, data: st.DataObject, forget: bool) -> None:
        """Some go; their bytes stay until they are forgotten."""
        uids = data.draw(st.lists(st.sampled_from(sorted(self.model)), unique=True, min_size=1, max_size=3))
        assert result(self.store.expunge([*uids, self.highest + 1])) == sorted(uids)
        for uid in uids:
            body = self.model.pop(uid)[0]
            self.expunged.append((self.store.modseq, uid))
            if not forget:
                self.ghosts[uid] = body
        if forget:
            self.store.forget(uids)

    @rule()
    def forget(self) -> None:
        """Everybody has been told."""
        self.store.forget(list(self.ghosts))
        self.ghosts.clear()

    @rule(seconds=st.integers(0, 3))
    def reopen(self, seconds: int) -> None:
        """Ghosts do not outlive the store, everything else does."""
        self.runtime.clock.advance(seconds)  # type: ignore[attr-defined]
        result(self.store.checkpoint())
        result(self.store.compact())
        result(self.store.close())
        self.ghosts.clear()
        self._open()

    @invariant()
    def agrees(self) -> None:
        """Columns, contents, the record of expunges and what the listener was told are one story."""
        store = self.store
        assert list(store.columns.uid) == sorted(self.model) == self.present
        assert store.uidnext > self.highest
        assert store.uidvalidity == 7
        for place, uid in enumerate(store.columns.uid):
            row = store.columns.row(place)
            body, mask, names = self.model[uid]
            found = frozenset(name.lower() for name in store.keywords.names(row.keywords))
            assert (row.flags, found, row.size) == (mask, names, len(body))
            assert row.modseq <= store.modseq
            assert b"".join(store.content(uid).chunks()) == body
        for uid, body in self.ghosts.items():
            assert b"".join(store.content(uid).chunks()) == body
        for modseq, uid in self.expunged[-3:]:
            gone, complete = store.expunged_since(modseq - 1)
            assert complete and uid in gone
            later = UidSet.of(other for when, other in self.expunged if when > modseq)
            assert store.expunged_since(modseq) == (later, True)
            if uid not in self.ghosts:
                try:
                    store.content(uid)
                except MessageGone:
                    continue
                raise AssertionError("the bytes of a forgotten message can still be had")


TestStoreMachine = StoreMachine.TestCase
TestStoreMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
