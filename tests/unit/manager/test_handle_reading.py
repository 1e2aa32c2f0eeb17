"""What a session reads of its mailbox, and what it must not read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import MailboxGone, MessageGone, NotPermitted
from cgpymail.manager.access import Standing
from cgpymail.model import flags, rights
from cgpymail.model.message import NewMessage
from cgpymail.model.uidset import NumberSet
from cgpymail.runtime.limits import DEFAULTS
from cgpymail.runtime.spool import MemoryContent
from tests.support.sharing import Shared, listed, message, run

FOREIGN = Standing(rights.parse("lrswid"), flags.SERVICE | flags.HIDDEN)


def test_bytes_of_an_expunged_message_can_be_read_until_it_is_told() -> None:
    """Spec 14.3.1d."""
    shared = Shared()
    shared.fill(2)
    reader, other = shared.handle(), shared.handle()
    run(other.remove([1]))
    content = reader.content(1)
    assert content.read_now(0, 100) == b"Subject: s\r\n\r\n1\r\n"
    assert reader.row(1).uid == 1
    reader.changes(expunge=True)
    with pytest.raises(MessageGone):
        reader.content(1)


def test_a_pop_session_reads_everything_it_listed() -> None:
    """It is never told of anything, so its numbering is frozen (spec 7.5.6)."""
    shared = Shared(change_log=4)
    shared.fill(20)
    pop, imap = shared.handle(claims_recent=False), shared.handle()
    for uid in range(1, 21):
        run(imap.remove([uid]))
        imap.changes(expunge=True)
        shared.fill(1)
    shared.turn()
    assert listed(pop) == list(range(1, 21))
    assert [pop.content(uid).size for uid in listed(pop)] == [pop.row(uid).size for uid in listed(pop)]
    run(pop.close())
    with pytest.raises(MessageGone):
        shared.box.store.content(1)


def test_a_message_not_told_yet_cannot_be_read() -> None:
    """It has no number here."""
    shared = Shared()
    handle = shared.handle()
    shared.fill(1)
    with pytest.raises(MessageGone):
        handle.content(1)


def test_a_message_hidden_now_is_refused_before_its_leaving_is_told() -> None:
    """Spec 2.8: an exception to 14.3.1d, for bytes and for what was made of them."""
    shared = Shared()
    shared.fill(1)
    foreign = shared.handle(FOREIGN)
    foreign.cache(1, "envelope", b"(secret)")
    assert foreign.cached(1, "envelope") == b"(secret)"
    shared.set_flags(1, flags.HIDDEN)
    with pytest.raises(NotPermitted):
        foreign.content(1)
    with pytest.raises(NotPermitted):
        run(foreign.headers(1))
    with pytest.raises(NotPermitted):
        run(foreign.structure(1))
    assert foreign.cached(1, "envelope") is None
    assert listed(foreign) == [1]
    assert shared.handle().cached(1, "envelope") == b"(secret)"


def test_hidden_messages_are_refused_when_right_a_is_withdrawn() -> None:
    """They keep their numbers until the user may be told that they went, but nothing of them can be read."""
    shared = Shared()
    shared.fill(2)
    shared.set_flags(1, flags.HIDDEN)
    current = [Standing(rights.parse("lra"), flags.SERVICE)]
    handle = shared.handle(lambda: current[0])
    handle.cache(1, "envelope", b"(secret)")
    handle.cache(2, "envelope", b"(open)")
    current[0] = Standing(rights.parse("lr"), flags.SERVICE | flags.HIDDEN)
    assert listed(handle) == [1, 2]
    assert handle.cached(1, "envelope") is None
    assert handle.cached(2, "envelope") == b"(open)"
    with pytest.raises(NotPermitted):
        handle.content(1)


def test_a_message_hidden_and_then_expunged_stays_refused() -> None:
    """The last row still says so."""
    shared = Shared()
    shared.fill(1)
    foreign, owner = shared.handle(FOREIGN), shared.handle()
    shared.set_flags(1, flags.HIDDEN)
    run(owner.remove([1]))
    with pytest.raises(NotPermitted):
        foreign.content(1)


def test_the_owner_sees_hidden_messages_and_no_service_messages() -> None:
    """Spec 2.8."""
    shared = Shared()
    shared.fill(3)
    shared.set_flags(1, flags.HIDDEN)
    shared.set_flags(2, flags.SERVICE)
    assert listed(shared.handle()) == [1, 3]
    assert listed(shared.handle(FOREIGN)) == [3]
    assert listed(shared.handle(Standing(rights.ALL, 0))) == [1, 2, 3]


def test_without_the_right_to_read_nothing_works_any_more() -> None:
    """The mailbox is gone for this session alone (spec 14.3.1e)."""
    shared = Shared()
    shared.fill(1)
    current = [FOREIGN]
    told: list[int] = []
    foreign, owner = shared.handle(lambda: current[0], notify=lambda: told.append(1)), shared.handle()
    current[0] = replace(FOREIGN, rights=rights.LOOKUP)
    shared.box.rights_changed()
    shared.turn()
    assert told
    assert foreign.gone
    assert foreign.changes(expunge=True).gone
    for attempt in (lambda: foreign.content(1), lambda: foreign.select(NumberSet(((1, 1),)), by_uid=True)):
        with pytest.raises(MailboxGone):
            attempt()
    assert not owner.gone


def test_a_deleted_mailbox_is_gone_for_all() -> None:
    """Everybody hears of it at once."""
    shared = Shared()
    shared.fill(1)
    told: list[int] = []
    handle = shared.handle(notify=lambda: told.append(1))
    shared.box.end()
    shared.turn()
    assert told == [1]
    assert handle.changes(expunge=False).gone
    with pytest.raises(MailboxGone):
        handle.store_flags([1], "add", ["\\Seen"])
    with pytest.raises(MailboxGone):
        run(handle.copy([1], "Other"))
    with pytest.raises(MailboxGone):
        shared.handle()
    assert handle.mark_seen([1]) == []


def test_flags_are_shared_tuples() -> None:
    """So that their text can be made once."""
    shared = Shared()
    shared.fill(3, seen=flags.SEEN | flags.FLAGGED)
    handle = shared.handle(claims_recent=False, read_only=True)
    shared.box.store.set_recent_mark(3)
    other = shared.handle()
    first, second, third = other.flags([1, 2, 3])
    assert first == ("\\Seen", "\\Flagged")
    assert first is second is third
    assert handle.flags([1]) == [("\\Seen", "\\Flagged", "\\Recent")]


def test_flags_of_present_and_expunged_messages_together() -> None:
    """FETCH goes over both."""
    shared = Shared()
    shared.fill(5)
    handle, other = shared.handle(), shared.handle()
    other.store_flags([1, 3, 5], "add", ["\\Flagged", "work"])
    run(other.remove([1, 3, 4]))
    plain, flagged = ("\\Recent",), ("\\Flagged", "work", "\\Recent")
    assert handle.flags([1, 2, 3, 4, 5]) == [flagged, plain, flagged, plain, flagged]


def test_headers_end_with_the_blank_line() -> None:
    """Whatever the message looks like."""
    shared = Shared()
    contents = [b"A: 1\r\nB: 2\r\n\r\nbody\r\n\r\nmore\r\n", b"\r\nbody only\r\n", b"A: only headers\r\n"]
    run(shared.box.append([NewMessage(MemoryContent(data), 1) for data in contents]))
    handle = shared.handle()
    assert [run(handle.headers(uid)) for uid in (1, 2, 3)] == [b"A: 1\r\nB: 2\r\n\r\n", b"\r\n", b"A: only headers\r\n"]


def test_an_endless_header_is_cut() -> None:
    """At limits.header_size."""
    shared = Shared()
    run(shared.box.append([NewMessage(MemoryContent(b"A: " + b"x" * (2 << 20) + b"\r\n\r\n"), 1)]))
    handle = shared.handle()
    done: list[bytes] = []
    Deferred.fromCoroutine(handle.headers(1)).addCallback(done.append)
    for _ in range(20):
        shared.turn()
    assert len(done[0]) == DEFAULTS.header_size


def test_reading_a_large_message_lets_others_work_in_between() -> None:
    """The structure of a message of several megabytes takes more than one turn of the reactor."""
    shared = Shared()
    run(shared.box.append([NewMessage(MemoryContent(b"A: b\r\n\r\n" + b"text\r\n" * 200_000), 1)]))
    handle = shared.handle()
    done: list[object] = []
    Deferred.fromCoroutine(handle.structure(1)).addCallback(done.append)
    assert not done
    for _ in range(10):
        shared.turn()
    assert done
    assert run(handle.structure(1)) is done[0]


def test_facts_of_forgotten_messages_are_dropped() -> None:
    """Their memory is given back with their bytes."""
    shared = Shared()
    shared.fill(1)
    handle = shared.handle()
    run(handle.headers(1))
    assert shared.facts.octets
    run(handle.remove([1]))
    assert run(handle.headers(1))
    handle.changes(expunge=True)
    assert shared.facts.octets == 0


def test_first_unseen() -> None:
    """For SELECT's UNSEEN; with messages out of sight too."""
    shared = Shared()
    shared.fill(4)
    handle = shared.handle()
    handle.store_flags([1, 2], "add", ["\\Seen"])
    assert shared.handle().first_unseen == 3
    shared.set_flags(3, flags.SERVICE)
    assert shared.handle().first_unseen == 3
    handle.store_flags([4], "add", ["\\Seen"])
    assert shared.handle().first_unseen == 0


