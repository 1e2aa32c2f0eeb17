"""Who shares something with a user: LIST of ``~%`` and ``~*``, and the index behind it (spec 14.5.6)."""

from __future__ import annotations

from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail

from cgpymail.errors import Busy, NoSuchMailbox, StorageFailed
from cgpymail.manager.acls import set_acl
from cgpymail.manager.grants import grantees
from cgpymail.model.acl import take_apart
from cgpymail.model.identity import AccountName, Grantee
from cgpymail.model.mailbox import ListChoice
from tests.support.grants import MemoryGrants
from tests.support.naming import People
from tests.support.records import MemoryRecord

DOMAIN, ELSEWHERE = "example.org", "other.net"
JOHN = AccountName("john", DOMAIN)
BOSS = AccountName("boss", DOMAIN)
TO_JOHN = Grantee("john", DOMAIN)
STAFF = Grantee("staff", DOMAIN, group=True)
ROOTS = ["~anna", "~boss", "~fern@other.net"]


class Sharing(People):
    """john, and others who share with him through the one place where access lists are written."""

    def __init__(self) -> None:
        super().__init__()
        self.grants: MemoryGrants = self.world.directory.grants

    def elsewhere(self, name: str) -> None:
        """An account in another domain."""
        record = MemoryRecord(self.runtime, name, ELSEWHERE)
        record.preferences.clear()
        self.world.directory.records[record.name] = record

    def share(self, owner: str, mailbox: str, **acl: str) -> None:
        """Replace the access list of a mailbox, which is made if need be; ``group_x`` stands for ``#x``."""
        name, _, domain = owner.partition("@")
        account = self.account(AccountName(name, domain or DOMAIN))
        if account.find(mailbox) is None:
            self.run(account.create(mailbox))
        words = {who.replace("group_", "#").replace("not_", "-"): acl[who] for who in acl}
        self.run(set_acl(account, mailbox, words))

    def account(self, name: AccountName) -> Any:
        """Somebody's mailboxes."""
        return self.run(self.manager._accounts.find(name))

    def join(self, group: str) -> None:
        """john becomes a member."""
        self.world.directory.relations.groups.setdefault(f"{group}@{DOMAIN}", set()).add(JOHN)


@pytest.fixture
def sharing() -> Sharing:
    """boss shares by name, anna with a group of john's, fern from another domain; others do not, or with anyone."""
    sharing = Sharing()
    for name in ("boss", "anna", "public", "stingy", "reading", "mary"):
        sharing.add(name)
    sharing.elsewhere("fern")
    sharing.share("boss", "A/B", john="lr")
    sharing.share("boss", "INBOX", anyone="l")
    sharing.share("boss", "Private", mary="lr")
    sharing.share("anna", "Team", group_staff="lr")
    sharing.join("staff")
    sharing.share("fern@other.net", "Box", **{f"john@{DOMAIN}": "l"})
    sharing.share("public", "News", anyone="lr")
    sharing.share("stingy", "Secret", mary="lr")
    sharing.share("reading", "Box", john="r")
    return sharing


@pytest.mark.parametrize(
    ("reference", "pattern", "names"),
    [
        ("", "~%", ROOTS),
        ("~", "%", ROOTS),
        (
            "",
            "~*",
            ["~anna", "~anna/Team", "~boss", "~boss/A/B", "~boss/INBOX", "~fern@other.net", "~fern@other.net/Box"],
        ),
        (
            "~",
            "*",
            ["~anna", "~anna/Team", "~boss", "~boss/A/B", "~boss/INBOX", "~fern@other.net", "~fern@other.net/Box"],
        ),
        ("", "~%/%", ["~anna/Team", "~boss/A", "~boss/INBOX", "~fern@other.net/Box"]),
        ("", "~%/%/%", ["~boss/A/B"]),
        ("", "~%/inbox", ["~boss/INBOX"]),
        ("", "~b%", ["~boss"]),
        ("", "~boss%", ["~boss"]),
        ("", "~boss*", ["~boss", "~boss/A/B", "~boss/INBOX"]),
        ("", "~%@other.net", ["~fern@other.net"]),
        ("", "~fern%other.net/%", ["~fern%other.net/Box"]),
        ("~fern%other.net/", "%", ["~fern%other.net/Box"]),
        ("", "~*B", ["~boss/A/B"]),
        ("", "~/%", ["~/anna", "~/boss", "~/fern@other.net"]),
        ("~/", "b*", ["~/boss", "~/boss/A/B", "~/boss/INBOX"]),
        ("~/boss/", "%", ["~/boss/INBOX", "~/boss/A"]),
        ("", "~/boss/inbox", ["~/boss/INBOX"]),
        ("", "~/boss", ["~/boss"]),
        ("", "~/%/inbox", ["~/boss/INBOX"]),
        ("", "~p%", []),
        ("", "~%y", []),
        ("", "*", ["INBOX"]),
        ("", "%", ["INBOX"]),
        ("", "~public/%", ["~public/News"]),
    ],
)
def test_who_shares_is_listed(sharing: Sharing, reference: str, pattern: str, names: list[str]) -> None:
    """Exactly the accounts that granted l to the user by name or by a group; below them all that he may see."""
    assert sharing.listed(pattern, reference) == names


