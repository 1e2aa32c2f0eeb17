"""Class and Locked, set by those who may (spec 6.1, 6.3)."""

from __future__ import annotations

import pytest

from cgpymail.errors import CannotDo, MailError, NoSuchMailbox, NotPermitted, NotSelectable
from cgpymail.manager.attributes import write_class, write_lock
from cgpymail.model.annotations import CLASS_ENTRY
from cgpymail.model.watching import MAILBOX_NAME, Filter, Interest
from tests.support.naming import People


@pytest.fixture
def people() -> People:
    """john, and boss with Work and Dir/Sub."""
    people = People()
    people.add("boss")
    people.make("Work", "Dir/Sub", user=people.user("boss"))
    return people


def classify(people: People, name: str, value: str = "IPF.Task", by: str = "john") -> None:
    """Set it, as a session of a user does."""
    people.run(people.user(by).annotations.change(name, {CLASS_ENTRY: value.encode()}))


def kept(people: People, name: str = "Work") -> object:
    """What the boss's account.info has."""
    return people.world.directory.records[people.user("boss").account].mailbox_info(name).get("Class")


@pytest.mark.parametrize(
    ("letters", "error"),
    [
        ("lra", None),
        ("a", NoSuchMailbox),
        ("la", NotPermitted),
        ("lrswidc", NotPermitted),
        ("r", NoSuchMailbox),
        ("", NoSuchMailbox),
    ],
)
def test_right_a_covers_the_class(people: People, letters: str, error: type[MailError] | None) -> None:
    """Whoever has it, and may read annotations (RFC 5464 3.3), may set the class of somebody else's mailbox, nobody
    else (spec 6.1.3)."""
    people.grant("boss", "Work", letters)
    if error is None:
        classify(people, "~boss/Work")
        assert kept(people) == "IPF.Task"
        return
    with pytest.raises(error):
        classify(people, "~boss/Work")
    assert kept(people) is None


def test_the_owner_sets_and_takes_away(people: People) -> None:
    """By whatever name; with the storage entity the class goes, with the mailbox it moves."""
    classify(people, "~boss/Work", "a class of my own", by="boss")
    boss = people.user("boss")
    people.run(boss.rename("Work", "Play"))
    assert kept(people, "Play") == "a class of my own"
    people.run(boss.create("Play/Sub"))
    people.run(boss.delete("Play"))
    assert kept(people, "Play") is None
    classify(people, "Play/Sub", by="boss")
    classify(people, "Play/Sub", "", by="boss")
    assert kept(people, "Play/Sub") is None


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("Dir", "IPF.Task", NotSelectable),
        ("Work", "x" * 101, CannotDo),
        ("Work", "a\nb", CannotDo),
        ("Work", " ", CannotDo),
    ],
)
def test_what_cannot_have_a_class_and_what_is_none(
    people: People, name: str, value: str, error: type[MailError]
) -> None:
    """A level holds no messages; a class is a short text on one line."""
    with pytest.raises(error):
        classify(people, name, value, by="boss")
    assert kept(people, name) is None


def test_who_watches_names_is_told(people: People) -> None:
    """LIST may show it from now on, or not any more; of what changes nothing nobody is told."""
    told: list[str] = []
    boss = people.user("boss")
    watch = people.run(boss.watch([Interest(Filter.PERSONAL, MAILBOX_NAME)], lambda: None))
    for value in ("IPF.Task", "IPF.Task", ""):
        classify(people, "Work", value, by="boss")
        people.world.clock.advance(0)
        taken = watch.take_name()
        told.append(taken[0] if taken else "")
    assert told == ["Work", "", "Work"]


def test_a_level_can_be_locked(people: People) -> None:
    """And stays so when it becomes a mailbox as well."""
    boss = people.user("boss")
    people.run(write_lock(boss._own, "Dir", locked=True))
    people.run(boss.create("Dir"))
    with pytest.raises(CannotDo):
        people.run(boss.delete("Dir"))
    people.run(write_lock(boss._own, "Dir", locked=False))
    people.run(boss.delete("Dir"))


def test_a_locked_inbox_is_not_emptied(people: People) -> None:
    """RENAME of INBOX would take everything out of it."""
    boss = people.user("boss")
    people.run(write_lock(boss._own, "INBOX", locked=True))
    with pytest.raises(CannotDo):
        people.run(boss.rename("INBOX", "Old"))


def test_of_what_is_not_there(people: People) -> None:
    """A mailbox that went meanwhile has neither."""
    account = people.user("boss")._own
    for work in (write_class(account, "Gone", "IPF.Task"), write_lock(account, "Gone", locked=True)):
        with pytest.raises(NoSuchMailbox):
            people.run(work)