def test_status_counts_what_the_user_sees() -> None:
    """And follows changes."""
    shared = Shared()
    run(shared.box.append([message(b"x"), message(b"y", seen=flags.SEEN), message(b"z", seen=flags.DELETED)]))
    shared.set_flags(1, flags.HIDDEN)
    owner, foreign = shared.box.status(flags.SERVICE), shared.box.status(FOREIGN.hides)
    assert (owner.messages, owner.unseen, owner.recent, owner.deleted) == (3, 2, 3, 1)
    assert (foreign.messages, foreign.unseen, foreign.recent, foreign.deleted) == (2, 1, 2, 1)
    assert owner.size - foreign.size == shared.box.store.columns.size[0]
    shared.handle()
    assert shared.box.status(flags.SERVICE).recent == 0
    assert shared.box.status(flags.SERVICE).uidnext == 4


def test_recent_goes_to_the_first_session_that_may_change_the_mailbox() -> None:
    """Spec 14.3.2; EXAMINE and POP leave it to the others."""
    shared = Shared()
    shared.fill(3)
    examining, pop = shared.handle(read_only=True), shared.handle(claims_recent=False)
    assert (examining.recent, pop.recent) == (3, 3)
    first, second = shared.handle(), shared.handle()
    assert (first.recent, second.recent) == (3, 0)
    shared.fill(1)
    assert second.changes(expunge=False).recent == 1
    told = first.changes(expunge=False)
    assert (told.exists, told.recent) == (4, None)
    assert first.flags([3, 4]) == [("\\Recent",), ()]
    assert second.flags([3, 4]) == [(), ("\\Recent",)]


