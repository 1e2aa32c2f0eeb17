"""Accounts get other names, and go, with all that belongs to them (directory/renaming.py)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.errors import AccountExists, IllegalName, NoSuchAccount, StorageFailed
from cgpymail.model.identity import AccountName, PlainCredentials
from cgpymail.runtime.files import Files
from tests.support.crashfiles import KEPT, Kept
from tests.support.results import result
from tests.unit.directory.ground import JOHN, MAIN, SECURE, Ground, SlowPool, cut

JACK = AccountName("jack", MAIN)
ALIASES = "Accounts/Settings/Aliases.data"
ACCESS = "Accounts/Settings/Access.settings"
GROUPS = "Accounts/Settings/Groups.data"


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """John, with two aliases, an administrator's right and a group, and a domain in which he has those too."""
    made = Ground(tmp_path)
    furnish(made)
    return made


def furnish(ground: Ground, password: str = "secret") -> None:
    """See ``ground``."""
    ground.write(ALIASES, "{ boss=john; chief=John%Example.org; other=mary; }")
    ground.write(ACCESS, "{ john=(AllUsers); mary=(CanViewMailboxes); }")
    ground.write(GROUPS, '{ staff=("john@Example.org", mary, boss, "#john"); others=(mary); }')
    ground.write("Domains/client2.com/Settings/Groups.data", '{ far=("john@example.org", john); }')
    ground.write("Domains/client2.com/Settings/Aliases.data", "{ sales=john@example.org; john=x; }")
    ground.start()
    ground.create(password=password)


def rename(ground: Ground, old: AccountName, name: str, domain: str = MAIN) -> AccountName:
    """As the server does it."""
    new = ground.do(ground.directory.vacant(name, domain))
    ground.do(ground.directory.rename(old, new))
    return new  # type: ignore[no-any-return]


def routed(ground: Ground, *names: str) -> list[str]:
    """Where addresses lead."""
    return [str(ground.directory.route(name, "")) for name in names]


def test_the_mail_stays(ground: Ground) -> None:
    """Everything in the account is there under the new name, and nothing under the old one."""
    ground.write("Accounts/john.macnt/INBOX.mdir/1", "x")
    assert rename(ground, JOHN, "Jack") == JACK
    assert (ground.path / "Accounts/jack.macnt/INBOX.mdir/1").read_text() == "x"
    assert ground.record() is None
    assert ground.record(JACK).name == JACK
    assert result(ground.directory.login(PlainCredentials("jack", b"secret"), SECURE)) == JACK


def test_aliases_and_rights_follow(ground: Ground) -> None:
    """What led to the account leads to it, at once and after a restart; what led elsewhere does so still."""
    rename(ground, JOHN, "jack")
    for _ in range(2):
        assert routed(ground, "boss", "chief", "sales@client2.com") == [str(JACK)] * 3
        assert routed(ground, "other", "john@client2.com") == ["mary@example.org", "x@client2.com"]
        assert set(ground.directory.domains.main.rights) == {"jack", "mary"}
        assert ground.directory.relations.members(("staff", MAIN)) == ("jack", "mary", "boss", "#john")
        assert ground.directory.member("far", "client2.com", JACK)
        assert not ground.directory.member("staff", MAIN, JOHN)
        ground.start()
    assert not (ground.path / ".renaming").exists()


def test_to_another_domain(ground: Ground) -> None:
    """The account moves into the directory of the domain; aliases say the whole name now."""
    rename(ground, JOHN, "jack", "client2.com")
    assert (ground.path / "Domains/client2.com/jack.macnt").is_dir()
    assert routed(ground, "boss", "sales@client2.com") == ["jack@client2.com"] * 2
    assert 'boss = "jack@client2.com"' in (ground.path / ALIASES).read_text()
    assert ground.directory.relations.members(("staff", MAIN))[0] == "jack@client2.com"
    assert ground.directory.relations.members(("far", "client2.com")) == ("jack", "john")


