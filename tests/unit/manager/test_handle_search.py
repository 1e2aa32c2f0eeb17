"""SEARCH in a session's view of a shared mailbox."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred, succeed

from cgpymail.errors import MailboxGone
from cgpymail.manager.access import Standing
from cgpymail.model import flags, rights
from cgpymail.model.message import NewMessage
from cgpymail.model.search import All, And, Body, HasFlag, HasKeyword, Header, Numbers, Size
from cgpymail.model.sorting import Criterion, SortKey
from cgpymail.model.threads import ThreadBy
from cgpymail.model.uidset import NumberSet
from cgpymail.runtime.spool import MemoryContent
from tests.support.sharing import OWNER, Shared, message, run

FOREIGN = Standing(rights.parse("lrswid"), flags.SERVICE | flags.HIDDEN)
FIRST_TWO = Numbers(NumberSet(((1, 2),)), uid=False)


def test_search_knows_the_view_of_its_session() -> None:
    """Numbers are the session's, arrivals that it was not told of are not found."""
    shared = Shared()
    shared.fill(3)
    handle = shared.handle()
    run(handle.remove([1]))
    handle.changes(expunge=True)
    shared.fill(1)
    assert run(handle.searches.search(FIRST_TWO)) == [2, 3]
    assert run(handle.searches.search(All())) == [2, 3]
    handle.changes(expunge=True)
    assert run(handle.searches.search(All())) == [2, 3, 4]


def test_message_expunged_by_another_session_is_found_until_that_is_told() -> None:
    """Its number still counts, and its bytes are still there."""
    shared = Shared()
    shared.fill(2)
    handle, other = shared.handle(), shared.handle()
    run(other.remove([1]))
    assert run(handle.searches.search(And((Body("1"), FIRST_TWO)))) == [1]
    handle.changes(expunge=True)
    assert run(handle.searches.search(And((Body("1"), FIRST_TWO)))) == []


def test_columns_of_the_view_belong_together() -> None:
    """Flags, keywords and sizes of the right messages, also when some messages are not in the view."""
    shared = Shared()
    run(shared.box.append([message(b"a", seen=flags.HIDDEN), message(b"bbbb", seen=flags.SEEN, keywords=["Work"])]))
    run(shared.box.append([message(b"c")]))
    handle = shared.handle(FOREIGN)
    assert run(handle.searches.search(FIRST_TWO)) == [2, 3]
    assert run(handle.searches.search(HasFlag(flags.SEEN))) == [2]
    assert run(handle.searches.search(HasKeyword("work", present=False))) == [3]
    assert run(handle.searches.search(Size(larger=True, octets=17))) == [2]
    assert run(handle.searches.search(Header("subject", "S"))) == [2, 3]


def test_recent_is_that_of_the_session() -> None:
    """The first session takes the recent messages for itself."""
    shared = Shared()
    shared.fill(2)
    first, second = shared.handle(), shared.handle()
    assert run(first.searches.search(HasFlag(flags.RECENT))) == [1, 2]
    assert run(second.searches.search(HasFlag(flags.RECENT))) == []


def test_hidden_message_is_not_found_by_its_content() -> None:
    """Hidden meanwhile from this user: nothing is read of it (spec 2.8)."""
    shared = Shared()
    shared.fill(2)
    foreign = shared.handle(FOREIGN)
    shared.set_flags(1, flags.HIDDEN)
    assert run(foreign.searches.search(Header("subject", "s"))) == [2]


def test_search_of_a_mailbox_that_is_gone_is_refused() -> None:
    """The right to read was withdrawn."""
    shared = Shared()
    standing = [OWNER]
    handle = shared.handle(lambda: standing[0])
    standing[0] = Standing(0, 0)
    with pytest.raises(MailboxGone):
        run(handle.searches.search(All()))


def subjects(shared: Shared, *texts: bytes) -> None:
    """Messages with these subjects."""
    contents = [MemoryContent(b"Subject: " + text + b"\r\n\r\nx\r\n") for text in texts]
    run(shared.box.append([NewMessage(content, 1000, 0, ()) for content in contents]))


BY_SUBJECT = (Criterion(SortKey.SUBJECT),)


def no_pause() -> Deferred[None]:
    """There is nobody else."""
    return succeed(None)


def test_sort_in_the_view_of_a_session() -> None:
    """Messages expunged by others keep their place until that is told; arrivals come when they are told."""
    shared = Shared()
    subjects(shared, b"c", b"b", b"Re: a")
    handle, other = shared.handle(), shared.handle()
    run(other.remove([2]))
    subjects(shared, b"[list] aa")
    assert run(handle.searches.sort(All(), BY_SUBJECT, no_pause)) == [3, 2, 1]
    handle.changes(expunge=True)
    assert run(handle.searches.sort(All(), BY_SUBJECT, no_pause)) == [3, 4, 1]


def test_a_hidden_message_is_not_sorted_by_what_is_in_it() -> None:
    """Hidden meanwhile from this user: nothing is read of it (spec 2.8)."""
    shared = Shared()
    subjects(shared, b"b", b"a")
    foreign = shared.handle(FOREIGN)
    shared.set_flags(2, flags.HIDDEN)
    assert run(foreign.searches.sort(All(), BY_SUBJECT, no_pause)) == [1]


def test_a_second_sort_reads_no_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was found out is kept, for every session."""
    shared = Shared()
    subjects(shared, b"b", b"a")
    assert run(shared.handle().searches.sort(All(), BY_SUBJECT, no_pause)) == [2, 1]
    monkeypatch.setattr(shared.box.store, "content", lambda uid: pytest.fail("it is known already"))
    by_sender = (Criterion(SortKey.FROM), Criterion(SortKey.SUBJECT, reverse=True))
    assert run(shared.handle().searches.sort(All(), by_sender, no_pause)) == [1, 2]


def test_long_work_tells_how_far_it_is() -> None:
    """Between two messages others have their turn, and can see how many are left."""
    shared = Shared()
    subjects(shared, b"c", b"b", b"a")
    handle = shared.handle()
    seen = []

    def look() -> Deferred[None]:
        seen.append(handle.progress)
        return succeed(None)

    run(handle.searches.thread(All(), ThreadBy.REFERENCES, look))
    assert seen[:3] == [(0, 3), (1, 3), (2, 3)]
