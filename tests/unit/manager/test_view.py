"""One session's numbering: what other sessions do shows only when it may be told."""

from __future__ import annotations

import pytest

from cgpymail.manager.departed import Departed
from cgpymail.manager.picture import Picture
from cgpymail.manager.view import View
from cgpymail.model import flags
from cgpymail.model.changes import Arrived, Expunged, FlagsChanged
from cgpymail.model.columns import Columns, Row
from cgpymail.model.uidset import NumberSet


class World:
    """Columns, one class, and the store's part in changing them."""

    def __init__(self, count: int, *, hides: int = flags.HIDDEN, log: int = 100) -> None:
        self.columns = Columns()
        self.forgotten: list[int] = []
        self.departed = Departed(self.forgotten.extend)
        self.picture = Picture(self.columns, hides, log)
        self.modseq = 100
        self.arrive(*range(1, count + 1))

    def arrive(self, *uids: int, mask: int = 0) -> None:
        """Messages become visible."""
        self.modseq += 1
        for uid in uids:
            self.columns.insert(Row(uid, mask, 0, self.modseq, 0, 1))
        self.picture.apply(Arrived(uids, self.modseq), None)

    def expunge(self, *uids: int) -> None:
        """Messages go."""
        self.modseq += 1
        rows = self.columns.remove([self.columns.find(uid) for uid in uids])
        self.picture.apply(Expunged(uids, self.modseq, rows), None)
        self.departed.add(uids, rows)

    def flag(self, *uids: int, mask: int = flags.FLAGGED, author: View | None = None) -> None:
        """Flags are set."""
        self.modseq += 1
        for uid in uids:
            self.columns.flags[self.columns.find(uid)] = mask
            self.columns.modseq[self.columns.find(uid)] = self.modseq
        self.picture.apply(FlagsChanged(uids, self.modseq), author)

    def view(self) -> View:
        """A new session."""
        return View(self.picture, self.columns, self.departed)

    def see(self, view: View, hides: int) -> None:
        """The only session belongs to another class from now on."""
        self.picture = Picture(self.columns, hides, 100)
        assert view.change_picture(self.picture, self.modseq)


def uids(view: View) -> list[int]:
    """The session's list."""
    return list(view.all().uids)


def test_an_arrival_has_no_number_before_it_is_told() -> None:
    """EXISTS comes first (RFC 3501 5.2)."""
    world = World(2)
    view = world.view()
    world.arrive(3)
    assert view.exists == 2
    assert view.seq(3) == 0
    assert view.tell(expunge=False).exists == 3
    assert view.seq(3) == 3


def test_an_expunged_message_keeps_its_number_until_told() -> None:
    """FETCH by number must not hit another message (spec 14.3.1d)."""
    world = World(4)
    view = world.view()
    world.expunge(2)
    assert view.tell(expunge=False).expunged == ()
    assert uids(view) == [1, 2, 3, 4]
    assert view.seq(3) == 3
    told = view.tell(expunge=True)
    assert told.expunged == [2]
    assert list(told.expunged_uids) == [2]
    assert uids(view) == [1, 3, 4]
    assert view.seq(3) == 2


def test_numbers_of_several_expunges_count_what_was_sent_before() -> None:
    """The example of RFC 3501 6.4.3: 3, 4, 7 and 11 go as 3, 3, 5, 8."""
    world = World(11)
    view = world.view()
    world.expunge(3, 4, 7, 11)
    assert view.tell(expunge=True).expunged == [3, 3, 5, 8]


def test_expunge_and_arrival_at_once() -> None:
    """The new number of messages counts after the expunges."""
    world = World(3)
    view = world.view()
    world.expunge(1, 3)
    world.arrive(4, 5, 6)
    told = view.tell(expunge=True)
    assert told.expunged == [1, 2]
    assert told.exists == 4
    assert uids(view) == [2, 4, 5, 6]


