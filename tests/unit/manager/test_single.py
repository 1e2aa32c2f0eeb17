"""Single-mailbox accounts as users see them: INBOX and nothing else, shared like any other (spec 1.2)."""

from __future__ import annotations

import pytest

from cgpymail.errors import CannotDo, MailboxExists, NoSuchMailbox, OneMailboxOnly
from cgpymail.manager.user import User
from tests.support.naming import People
from tests.support.records import NEW_ACCOUNT_PREFERENCES


@pytest.fixture
def people() -> People:
    """john, and mary, who has one mailbox and the preferences of a new account."""
    people = People()
    record = people.add("mary")
    record.single = True
    record.preferences |= NEW_ACCOUNT_PREFERENCES
    return people


@pytest.fixture
def mary(people: People) -> User:
    """Her session."""
    return people.user("mary")


def test_all_there_is(people: People, mary: User) -> None:
    """A new account gets no special mailboxes; the name cannot have others below it, and says so."""
    [inbox] = people.list(user=mary)
    assert inbox.name == "INBOX"
    assert set(inbox.attributes) == {"\\Noinferiors", "\\HasNoChildren"}
    with pytest.raises(NoSuchMailbox):
        people.run(mary.status("$Trash$"))


def test_no_number_is_spent(people: People, mary: User) -> None:
    """What cannot be made is refused before a UIDVALIDITY is drawn for it, and INBOX stays."""
    record = people.world.directory.records[mary.account]
    before = record._last_uidvalidity
    for name in ("Work", "Work/", "INBOX/Work", "Work.mdir"):
        with pytest.raises(OneMailboxOnly):
            people.run(mary.create(name))
    with pytest.raises(OneMailboxOnly):
        people.run(mary.rename("INBOX", "Old"))
    with pytest.raises(MailboxExists):
        people.run(mary.create("INBOX"))
    assert record._last_uidvalidity == before
    with pytest.raises(CannotDo, match="INBOX cannot be deleted"):
        people.run(mary.delete("INBOX"))
    assert people.listed(user=mary) == ["INBOX"]


def test_behind_aliases(people: People, mary: User) -> None:
    """An alias to the account shows its INBOX, one to its INBOX is that; nothing is made behind either (spec 7.2)."""
    people.grant("mary", "INBOX", "lrswipcda")
    people.record.alias_table.update({"mary": "~mary", "Hers": "~mary/INBOX"})
    people.deliver("mary@example.org")
    assert people.listed() == ["INBOX", "Hers", "mary", "mary/INBOX"]
    assert [people.count(name) for name in ("Hers", "mary/INBOX", "~mary/INBOX")] == [1, 1, 1]
    assert "\\Noinferiors" in people.attributes("Hers") & people.attributes("mary/INBOX")
    for name in ("Hers/Sub", "mary/INBOX/Sub"):
        with pytest.raises(OneMailboxOnly):
            people.run(people.john.create(name))
    with pytest.raises(NoSuchMailbox):
        people.run(people.john.create("mary/Sub"))


def test_her_own_aliases(people: People, mary: User) -> None:
    """An alias is no mailbox: she may have them, and they may be renamed and removed."""
    people.make("Work")
    people.grant("john", "Work", "lr", to="mary")
    people.world.directory.records[mary.account].alias_table["Johns"] = "~john/Work"
    assert people.listed(user=mary) == ["INBOX", "Johns"]
    people.run(mary.rename("Johns", "His"))
    assert people.count("His", mary) == 0
    people.run(mary.delete("His"))
    assert people.listed(user=mary) == ["INBOX"]


def test_a_preference_may_name_inbox(people: People, mary: User) -> None:
    """Then the special name leads there, as in any account (spec 6.2)."""
    people.world.directory.records[mary.account].preferences["SentBox"] = "INBOX"
    assert people.count("$Sent$", mary) == 0
