"""What names mean: INBOX, special mailboxes, foreign accounts and mailbox aliases (spec sections 1, 6.2, 7)."""

from __future__ import annotations

from typing import Any

import pytest

from cgpymail.errors import CannotDo, IllegalName, MailboxExists, MailError, NoSuchMailbox, NotPermitted, NotSelectable
from cgpymail.model.identity import AccountName
from cgpymail.model.message import NewMessage
from cgpymail.runtime.spool import MemoryContent
from tests.support.naming import People


def message() -> NewMessage:
    """A small one."""
    return NewMessage(MemoryContent(b"x\r\n"), 1)


@pytest.fixture
def people() -> People:
    """john and boss; the boss has Work and Work/Old."""
    people = People()
    people.add("boss")
    people.make("Work", "Work/Old", user=people.user("boss"))
    return people


# -- INBOX and special names


@pytest.mark.parametrize("name", ["INBOX", "inbox", "InBox", "INBOX/"])
def test_inbox_in_any_case(people: People, name: str) -> None:
    """All of them are the one INBOX (spec 1.10)."""
    people.run(people.john.append(name, [message()]))
    assert people.count("INBOX") == 1


def test_inbox_as_parent_in_any_case(people: People) -> None:
    """inbox/sub is INBOX/sub (spec 14.1.12); the rest of the name is exact."""
    people.make("inbox/Sub")
    assert people.listed() == ["INBOX", "INBOX/Sub"]
    with pytest.raises(NoSuchMailbox):
        people.run(people.john.status("INBOX/sub"))


def test_special_name_means_the_preference(people: People) -> None:
    """$Trash$ selects what the preference names at that moment, children too (spec 15.16)."""
    people.make("Bin", "Bin/Old", "Other")
    people.record.preferences["TrashBox"] = "Bin"
    people.run(people.john.append("$Trash$", [message()]))
    assert people.count("Bin") == 1
    assert people.count("$Trash$/Old") == 0
    people.record.preferences["TrashBox"] = "Other"
    assert people.count("$Trash$") == 0


def test_special_name_may_mean_inbox(people: People) -> None:
    """However the preference spells it. That is no special use: a program that empties Junk is not to empty INBOX."""
    people.record.preferences["JunkBox"] = "inbox"
    assert people.count("$Junk$") == 0
    assert people.attributes("INBOX") == {"\\HasNoChildren"}


def test_special_name_can_be_created(people: People) -> None:
    """CREATE $Sent$ makes the mailbox that the preference names."""
    people.record.preferences["SentBox"] = "Sent Items"
    people.make("$Sent$")
    assert people.listed() == ["INBOX", "Sent Items"]


@pytest.mark.parametrize("name", ["$Trash$", "$trash$", "$Foo$"])
def test_special_name_without_preference(people: People, name: str) -> None:
    """Nothing is there."""
    with pytest.raises(NoSuchMailbox):
        people.run(people.john.status(name))


@pytest.mark.parametrize("value", ["$Sent$", "$Trash$", "$Trash$/Old", "~boss/Work", "Bin/", "../Bin", "Bin.mdir"])
def test_preferences_that_name_no_mailbox(people: People, value: str) -> None:
    """Written by hand into the file: the special name leads nowhere, and never in circles, also by way of an alias."""
    people.make("Bin", "Bin/Old")
    people.record.preferences |= {"SentBox": value, "TrashBox": "Bin"}
    people.grant("boss", "Work", "lr")
    for name in ("$Sent$", "$Sent$/Old"):
        for work in (people.john.status(name), people.john.create(name), people.john.delete(name)):
            with pytest.raises(NoSuchMailbox):
                people.run(work)
    boss = people.world.directory.records[people.user("boss").account]
    boss.preferences |= {"SentBox": value, "TrashBox": "Work"}
    people.record.alias_table["chief"] = "~boss/$Sent$"
    with pytest.raises(NoSuchMailbox):
        people.run(people.john.status("chief"))