@pytest.mark.parametrize("pattern", ["~fe%other.net", "~fe%other.net/%"])
def test_a_pattern_does_not_tell_who_is_there(sharing: Sharing, pattern: str) -> None:
    """What could be the name of an account that shares nothing is the pattern that it is where there is no account."""
    before = sharing.listed(pattern)
    assert before[0].startswith("~fern@other.net")
    sharing.elsewhere("fe")
    assert sharing.listed(pattern) == before


def test_levels_are_told_as_such(sharing: Sharing) -> None:
    """An account is a level with children, whoever asks how."""
    for pattern in ("~%", "~*"):
        assert sharing.attributes("~boss", pattern) == {"\\Noselect", "\\HasChildren"}
    assert sharing.attributes("~boss/A/B", "~*") == {"\\HasNoChildren"}


def test_options_work_over_all_who_share(sharing: Sharing) -> None:
    """SUBSCRIBED is told of the names below, in the one spelling that LIST uses."""
    sharing.run(sharing.john.subscribe("~boss/inbox"))
    choice = ListChoice(extended=True, tell_subscribed=True)
    found = sharing.run(sharing.john.list_mailboxes("", ["~*"], choice))
    assert [each.name for each in found if "\\Subscribed" in each.attributes] == ["~boss/INBOX"]


def test_nothing_is_remembered(sharing: Sharing) -> None:
    """What is withdrawn, left or denied is not listed any more, what is granted again is."""
    sharing.share("boss", "A/B", john="lr", not_john="l")
    sharing.world.directory.relations.groups.clear()
    assert sharing.listed("~%") == ["~fern@other.net"]
    sharing.share("boss", "A/B")
    assert sharing.listed("~%") == ["~fern@other.net"]
    sharing.share("boss", "A/B", john="l")
    sharing.join("staff")
    assert sharing.listed("~%") == ROOTS


def test_stale_hints_are_dropped(sharing: Sharing) -> None:
    """A hint that is not true any more costs one look."""
    sharing.share("boss", "A/B")
    assert BOSS in sharing.grants.hints[TO_JOHN]
    sharing.listed("~%")
    assert BOSS not in sharing.grants.hints[TO_JOHN]
    sharing.grants.hints[TO_JOHN].add(AccountName("gone", DOMAIN))
    assert sharing.listed("~%") == ["~anna", "~fern@other.net"]
    assert AccountName("gone", DOMAIN) not in sharing.grants.hints[TO_JOHN]


def test_a_denied_grant_keeps_its_hint(sharing: Sharing) -> None:
    """The element that grants is still there: when the one that denies goes, nobody writes the index."""
    sharing.share("boss", "A/B", john="lr", not_john="l")
    sharing.listed("~%")
    account = sharing.account(BOSS)
    del account.record.infos["A/B"]["Access"]["-john"]
    assert "~boss" in sharing.listed("~%")


def test_a_grant_that_comes_while_somebody_looks(sharing: Sharing) -> None:
    """A LIST that found nothing does not take away the hint that was written meanwhile."""
    sharing.share("boss", "A/B")
    account = sharing.account(BOSS)
    refresh = account.refresh

    async def granting() -> None:
        await refresh()
        account.refresh = refresh
        await set_acl(account, "A/B", {"john": "lr"})
        account.record.infos["A/B"].pop("Access")  # as it was when the LIST looked

    account.refresh = granting
    assert "~boss" not in sharing.listed("~%")
    assert BOSS in sharing.grants.hints[TO_JOHN]


def test_while_it_is_announced_nothing_is_dropped(sharing: Sharing) -> None:
    """The index is written before the list: whoever looks in between leaves the hint."""
    written: Deferred[None] = Deferred()
    account = sharing.account(AccountName("stingy", DOMAIN))
    add = sharing.grants.add
    sharing.grants.add = lambda owner, grantees: add(owner, grantees).addCallback(lambda _: written)  # type: ignore[method-assign]
    granting = Deferred.fromCoroutine(set_acl(account, "Secret", {"john": "l"}))
    assert "~stingy" not in sharing.listed("~%")
    written.callback(None)
    assert granting.called
    assert "~stingy" in sharing.listed("~%")


