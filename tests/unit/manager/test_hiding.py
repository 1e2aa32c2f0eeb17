"""Setting and resetting Hidden and Service (spec 2.8)."""

from __future__ import annotations

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import NotSelectable
from cgpymail.manager.acls import set_acl
from cgpymail.manager.hiding import STRIDE, hide
from cgpymail.model import flags
from cgpymail.model.message import NewMessage
from cgpymail.model.uidset import NumberSet
from cgpymail.model.watching import MESSAGE_EXPUNGE, MESSAGE_NEW, Filter, Interest
from cgpymail.runtime.spool import MemoryContent
from tests.support.naming import People
from tests.support.results import result

ALL = NumberSet(((1, 0),))


def fill(people: People, count: int, mask: int = 0) -> None:
    """So many messages in the INBOX of the boss."""
    messages = [NewMessage(MemoryContent(b"x\r\n"), 1, mask, ("word",)) for _ in range(count)]
    people.run(people.user("boss").append("INBOX", messages))


@pytest.fixture
def people() -> People:
    """john may read the INBOX of the boss."""
    people = People()
    people.add("boss")
    people.user("boss")
    people.grant("boss", "INBOX", "lr")
    return people


def do(people: People, numbers: NumberSet, mask: int = flags.HIDDEN, *, on: bool = True, name: str = "INBOX") -> int:
    """How many there were."""
    done = Deferred.fromCoroutine(hide(people.user("boss")._own, name, numbers, mask, on=on))
    people.world.turns(20)
    return result(done)


def test_other_flags_and_keywords_stay(people: People) -> None:
    """Only what is asked for is changed, in whatever order."""
    fill(people, 1, flags.SEEN | flags.SERVICE)
    assert do(people, ALL) == 1
    assert do(people, ALL, flags.SERVICE | flags.SEEN, on=False) == 1
    handle = people.run(people.user("boss").open("INBOX"))
    assert handle.row(1).flags == flags.SEEN | flags.HIDDEN
    assert "word" in handle.flags([1])[0]


def test_many_in_slices(people: People) -> None:
    """Others have their turn, and all are changed."""
    fill(people, STRIDE + 1)
    assert do(people, ALL) == STRIDE + 1
    assert people.count("~boss/INBOX") == 0
    assert do(people, NumberSet(((2, 3), (STRIDE, 0))), on=False) == 4
    assert people.count("~boss/INBOX") == 4
    assert do(people, NumberSet(((5000, 6000),))) == 0


def test_who_watches_is_told_that_messages_went(people: People) -> None:
    """To john they went and came, so he is told though he asked for no changes of flags (RFC 5465)."""
    fill(people, 2)
    watch = people.run(
        people.john.watch([Interest(Filter.MAILBOXES, MESSAGE_NEW | MESSAGE_EXPUNGE, ("~boss/INBOX",))], lambda: None)
    )
    do(people, NumberSet(((1, 1),)))
    assert watch.take_touched().shown == "~boss/INBOX"
    do(people, NumberSet(((1, 1),)), on=False)
    assert watch.take_touched().shown == "~boss/INBOX"
    assert watch.take_touched() is None


def test_who_watches_is_told_when_right_a_comes_or_goes(people: People) -> None:
    """With it hidden messages come and go for john; with other rights nothing does."""
    fill(people, 2)
    do(people, ALL)
    interest = Interest(Filter.MAILBOXES, MESSAGE_NEW | MESSAGE_EXPUNGE, ("~boss/INBOX",))
    watch = people.run(people.john.watch([interest], lambda: None))
    for letters, count in (("lra", 2), ("lr", 0)):
        people.run(set_acl(people.user("boss")._own, "INBOX", {"john": letters}))
        people.world.turns(20)
        assert watch.take_touched().shown == "~boss/INBOX"
        assert people.count("~boss/INBOX") == count
    people.run(set_acl(people.user("boss")._own, "INBOX", {"john": "lrs"}))
    people.world.turns(20)
    assert watch.take_touched() is None


def test_a_level_has_no_messages(people: People) -> None:
    """Nothing there can be hidden."""
    people.make("Level/", user=people.user("boss"))
    with pytest.raises(NotSelectable):
        do(people, ALL, name="Level")