def test_special_names_are_shown_by_their_real_names(people: People) -> None:
    """In the account they stand in, below ~account and aliases too: so a client knows what it has opened."""
    boss = people.world.directory.records[people.user("boss").account]
    boss.preferences |= {"SentBox": "Work", "TrashBox": "inbox"}
    people.grant("boss", "Work", "lr")
    people.grant("boss", "Work/Old", "lr")
    people.grant("boss", "INBOX", "lr")
    people.record.alias_table |= {"chief": "~boss", "sent": "~boss/$Sent$"}
    shown = {
        "~boss/$Sent$": "~boss/Work", "~BOSS/$Sent$/Old": "~BOSS/Work/Old", "chief/$Sent$": "chief/Work",
        "chief/$Trash$": "chief/INBOX", "chief/inbox": "chief/INBOX", "sent": "sent", "sent/Old": "sent/Old",
    }  # fmt: skip
    assert {name: people.run(people.john.open(name)).name for name in shown} == shown


@pytest.mark.parametrize("name", ["$Calendar$", "~john/$Calendar$", "chief/$Calendar$"])
def test_special_mailboxes_are_made_with_their_class(people: People, name: str) -> None:
    """But not what lies below them, nor a mailbox that only has that name (spec 6.2)."""
    owner = "boss" if name.startswith("chief") else "john"
    record = people.world.directory.records[people.user(owner).account]
    record.preferences["CalendarBox"] = "Work/Dates"
    people.grant("boss", "Work", "lrc")
    people.record.alias_table["chief"] = "~boss"
    people.make(name, f"{name}/Sub")
    assert record.infos["Work/Dates"]["Class"] == "IPF.Appointment"
    assert "Class" not in record.infos["Work/Dates/Sub"]
    with pytest.raises(MailboxExists):
        people.make(name)


def test_special_name_as_the_new_name(people: People) -> None:
    """RENAME to $Sent$ gives a mailbox the name that the preference has, if it is free."""
    people.record.preferences["SentBox"] = "Post/Sent"
    people.make("Mine", "Other")
    people.run(people.john.rename("Mine", "$Sent$"))
    with pytest.raises(MailboxExists):
        people.run(people.john.rename("Other", "$Sent$"))
    people.run(people.john.rename("$Sent$", "Elsewhere"))
    assert people.record.preferences["SentBox"] == "Elsewhere"
    with pytest.raises(IllegalName):
        people.run(people.john.rename("Other", "$Foo$"))


def test_special_names_are_in_no_list(people: People) -> None:
    """Nor are they found by any pattern (spec 6.2)."""
    people.record.preferences["SentBox"] = "INBOX"
    for pattern in ("*", "%", "$*", "$Sent$", "~john/*", "~john/$Sent$"):
        assert not any("$" in name for name in people.listed(pattern))


def test_special_name_of_another(people: People) -> None:
    """~boss/$Sent$ is the boss's (spec 6.2)."""
    people.world.directory.records[people.world.user("boss").account].preferences["SentBox"] = "Work"
    people.grant("boss", "Work", "lr")
    assert people.count("~boss/$Sent$") == 0


# -- foreign names


@pytest.mark.parametrize("name", ["~boss/Work", "~BOSS/Work", "~boss@example.org/Work", "~chief/Work"])
def test_foreign_name_goes_through_the_router(people: People, name: str) -> None:
    """Account, account alias and account@domain lead to one mailbox (spec 7.3, 15.12)."""
    people.world.directory.aliases["chief"] = "boss"
    people.grant("boss", "Work", "lri")
    people.run(people.john.append(name, [message()]))
    assert people.count("Work", people.user("boss")) == 1


@pytest.mark.parametrize("name", ["~john/Own", "~john@example.org/Own"])
def test_own_name_with_account(people: People, name: str) -> None:
    """~self/box is the own mailbox with an owner's rights (spec 7.3.6)."""
    people.make(name)
    assert people.listed() == ["INBOX", "Own"]
    people.run(people.john.rename(name, "Else"))
    people.run(people.john.delete("~john/Else"))