def test_arrivals_are_told_while_expunges_wait() -> None:
    """In a FETCH the number only grows."""
    world = World(3)
    view = world.view()
    world.expunge(1)
    world.arrive(4)
    told = view.tell(expunge=False)
    assert (told.expunged, told.exists) == ((), 4)
    assert uids(view) == [1, 2, 3, 4]


def test_a_message_that_came_and_went_is_never_mentioned() -> None:
    """A session that did not ask meanwhile has nothing to hear of it."""
    world = World(1)
    view = world.view()
    world.arrive(2)
    world.expunge(2)
    told = view.tell(expunge=True)
    assert (told.expunged, told.exists, told.flags.uids) == ((), None, ())


def test_a_hidden_message_leaves_like_an_expunged_one() -> None:
    """Spec 2.8: it does not count in the numbering of those who do not see it."""
    world = World(3)
    view = world.view()
    world.flag(2, mask=flags.HIDDEN)
    assert view.tell(expunge=True).expunged == [2]
    assert uids(view) == [1, 3]


def test_a_message_unhidden_below_the_highest_uid_stays_out() -> None:
    """IMAP can only append, so it waits for the next SELECT (architecture 5)."""
    world = World(3)
    world.flag(2, mask=flags.HIDDEN)
    view = world.view()
    world.flag(2, mask=0)
    told = view.tell(expunge=True)
    assert (told.exists, told.flags.uids) == (None, ())
    assert uids(view) == [1, 3]
    assert view.seq(3) == 2
    world.arrive(4)
    assert view.tell(expunge=True).exists == 3
    assert uids(view) == [1, 3, 4]
    assert uids(world.view()) == [1, 2, 3, 4]


def test_a_late_message_that_goes_is_not_told() -> None:
    """The client never knew it."""
    world = World(3)
    world.flag(2, mask=flags.HIDDEN)
    view = world.view()
    world.flag(2, mask=0)
    world.expunge(2)
    assert view.tell(expunge=True).expunged == ()
    assert uids(view) == [1, 3]


def test_a_right_that_shows_what_is_hidden_and_goes_again() -> None:
    """Hidden messages leave and come back with it, as if they were hidden and shown (spec 2.8); nothing is missed."""
    world = World(5)
    view = world.view()
    for uid in (2, 4):
        world.flag(uid, mask=flags.HIDDEN)
    assert list(view.all().uids) == [1, 2, 3, 4, 5]
    world.see(view, 0)
    assert list(view.ghosts) == []
    told = view.tell(expunge=True)
    assert (list(told.expunged), list(told.flags.uids)) == ([], [2, 4])
    world.see(view, flags.HIDDEN)
    assert list(view.ghosts) == [2, 4]
    assert list(view.tell(expunge=True).expunged) == [2, 3]
    world.arrive(6, mask=flags.HIDDEN)
    world.see(view, 0)
    assert view.tell(expunge=True).exists == 4
    assert list(view.all().uids) == [1, 3, 5, 6]


def test_an_unhidden_message_above_the_highest_uid_arrives() -> None:
    """Nothing stands in the way of appending it."""
    world = World(2)
    world.arrive(3, mask=flags.HIDDEN)
    view = world.view()
    assert view.exists == 2
    world.flag(3, mask=0)
    assert view.tell(expunge=False).exists == 3


def test_a_message_hidden_and_back_before_it_was_told_never_left() -> None:
    """Its number stays, and what changed meanwhile is told."""
    world = World(3)
    view = world.view()
    world.flag(2, mask=flags.HIDDEN | flags.FLAGGED)
    world.flag(2, mask=flags.FLAGGED)
    told = view.tell(expunge=True)
    assert told.expunged == ()
    assert list(told.flags.uids) == [2]
    assert uids(view) == [1, 2, 3]


