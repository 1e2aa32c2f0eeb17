"""Mail that comes in: addresses and outcomes (issue point 10; spec 8.13, 11.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail

from cgpymail.errors import MessageTooLarge, NoSuchAccount, NoSuchMailbox, StorageFailed, StorageFull
from cgpymail.model.names import INBOX
from cgpymail.runtime.spool import MemoryContent
from cgpymail.stores.memorytree import MemoryTree
from tests.support.naming import People


@pytest.fixture
def people() -> People:
    """john with the mailboxes lists, lists/python and dir/."""
    people = People()
    people.make("lists", "lists/python", "dir/", "box.mdir")
    return people


@pytest.mark.parametrize(
    ("address", "mailbox"),
    [
        ("john", "INBOX"),
        ("John@Example.org", "INBOX"),
        ("johnny", "INBOX"),
        ("lists#john", "lists"),
        ("lists/python#john@example.org", "lists/python"),
        ("inbox#john", "INBOX"),
        ("box.mdir#john", "box"),
        ("$Junk$#john", "lists"),
        ("john+lists", "lists"),
        ("john+lists/python@example.org", "lists/python"),
        ("johnny+lists", "lists"),
        ("john+inbox", "INBOX"),
        ("john+nothing", "INBOX"),
        ("john+", "INBOX"),
        ("john+dir", "INBOX"),
        ("john+~boss/Work", "INBOX"),
        ("john+a+b", "INBOX"),
    ],
)
def test_address(people: People, address: str, mailbox: str) -> None:
    """Where a message to that address is found."""
    people.world.directory.aliases["johnny"] = "john"
    people.record.preferences["JunkBox"] = "lists"
    assert people.deliver(address) == [None]
    assert people.count(mailbox) == 1


@pytest.mark.parametrize(
    ("address", "error"),
    [
        ("nobody", NoSuchAccount),
        ("nobody@example.org", NoSuchAccount),
        ("john@example.net", NoSuchAccount),
        ("nobody+box", NoSuchAccount),
        ("lists#nobody", NoSuchAccount),
        ("lists#", NoSuchAccount),
        ("", NoSuchAccount),
        ("@example.org", NoSuchAccount),
        ("nothing#john", NoSuchMailbox),
        ("dir#john", NoSuchMailbox),
        ("#john", NoSuchMailbox),
        ("~boss/INBOX#john", NoSuchMailbox),
        ("$Sent$#john", NoSuchMailbox),
    ],
)
def test_refused_address(people: People, address: str, error: type[Exception]) -> None:
    """What RCPT refuses; a mailbox addressed directly must be there."""
    people.add("boss")
    with pytest.raises(error):
        people.run(people.manager.delivery.recipient(address))


def test_account_name_with_plus(people: People) -> None:
    """An account whose name has a plus sign gets its own mail."""
    people.add("john+lists")
    people.deliver("john+lists")
    assert people.count("INBOX", people.user("john+lists")) == 1


def test_one_message_for_many(people: People) -> None:
    """One outcome for each recipient, in order; sessions hear of it at once."""
    people.add("mary")
    handle = people.run(people.john.open("INBOX"))
    assert people.deliver("john", "mary", "lists#john") == [None, None, None]
    assert handle.changes(expunge=True).exists == 1
    assert people.count("lists") == people.count("INBOX", people.user("mary")) == 1


def test_recipient_given_twice(people: People) -> None:
    """One delivery and one reply for each time (RFC 2033)."""
    assert people.deliver("john", "john") == [None, None]
    assert people.count("INBOX") == 2


def test_delivered_message(people: People) -> None:
    """It has no flags, the time of delivery, and its bytes."""
    people.deliver("john", text=b"Subject: x\r\n\r\nbody\r\n")
    handle = people.run(people.john.open("INBOX"))
    assert handle.flags([1]) == [("\\Recent",)]
    assert handle.row(1).date == people.runtime.now()
    assert b"".join(handle.content(1).chunks()) == b"Subject: x\r\n\r\nbody\r\n"


@pytest.mark.parametrize(("setting", "accepted"), [("10", False), ("1K", True), ("unlimited", True), ("junk", True)])
def test_max_message_size(people: People, setting: str, accepted: bool) -> None:
    """The account's MaxMessageSize holds when the size is announced and when the message is there."""
    people.record.settings["MaxMessageSize"] = setting
    delivery = people.manager.delivery
    recipient = people.run(delivery.recipient("john"))
    outcomes = people.run(delivery.deliver([recipient], MemoryContent(b"x" * 20 + b"\r\n"), b""))
    assert [type(outcome) for outcome in outcomes] == [type(None) if accepted else MessageTooLarge]
    if not accepted:
        with pytest.raises(MessageTooLarge):
            people.run(delivery.recipient("john", 22))


@pytest.mark.parametrize(("address", "outcome"), [("lists#john", NoSuchMailbox), ("john+lists", type(None))])
def test_mailbox_deleted_after_acceptance(people: People, address: str, outcome: type) -> None:
    """Between RCPT and the end of DATA: addressed directly it is refused, by detail it falls back to INBOX."""
    recipient = people.run(people.manager.delivery.recipient(address))
    people.run(people.john.delete("lists/python"))
    people.run(people.john.delete("lists"))
    outcomes = people.run(people.manager.delivery.deliver([recipient], MemoryContent(b"x\r\n"), b""))
    assert [type(each) for each in outcomes] == [outcome]


class Failing(MemoryTree):
    """INBOX refuses every message."""

    problem: Exception = StorageFull()

    def open(self, name: str, *args: Any) -> Deferred[Any]:
        opened: Deferred[Any] = super().open(name, *args)
        return opened.addCallback(self._break) if name == INBOX else opened

    def _break(self, store: Any) -> Any:
        store.append = lambda messages: fail(self.problem)
        return store


def failing(problem: Exception) -> Callable[..., Failing]:
    """Makes trees for john that fail so."""

    def make(world: Any, record: Any) -> MemoryTree:
        tree = Failing(world.runtime) if record.name.name == "john" else MemoryTree(world.runtime)
        tree.problem = problem  # type: ignore[attr-defined]
        return tree

    return make


@pytest.mark.parametrize(("problem", "outcome"), [(StorageFull(), StorageFull), (ZeroDivisionError(), StorageFailed)])
def test_failing_mailbox_touches_nobody_else(problem: Exception, outcome: type) -> None:
    """A full disk, or a bug, for one recipient: the others get the message, that one a temporary failure."""
    people = People(make_tree=failing(problem))
    people.add("mary")
    outcomes = people.deliver("mary", "john", "mary")
    assert [type(each) for each in outcomes] == [type(None), outcome, type(None)]
    assert outcomes[1].temporary
    assert people.count("INBOX", people.user("mary")) == 2