@pytest.mark.parametrize(
    "name", ["~boss/Work", "~boss/None", "~nobody/Work", "~/Work", "~", "~boss", "~nobody", "~boss@example.net/Work"]
)
def test_refused_and_absent_look_the_same(people: People, name: str) -> None:
    """Without rights nobody learns which mailboxes or accounts there are (spec 14.2.5)."""
    john = people.john
    for work in (
        john.open(name), john.status(name), john.append(name, [message()]), john.may_append(name), john.delete(name),
        john.rename(name, "x"), john.create(name + "/x"),
    ):  # fmt: skip
        with pytest.raises(NoSuchMailbox):
            people.run(work)
    assert people.listed(name) == []


@pytest.mark.parametrize(
    ("letters", "error"), [("l", NotPermitted), ("", NoSuchMailbox), ("i", NoSuchMailbox), ("lr", None), ("r", None)]
)
def test_opening_needs_r(people: People, letters: str, error: type[MailError] | None) -> None:
    """With l alone the refusal says so; with r alone the mailbox opens though it is in no list."""
    people.grant("boss", "Work", letters)
    if error is None:
        people.run(people.john.open("~boss/Work"))
        return
    with pytest.raises(error):
        people.run(people.john.open("~boss/Work"))


def test_drop_box(people: People) -> None:
    """A mailbox with i alone takes messages and shows nothing (spec 14.2.5)."""
    people.grant("boss", "Work", "i")
    people.run(people.john.append("~boss/Work", [message()]))
    with pytest.raises(NoSuchMailbox):
        people.run(people.john.status("~boss/Work"))


def test_creating_below_a_foreign_mailbox(people: People) -> None:
    """Right c on the outer mailbox (spec 3.4.2); at the top nobody may (14.2.9)."""
    people.grant("boss", "Work", "lrc")
    people.make("~boss/Work/New/Deep.mdir")
    assert people.listed("~boss/*") == ["~boss/Work", "~boss/Work/New", "~boss/Work/New/Deep"]
    with pytest.raises(NoSuchMailbox):
        people.make("~boss/Top")
    people.grant("boss", "Work", "lr")
    with pytest.raises(NotPermitted):
        people.make("~boss/Work/Newer")


@pytest.mark.parametrize(
    ("inner", "outer", "error"),
    [
        ("ld", "c", None),
        ("d", "c", None),
        ("l", "c", NotPermitted),
        ("ld", "lr", NotPermitted),
        ("d", "", NoSuchMailbox),
    ],
)
def test_deleting_a_foreign_mailbox(people: People, inner: str, outer: str, error: type[MailError] | None) -> None:
    """Right d on the mailbox and c on the outer one (spec 14.2.1)."""
    people.grant("boss", "Work/Old", inner)
    people.grant("boss", "Work", outer)
    if error is None:
        people.run(people.john.delete("~boss/Work/Old"))
        assert "Work/Old" not in people.listed(user=people.user("boss"))
        return
    with pytest.raises(error):
        people.run(people.john.delete("~boss/Work/Old"))


def test_renaming_a_foreign_mailbox(people: People) -> None:
    """Delete condition on the old, create condition on the new name (spec 14.2.2)."""
    people.grant("boss", "Work", "lc")
    people.grant("boss", "Work/Old", "ld")
    people.run(people.john.rename("~boss/Work/Old", "~boss/Work/Older"))
    with pytest.raises(NoSuchMailbox):
        people.run(people.john.rename("~boss/Work/Older", "~boss/Top"))


@pytest.mark.parametrize(("old", "new"), [("~boss/Work/Old", "Mine"), ("Mine", "~boss/Work/Old2")])
def test_renaming_between_accounts_is_refused(people: People, old: str, new: str) -> None:
    """Whatever the rights (spec 14.2.2)."""
    people.make("Mine2")
    people.grant("boss", "Work", "lcd")
    people.grant("boss", "Work/Old", "lcd")
    people.make("Mine")
    people.run(people.john.delete("Mine2"))
    with pytest.raises(CannotDo):
        people.run(people.john.rename(old, new))


