"""Mailbox aliases that come with a grant, where that is set (spec 14.5.6)."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.manager.acls import set_acl
from cgpymail.model.identity import AccountName
from cgpymail.model.watching import MAILBOX_NAME, Filter, Interest
from tests.support.naming import People
from tests.support.records import MemoryRecord
from tests.support.results import result


@pytest.fixture
def people() -> People:
    """john, and boss with Work and Play, who has it set."""
    people = People()
    people.add("boss").settings["AliasesForGrants"] = "YES"
    people.make("Work", "Play", user=people.user("boss"))
    people.world.directory.aliases["chief"] = "boss"
    return people


def account(people: People, name: str) -> Any:
    """Somebody's mailboxes."""
    return people.run(people.manager._accounts.find(AccountName(name, "example.org")))


def share(people: People, mailbox: str, **acl: str) -> None:
    """Replace a list of the boss's; ``group_x`` stands for ``#x``."""
    words = {who.replace("group_", "#").replace("_at_", "@"): letters for who, letters in acl.items()}
    people.run(set_acl(account(people, "boss"), mailbox, words))


def test_an_alias_comes_with_the_grant(people: People) -> None:
    """Of the whole account, once, and who watches his names hears of it. What is withdrawn leaves it."""
    watch = people.run(people.john.watch([Interest(Filter.PERSONAL, MAILBOX_NAME)], lambda: None))
    share(people, "Work", john="lr")
    assert people.record.alias_table == {"boss": "~boss"}
    assert people.listed("boss/*") == ["boss/Work"]
    people.world.clock.advance(0)
    assert watch.take_name() == ("boss", "")
    people.run(people.john.rename("boss", "manager"))
    share(people, "Play", john="l")
    share(people, "Work")
    assert people.record.alias_table == {"manager": "~boss"}
    assert people.listed("manager/*") == ["manager/Play"]


@pytest.mark.parametrize(
    "acl",
    [
        {"john": "rs"},
        {"anyone": "lr"},
        {"group_staff": "lr"},
        {"nobody": "lr"},
        {"john_at_other.net": "lr"},
        {"boss": "l"},
    ],
)
def test_who_gets_none(people: People, acl: dict[str, str]) -> None:
    """Who sees nothing, is not named himself, is not there or of another domain; nor the owner."""
    far = MemoryRecord(people.runtime, "john", "other.net")
    people.world.directory.records[far.name] = far
    share(people, "Work", **acl)
    tables = [record.alias_table for record in people.world.directory.records.values()]
    assert not any(tables)


def test_not_unless_it_is_set(people: People) -> None:
    """The default is off; then accounts of others are not even looked for."""
    del people.world.directory.records[AccountName("boss", "example.org")].settings["AliasesForGrants"]  # type: ignore[attr-defined]
    people.manager._accounts._loaded.clear()
    share(people, "Work", john="lr")
    assert people.record.alias_table == {}
    assert list(people.manager._accounts._loaded) == [AccountName("boss", "example.org")]


@pytest.mark.parametrize("table", [{"all": "~chief"}, {"boss": "~anna"}, {"boss": "~boss/Work"}])
def test_what_is_there_is_left_alone(people: People, table: dict[str, str]) -> None:
    """An alias of the account under any name is enough, and a name that is taken stays what it is."""
    people.record.alias_table |= table
    share(people, "Work", john="lr")
    assert people.record.alias_table == table


def test_a_mailbox_of_that_name(people: People) -> None:
    """It stays, and the log has it."""
    people.make("boss")
    people.runtime.logs.levels["ACCOUNT"] = 5
    share(people, "Work", john="lr")
    assert people.record.alias_table == {}
    lines: list[str] = people.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    assert any("john@example.org gets no mailbox alias for boss@example.org" in line for line in lines)


def test_two_who_share_with_each_other_at_the_same_time(people: People) -> None:
    """Each holds the turn of his own account meanwhile; nobody waits for ever."""
    people.record.settings["AliasesForGrants"] = "YES"
    john, boss = account(people, "john"), account(people, "boss")

    async def both() -> None:
        async with boss.changing(), john.changing():
            await set_acl(boss, "Work", {"john": "l"})
            await set_acl(john, "INBOX", {"boss": "l"})

    people.run(both())
    assert people.record.alias_table == {"boss": "~boss"}
    assert boss.record.aliases() == {"john": "~john"}


def test_the_grant_does_not_wait(people: People) -> None:
    """The list is in force while the alias waits for its turn; the server stops only when that is done."""
    john = account(people, "john")
    result(john.turn.acquire())
    share(people, "Work", john="lr")
    assert people.listed("~boss/*") == ["~boss/Work"]
    stopped = Deferred.fromCoroutine(people.manager.stop())
    assert people.record.alias_table == {} and not stopped.called
    john.turn.release()
    assert stopped.called
    assert people.record.alias_table == {"boss": "~boss"}


def test_a_bug_is_logged(people: People) -> None:
    """And the grant holds."""

    async def broken(name: AccountName) -> Any:
        raise ValueError("boom")

    people.manager._offering._find_account = broken
    share(people, "Work", john="lr")
    lines: list[str] = people.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    assert any("mailbox aliases for boss@example.org" in line for line in lines)
