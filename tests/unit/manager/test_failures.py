"""What goes wrong below the manager, and what happens at the same moment: nobody else notices, nothing stays open."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail

from cgpymail.errors import MailError, NoSuchAccount, NoSuchMailbox, NotSelectable, StorageFailed
from cgpymail.model.identity import AccountName
from cgpymail.model.message import NewMessage
from cgpymail.runtime.limits import DEFAULTS
from cgpymail.runtime.spool import MemoryContent
from tests.support.naming import People

JOHN = AccountName("john", "example.org")
MESSAGE = NewMessage(MemoryContent(b"x\r\n"), 1)


def started(work: Any) -> list[Any]:
    """What a coroutine gives or fails with, when it does."""
    outcome: list[Any] = []
    Deferred.fromCoroutine(work).addBoth(outcome.append)
    return outcome


def store_of(people: People, name: str) -> Any:
    """The store behind an open mailbox, to make it fail."""
    return people.run(people.john._own.open(name)).store


class SlowDirectory:
    """Finding an account takes until the test says so."""

    def __init__(self, people: People) -> None:
        self.directory = people.world.directory
        self.asked: list[Deferred[Any]] = []
        self.find = self.directory.find
        self.directory.find = self.wait  # type: ignore[method-assign]

    def wait(self, name: AccountName) -> Deferred[Any]:
        """Instead of ``find``."""
        gate: Deferred[Any] = Deferred()
        self.asked.append(gate)
        return gate.addCallback(lambda _: self.find(name))


# -- accounts


def test_account_is_looked_for_once_for_all_who_ask() -> None:
    """Two logins at the same moment get the same account."""
    people = People()
    people.add("mary")
    directory = SlowDirectory(people)
    connect = people.manager.connect
    first, second = (started(connect(AccountName("mary", "example.org"), "IMAP", "1")) for _ in range(2))
    directory.asked[0].callback(None)
    assert len(directory.asked) == 1
    assert first[0]._own is second[0]._own


def test_account_that_cannot_be_read_fails_for_all_and_may_heal() -> None:
    """A disk error during two logins at once; the next login works."""
    people = People()
    people.add("mary")
    directory = SlowDirectory(people)
    connect = people.manager.connect
    first, second = (started(connect(AccountName("mary", "example.org"), "IMAP", "1")) for _ in range(2))
    directory.asked[0].errback(StorageFailed())
    assert isinstance(first[0].value, StorageFailed) and isinstance(second[0].value, StorageFailed)
    directory.directory.find = directory.find  # type: ignore[method-assign]
    people.user("mary")


def test_broken_public_account_keeps_nobody_out() -> None:
    """Its name space is not announced, and everything else works."""
    people = People()
    people.add("public")
    people.world.directory.find = lambda name: fail(StorageFailed())  # type: ignore[method-assign]
    assert people.run(people.user().namespaces())[2] == []


def test_absent_accounts_are_believed_for_a_moment() -> None:
    """Who asks again and again for an account that the router knows but nobody has does not have the disk looked at
    more often than for one that there is; when it is made it is found at once."""
    people = People()
    asked: list[AccountName] = []
    nobody = AccountName("nobody", "example.org")
    route, find = people.world.directory.route, people.world.directory.find
    people.world.directory.route = lambda address, domain: nobody if address == "nobody" else route(address, domain)  # type: ignore[method-assign]
    people.world.directory.find = lambda name: (asked.append(name), find(name))[1]  # type: ignore[method-assign,func-returns-value]
    for seconds in (0, 1, DEFAULTS.warm_seconds):
        people.world.clock.advance(seconds)
        with pytest.raises(NoSuchMailbox):
            people.run(people.john.status("~nobody/INBOX"))
    assert asked == [nobody, nobody]
    people.add("nobody")
    people.user("nobody")
    people.grant("nobody", "INBOX", "lr")
    assert people.run(people.john.status("~nobody/INBOX")).messages == 0


def test_account_removed_between_acceptance_and_delivery() -> None:
    """The recipient fails for good; the others are served."""
    people = People()
    people.add("mary")
    delivery = people.manager.delivery
    recipients = [people.run(delivery.recipient(name)) for name in ("mary", "john")]
    people.run(people.john.close())
    people.world.clock.advance(DEFAULTS.warm_seconds)
    people.world.clock.advance(DEFAULTS.warm_seconds)
    del people.world.directory.records[AccountName("mary", "example.org")]
    outcomes = people.run(delivery.deliver(recipients, MESSAGE.content, b""))
    assert isinstance(outcomes[0], NoSuchAccount) and outcomes[1] is None


# -- mailboxes


@pytest.mark.parametrize("problem", [StorageFailed(), ZeroDivisionError()])
def test_mailbox_that_cannot_be_closed_is_logged_and_can_be_opened_again(problem: Exception) -> None:
    """The log says so; the next SELECT works."""
    people = People()
    people.count("INBOX")
    store_of(people, "INBOX").close = lambda: fail(problem)
    mailbox = people.run(people.john._own.open("INBOX"))
    people.john._own.close(mailbox)
    people.john._own.close(mailbox)
    people.world.clock.advance(DEFAULTS.warm_seconds)
    assert people.count("INBOX") == 0
    lines = people.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    assert any("MAILBOX" in line for line in lines)


def test_numbers_that_cannot_be_noted_do_not_keep_a_mailbox_open() -> None:
    """account.info is full or broken: the mailbox is closed all the same."""
    people = People()
    people.run(people.john.append("INBOX", [MESSAGE]))
    people.record.update_mailboxes = lambda changes: fail(StorageFailed())  # type: ignore[method-assign]
    people.run(people.manager.stop())
    assert not people.manager._opened._table


def test_one_user_comes_back_while_a_mailbox_waits_to_be_closed() -> None:
    """It stays open."""
    people = People()
    people.count("INBOX")
    own = people.john._own
    people.run(_hold(own))
    people.world.clock.advance(DEFAULTS.warm_seconds)
    opening = started(people.john.open("INBOX"))
    own.turn.release()
    people.run(people.john.append("INBOX", [MESSAGE]))
    assert opening[0].changes(expunge=True).exists == 1


async def _hold(account: Any) -> None:
    await account.turn.acquire()


def test_expunged_meanwhile_is_left_out_of_rename_inbox() -> None:
    """A message that another session removes before its turn does not come back under the new name."""
    people = People()
    people.run(people.john.append("INBOX", [MESSAGE] * 600))
    other = people.run(people.user().open("INBOX"))
    tree: Any = people.world.trees[JOHN]
    opened, appended = tree.open, []

    def open_watched(name: str, *args: Any) -> Any:
        return opened(name, *args).addCallback(watch)

    def watch(store: Any) -> Any:
        genuine = store.append

        def append(messages: Any) -> Any:
            if not appended:
                people.run(other.remove([550]))
            appended.append(len(messages))
            return genuine(messages)

        store.append = append
        return store

    tree.open = open_watched
    people.run(people.john.rename("INBOX", "old"))
    assert appended == [500, 99]
    assert people.count("old") == 599 and people.count("INBOX") == 0


def test_target_deleted_during_rename_inbox() -> None:
    """INBOX keeps its messages and the client gets NO."""
    people = People()
    people.run(people.john.append("INBOX", [MESSAGE]))
    tree: Any = people.world.trees[JOHN]
    opened = tree.open

    def watch(store: Any) -> Any:
        genuine = store.append

        async def append(messages: Any) -> Any:
            await people.john.delete("old")
            return await genuine(messages)

        store.append = lambda messages: Deferred.fromCoroutine(append(messages))
        return store

    tree.open = lambda name, *args: opened(name, *args).addCallback(watch)
    with pytest.raises(MailError):
        people.run(people.john.rename("INBOX", "old"))
    assert people.count("INBOX") == 1
    assert people.listed() == ["INBOX"]


def test_rename_of_a_bare_directory_only() -> None:
    """Without its children there is nothing to move."""
    people = People()
    people.make("a/b")
    with pytest.raises(NotSelectable):
        people.run(people.john._own.rename("a", "c", children=False))


def test_rename_takes_over_nothing() -> None:
    """What account.info remembers of a mailbox lost long ago under the new name grants nothing; the old name's
    directory keeps its ACL."""
    people = People()
    people.make("a", "a/b")
    people.grant("john", "a", "lr", to="mary")
    people.record.infos["c"] = {"Access": {"anyone": "lr"}, "Locked": "YES"}
    people.run(people.john._own.rename("a", "c", children=False))
    assert people.record.infos["a"]["Access"] == people.record.infos["c"]["Access"] == {"mary": "lr"}
    assert "Locked" not in people.record.infos["c"]
