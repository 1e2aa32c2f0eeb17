"""Creating, deleting and renaming mailboxes (spec sections 1 and 6)."""

from __future__ import annotations

from dataclasses import replace

import pytest
from twisted.internet.defer import Deferred, fail

from cgpymail.errors import (
    CannotDo,
    IllegalName,
    LimitExceeded,
    MailboxExists,
    MailError,
    NoSuchMailbox,
    NotSelectable,
    StorageFailed,
)
from cgpymail.model import flags
from cgpymail.model.identity import AccountName
from cgpymail.model.message import NewMessage
from cgpymail.runtime.limits import DEFAULTS
from cgpymail.runtime.spool import MemoryContent
from cgpymail.stores.memorytree import MemoryTree
from tests.support.naming import People
from tests.support.results import result
from tests.support.world import World

JOHN = AccountName("john", "example.org")


@pytest.fixture
def people() -> People:
    """john with an INBOX."""
    return People()


def format_of(people: People, name: str) -> str:
    """The extension of a mailbox on disk."""
    return str(result(people.world.trees[JOHN].scan())[name].format)


# -- creating


def test_inbox_is_there_at_once(people: People) -> None:
    """A new account has an INBOX that can be selected (spec 1.3)."""
    assert people.count("INBOX") == 0


def test_new_account_gets_special_mailboxes() -> None:
    """Sent Items, Drafts, Trash, Junk and Archive are there after the first login."""
    world = World()
    world.account("mary")
    listed = world.run(world.user("mary").list_mailboxes("", ["*"]))
    assert [each.name for each in listed] == ["INBOX", "Archive", "Drafts", "Junk", "Sent Items", "Trash"]


def test_old_account_gets_nothing_but_its_inbox_back() -> None:
    """Special mailboxes that the user removed stay removed; a lost INBOX is made again."""
    world = World()
    tree = world.tree(world.account("mary"))
    result(tree.create("Other", "mbox", 7))
    listed = world.run(world.user("mary").list_mailboxes("", ["*"]))
    assert [each.name for each in listed] == ["INBOX", "Other"]


def test_slash_makes_a_name_that_is_not_selectable(people: People) -> None:
    """CREATE A/ then CREATE A: first \\Noselect, then selectable (spec 15.1)."""
    people.make("A/")
    assert "\\Noselect" in people.attributes("A")
    with pytest.raises(NotSelectable):
        people.run(people.john.status("A"))
    people.make("A")
    assert people.count("A") == 0


def test_directory_entity_twice_is_refused(people: People) -> None:
    """CREATE A/ again is NO."""
    people.make("A/")
    with pytest.raises(MailboxExists):
        people.make("A/")


def test_directory_entity_for_a_mailbox(people: People) -> None:
    """CREATE A/ beside a mailbox A changes nothing that the user sees."""
    people.make("A", "A/")
    assert people.count("A") == 0


def test_missing_parents_are_made_as_directories(people: People) -> None:
    """CREATE X/Y/Z with X absent: X and X/Y are listed and not selectable (spec 1.8)."""
    people.make("X/Y/Z")
    assert people.attributes("X") == people.attributes("X/Y") == {"\\Noselect", "\\HasChildren"}


def test_bad_preferences_do_not_keep_a_new_user_out() -> None:
    """A special mailbox that cannot be made, or is one too many, is left out; INBOX is always made."""
    world = World()
    record = world.account("mary")
    record.preferences.update({"SentBox": "../escape", "DraftsBox": "inbox", "TrashBox": "a//b", "ArchiveBox": ""})
    record.settings["MaxMailboxes"] = "0"
    listed = world.run(world.user("mary").list_mailboxes("", ["*"]))
    assert [each.name for each in listed] == ["INBOX"]


@pytest.mark.parametrize("name", ["INBOX", "inbox", "A", "A.mdir"])
def test_existing_name_is_refused(people: People, name: str) -> None:
    """CREATE of what is there is NO."""
    people.make("A")
    with pytest.raises(MailboxExists):
        people.make(name)


@pytest.mark.parametrize(
    "name",
    ["", "/a", "a//b", "a/./b", "..", "a/.hidden", "a/~b", "x\0y", "a\nb", "$Foo$", "a.mdir/b", "a.bdx", "a.mdir/",
     "a.mbox.mdir", ".mdir", "x" * 300, "/".join("abcdefghijklmnopqrstuvwxyz")],
)  # fmt: skip
def test_illegal_name_is_refused(people: People, name: str) -> None:
    """Names of spec 14.1.10 never reach the disk."""
    before = people.listed()
    with pytest.raises(IllegalName):
        people.make(name)
    assert people.listed() == before


