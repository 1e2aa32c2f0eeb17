"""Mailbox aliases: what can be one, how they change, and who is told (spec 7.2, 14.5.7)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import (
    CannotDo,
    IllegalName,
    LimitExceeded,
    MailboxExists,
    MailError,
    NoSuchAccount,
    NoSuchMailbox,
)
from cgpymail.manager.aliases import MailboxAliases
from cgpymail.manager.watch import Watch
from cgpymail.model.identity import AccountName
from cgpymail.model.watching import MAILBOX_NAME, Filter, Interest
from cgpymail.runtime.limits import DEFAULTS
from tests.support.naming import People
from tests.support.results import result


def _people(most: int = DEFAULTS.mailbox_aliases) -> People:
    """john and boss; the boss has Work. ``jack`` is john by an account alias, ``chief`` is the boss."""
    people = People(replace(DEFAULTS, mailbox_aliases=most))
    people.add("boss")
    people.make("Work", user=people.user("boss"))
    people.world.directory.aliases |= {"jack": "john", "chief": "boss"}
    return people


def _aliases(people: People, name: str = "john") -> MailboxAliases:
    return people.run(people.manager.names_of(AccountName(name, "example.org"))).aliases


def _set(people: People, alias: str, target: str) -> None:
    people.run(_aliases(people).set(alias, target))


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("~boss", "~boss"),
        ("~boss/", "~boss"),
        ("~/boss/Work", "~boss/Work"),
        ("~BOSS@example.org/inbox", "~BOSS@example.org/INBOX"),
        ("~chief/Nowhere/yet", "~chief/Nowhere/yet"),
    ],
)
def test_set(target: str, kept: str) -> None:
    """The account is kept as it is spelled; the mailbox need not be there. An alias may get another target."""
    people = _people()
    _set(people, "other", "~boss/Work")
    _set(people, "other", target)
    assert people.record.alias_table == {"other": kept}
    assert people.listed("other") == (["other"] if "/" not in kept else [])


@pytest.mark.parametrize(
    "alias",
    ["", "a/b", "a/", "~x", ".x", "$Sent$", "$any$", "x.mbox", "x\n", "\ud800", "\u2028", "x" * 201],
)
def test_names_that_no_alias_can_have(alias: str) -> None:
    """What cannot be a mailbox at the top cannot be an alias."""
    with pytest.raises(IllegalName):
        _set(_people(), alias, "~boss")


@pytest.mark.parametrize("alias", ["INBOX", "inbox", "Mine", "Level"])
def test_an_own_mailbox_is_not_covered(alias: str) -> None:
    """Nor a level that only leads to mailboxes."""
    people = _people()
    people.make("Mine", "Level/One")
    with pytest.raises(MailboxExists):
        _set(people, alias, "~boss")


@pytest.mark.parametrize(
    "target", ["~john", "~john/INBOX", "~JACK", "~john%example.org/x", "~jack@EXAMPLE.ORG", "~/john"]
)
def test_no_way_leads_back(target: str) -> None:
    """However the own account is spelled, also through an account alias."""
    with pytest.raises(CannotDo):
        _set(_people(), "me", target)


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ("Work", CannotDo),
        ("first/Work", CannotDo),  # another alias
        ("/home/boss", CannotDo),  # what a shell makes of ~boss
        ("", CannotDo),
        ("~", NoSuchAccount),
        ("~nobody/Work", NoSuchAccount),
        ("~boss@example.net", NoSuchAccount),
        ("~boss//Work", IllegalName),
        ("~boss/~john", IllegalName),
        ("~boss/Work/.x", IllegalName),
        ("~boss/$Trash$", NoSuchMailbox),  # a preference that is not set
        ("~boss/" + "x" * 1000, IllegalName),
    ],
)
def test_targets_that_cannot_be(target: str, error: type[MailError]) -> None:
    """Refused with a reason, and nothing changes."""
    people = _people()
    people.record.alias_table["first"] = "~boss"
    with pytest.raises(error):
        _set(people, "second", target)
    assert people.record.alias_table == {"first": "~boss"}


def test_too_many() -> None:
    """Every one costs time at each LIST; those that are there can still be changed."""
    people = _people(most=2)
    _set(people, "one", "~boss")
    _set(people, "two", "~boss")
    with pytest.raises(LimitExceeded):
        _set(people, "three", "~boss")
    _set(people, "two", "~boss/Work")


def test_remove() -> None:
    """The name goes; one that is not there is told."""
    people = _people()
    _set(people, "one", "~boss/Work")
    people.run(_aliases(people).remove("one"))
    assert people.record.alias_table == {}
    with pytest.raises(NoSuchMailbox):
        people.run(_aliases(people).remove("one"))


@pytest.mark.parametrize("to", ["", "~boss/Other"])
def test_a_separator_behind_the_name(to: str) -> None:
    """Whoever says the name as that of a level means the alias too, and what it leads to stays (spec 7.2.9)."""
    people = _people()
    people.grant("boss", "Work", "lda")
    people.record.alias_table["one"] = "~boss/Work"
    boss = people.world.directory.records[AccountName("boss", "example.org")]
    boss.own_access = {"john": ("CreateMailboxes",)}
    if to:
        with pytest.raises(CannotDo):
            people.run(people.john.rename("one/", to))
    else:
        people.run(people.john.delete("one/"))
    assert people.listed(user=people.user("boss")) == ["INBOX", "Work"]
    assert bool(people.record.alias_table) is bool(to)


def test_removed_while_it_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its user takes it away before it is on disk: who sets it is told all the same what it would have led to."""
    people = _people()
    written: Deferred[None] = Deferred()
    keep = people.record.set_aliases
    monkeypatch.setattr(people.record, "set_aliases", lambda table: keep(table) and written)
    setting = Deferred.fromCoroutine(_aliases(people).set("one", "~chief/"))
    monkeypatch.setattr(people.record, "set_aliases", keep)
    people.run(people.john.delete("one"))
    written.callback(None)
    assert result(setting) == "~chief"
    assert people.record.alias_table == {}