def test_flags_of_others_are_told_once_by_number() -> None:
    """One FETCH response each, however often it changed."""
    world = World(3)
    view = world.view()
    world.flag(1, 3)
    world.flag(3, mask=flags.SEEN)
    told = view.tell(expunge=False)
    assert (list(told.flags.seqs), list(told.flags.uids)) == ([1, 3], [1, 3])
    assert view.tell(expunge=False).flags.uids == ()


def test_own_flag_changes_are_not_told() -> None:
    """The STORE itself was answered."""
    world = World(3)
    one, other = world.view(), world.view()
    world.flag(1, author=one)
    assert one.tell(expunge=True).flags.uids == ()
    assert list(other.tell(expunge=True).flags.uids) == [1]


def test_flags_of_a_ghost_are_not_told() -> None:
    """It has left; the client will hear of that."""
    world = World(3)
    view = world.view()
    world.flag(2)
    world.expunge(2)
    assert view.tell(expunge=False).flags.uids == ()


def test_flags_are_told_by_the_numbering_after_the_expunges() -> None:
    """The order in which a session sends them."""
    world = World(3)
    view = world.view()
    world.flag(3)
    world.expunge(1)
    told = view.tell(expunge=True)
    assert told.expunged == [1]
    assert list(told.flags.seqs) == [2]


def test_flags_of_new_messages_are_not_told() -> None:
    """The client fetches them when it hears of the messages."""
    world = World(1)
    view = world.view()
    world.arrive(2)
    world.flag(2)
    assert view.tell(expunge=True).flags.uids == ()


def test_ghosts_go_when_the_last_view_has_told_them() -> None:
    """Until then their bytes stay in the store."""
    world = World(3)
    one, other = world.view(), world.view()
    world.expunge(2)
    one.tell(expunge=True)
    assert world.forgotten == []
    assert world.departed.find(2) is not None
    other.tell(expunge=False)
    assert world.forgotten == []
    other.tell(expunge=True)
    assert world.forgotten == [2]
    assert world.departed.find(2) is None


def test_ghosts_go_when_the_last_view_closes() -> None:
    """A POP session that never asks holds them to its end."""
    world = World(3)
    view = world.view()
    world.expunge(1)
    world.expunge(3)
    view.close()
    assert world.forgotten == [1, 3]


def test_without_views_nothing_is_kept() -> None:
    """An expunge that nobody watches."""
    world = World(3)
    world.expunge(1)
    assert world.forgotten == [1]


def test_a_new_view_does_not_hold_older_ghosts() -> None:
    """It never knew them."""
    world = World(3)
    old = world.view()
    world.expunge(2)
    world.view()
    old.tell(expunge=True)
    assert world.forgotten == [2]


def test_pending_changes_do_not_grow_with_their_number() -> None:
    """A session that never polls: 10,000 flag changes of 50 messages, then one answer of 50 lines."""
    world = World(50, log=64)
    view = world.view()
    for number in range(10_000):
        world.flag(number % 50 + 1, mask=number % 2)
    assert len(world.picture.marks.since(world.picture.marks.start)) <= 64
    told = view.tell(expunge=True)
    assert list(told.flags.uids) == list(range(1, 51))


def test_a_view_that_fell_behind_tells_only_what_changed() -> None:
    """By MODSEQ, since the single changes are no longer known."""
    world = World(50, log=8)
    world.flag(7)
    view = world.view()
    for _ in range(100):
        world.flag(3)
    world.flag(5)
    assert list(view.tell(expunge=True).flags.uids) == [3, 5]
    assert view.tell(expunge=True).flags.uids == ()


def test_expunges_past_the_log_are_not_lost() -> None:
    """Moves are taken in before the log drops them."""
    world = World(200, log=8)
    view = world.view()
    for uid in range(1, 151):
        world.expunge(uid)
    world.arrive(201)
    told = view.tell(expunge=True)
    assert told.expunged == [1] * 150
    assert told.exists == 51
    assert uids(view) == list(range(151, 202))


