"""Views against a naive model in which every view keeps its whole list of UIDs, and every client its own copy.

The model is what architecture.md section 5 and spec 2.8 and 14.3 say, in the simplest words: a message is in a view's
list from when it was told until its leaving is told; what becomes visible below the highest UID told stays out.
"""

from __future__ import annotations

from bisect import bisect_left

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from cgpymail.manager import picture
from cgpymail.manager.departed import Departed
from cgpymail.manager.picture import SUMMARY_FROM, Picture
from cgpymail.manager.view import Told, View
from cgpymail.model import flags
from cgpymail.model.changes import Arrived, Change, Expunged, FlagsChanged
from cgpymail.model.columns import Columns, Row
from cgpymail.model.uidset import NumberSet

CLASSES = (0, flags.SERVICE, flags.SERVICE | flags.HIDDEN)
MASKS = st.sampled_from((0, flags.SEEN, flags.DELETED, flags.HIDDEN, flags.SERVICE, flags.SEEN | flags.HIDDEN))


class NaiveClient:
    """One session: what it has been told, applied to lists of its own."""

    def __init__(self, view: View, hides: int, shown: dict[int, int]) -> None:
        self.view = view
        self.hides = hides
        self.flags = dict(shown)  # by UID, as far as the client knows
        self.uids = sorted(shown)  # by sequence number
        self.top = max(shown, default=0)
        self.since = 0  # how many expunges there had been when it was last told of all

    def apply(self, told: Told, now: dict[int, int]) -> None:
        """Do what a client does with the answers; new messages are fetched, as clients do."""
        gone = []
        for number in told.expunged:
            gone.append(self.uids.pop(number - 1))
        assert sorted(gone) == list(told.expunged_uids)
        if told.exists is not None:
            assert told.exists > len(self.uids)
            new = list(self.view.select(NumberSet(((len(self.uids) + 1, 0),)), by_uid=False).uids)
            assert len(self.uids) + len(new) == told.exists
            self.uids += new
            self.flags.update({uid: now[uid] for uid in new})
            self.top = new[-1]
        for number, uid in zip(told.flags.seqs, told.flags.uids, strict=True):
            assert self.uids[number - 1] == uid
            self.flags[uid] = now[uid]