def test_removed_while_a_rename_waits() -> None:
    """It does not come back under the other name."""
    people = _people()
    _set(people, "one", "~boss")
    aliases = _aliases(people)
    john = people.run(people.manager._accounts.find(people.record.name))
    result(john.turn.acquire())
    renaming = Deferred.fromCoroutine(people.john.rename("one", "two"))
    people.run(aliases.remove("one"))
    john.turn.release()
    with pytest.raises(NoSuchMailbox):
        result(renaming)
    assert people.record.alias_table == {}


def test_the_name_is_taken_for_mailboxes() -> None:
    """However a mailbox would come to that name: by hand of the user, of others and of administrators, by a special
    name, as a level, by RENAME, and of INBOX."""
    people = _people()
    people.record.preferences["SentBox"] = "one"
    people.record.own_access = {"boss": ("CreateMailboxes",)}
    people.make("Mine")
    _set(people, "one", "~boss/Work")
    boss = people.user("boss")
    john = people.run(people.manager.administrate(people.record.name))
    tries = [
        people.john.create("one"),
        people.john.create("one/"),
        people.john.create("~john/one"),
        people.john.create("~john/one/below/"),
        people.john.create("$Sent$"),
        people.john.rename("Mine", "one"),
        people.john.rename("Mine", "~john/one"),
        people.john.rename("Mine", "$Sent$/below"),
        people.john.rename("INBOX", "~john/one"),
        boss.create("~john/one"),
        john.create("one"),
        john.create("one/below"),
        john.rename("Mine", "one", children=True),
    ]
    for each in tries:
        with pytest.raises(MailboxExists):
            people.run(each)
    assert people.listed() == ["INBOX", "Mine"]


def test_an_alias_by_hand_keeps_nobody_from_his_inbox() -> None:
    """INBOX is made whatever the table says."""
    people = _people()
    people.add("anna").alias_table["INBOX"] = "~boss"
    assert people.listed(user=people.user("anna")) == ["INBOX"]


@pytest.mark.parametrize(("alias", "seen"), [("all", True), ("work", False), ("gone", False)])
def test_whether_it_shows_anything(alias: str, seen: bool) -> None:
    """Who sets one is told when its user sees nothing there yet."""
    people = _people()
    people.record.alias_table |= {"all": "~boss", "work": "~boss/Work", "gone": "~boss/Gone"}
    aliases = _aliases(people)
    assert people.run(aliases.shows(alias)) is seen
    people.grant("boss", "Work", "l")
    assert people.run(aliases.shows(alias)) is (seen or alias == "work")


def test_who_watches_names_is_told() -> None:
    """Of his own aliases; an administrator who watches the account does not learn of them (RFC 5465 5.4)."""
    people = _people()
    people.grant("boss", "Work", "lr")
    people.world.directory.relations.overseers.add(AccountName("boss", "example.org"))

    def watch(name: str, interest: Interest) -> list[tuple[str, str]]:
        told: list[tuple[str, str]] = []

        def notify() -> None:
            while (found := watches[name].take_name()) is not None:
                told.append(found)

        watches[name] = people.run(people.user(name).watch([interest], notify))
        return told

    watches: dict[str, Watch] = {}
    mine = watch("john", Interest(Filter.PERSONAL, MAILBOX_NAME))
    others = watch("boss", Interest(Filter.SUBTREE, MAILBOX_NAME, ("~john",)))
    _set(people, "one", "~boss/Work")
    people.world.clock.advance(0)
    assert mine == [("one", "")]
    assert people.run(people.john.described("one", "")).attributes == ("\\HasNoChildren",)
    people.run(_aliases(people).rename("one", "two"))
    people.world.clock.advance(0)
    people.run(_aliases(people).remove("two"))
    people.world.clock.advance(0)
    assert mine == [("one", ""), ("two", "one"), ("two", "")]
    assert people.run(people.john.described("two", "")).attributes == ("\\NonExistent",)
    assert others == []


def test_aliases_of_one_account() -> None:
    """That an alias leads to a whole account is seen however the account is spelled."""
    people = _people()
    aliases = _aliases(people)
    people.record.alias_table |= {"work": "~boss/Work", "dead": "~nobody", "mine": "INBOX"}
    assert not aliases.leads_to("~boss")
    people.record.alias_table["all"] = "~chief@example.org"
    assert aliases.leads_to("~boss")
