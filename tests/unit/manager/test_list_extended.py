"""LIST with options (RFC 5258): the tree of that document's examples, and what is special here."""

from __future__ import annotations

import pytest

from cgpymail.model.acl import Acl
from cgpymail.model.mailbox import ListChoice, ListedMailbox
from tests.support.naming import People

SUBSCRIBED = ListChoice(extended=True, subscribed=True)
RECURSIVE = ListChoice(extended=True, subscribed=True, recursive=True)
RETURNED = ListChoice(extended=True, tell_subscribed=True)
INFO = ("SUBSCRIBED",)


@pytest.fixture
def people() -> People:
    """Fruit of RFC 5258 section 5, example 1: some subscribed to, Fruit/Peach without being there."""
    people = People()
    people.make("Fruit", "Fruit/Apple", "Fruit/Banana", "Tofu", "Vegetable/Broccoli", "Vegetable/Corn")
    for name in ("inbox", "Fruit/Banana", "Fruit/Peach", "Vegetable", "Vegetable/Broccoli"):
        people.run(people.john.subscribe(name))
    return people


def asked(people: People, choice: ListChoice, *patterns: str) -> dict[str, ListedMailbox]:
    """What LIST gives: name -> its line."""
    found = people.run(people.john.list_mailboxes("", patterns or ["*"], choice))
    assert len({each.name for each in found}) == len(found)
    return {each.name: each for each in found}


def attributes(people: People, choice: ListChoice, *patterns: str) -> dict[str, set[str]]:
    """The same: name -> attributes."""
    return {name: set(each.attributes) for name, each in asked(people, choice, *patterns).items()}


def test_subscribed(people: People) -> None:
    """Exactly what is subscribed to, with attributes that are true, also for what is not there (example 4)."""
    assert attributes(people, SUBSCRIBED) == {
        "INBOX": {"\\Subscribed", "\\HasNoChildren"},
        "Fruit/Banana": {"\\Subscribed", "\\HasNoChildren"},
        "Fruit/Peach": {"\\Subscribed", "\\NonExistent", "\\HasNoChildren"},
        "Vegetable": {"\\Subscribed", "\\Noselect", "\\HasChildren"},
        "Vegetable/Broccoli": {"\\Subscribed", "\\HasNoChildren"},
    }
    assert set(asked(people, SUBSCRIBED, "%")) == {"INBOX", "Vegetable"}


def test_return_subscribed(people: People) -> None:
    """All that is there, subscribed or not; what is not there is not told (example 5)."""
    found = attributes(people, RETURNED, "%", "Fruit/%")
    assert {name for name, words in found.items() if "\\Subscribed" in words} == {"INBOX", "Fruit/Banana", "Vegetable"}
    assert set(found) == {"INBOX", "Fruit", "Fruit/Apple", "Fruit/Banana", "Tofu", "Vegetable"}


def test_without_options_nothing_is_said_of_subscriptions(people: People) -> None:
    """A plain LIST, and one that is extended only by its form."""
    for choice in (ListChoice(), ListChoice(extended=True)):
        assert not any("\\Subscribed" in words for words in attributes(people, choice).values())


def test_recursive_match(people: People) -> None:
    """Parents of subscribed names that are out of the pattern's sight (examples 7 and 9)."""
    found = asked(people, RECURSIVE, "%")
    assert {name: each.child_info for name, each in found.items()} == {"INBOX": (), "Fruit": INFO, "Vegetable": INFO}
    assert (found["Fruit"].chosen, found["Vegetable"].chosen) == (False, True)
    assert "\\Subscribed" not in found["Fruit"].attributes


def test_redundant_parents_are_left_out(people: People) -> None:
    """One that is not subscribed itself is not told when all below it is (RFC 5258 3.5)."""
    found = asked(people, RECURSIVE)
    assert "Fruit" not in found
    assert found["Vegetable"].child_info == INFO  # it is there for itself
    assert asked(people, RECURSIVE, "Fruit*").keys() == {"Fruit/Banana", "Fruit/Peach"}


def test_levels_that_do_not_exist(people: People) -> None:
    """A parent of subscribed names need not be there (RFC 5258 3.5, last table)."""
    people.run(people.john.subscribe("Grain/Rye"))
    grain = asked(people, RECURSIVE, "%")["Grain"]
    assert grain == ListedMailbox("Grain", ("\\NonExistent", "\\HasNoChildren"), INFO, chosen=False)
    assert not grain.selectable
    assert "Grain" not in asked(people, SUBSCRIBED, "%")