def test_case_matters(people: People) -> None:
    """Two names that differ in case are two mailboxes where the disk allows it (spec 15.3)."""
    people.make("Work", "work")
    assert people.listed() == ["INBOX", "Work", "work"]


def test_case_folding_disk_refuses_the_second() -> None:
    """On a file system that folds case the second CREATE is NO and look-up stays exact (spec 1.9)."""
    people = People(make_tree=lambda world, record: MemoryTree(world.runtime, fold=True))
    people.make("Work")
    with pytest.raises(MailboxExists):
        people.make("work")
    with pytest.raises(NoSuchMailbox):
        people.run(people.john.status("WORK"))


@pytest.mark.parametrize(
    ("setting", "name", "extension"),
    [
        ("", "box", "mbox"),
        ("TextMailbox", "box", "mbox"),
        ("MailDirMailbox", "box", "mdir"),
        ("UnheardOf", "box", "mbox"),
        ("MailDirMailbox", "box.mbox", "mbox"),
        ("TextMailbox", "box.mdir", "mdir"),
    ],
)
def test_format_of_new_mailbox(people: People, setting: str, name: str, extension: str) -> None:
    """By the name's extension, else by the account's DefaultMailboxType (spec 1.13, 6.4, 15.4)."""
    people.record.settings["DefaultMailboxType"] = setting
    people.make(name)
    assert format_of(people, "box") == extension


def test_lookup_with_extension(people: People) -> None:
    """A client that created box.mdir may select box.mdir; box.mbox is not there (spec 1.13)."""
    people.make("box.mdir")
    people.run(people.john.append("box.mdir", [NewMessage(MemoryContent(b"x\r\n"), 1)]))
    assert people.count("box") == people.count("box.mdir") == 1
    with pytest.raises(NoSuchMailbox):
        people.run(people.john.status("box.mbox"))


def test_max_mailboxes(people: People) -> None:
    """The setting MaxMailboxes counts what holds messages (spec 1.15)."""
    people.record.settings["MaxMailboxes"] = "3"
    people.make("a", "b", "c/")
    with pytest.raises(LimitExceeded):
        people.make("d")


def test_limit_counts_every_name() -> None:
    """Directories count for the server's own limit, so they cannot be made without end."""
    people = People(limits=replace(DEFAULTS, mailboxes=4))
    people.make("a/b/")
    with pytest.raises(LimitExceeded):
        people.make("c/d/")
    people.make("c/")
    people.run(people.john.rename("c", "d"))
    with pytest.raises(LimitExceeded):
        people.run(people.john.rename("d", "e/f"))


def test_uidvalidity_is_never_reused(people: People) -> None:
    """A mailbox deleted and made again has another UIDVALIDITY, and so has every other (spec 1.1.2)."""
    seen = set()
    for name in ("a", "b", "a"):
        people.make(name)
        seen.add(people.run(people.john.status(name)).uidvalidity)
        people.run(people.john.delete(name))
    assert len(seen) == 3


# -- access lists


def test_new_mailbox_copies_its_parents_acl(people: People) -> None:
    """Later changes of the parent do not reach the child (spec 3.4.1, 15.11)."""
    people.make("a")
    people.grant("john", "a", "lr", to="mary")
    people.make("a/b/c")
    people.grant("john", "a", "lrs", to="mary")
    assert [people.record.infos[name]["Access"] for name in ("a/b", "a/b/c")] == [{"mary": "lr"}] * 2


def test_damaged_acl_is_not_copied(people: People) -> None:
    """An ACL in account.info that is none grants nothing and is in nobody's way."""
    people.make("a")
    people.record.infos["a"]["Access"] = "lr"
    people.make("a/b")
    assert "Access" not in people.record.infos["a/b"]


def test_acl_outlives_storage_with_the_directory(people: People) -> None:
    """DELETE of a mailbox with children leaves its name and that name's ACL, and CREATE brings the mailbox back."""
    people.make("a", "a/b")
    people.grant("john", "a", "lr", to="mary")
    people.run(people.john.delete("a"))
    people.make("a")
    assert people.record.infos["a"]["Access"] == {"mary": "lr"}