def test_right_taken_away_while_open(people: People) -> None:
    """A foreign session ends when r is withdrawn (spec 14.3.1e)."""
    people.grant("boss", "Work", "lr")
    handle = people.run(people.john.open("~boss/Work"))
    people.grant("boss", "Work", "l")
    assert handle.gone


def test_flags_of_a_foreign_append(people: People) -> None:
    """Flags that the user has no right to set are left out."""
    people.grant("boss", "Work", "lri")
    people.run(people.john.append("~boss/Work", [NewMessage(MemoryContent(b"x\r\n"), 1, flags=1, keywords=("k",))]))
    boss = people.run(people.user("boss").open("Work"))
    assert boss.flags([1]) == [("\\Recent",)]


# -- mailbox aliases


@pytest.fixture
def aliased(people: People) -> People:
    """john's aliases: chief for the whole account, work for one mailbox."""
    people.record.alias_table.update({"chief": "~boss", "work": "~boss/Work", "dead": "~nobody"})
    return people


def test_alias_of_an_account(aliased: People) -> None:
    """The alias is listed as not selectable, what the user may see appears under it (spec 7.2.4, 15.13)."""
    aliased.grant("boss", "INBOX", "lr")
    assert aliased.attributes("chief") == {"\\Noselect", "\\HasChildren"}
    assert aliased.listed("chief*") == ["chief", "chief/INBOX"]
    assert aliased.count("chief/INBOX") == aliased.count("chief/inbox") == 0
    with pytest.raises(NoSuchMailbox):
        aliased.run(aliased.john.status("chief"))


@pytest.mark.parametrize(
    ("opened", "renamed", "shown"),
    [
        ("chief/Work", "Work", "chief/Desk"),
        ("work/Old", "Work/Old", "work/New"),
        ("work/Old", "Work", "~boss/Desk/Old"),
        ("work", "Work", "~boss/Desk"),
        ("~boss/Work", "Work", "~boss/Desk"),
    ],
)
def test_opened_by_an_alias_and_renamed(aliased: People, opened: str, renamed: str, shown: str) -> None:
    """The session knows it by the alias while that leads there, then by the name that LIST has (spec 7.3)."""
    for name in ("Work", "Work/Old"):
        aliased.grant("boss", name, "lr")
    handle = aliased.run(aliased.john.open(opened))
    assert handle.name == opened
    new = {"Work": "Desk", "Work/Old": "Work/New"}[renamed]
    aliased.run(aliased.user("boss").rename(renamed, new))
    assert handle.name == shown
    assert aliased.run(aliased.john.open(shown)).uidvalidity == handle.uidvalidity


@pytest.mark.parametrize("now", ["~boss/$Trash$", "~anna/W"])
def test_an_alias_that_changes_while_it_is_opened(people: People, monkeypatch: pytest.MonkeyPatch, now: str) -> None:
    """The session has what the alias led to, by the name that it said; nothing stays open for nobody."""
    boss = people.world.directory.records[AccountName("boss", "example.org")]
    boss.preferences["TrashBox"] = "Work"
    people.grant("boss", "Work", "lr")
    people.record.alias_table["bin"] = "~boss/$Trash$"
    enter = people.john._enter

    async def slow(*arguments: Any, **options: Any) -> Any:
        entered = await enter(*arguments, **options)
        boss.preferences["TrashBox"] = ""
        people.record.alias_table["bin"] = now
        return entered

    monkeypatch.setattr(people.john, "_enter", slow)
    handle = people.run(people.john.open("bin"))
    assert handle.name == "bin"
    people.run(handle.close())