def test_access_lists_mean_the_same_people(ground: Ground) -> None:
    """In another domain, a name without domain would be somebody else."""
    acl = {
        "mary": "lr",
        "mary@client2.com": "l",
        "-#staff": "r",
        "anyone@": "l",
        "-anyone": "s",
        "mary@example.org": "i",
    }
    record = ground.record()
    result(record.update_mailboxes({"INBOX": {"Access": acl, "UIDNext": "5"}, "a": {"Class": "x"}}))
    result(record.set_account_acl({"mary": ["CreateMailboxes"]}))
    before = record.access("INBOX")
    new = rename(ground, JOHN, "jack", "client2.com")
    for _ in range(2):
        found = ground.record(new)
        assert found.access("INBOX") == before
        assert found.mailbox_info("INBOX")["UIDNext"] == "5" and found.mailbox_info("a") == {"Class": "x"}
        assert found.account_acl() == {"mary@example.org": ("CreateMailboxes",)}
        ground.start()


def test_an_alias_becomes_the_name(ground: Ground) -> None:
    """Who is renamed to one of his aliases is found under it."""
    rename(ground, JOHN, "boss")
    assert routed(ground, "boss", "chief") == ["boss@example.org"] * 2
    assert "boss" not in ground.directory.domains.main.aliases
    assert ground.directory.relations.members(("staff", MAIN)) == ("boss", "mary", "#john")


def test_within_a_folder(ground: Ground) -> None:
    """An account in a folder stays there (spec 11.1.1)."""
    ground.write("Accounts/a.sub/anna.macnt/account.settings", "{}")
    rename(ground, AccountName("anna", MAIN), "hanna")
    assert (ground.path / "Accounts/a.sub/hanna.macnt").is_dir()


@pytest.mark.parametrize(
    ("old", "new", "error"),
    [
        ("john", "mary", AccountExists),
        ("john", "john", AccountExists),
        ("john", "single", AccountExists),
        ("john", "other", AccountExists),
        ("john", "../x", IllegalName),
        ("john", "anyone", IllegalName),
        ("nobody", "x", NoSuchAccount),
    ],
)
def test_what_cannot_be(ground: Ground, old: str, new: str, error: type[Exception]) -> None:
    """Names that are taken, also by another's alias, or illegal, and accounts that are not there; nothing changes."""
    ground.create("mary")
    ground.write("Accounts/single.mbox", "")
    before = sorted(os.listdir(ground.path / "Accounts"))
    with pytest.raises(error):
        rename(ground, AccountName(old, MAIN), new)
    assert sorted(os.listdir(ground.path / "Accounts")) == before
    assert not (ground.path / ".renaming").exists()
    assert ground.record().preference("TrashBox") == "Trash"


def test_unknown_domain(ground: Ground) -> None:
    """A domain is there before its accounts."""
    with pytest.raises(NoSuchAccount):
        rename(ground, JOHN, "john", "elsewhere.net")


def test_an_old_record_writes_nothing(ground: Ground) -> None:
    """Who still holds the account under its old name cannot write into a new account of that name."""
    held = ground.record()
    rename(ground, JOHN, "jack")
    ground.create()
    with pytest.raises(StorageFailed):
        result(held.set_preferences({"TrashBox": "Spoiled"}))
    assert ground.record().preference("TrashBox") == "Trash"


def test_nobody_reads_a_moving_account(ground: Ground) -> None:
    """While the files move, a login is a temporary failure, not a wrong password."""
    slow = SlowPool()
    ground.pools(sync=slow)
    moved: list[Any] = []
    Deferred.fromCoroutine(ground.directory.rename(JOHN, JACK)).addBoth(moved.append)
    with pytest.raises(StorageFailed):
        ground.record()
    while slow.waiting:
        slow.step()
    assert moved == [None] and ground.record() is None


