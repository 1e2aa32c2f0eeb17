"""SEARCH in a session's view of a shared mailbox."""

from __future__ import annotations

import pytest

from cgpymail.errors import MailboxGone
from cgpymail.manager.access import Standing
from cgpymail.model import flags, rights
from cgpymail.model.search import All, And, Body, HasFlag, HasKeyword, Header, Numbers, Size
from cgpymail.model.uidset import NumberSet
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
    assert run(handle.search(FIRST_TWO)) == [2, 3]
    assert run(handle.search(All())) == [2, 3]
    handle.changes(expunge=True)
    assert run(handle.search(All())) == [2, 3, 4]


def test_message_expunged_by_another_session_is_found_until_that_is_told() -> None:
    """Its number still counts, and its bytes are still there."""
    shared = Shared()
    shared.fill(2)
    handle, other = shared.handle(), shared.handle()
    run(other.remove([1]))
    assert run(handle.search(And((Body("1"), FIRST_TWO)))) == [1]
    handle.changes(expunge=True)
    assert run(handle.search(And((Body("1"), FIRST_TWO)))) == []


def test_columns_of_the_view_belong_together() -> None:
    """Flags, keywords and sizes of the right messages, also when some messages are not in the view."""
    shared = Shared()
    run(shared.box.append([message(b"a", seen=flags.HIDDEN), message(b"bbbb", seen=flags.SEEN, keywords=["Work"])]))
    run(shared.box.append([message(b"c")]))
    handle = shared.handle(FOREIGN)
    assert run(handle.search(FIRST_TWO)) == [2, 3]
    assert run(handle.search(HasFlag(flags.SEEN))) == [2]
    assert run(handle.search(HasKeyword("work", present=False))) == [3]
    assert run(handle.search(Size(larger=True, octets=17))) == [2]
    assert run(handle.search(Header("subject", "S"))) == [2, 3]


def test_recent_is_that_of_the_session() -> None:
    """The first session takes the recent messages for itself."""
    shared = Shared()
    shared.fill(2)
    first, second = shared.handle(), shared.handle()
    assert run(first.search(HasFlag(flags.RECENT))) == [1, 2]
    assert run(second.search(HasFlag(flags.RECENT))) == []


def test_hidden_message_is_not_found_by_its_content() -> None:
    """Hidden meanwhile from this user: nothing is read of it (spec 2.8)."""
    shared = Shared()
    shared.fill(2)
    foreign = shared.handle(FOREIGN)
    shared.set_flags(1, flags.HIDDEN)
    assert run(foreign.search(Header("subject", "s"))) == [2]


def test_search_of_a_mailbox_that_is_gone_is_refused() -> None:
    """The right to read was withdrawn."""
    shared = Shared()
    standing = [OWNER]
    handle = shared.handle(lambda: standing[0])
    standing[0] = Standing(0, 0)
    with pytest.raises(MailboxGone):
        run(handle.search(All()))