def test_opened_by_an_alias_that_leads_elsewhere_now(aliased: People) -> None:
    """A mailbox of the same name in another account is not the one that is open."""
    aliased.add("anna")
    aliased.grant("boss", "Work", "lr")
    handle = aliased.run(aliased.john.open("work"))
    aliased.run(aliased.user("boss").rename("Work", "Desk"))
    aliased.record.alias_table["work"] = "~anna/Desk"
    assert handle.name == "~boss/Desk"


@pytest.mark.parametrize("alias", ["", "~boss", "a/b", "$Sent$", ".x", "x\r\n", "\ud800"])
def test_what_no_alias_can_be_called(people: People, alias: str) -> None:
    """Written by hand into the file: it is not there, and nothing else is reached by another way."""
    people.record.alias_table[alias] = "~anna"
    people.add("anna")
    people.grant("anna", "INBOX", "lr")
    people.grant("boss", "Work", "lr")
    assert people.listed() == ["INBOX"]
    assert people.count("~boss/Work") == 0
    with pytest.raises(MailError):
        people.run(people.john.open(f"{alias}/INBOX"))


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("alias", []),
        ("other", []),
        ("~john", ["alias", "alias/INBOX"]),
        ("INBOX", ["alias"]),
        ("", ["alias/INBOX"]),
        ("~boss//Work", []),
        ("~boss/Work/", []),
        ("~boss/..", []),
        ("~", ["alias"]),
        ("~" + "x" * 3000, ["alias"]),
    ],
)
def test_targets_by_hand(people: People, target: str, found: list[str]) -> None:
    """Into the own account, through another alias, or nowhere: nothing runs in circles, or leads out of a level."""
    people.record.alias_table |= {"alias": target, "other": "alias"}
    people.grant("boss", "Work", "lrc")
    assert people.listed("alias*") == found
    with pytest.raises(MailError):
        people.run(people.john.open("alias/alias"))


def test_alias_that_is_spelled_as_its_target(people: People) -> None:
    """A mailbox of another is not taken for one's own of the same name."""
    people.record.alias_table["Work"] = "~boss/Work"
    people.grant("boss", "Work", "lr")
    handle = people.run(people.john.open("Work"))
    people.run(people.user("boss").rename("Work", "Desk"))
    assert handle.name == "~boss/Desk"


def test_newly_granted_mailbox_appears_at_once(aliased: People) -> None:
    """Nothing is cached (spec 7.2.5, 15.13)."""
    assert aliased.listed("chief/*") == []
    aliased.make("Urgent", user=aliased.user("boss"))
    aliased.grant("boss", "Urgent", "l")
    assert aliased.listed("chief/*") == ["chief/Urgent"]


def test_alias_of_a_mailbox(aliased: People) -> None:
    """Its attributes are those of the target; sub-mailboxes lie under it (spec 7.2.3, 14.5.7)."""
    assert aliased.listed("work*") == []
    aliased.grant("boss", "Work", "lr")
    aliased.grant("boss", "Work/Old", "lr")
    assert aliased.attributes("work", "*") == {"\\HasChildren"}
    assert aliased.listed("work/%") == ["work/Old"]
    assert aliased.count("work") == aliased.count("work/Old") == 0


def test_alias_whose_target_is_hidden_shows_the_way(aliased: People) -> None:
    """With l on a child only, % shows the alias as a level."""
    aliased.grant("boss", "Work/Old", "l")
    assert "work" not in aliased.listed("*")
    assert aliased.attributes("work", "%") == {"\\Noselect", "\\HasChildren"}


def test_alias_is_no_oracle(aliased: People) -> None:
    """An alias of an account that is not there looks like one of an account that granted nothing."""
    assert aliased.attributes("dead") == aliased.attributes("chief") == {"\\Noselect", "\\HasNoChildren"}


def test_own_mailbox_wins_over_an_alias(aliased: People) -> None:
    """An own top-level mailbox of the same name is what is opened and listed (spec 14.5.7)."""
    target = aliased.record.alias_table.pop("work")
    aliased.make("work")
    aliased.record.alias_table["work"] = target  # by hand: the server does not let it come to this
    aliased.run(aliased.john.append("work", [message()]))
    assert aliased.count("work") == 1
    assert aliased.count("Work", aliased.user("boss")) == 0