def test_one_huge_change_overflows_the_log_too() -> None:
    """The log is bounded by messages named, not only by entries."""
    world = World(1_000, log=8)
    view = world.view()
    world.flag(*range(1, 1_001))
    assert world.picture.marks.start == world.picture.marks.end
    assert list(view.tell(expunge=True).flags.uids) == list(range(1, 1_001))


def test_the_oldest_ghost_gives_the_modseq_limit() -> None:
    """HIGHESTMODSEQ stays below it while it is not told."""
    world = World(3)
    view = world.view()
    world.expunge(2)
    oldest = world.modseq
    world.expunge(1)
    assert view.oldest_move_modseq == oldest
    view.tell(expunge=True)
    assert view.oldest_move_modseq == 0


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (((1, 0),), [1, 2, 3, 5]),
        (((0, 0),), [5]),
        (((2, 3), (1, 1)), [1, 2, 3]),
        (((4, 2),), [2, 3, 5]),
        (((3, 3), (3, 4)), [3, 5]),
    ],
)
def test_sets_of_sequence_numbers(parts: tuple[tuple[int, int], ...], expected: list[int]) -> None:
    """With a ghost among them: UID 2 is expunged and not told, 4 was expunged before."""
    world = World(5)
    world.expunge(4)
    view = world.view()
    world.expunge(2)
    chosen = view.select(NumberSet(parts), by_uid=False)
    assert list(chosen.uids) == expected
    assert [view.seq(uid) for uid in expected] == list(chosen.seqs)


def test_a_number_above_exists_is_refused() -> None:
    """RFC 3501 section 9: BAD."""
    world = World(3)
    view = world.view()
    world.arrive(4)
    with pytest.raises(ValueError, match="3 messages"):
        view.select(NumberSet(((4, 4),)), by_uid=False)


def test_a_star_in_an_empty_mailbox_names_nothing() -> None:
    """Clients send FETCH 1:* without looking; a plain number is still refused."""
    view = World(0).view()
    assert view.select(NumberSet(((1, 0),)), by_uid=False).uids == ()
    assert view.select(NumberSet(((1, 0),)), by_uid=True).uids == ()
    with pytest.raises(ValueError, match="no messages"):
        view.select(NumberSet(((1, 1),)), by_uid=False)


def test_unknown_uids_are_dropped_and_star_is_the_last_uid() -> None:
    """RFC 3501 6.4.8: UID FETCH 559:* names the last message even if its UID is lower."""
    view = World(3).view()
    assert list(view.select(NumberSet(((2, 2), (9, 9))), by_uid=True).uids) == [2]
    assert list(view.select(NumberSet(((559, 0),)), by_uid=True).uids) == [3]


def test_uids_not_told_yet_cannot_be_selected() -> None:
    """An arrival has no number to answer with."""
    world = World(2)
    view = world.view()
    world.arrive(3)
    assert list(view.select(NumberSet(((1, 9),)), by_uid=True).uids) == [1, 2]
    assert list(view.select(NumberSet(((1, 0),)), by_uid=True).uids) == [1, 2]


def test_expunges_are_numbered_without_late_messages() -> None:
    """They are not in the client's list."""
    world = World(4)
    world.flag(1, mask=flags.HIDDEN)
    view = world.view()
    world.flag(1, mask=0)
    world.expunge(3)
    assert view.tell(expunge=True).expunged == [2]
    assert uids(view) == [2, 4]


def test_many_moves_out_of_order_are_taken_in_at_once() -> None:
    """Messages expunged from the end to the beginning, in batches."""
    world = World(60)
    view = world.view()
    for low in range(51, 0, -10):
        world.expunge(low, low + 1)
        view.follow()
    assert list(view.ghosts) == [uid for low in range(1, 60, 10) for uid in (low, low + 1)]
    assert uids(view) == list(range(1, 61))