def test_new_mailbox_takes_over_nothing(people: People) -> None:
    """An entry that was left in account.info by a mailbox lost long ago grants nothing on a new one."""
    people.record.infos["a"] = {"Access": {"anyone": "lr"}, "UIDNext": "99", "Class": "IPF.Task"}
    people.make("a")
    assert set(people.record.infos["a"]) == {"UIDValidity", "MailboxID"}


# -- deleting


@pytest.mark.parametrize("name", ["INBOX", "inbox"])
def test_inbox_cannot_be_deleted(people: People, name: str) -> None:
    """DELETE INBOX is NO (spec 15.2)."""
    with pytest.raises(CannotDo):
        people.run(people.john.delete(name))


def test_delete(people: People) -> None:
    """The name is gone, and so is its entry in account.info."""
    people.make("a")
    people.run(people.john.delete("a"))
    assert people.listed() == ["INBOX"]
    assert "a" not in people.record.infos
    with pytest.raises(NoSuchMailbox):
        people.run(people.john.delete("a"))


def test_delete_with_children_keeps_the_name(people: People) -> None:
    """The storage goes, the name stays as not selectable (spec 1.1.3); a second DELETE is NO."""
    people.make("a", "a/b")
    people.run(people.john.delete("a"))
    assert people.attributes("a") == {"\\Noselect", "\\HasChildren"}
    with pytest.raises(CannotDo):
        people.run(people.john.delete("a"))


def test_delete_removes_an_empty_directory_too(people: People) -> None:
    """A mailbox whose last child is gone vanishes whole, and an empty directory can be deleted."""
    people.make("a", "a/b", "c/")
    for name in ("a/b", "a", "c"):
        people.run(people.john.delete(name))
    assert people.listed() == ["INBOX"]


def account_of(people: People) -> object:
    """john's name space, for the forms that only the administrative interface has."""
    return people.john._own


def test_delete_with_everything_below(people: People) -> None:
    """The administrator's form: Locked mailboxes below go along with an unlocked parent (spec 6.3.1, 15.15)."""
    people.make("a", "a/b", "a/b/c", "ab")
    people.record.infos["a/b"]["Locked"] = "YES"
    people.run(account_of(people).delete("a", children=True))  # type: ignore[attr-defined]
    assert people.listed() == ["INBOX", "ab"]


def test_locked_mailbox(people: People) -> None:
    """It can be neither deleted nor renamed (spec 6.3.1, 15.15), but moves along with its parent."""
    people.make("a/b")
    people.record.infos["a/b"]["Locked"] = "YES"
    with pytest.raises(CannotDo):
        people.run(people.john.delete("a/b"))
    with pytest.raises(CannotDo):
        people.run(people.john.rename("a/b", "c"))
    people.run(people.john.rename("a", "d"))
    assert people.listed() == ["INBOX", "d", "d/b"]


# -- renaming


def test_rename_takes_children_along(people: People) -> None:
    """Names, entries in account.info and UIDVALIDITY move (spec 1.1.2)."""
    people.make("a", "a/b", "ab")
    before = people.run(people.john.status("a/b")).uidvalidity
    people.run(people.john.rename("a", "x/y"))
    assert people.listed() == ["INBOX", "ab", "x", "x/y", "x/y/b"]
    assert people.run(people.john.status("x/y/b")).uidvalidity == before
    assert {"x/y", "x/y/b"} <= people.record.infos.keys() and "a" not in people.record.infos


def test_rename_of_one_mailbox_only(people: People) -> None:
    """The administrator's other form leaves children and directory where they are (spec 1.1.1)."""
    people.make("a", "a/b")
    people.run(account_of(people).rename("a", "c", children=False))  # type: ignore[attr-defined]
    assert "\\Noselect" in people.attributes("a")
    assert people.listed() == ["INBOX", "a", "a/b", "c"]


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("none", "x", NoSuchMailbox),
        ("a", "b", MailboxExists),
        ("a", "a", MailboxExists),
        ("a", "INBOX", MailboxExists),
        ("a", "inbox", MailboxExists),
        ("a", "a/x", CannotDo),
        ("a", "a/b/x", CannotDo),
        ("a", "~x", CannotDo),
        ("a", "x/.y", IllegalName),
        ("a", "x.mdir", IllegalName),
        ("a", "/".join("bcdefghijklmnopqrstu"), IllegalName),
        ("INBOX", "b", MailboxExists),
    ],
)
def test_refused_renames(people: People, old: str, new: str, error: type[MailError]) -> None:
    """Nothing moves."""
    people.make("a/c", "b")
    people.make("a")
    before = people.listed()
    with pytest.raises(error):
        people.run(people.john.rename(old, new))
    assert people.listed() == before