@pytest.mark.parametrize("name", ["chief", "work", "chief/", "dead"])
def test_creating_an_aliased_name_is_refused(aliased: People, name: str) -> None:
    """The name is taken, wherever the alias leads."""
    with pytest.raises(MailboxExists):
        aliased.make(name)


def test_deleting_an_alias(aliased: People) -> None:
    """The entry goes, never the target (spec 7.2.9)."""
    aliased.grant("boss", "Work", "lrd")
    aliased.run(aliased.john.delete("work"))
    assert "work" not in aliased.record.alias_table
    assert aliased.count("~boss/Work") == 0


def test_renaming_an_alias(aliased: People) -> None:
    """The entry gets another name, at the top level only (spec 7.2.9)."""
    aliased.run(aliased.john.rename("chief", "manager"))
    assert aliased.record.alias_table["manager"] == "~boss"
    for new, error in (("INBOX/x", CannotDo), ("work", MailboxExists), ("inbox", MailboxExists), ("~x", IllegalName)):
        with pytest.raises(error):
            aliased.run(aliased.john.rename("manager", new))


def test_renaming_to_an_aliased_name_is_refused(aliased: People) -> None:
    """The name is taken."""
    aliased.make("a")
    aliased.grant("boss", "Work", "l")
    with pytest.raises(MailboxExists):
        aliased.run(aliased.john.rename("a", "work"))


def test_names_below_an_alias_follow_the_foreign_rules(aliased: People) -> None:
    """CREATE chief/New needs the same rights as CREATE ~boss/New (spec 7.2.9)."""
    with pytest.raises(NoSuchMailbox):
        aliased.make("chief/New")
    aliased.grant("boss", "Work", "lc")
    aliased.make("work/New")
    assert "Work/New" in aliased.listed(user=aliased.user("boss"))


def test_alias_of_the_own_account_does_not_loop(aliased: People) -> None:
    """However it came about, listing ends."""
    aliased.record.alias_table.update({"me": "~john", "me2": "me/me2"})
    aliased.make("a")
    assert "me/a" in aliased.listed()


def test_empty_directory_cannot_be_opened(people: People) -> None:
    """A \\Noselect name is refused as such to who may know of it."""
    people.make("dir/")
    with pytest.raises(NotSelectable):
        people.run(people.john.open("dir"))
    with pytest.raises(NotSelectable):
        people.run(people.john.may_append("dir"))


def test_endless_name_is_refused(people: People) -> None:
    """A name longer than any mailbox can have is not looked for."""
    with pytest.raises(IllegalName):
        people.run(people.john.status("~" + "x" * 5000))


@pytest.mark.parametrize(
    ("name", "looks"),
    [
        ("~boss/Hidden", 0), ("~boss/Absent", 0), ("~boss/Hidden.mdir", 0),
        ("~boss/Seen/Hidden", 3), ("~boss/Seen/Absent", 3),
    ],
)  # fmt: skip
def test_as_much_is_done_for_hidden_as_for_absent(people: People, name: str, looks: int) -> None:
    """Below a level that the user sees the disk is looked at once a second, elsewhere not at all: whether there is
    something that he may not know of, or nothing (spec 14.2.5)."""
    people.make("Hidden", "Seen", "Seen/Hidden", user=people.user("boss"))
    people.grant("boss", "Seen", "l")
    people.grant("boss", "Seen/Hidden", "", to="john")
    looked: list[str] = []
    tree = people.world.trees[people.user("boss").account]
    scan = tree.scan
    tree.scan = lambda: (looked.append(name), scan())[1]  # type: ignore[method-assign,func-returns-value]
    for work in (people.john.status, people.john.open, people.john.delete):
        people.world.clock.advance(1)
        for _ in range(2):
            with pytest.raises(NoSuchMailbox):
                people.run(work(name))
    assert len(looked) == looks
