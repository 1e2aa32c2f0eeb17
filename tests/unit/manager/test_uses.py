"""CREATE with USE (RFC 6154 section 3): what is made, and what is not left behind."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from twisted.internet.defer import Deferred, fail, succeed

from cgpymail.errors import StorageFailed, UseRefused
from cgpymail.model.classes import NOTES
from cgpymail.model.mailbox import CreatedMailbox
from tests.support.naming import People
from tests.support.results import result


@pytest.fixture
def people() -> People:
    """john, of whose special mailboxes none is there; boss, who lets him make mailboxes below Work."""
    people = People()
    people.add("boss")
    people.make("Work", user=people.user("boss"))
    people.grant("boss", "Work", "lrc")
    people.record.alias_table["chief"] = "~boss/Work"
    return people


def test_uses_are_preferences(people: People) -> None:
    """In any case, twice said or not; the name is that of the mailbox, not as typed."""
    people.run(people.john.create("Old.mdir", ["\\SENT", "\\sent", "\\Junk"]))
    assert people.record.preferences == {"SentBox": "Old", "JunkBox": "Old"}
    people.run(people.john.create("~john/Bin", ["\\Trash"]))
    assert "\\Trash" in people.attributes("Bin")


def test_a_special_name_still_gives_the_class(people: People) -> None:
    """A special mailbox that is made by its word has the class that it is expected to have (spec 6.2), uses or not."""
    people.record.preferences["NotesBox"] = "Notes"
    people.run(people.john.create("$Notes$", ["\\Archive"]))
    assert people.record.infos["Notes"]["Class"] == NOTES


@pytest.mark.parametrize("name", ["~boss/Work/Sent", "chief/Sent", "Sent/"])
def test_only_mailboxes_of_one_s_own(people: People, name: str) -> None:
    """Special uses are the account's; a level holds no messages. Nothing is made."""
    with pytest.raises(UseRefused):
        people.run(people.john.create(name, ["\\Sent"]))
    assert people.listed(name.removesuffix("/")) == []
    people.make(name)


@pytest.mark.parametrize("use", ["\\All", "\\Flagged", "\\Important", "\\Sent\\Sent", "Sent", ""])
def test_uses_that_there_are_not(people: People, use: str) -> None:
    """One of them is enough to refuse all."""
    with pytest.raises(UseRefused):
        people.run(people.john.create("Sent", ["\\Sent", use]))
    assert people.listed() == ["INBOX", "chief"]


def test_a_use_that_is_taken(people: People) -> None:
    """By a mailbox that is there; a level of that name does not have it."""
    people.record.preferences["SentBox"] = "Sent"
    people.make("Sent/2026")
    people.run(people.john.create("Sent", ["\\Sent"]))
    with pytest.raises(UseRefused):
        people.run(people.john.create("Other", ["\\Sent"]))
    assert "Other" not in people.listed()


def test_a_use_is_not_taken_by_inbox(people: People) -> None:
    """INBOX has none, whatever the preference says."""
    people.record.preferences["TrashBox"] = "inbox"
    people.run(people.john.create("Bin", ["\\Trash"]))
    assert "\\Trash" in people.attributes("Bin")


def test_of_two_at_the_same_time_one_gets_it(people: People) -> None:
    """And nothing is left of the other."""
    account = people.john._own
    people.run(hold(account.turn))
    outcomes: list[object] = []
    for name in ("One", "Two"):
        made = Deferred.fromCoroutine(people.user().create(name, ["\\Sent"]))
        made.addBoth(outcomes.append)
    account.turn.release()
    people.world.turns()
    (made_one,) = (each.name for each in outcomes if isinstance(each, CreatedMailbox))
    assert len(outcomes) == 2
    assert people.listed() == ["INBOX", made_one, "chief"]
    assert people.record.preferences == {"SentBox": made_one}


async def hold(turn: object) -> None:
    """Have the turn to change names."""
    await turn.acquire()  # type: ignore[attr-defined]


def test_the_mailbox_is_there_before_the_use_is_written(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whenever the power is cut, no preference names a mailbox that was never made."""
    there: list[list[str]] = []

    def looking(values: Mapping[str, str]) -> Deferred[None]:
        there.append([entry.name for entry in result(people.world.trees[people.john.account].scan()).values()])
        return succeed(None)

    monkeypatch.setattr(people.record, "set_preferences", looking)
    people.run(people.john.create("Other", ["\\Junk"]))
    assert there == [["INBOX", "Other"]]


def test_a_disk_that_takes_no_preferences(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mailbox goes again, and so does the use (RFC 6154: nothing may be made without it)."""

    def failing(values: Mapping[str, str]) -> Deferred[None]:
        people.record.preferences.update(values)
        return fail(StorageFailed())

    monkeypatch.setattr(people.record, "set_preferences", failing)
    people.record.preferences["JunkBox"] = "Spam"
    with pytest.raises(StorageFailed):
        people.run(people.john.create("Other", ["\\Junk"]))
    assert people.listed() == ["INBOX", "chief"]
    assert people.record.preferences == {"JunkBox": "Spam"}