def test_rename_updates_special_mailboxes(people: People) -> None:
    """RENAME of the Sent mailbox, or of what it lies in, changes the preference (spec 6.2)."""
    people.record.preferences.update({"SentBox": "Mail/Sent", "TrashBox": "Mailbox"})
    people.make("Mail/Sent")
    people.run(people.john.rename("Mail", "Post"))
    assert people.record.preferences == {"SentBox": "Post/Sent", "TrashBox": "Mailbox"}
    assert "\\Sent" in people.attributes("Post/Sent")
    people.record.preferences["JunkBox"] = "inbox/Spam"  # as somebody has typed it
    people.make("INBOX/Spam")
    people.run(people.john.rename("INBOX/Spam", "Spam"))
    assert people.record.preferences["JunkBox"] == "Spam"


def test_session_follows_a_rename(people: People) -> None:
    """Who has a mailbox open works on under the new name; others meet him there (spec 14.3.1e)."""
    people.make("a/b")
    handle = people.run(people.john.open("a/b"))
    people.run(people.user().rename("a", "c"))
    people.run(people.user().append("c/b", [NewMessage(MemoryContent(b"x\r\n"), 1)]))
    assert handle.changes(expunge=True).exists == 1
    assert not handle.gone


@pytest.mark.parametrize(
    ("opened", "shown", "renamed"),
    [
        ("a/b", "a/b", "c/b"),
        ("~john/a/b", "~john/a/b", "~john/c/b"),
        ("$Trash$", "a/b", "c/b"),
        ("INBOX", "INBOX", "INBOX"),
    ],
)
def test_handle_tells_the_new_name(people: People, opened: str, shown: str, renamed: str) -> None:
    """A session can say under which name LIST shows its mailbox, also after a rename."""
    people.record.preferences["TrashBox"] = "a/b"
    people.make("a/b")
    handle = people.run(people.john.open(opened))
    assert handle.name == shown
    people.run(people.user().rename("a", "c"))
    assert handle.name == renamed
    assert people.run(people.john.open(handle.name)).uidvalidity == handle.uidvalidity


def test_session_hears_of_a_delete(people: People) -> None:
    """The mailbox is gone for who has it open, and a new one of that name is another (spec 14.3.1e)."""
    heard: list[bool] = []
    people.make("a")
    handle = people.run(people.john.open("a", notify=lambda: heard.append(True)))
    people.run(people.user().delete("a"))
    people.world.clock.advance(0)
    people.make("a")
    assert heard and handle.changes(expunge=True).gone
    assert people.count("a") == 0
    people.run(handle.close())


# -- RENAME INBOX


def test_rename_inbox_moves_its_messages(people: People) -> None:
    """All messages, Hidden and Service too, with flags and keywords; INBOX stays, empty (spec 1.1.2, 15.2)."""
    mine = [flags.SEEN, flags.FLAGGED | flags.HIDDEN, flags.SERVICE]
    batch = [NewMessage(MemoryContent(b"%d\r\n" % mask), 5, mask, ("tag",)) for mask in mine]
    people.run(people.john.append("INBOX", batch))
    people.make("INBOX/sub")
    before = people.run(people.john.status("INBOX"))
    people.run(people.john.rename("INBOX", "old"))
    assert people.listed() == ["INBOX", "INBOX/sub", "old"]
    after, moved = people.run(people.john.status("INBOX")), people.run(people.john.status("old"))
    assert (after.messages, after.uidvalidity, after.uidnext) == (0, before.uidvalidity, before.uidnext)
    assert (moved.messages, moved.uidvalidity > before.uidvalidity) == (2, True)
    columns = people.run(account_of(people).open("old")).store.columns  # type: ignore[attr-defined]
    assert list(columns.flags) == mine and all(columns.keywords) and list(columns.date) == [5, 5, 5]