def test_levels_of_a_hidden_parent(people: People) -> None:
    """In an extended LIST what the user cannot see is not there."""
    people.add("boss")
    people.make("A/B", user=people.user("boss"))
    people.grant("boss", "A/B", "l")
    extended = ListChoice(extended=True)
    assert attributes(people, extended, "~boss/%") == {"~boss/A": {"\\NonExistent", "\\HasChildren"}}


def test_empty_patterns(people: People) -> None:
    """The empty pattern is a question for the root only when it comes alone (RFC 5258 section 3)."""
    assert asked(people, ListChoice(extended=True), "") == {"": ListedMailbox("", ("\\Noselect",))}
    assert set(asked(people, ListChoice(extended=True), "", "Tofu")) == {"Tofu"}
    assert asked(people, SUBSCRIBED, "") == {}
    assert asked(people, ListChoice(extended=True), "", "") == {}


@pytest.mark.parametrize("pattern", ["*", "~*", "~boss/*", "~b%/A/%"])
def test_subscribed_in_other_accounts(people: People, pattern: str) -> None:
    """Foreign names are listed as they were subscribed, with their true attributes, whatever the pattern (spec 7.1)."""
    people.add("boss")
    people.make("A/B", "A/C", user=people.user("boss"))
    people.grant("boss", "A/B", "lr")
    for name in ("~boss/A/B", "~boss/A/C", "~nobody/A/B"):
        people.run(people.john.subscribe(name))
    found = attributes(people, SUBSCRIBED, pattern)
    assert found["~boss/A/B"] == {"\\Subscribed", "\\HasNoChildren"}
    if "~boss/A/C" in found:  # not granted: it looks as if it were not there
        assert found["~boss/A/C"] == {"\\Subscribed", "\\NonExistent", "\\HasNoChildren"}
    if pattern in ("*", "~*"):
        assert found["~nobody/A/B"] == {"\\Subscribed", "\\NonExistent", "\\HasNoChildren"}


def test_other_accounts_recursively(people: People) -> None:
    """The account itself is the level above."""
    people.add("boss")
    people.user("boss")
    people.grant("boss", "INBOX", "lr")
    people.run(people.john.subscribe("~boss/INBOX"))
    found = asked(people, RECURSIVE, "~%")
    assert found == {"~boss": ListedMailbox("~boss", ("\\Noselect", "\\HasChildren"), INFO, chosen=False)}


def test_subscribed_mailboxes_that_are_not_for_mail(people: People) -> None:
    """A calendar that the user has subscribed to is told, with wildcards too, whatever is asked (spec 14.5.3)."""
    people.record.infos["Tofu"]["Class"] = people.record.infos["Fruit/Apple"]["Class"] = "IPF.Appointment"
    people.run(people.john.subscribe("Tofu"))
    assert "Tofu" in asked(people, SUBSCRIBED)
    found = asked(people, RETURNED)
    assert "\\Subscribed" in found["Tofu"].attributes
    assert "Fruit/Apple" not in found


def test_others_get_their_turn(people: People) -> None:
    """A list of thousands of names is not made in one piece."""
    people.make(*(f"Box{number}" for number in range(1_000)))
    turns = 0

    async def pause() -> None:
        nonlocal turns
        turns += 1

    people.run(people.john.list_mailboxes("", ["*"], RECURSIVE, pause))
    assert turns > 10


def test_others_get_their_turn_between_long_access_lists(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    """A few of them are as much work as hundreds of names: no more than some milliseconds go by in one piece."""
    record = people.add("boss")
    people.make(*(f"Box{number}" for number in range(30)), user=people.user("boss"))
    asked_of: set[str] = set()
    most = 0
    access = record.access

    def counted(name: str) -> Acl:
        asked_of.add(name)
        return access(name)

    async def pause() -> None:
        nonlocal most
        most = max(most, len(asked_of))
        asked_of.clear()

    monkeypatch.setattr(record, "access", counted)
    people.grant("boss", "Box29", "l")
    assert people.run(people.john.list_mailboxes("", ["~boss/*"], pause=pause))
    assert 0 < most <= 10


def test_special_use_at_the_lowest_level(people: People) -> None:
    """A mailbox that can have nothing below it keeps its special use."""
    name = "/".join("abcdefghijklmnopqrst")
    people.make(name)
    people.record.preferences["DraftsBox"] = name
    assert attributes(people, ListChoice(extended=True, special_use=True), "a/*") == {
        name: {"\\Drafts", "\\Noinferiors", "\\HasNoChildren"}
    }