def test_without_a_hint_on_disk_nothing_is_granted(sharing: Sharing) -> None:
    """The grant is refused when the index cannot be written, and the list is as it was."""
    sharing.grants.add = lambda owner, grantees: fail(StorageFailed())  # type: ignore[method-assign]
    with pytest.raises(StorageFailed):
        sharing.share("stingy", "Secret", john="lr")
    with pytest.raises(NoSuchMailbox):
        sharing.run(sharing.john.status("~stingy/Secret"))
    sharing.share("boss", "A/B")  # to withdraw nothing is needed
    assert "~boss" not in sharing.listed("~%")


def test_an_account_that_cannot_be_read_is_left_out(sharing: Sharing) -> None:
    """The others are listed, and its hint stays."""
    find = sharing.world.directory.find
    sharing.manager._accounts._loaded.pop(BOSS)
    sharing.world.directory.find = lambda name: fail(StorageFailed()) if name == BOSS else find(name)  # type: ignore[method-assign]
    assert sharing.listed("~%") == ["~anna", "~fern@other.net"]
    sharing.run(sharing.john.subscribe("~boss/INBOX"))
    sharing.record.alias_table["chief"] = "~boss"
    assert sharing.listed("*") == ["INBOX", "chief"]
    assert sharing.run(sharing.john.list_mailboxes("", ["*"], ListChoice(subscribed=True)))[0].name == "~boss/INBOX"
    with pytest.raises(StorageFailed):
        sharing.listed("~boss/%")
    sharing.world.directory.find = find  # type: ignore[method-assign]
    assert sharing.listed("~%") == ROOTS


def test_an_account_that_is_being_renamed_or_removed(sharing: Sharing) -> None:
    """Whoever names it is told to come again, the lists of others go on without it, and its hint stays."""
    away = sharing.manager.withdrawn(BOSS, lambda: None)
    sharing.run(away.__aenter__())
    assert sharing.listed("~%") == ["~anna", "~fern@other.net"]
    for work in (sharing.john.status, sharing.john.open, sharing.john.create, sharing.john.delete):
        with pytest.raises(Busy):
            sharing.run(work("~boss/A/B"))
    sharing.run(away.__aexit__(None, None, None))
    assert sharing.listed("~%") == ROOTS


def test_what_is_inherited_is_found(sharing: Sharing) -> None:
    """A new mailbox begins with the list of the one above, and stays shared when that one goes (spec 3.4.1)."""
    boss = sharing.user("boss")
    sharing.make("A/B/C", user=boss)
    sharing.run(boss.rename("A/B/C", "Else"))
    sharing.run(boss.delete("A/B"))
    assert sharing.listed("~boss*") == ["~boss", "~boss/Else", "~boss/INBOX"]


def test_oneself_is_nobody_else(sharing: Sharing) -> None:
    """A grant to oneself lists nothing."""
    sharing.share("john", "INBOX", john="lr", group_staff="lr")
    assert sharing.listed("~%") == ROOTS


def test_names_lead_where_they_are_listed(sharing: Sharing) -> None:
    """Where an alias hides the short name of an account, it is listed with its domain; without any name not at all."""
    sharing.world.directory.aliases["boss"] = "stingy"
    assert sharing.listed("~%") == ["~anna", "~fern@other.net"]


def test_others_get_their_turn(sharing: Sharing) -> None:
    """Each account that is looked at is a slice."""
    pauses: list[int] = []

    async def pause() -> None:
        pauses.append(1)

    for number in range(20):
        sharing.add(f"a{number}")
        sharing.share(f"a{number}", "INBOX", john="l")
    found = sharing.run(sharing.john.list_mailboxes("", ["~%"], pause=pause))
    assert len(found) == 23 and len(pauses) > 40


def test_whom_a_list_names() -> None:
    """Identifiers are read as the decision reads them; what grants no l, or to anyone, is left out."""
    acl = {
        "John": "lr", "mary@Other.net": "l", "#Staff": "lr", "#all@other.net": "l", "anyone": "l", "anyone@": "l",
        "anyone@other.net": "l", "-boss": "l", "anna": "r", "odd": 1,
    }  # fmt: skip
    expected = {TO_JOHN, Grantee("mary", ELSEWHERE), STAFF, Grantee("all", ELSEWHERE, group=True)}
    assert grantees(take_apart(acl, DOMAIN)) == expected
