"""Rights that are withdrawn while a command waits for its turn (spec 3.4, 14.2): asked at use, not when it came in."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import MailError, NoSuchMailbox, NotPermitted
from cgpymail.manager.user import User
from cgpymail.model.annotations import CLASS_ENTRY, OWN_SEEN_ENTRY
from cgpymail.model.identity import AccountName
from cgpymail.model.message import NewMessage
from cgpymail.runtime.spool import MemoryContent
from tests.support.naming import People
from tests.support.results import result

Command = Callable[[User], Coroutine[Any, Any, Any]]
BOSS = AccountName("boss", "example.org")
COMMANDS: dict[str, Command] = {
    "create": lambda user: user.create("~boss/Work/New"),
    "create a level": lambda user: user.create("~boss/Work/New/"),
    "delete": lambda user: user.delete("~boss/Work/Old"),
    "rename": lambda user: user.rename("~boss/Work/Old", "~boss/Work/New"),
    "rename INBOX": lambda user: user.rename("~boss/INBOX", "~boss/Work/New"),
    "append": lambda user: user.append("~boss/Work", [NewMessage(MemoryContent(b"x\r\n"), 1)]),
    "status": lambda user: user.status("~boss/Work"),
    "open": lambda user: user.open("~boss/Work"),
    "class": lambda user: user.annotations.change("~boss/Work", {CLASS_ENTRY: b"IPF.Task"}),
    "own Seen": lambda user: user.annotations.change("~boss/Work", {OWN_SEEN_ENTRY: b"YES"}),
}


@pytest.fixture
def people() -> People:
    """The boss shares Work, Work/Old and INBOX with john, who may make mailboxes in his account."""
    people = People()
    people.add("boss").own_access = {"john": ("CreateMailboxes",)}
    people.make("Work", "Work/Old", user=people.user("boss"))
    for name in ("Work", "Work/Old", "INBOX"):
        people.grant("boss", name, "lrswipcda")
    return people


def wait(people: People, command: Command, meanwhile: Callable[[], None]) -> list[Any]:
    """Let a command begin while the boss's account is busy, and ``meanwhile`` happen; its outcome."""
    account = people.run(people.manager._accounts.find(BOSS))
    assert account is not None
    result(account.turn.acquire())
    outcome: list[Any] = []
    Deferred.fromCoroutine(command(people.john)).addBoth(outcome.append)
    people.world.turns(5)
    assert not outcome
    meanwhile()
    account.turn.release()
    people.world.turns(20)
    return outcome


def names(people: People) -> list[str]:
    """All mailboxes of the boss."""
    return people.listed(user=people.user("boss"))


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_command_that_waits_is_done(people: People, command: Command) -> None:
    """If nobody changes anything."""
    assert not isinstance(getattr(wait(people, command, lambda: None)[0], "value", None), MailError)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
def test_a_right_that_is_withdrawn_meanwhile_does_not_count(people: People, command: Command) -> None:
    """The answer is that of now, and nothing was done."""
    before = names(people)
    record = people.world.directory.records[BOSS]

    def withdraw() -> None:
        record.own_access = {}
        for name in ("Work", "Work/Old", "INBOX"):
            people.grant("boss", name, "l")

    assert wait(people, command, withdraw)[0].check(NotPermitted)
    assert names(people) == before
    assert people.count("Work", people.user("boss")) == 0
    assert not {"Class", "OwnSeen"} & set(record.infos["Work"])


def test_another_mailbox_of_that_name_is_another(people: People) -> None:
    """What came to be called so in the meantime is not removed by a right on what was called so before."""
    infos = people.world.directory.records[BOSS].infos

    def replace() -> None:
        infos["Work/Old"] = {"Access": {"john": "r"}}

    assert wait(people, COMMANDS["delete"], replace)[0].check(NoSuchMailbox)
    assert "Work/Old" in names(people)