class Views(RuleBasedStateMachine):
    """Random arrivals, flag changes, hidings, expunges and polls; a log so short that it overflows all the time."""

    log_limit = 3
    summary_from = 1_000

    def __init__(self) -> None:
        super().__init__()
        picture.SUMMARY_FROM = self.summary_from
        self.columns = Columns()
        self.departed = Departed(self.forgotten)
        self.pictures: dict[int, Picture] = {}
        self.clients: list[NaiveClient] = []
        self.rows: dict[int, Row] = {}  # of expunged messages
        self.kept: dict[int, int] = {}  # expunged and not forgotten, each with the number of its expunge
        self.expunges = 0
        self.next_uid = 1
        self.modseq = 10

    def teardown(self) -> None:
        """As before."""
        picture.SUMMARY_FROM = SUMMARY_FROM

    def forgotten(self, uids: object) -> None:
        """What the departed say may go; checked below, when the client that was just told has taken it in."""
        assert isinstance(uids, (list, tuple))
        for uid in uids:
            del self.kept[uid]

    def now(self) -> dict[int, int]:
        """Flags by UID."""
        return dict(zip(self.columns.uid, self.columns.flags, strict=True))

    def shown(self, hides: int) -> dict[int, int]:
        """The same, of one class."""
        return {uid: mask for uid, mask in self.now().items() if not mask & hides}

    def publish(self, change: Change, author: object = None) -> None:
        """As the mailbox does it."""
        for each in self.pictures.values():
            each.apply(change, author)

    def draw(self) -> int:
        """A new MODSEQ."""
        self.modseq += 1
        return self.modseq

    @rule(masks=st.lists(MASKS, min_size=1, max_size=4), gap=st.integers(0, 2))
    def arrive(self, masks: list[int], gap: int) -> None:
        """New messages, some of them out of sight from the start."""
        modseq = self.draw()
        first = self.next_uid + gap
        uids = tuple(range(first, first + len(masks)))
        for uid, mask in zip(uids, masks, strict=True):
            self.columns.insert(Row(uid, mask, 0, modseq, 0, 1))
        self.next_uid = uids[-1] + 1
        self.publish(Arrived(uids, modseq))

    @precondition(lambda self: len(self.columns))
    @rule(data=st.data(), mask=MASKS)
    def change_flags(self, data: st.DataObject, mask: int) -> None:
        """By one of the sessions, which then knows, or by somebody else."""
        uids = data.draw(st.sets(st.sampled_from(list(self.columns.uid)), min_size=1))
        author = data.draw(st.sampled_from([None, *self.clients])) if not mask & flags.HIDDEN else None
        modseq = self.draw()
        for uid in uids:
            self.columns.flags[self.columns.find(uid)] = mask
            self.columns.modseq[self.columns.find(uid)] = modseq
        self.publish(FlagsChanged(tuple(sorted(uids)), modseq), author.view if author else None)
        if author:
            author.flags.update({uid: mask for uid in uids if uid in author.uids})

    @precondition(lambda self: len(self.columns))
    @rule(data=st.data())
    def expunge(self, data: st.DataObject) -> None:
        """Messages go for good."""
        uids = tuple(sorted(data.draw(st.sets(st.sampled_from(list(self.columns.uid)), min_size=1, max_size=6))))
        rows = self.columns.remove([self.columns.find(uid) for uid in uids])
        self.rows.update({uid: rows.row(rows.find(uid)) for uid in uids})
        change = Expunged(uids, self.draw(), rows)
        self.publish(change)
        self.kept.update(dict.fromkeys(uids, self.expunges))
        self.expunges += 1
        self.departed.add(uids, rows)

    def picture(self, hides: int) -> Picture:
        """Of a class."""
        if hides not in self.pictures:
            self.pictures[hides] = Picture(self.columns, hides, self.log_limit)
        return self.pictures[hides]

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), hides=st.sampled_from(CLASSES))
    def see_as(self, data: st.DataObject, hides: int) -> None:
        """The user of a session is given, or loses, the right to see what is hidden from others."""
        client = data.draw(st.sampled_from(self.clients))
        if client.hides != hides:
            if client.view.change_picture(self.picture(hides), self.modseq):
                del self.pictures[client.hides]
            client.hides = hides

    @precondition(lambda self: len(self.clients) < 6)
    @rule(hides=st.sampled_from(CLASSES))
    def open(self, hides: int) -> None:
        """Another session begins, with what its class sees."""
        view = View(self.picture(hides), self.columns, self.departed)
        self.clients.append(NaiveClient(view, hides, self.shown(hides)))
        self.clients[-1].since = self.expunges

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def close(self, data: st.DataObject) -> None:
        """A session ends."""
        client = data.draw(st.sampled_from(self.clients))
        self.clients.remove(client)
        if client.view.close():
            del self.pictures[client.hides]

    @precondition(lambda self: self.clients)
    @rule(data=st.data(), expunge=st.booleans())
    def poll(self, data: st.DataObject, expunge: bool) -> None:
        """One session is told; afterwards its list is that of a new session, but for what is late for it."""
        client = data.draw(st.sampled_from(self.clients))
        client.apply(client.view.tell(expunge=expunge), self.now())
        shown = self.shown(client.hides)
        if expunge:
            client.since = self.expunges
            assert set(client.uids) <= set(shown)
        assert all(uid <= client.top for uid in shown)
        assert {uid: client.flags[uid] for uid in client.uids if uid in shown} == {
            uid: shown[uid] for uid in client.uids if uid in shown
        }

    @precondition(lambda self: any(client.uids for client in self.clients))
    @rule(data=st.data())
    def select(self, data: st.DataObject) -> None:
        """Numbers and UIDs of any set a client can write."""
        client = data.draw(st.sampled_from([client for client in self.clients if client.uids]))
        number = st.integers(0, len(client.uids))
        numbers = NumberSet(tuple(data.draw(st.lists(st.tuples(number, number), min_size=1, max_size=3))))
        seqs = sorted(numbers.resolve(len(client.uids)))
        chosen = client.view.select(numbers, by_uid=False)
        assert list(chosen.seqs) == seqs
        assert list(chosen.uids) == [client.uids[seq - 1] for seq in seqs]
        uid = st.integers(0, self.next_uid + 1)
        by_uid = NumberSet(tuple(data.draw(st.lists(st.tuples(uid, uid), min_size=1, max_size=3))))
        chosen = client.view.select(by_uid, by_uid=True)
        assert list(chosen.uids) == by_uid.select(client.uids)
        assert [client.uids[seq - 1] for seq in chosen.seqs] == list(chosen.uids)

    @precondition(lambda self: self.clients)
    @rule(data=st.data())
    def numbering_is_that_of_the_client(self, data: st.DataObject) -> None:
        """Between polls nothing moves, whatever others do. (A rule, so that some views stay behind for long.)"""
        client = data.draw(st.sampled_from(self.clients))
        view = client.view
        assert list(view.all().uids) == client.uids
        assert view.exists == len(client.uids)
        for uid in range(1, self.next_uid):
            place = bisect_left(client.uids, uid)
            there = place < len(client.uids) and client.uids[place] == uid
            assert view.seq(uid) == (place + 1 if there else 0)
        shown = self.shown(client.hides)
        assert list(view.ghosts) == [uid for uid in client.uids if uid not in shown]
        late = [uid for uid in shown if uid <= client.top and uid not in client.uids]
        assert bool(view.oldest_move_modseq) == bool(view.ghosts or late)

    @invariant()
    def messages_in_a_list_can_be_read(self) -> None:
        """Expunged messages are kept, with their last row, until every session of that time was told or is closed."""
        for client in self.clients:
            for uid in set(client.uids) - set(self.columns.uid):
                assert uid in self.kept
                assert self.departed.find(uid) == self.rows[uid]
        assert set(self.departed.rows.uid) == set(self.kept)
        oldest = min((client.since for client in self.clients), default=self.expunges)
        assert all(number >= oldest for number in self.kept.values())


class ViewsWithLongLog(Views):
    """The same with a log that does not overflow, and with summaries of what moved instead of single moves."""

    log_limit = 4096
    summary_from = 2


TestViews = Views.TestCase
TestViewsWithLongLog = ViewsWithLongLog.TestCase
TestViews.settings = TestViewsWithLongLog.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