def test_a_reader_under_way_is_waited_for(ground: Ground) -> None:
    """A record that is being read is read whole before the files move, and is not believed afterwards."""
    ground.start()
    slow = SlowPool()
    ground.pools(read=slow)
    read = ground.directory.find(JOHN)
    moved: list[Any] = []
    Deferred.fromCoroutine(ground.directory.rename(JOHN, JACK)).addBoth(moved.append)
    assert not moved
    slow.step()
    assert moved == [None]
    assert result(read).preference("TrashBox") == "Trash"
    found = ground.directory.find(JOHN)
    slow.step()
    assert result(found) is None


def test_removed_with_aliases_and_rights(ground: Ground) -> None:
    """A later account of the same name inherits neither, nor is it in the groups; nor is one that is called as an
    alias was."""
    ground.do(ground.directory.delete(JOHN))
    assert set(ground.directory.domains.main.aliases) == {"other"}
    assert set(ground.directory.domains.main.rights) == {"mary"}
    john = ground.create().name
    assert not ground.directory.domains.may_act_for_all(john)
    assert not ground.directory.member("staff", MAIN, john)
    assert not ground.directory.member("staff", MAIN, ground.create("boss").name)
    assert ground.directory.relations.members(("staff", MAIN)) == ("mary", "#john")


class Stubborn(Files):
    """Cannot write the aliases."""

    full = True

    def write_file(self, path: str, data: bytes, mode: int = 0o600) -> None:
        """Refuse."""
        if self.full and path.endswith("Aliases.data"):
            raise OSError(28, "No space left on device")
        super().write_file(path, data, mode)


def test_a_full_disk_in_the_middle(tmp_path: Path) -> None:
    """The account has its new name; the log says that the rest is to come, and the next start does it."""
    files = Stubborn()
    ground = Ground(tmp_path, files)
    furnish(ground)
    rename(ground, JOHN, "jack")
    assert ground.record(JACK) is not None and any("next start" in line for line in ground.lines)
    with pytest.raises(StorageFailed):
        ground.create()
    files.full = False
    ground.start()
    assert routed(ground, "boss") == [str(JACK)]


def furnish_for_cuts(ground: Ground) -> None:
    """The same, without the time that hashing takes."""
    furnish(ground, password="")


@pytest.mark.parametrize("kept", KEPT)
def test_power_cut_while_renaming(tmp_path: Path, kept: Kept) -> None:
    """The account is there once, under the old name or the new one, and aliases and rights agree with that."""

    def check(ground: Ground, done: bool) -> None:
        found = [name for name in (JOHN, JACK) if ground.record(name) is not None]
        assert found == [JACK] if done else len(found) == 1
        assert ground.record(found[0]).preference("SentBox") == "Sent Items"
        assert routed(ground, "boss", "chief", "sales@client2.com") == [str(found[0])] * 3
        assert set(ground.directory.domains.main.rights) == {found[0].name, "mary"}
        assert [name for name in (JOHN, JACK) if ground.directory.member("staff", MAIN, name)] == found

    cut(tmp_path, kept, furnish_for_cuts, lambda ground: rename(ground, JOHN, "jack"), check)


@pytest.mark.parametrize("kept", KEPT)
def test_power_cut_while_removing(tmp_path: Path, kept: Kept) -> None:
    """The account is whole with aliases and rights, or gone with them, and its name can be used."""

    def check(ground: Ground, done: bool) -> None:
        record = ground.record()
        assert record is None or not done
        assert (routed(ground, "boss") == [str(JOHN)]) == (record is not None)
        assert ("john" in ground.directory.domains.main.rights) == (record is not None)
        assert ground.directory.member("staff", MAIN, JOHN) == (record is not None)
        assert ("boss" in ground.directory.relations.members(("staff", MAIN))) == (record is not None)
        if record is None:
            record = ground.create(password="")
        assert record.preference("SentBox") == "Sent Items"

    cut(tmp_path, kept, furnish_for_cuts, lambda ground: ground.do(ground.directory.delete(JOHN)), check)
