"""What a client that comes back is told to have vanished (RFC 7162 3.2.5)."""

from __future__ import annotations

import pytest

from cgpymail.manager import resyncing
from cgpymail.manager.handle import Handle, Match, Since
from cgpymail.model import flags
from cgpymail.model.message import FlagUpdate
from cgpymail.model.uidset import NumberSet, UidSet
from tests.support.sharing import Shared, run


def shared(count: int = 10) -> Shared:
    """A mailbox with some messages."""
    made = Shared()
    made.fill(count)
    return made


def short_memory(made: Shared, monkeypatch: pytest.MonkeyPatch) -> None:
    """The store has forgotten when what was expunged."""
    monkeypatch.setattr(made.box.store, "expunged_since", lambda modseq: (UidSet(), False))


def hide(made: Shared, uid: int, mask: int = flags.SERVICE) -> None:
    """Or show, with mask 0."""
    made.box.set_flags([FlagUpdate(uid, mask, 0)])


async def no_breath() -> None:
    """Nobody waits."""


def vanished(handle: Handle, modseq: int, known: NumberSet | None = None, match: Match | None = None) -> UidSet:
    """What the session is told."""
    return run(handle.missed(Since(modseq, known, match), no_breath)).vanished


def expunge(made: Shared, *uids: int) -> Handle:
    """Somebody else removes messages; a session that comes afterwards."""
    run(made.handle().remove(uids))
    return made.handle()


def test_what_was_expunged_since() -> None:
    """Not what went before, nor what the client does not know."""
    made = shared()
    expunge(made, 1, 2)
    since = made.box.store.modseq
    handle = expunge(made, 4, 5, 9)
    assert vanished(handle, since) == UidSet.of([4, 5, 9])
    assert vanished(handle, since, NumberSet(((5, 99),))) == UidSet.of([5, 9])
    assert vanished(handle, made.box.store.modseq) == UidSet()


def test_a_message_that_has_a_number_has_not_vanished_yet() -> None:
    """It is told when numbers may change; then it is not told again."""
    made = shared()
    handle = made.handle()
    since = made.box.store.modseq
    expunge(made, 3)
    assert vanished(handle, since) == UidSet()
    handle.changes(expunge=True)
    assert vanished(handle, since) == UidSet.of([3])


def test_what_is_hidden_has_vanished() -> None:
    """Whenever it was hidden: its user may have lost the right to see it. Shown again, it is there."""
    made = shared()
    hide(made, 2)
    assert vanished(made.handle(), made.box.store.modseq) == UidSet.of([2])
    hide(made, 2, 0)
    assert vanished(made.handle(), 0) == UidSet()


def test_a_record_that_does_not_reach_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """All that is not there, of what the client knows, and of what there ever was."""
    made = shared()
    handle = expunge(made, 2, 3, 10)
    short_memory(made, monkeypatch)
    assert vanished(handle, 1) == UidSet.of([2, 3, 10])
    assert vanished(handle, 1, NumberSet(((3, 4_000_000_000),))) == UidSet.of([3, 10])


@pytest.mark.parametrize(
    ("seqs", "uids", "gone"),
    [
        (((1, 1), (4, 4)), ((1, 1), (4, 4)), [6, 8]),  # the first four are those that it had
        (((1, 5),), ((1, 5),), [6, 8]),
        (((1, 1), (6, 6)), ((1, 1), (7, 7)), [8]),
        (((1, 1), (6, 6)), ((1, 1), (6, 6)), [6, 8]),  # number 6 is another message now
        (((1, 9),), ((1, 1),), [6, 8]),
        (((1, 1), (7, 7)), ((2, 2), (9, 9)), [6, 8]),  # what does not fit ends it
    ],
)
def test_what_the_client_remembers_of_the_numbers_spares_it(
    seqs: tuple[tuple[int, int], ...],
    uids: tuple[tuple[int, int], ...],
    gone: list[int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Below a message that still has its number nothing went."""
    made = shared()
    handle = expunge(made, 6, 8)
    short_memory(made, monkeypatch)
    found = vanished(handle, made.box.store.modseq, None, Match(NumberSet(seqs), NumberSet(uids)))
    assert found == UidSet.of(gone)


def test_a_message_that_was_shown_again_does_not_make_up_for_one_that_went(monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers above look right, but one message below them is another."""
    made = shared()
    hide(made, 2)
    since = made.box.store.modseq
    hide(made, 2, 0)
    handle = expunge(made, 4)
    short_memory(made, monkeypatch)
    match = Match(NumberSet(((4, 4),)), NumberSet(((5, 5),)))
    assert vanished(handle, since, None, match) == UidSet.of([4])


def test_a_modseq_of_the_future_is_not_believed() -> None:
    """The files came back from a backup: then everything that went is told."""
    made = shared()
    handle = expunge(made, 4)
    assert vanished(handle, made.box.store.modseq + 1) == UidSet.of([4])


def test_highest_modseq_stays_below_what_is_not_told() -> None:
    """Flags, new messages, and a message that cannot be shown before the next SELECT."""
    made = shared()
    handle = made.handle()
    for change in (lambda: made.handle().store_flags([2], "add", ["\\Seen"]), lambda: made.fill(1)):
        before = made.box.store.modseq
        change()
        assert handle.highest_modseq == before < made.box.store.modseq
        handle.changes(expunge=False)
        assert handle.highest_modseq == made.box.store.modseq
    hide(made, 5)
    handle.changes(expunge=True)
    before = made.box.store.modseq
    hide(made, 5, 0)
    handle.changes(expunge=True)
    assert handle.held_back
    assert handle.highest_modseq == before


def test_the_own_changes_hold_nothing_back() -> None:
    """They are known without being told."""
    made = shared()
    handle = made.handle()
    handle.store_flags([2], "add", ["\\Seen"])
    assert handle.highest_modseq == made.box.store.modseq


def test_others_get_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A large mailbox is looked through in slices."""
    monkeypatch.setattr(resyncing, "STRIDE", 2)
    made = shared()
    handle = expunge(made, 2, 5)
    short_memory(made, monkeypatch)
    turns: list[None] = []

    async def breathe() -> None:
        turns.append(None)

    assert run(handle.missed(Since(1), breathe)).vanished == UidSet.of([2, 5])
    assert len(turns) == 4