def test_recent_counts_only_what_is_left() -> None:
    """After an expunge there are fewer."""
    shared = Shared()
    shared.fill(3)
    handle = shared.handle()
    run(handle.remove([2]))
    assert handle.recent == 3
    told = handle.changes(expunge=True)
    assert (told.expunged, told.recent) == ([2], 2)


def test_highest_modseq_stays_below_an_untold_expunge() -> None:
    """Or a client that comes back would never hear of it (architecture 5)."""
    shared = Shared()
    shared.fill(3)
    handle, other = shared.handle(), shared.handle()
    before = shared.box.store.modseq
    run(other.remove([1]))
    other.store_flags([2], "add", ["\\Flagged"])
    handle.changes(expunge=False)
    assert handle.highest_modseq == before
    handle.changes(expunge=True)
    assert handle.highest_modseq == shared.box.store.modseq


def test_a_quiet_mailbox_has_nothing_to_tell() -> None:
    """NOOP costs a comparison: the answer is the same object."""
    shared = Shared()
    shared.fill(3)
    handle = shared.handle()
    assert handle.changes(expunge=True) is handle.changes(expunge=True)


def test_an_idle_session_is_notified_of_every_kind_of_change() -> None:
    """After the fact, once per turn."""
    shared = Shared()
    told: list[int] = []
    idle = shared.handle(notify=lambda: told.append(1))
    other = shared.handle()

    def count() -> int:
        shared.turn()
        number = len(told)
        told.clear()
        return number

    shared.fill(2)
    assert count() == 1
    other.changes(expunge=True)
    other.store_flags([1], "add", ["\\Seen"])
    assert count() == 1
    run(other.remove([1]))
    assert count() == 1
    shared.box.define_keyword("new")
    assert count() == 1
    run(idle.close())
    shared.fill(1)
    assert count() == 0


def test_a_session_far_behind_is_brought_forward_between_commands() -> None:
    """So that its next command need not do everything at once."""
    shared = Shared()
    shared.fill(2_000)
    sleeper, other = shared.handle(claims_recent=False), shared.handle()
    for uid in range(1, 1_001):
        run(other.remove([uid]))
    shared.turn()
    assert sleeper._view.moves_at == sleeper._picture.moves.end
    assert sleeper.exists == 2_000


def test_closing_twice_is_harmless() -> None:
    """The manager hears of it once."""
    shared = Shared()
    closed: list[int] = []
    handle = shared.handle(closed=lambda: closed.append(1))
    assert shared.box.busy
    run(handle.close())
    run(handle.close())
    assert closed == [1]
    assert not shared.box.busy