def test_sessions_in_inbox_see_expunges(people: People) -> None:
    """Who has INBOX open while it is renamed sees its messages go (spec 1.1.2)."""
    people.run(people.john.append("INBOX", [NewMessage(MemoryContent(b"x\r\n"), 1)] * 3))
    handle = people.run(people.john.open("INBOX"))
    people.run(people.user().rename("inbox", "INBOX/old"))
    assert len(handle.changes(expunge=True).expunged) == 3
    assert people.count("INBOX/old") == 3


def test_rename_inbox_keeps_the_format(people: People) -> None:
    """The messages stay in the format they had."""
    people.record.settings["DefaultMailboxType"] = "MailDirMailbox"
    people.run(people.john.rename("INBOX", "old"))
    assert format_of(people, "old") == "mbox"


class Breaking(MemoryTree):
    """A tree whose mailboxes but INBOX refuse everything from the second batch on."""

    def open(self, name, hints, draw):  # type: ignore[no-untyped-def]
        opened: Deferred[object] = super().open(name, hints, draw)
        return opened if name == "INBOX" else opened.addCallback(self._break)

    def _break(self, store):  # type: ignore[no-untyped-def]
        genuine, calls = store.append, []

        async def append(messages):  # type: ignore[no-untyped-def]
            calls.append(1)
            if len(calls) > 1:
                raise StorageFailed
            return await genuine(messages)

        store.append = append
        return store


def test_rename_inbox_that_fails_loses_nothing() -> None:
    """Every message is still in INBOX, and the half-filled mailbox is gone again."""
    people = People(make_tree=lambda world, record: Breaking(world.runtime))
    people.run(people.john.append("INBOX", [NewMessage(MemoryContent(b"x\r\n"), 1)] * 700))
    with pytest.raises(StorageFailed):
        people.run(people.john.rename("INBOX", "old"))
    assert people.count("INBOX") == 700
    assert people.listed() == ["INBOX"]


class Holding(MemoryTree):
    """INBOX lets nothing go."""

    def open(self, name, hints, draw):  # type: ignore[no-untyped-def]
        opened: Deferred[object] = super().open(name, hints, draw)
        return opened.addCallback(self._break) if name == "INBOX" else opened

    def _break(self, store):  # type: ignore[no-untyped-def]
        store.expunge = lambda uids: fail(StorageFailed())
        return store


def test_rename_inbox_that_fails_at_the_end_keeps_both() -> None:
    """Whether the messages left INBOX is not known then: the copies stay."""
    people = People(make_tree=lambda world, record: Holding(world.runtime))
    people.run(people.john.append("INBOX", [NewMessage(MemoryContent(b"x\r\n"), 1)]))
    with pytest.raises(StorageFailed):
        people.run(people.john.rename("INBOX", "old"))
    assert people.count("INBOX") == people.count("old") == 1


# -- what others do on the disk


def test_mailboxes_of_others_appear(people: People) -> None:
    """A mailbox file that the administrator puts there shows in LIST and can be selected, a second later."""
    result(people.world.trees[JOHN].create("Copied", "mbox", 7))
    people.world.clock.advance(1)
    assert people.count("Copied") == 0
    assert people.listed() == ["INBOX", "Copied"]


class Stubborn(MemoryTree):
    """Directories have files in them that are not ours."""

    def delete_directory(self, name: str) -> Deferred[None]:
        async def refuse() -> None:
            raise CannotDo

        return Deferred.fromCoroutine(refuse())


def test_directory_with_strange_files_stays() -> None:
    """DELETE removes the mailbox; its directory stays as a name that is not selectable."""
    people = People(make_tree=lambda world, record: Stubborn(world.runtime))
    people.make("a", "a/")
    people.run(people.john.delete("a"))
    assert "\\Noselect" in people.attributes("a")
    with pytest.raises(CannotDo):
        people.run(people.john.delete("a"))


def test_numbers_are_noted_at_close() -> None:
    """account.info has a copy of UIDVALIDITY and UIDNEXT after the mailbox was closed (spec 14.1.4)."""
    people = People()
    uidvalidity, _ = people.run(people.john.append("INBOX", [NewMessage(MemoryContent(b"x\r\n"), 1)]))
    people.run(people.manager.stop())
    noted = people.record.infos["INBOX"]
    assert (noted["UIDValidity"], noted["UIDNext"]) == (str(uidvalidity), "2")
