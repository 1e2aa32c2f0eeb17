"""Single-mailbox accounts as they lie on disk (spec sections 1.2, 11.1; directory/places.py)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred

from cgpymail.directory.accounts import Listed
from cgpymail.directory.naming import account_name
from cgpymail.directory.places import GRAVE, Belonging
from cgpymail.errors import AccountExists, IllegalName, StorageFailed
from cgpymail.model.identity import AccountName, PlainCredentials
from cgpymail.runtime.files import Files
from tests.support.crashfiles import KEPT, Kept
from tests.support.results import result
from tests.unit.directory.ground import MAIN, SECURE, Ground, SlowPool, cut

MARY = AccountName("mary", MAIN)
JANE = AccountName("jane", MAIN)
READER = "0123456789abcdef" * 2
ALIASES = "Accounts/Settings/Aliases.data"
# What the stores may have beside a mail file, and the directory beside account.info.
BESIDE = (
    "mary.mbox", "mary.bdx", "mary.log.1", "mary.log.12", ".mary.mbox.new", ".mary.bdx.new", ".mary.mbox.aside-1",
    ".mary.log.3.damaged", "mary.info.damaged-1", "mary.annotations", f"mary.seen-{READER}", f".mary.seen-{READER}.new",
)  # fmt: skip
# Files of accounts with names like hers, and of nobody.
OTHERS = (
    "mary.x.mbox", "mary.x.settings", "mary.x.bdx", "mary.log.mbox", "mary.log.settings", "mary.log.log.1",
    "mary.bdx.mbox", "mary.bdx.settings", "mary.log.1.settings", "mary.log.1.log.1", ".mary.x.mbox.new",
    ".mary.bdx.mbox.aside-1", "mary.notes", "mary", "rosemary.mbox", "rosemary.settings", ".new-mary.settings.new",
    f"mary.seen-{READER}.settings",
)  # fmt: skip


def _is_name(text: str) -> bool:
    try:
        return account_name(text) == text
    except IllegalName:
        return False


def create(ground: Ground, name: str = "mary", password: str = "", **more: Any) -> Any:
    """A single-mailbox account; its record."""
    return ground.do(ground.directory.create(name, MAIN, password, single=True, **more))


def put(ground: Ground, *files: str) -> None:
    """Files in the domain's directory, each with its name in it."""
    for file in files:
        ground.write(f"Accounts/{file}", file)


def there(ground: Ground) -> list[str]:
    """What is in the domain's directory."""
    return sorted(name for name in os.listdir(ground.path / "Accounts") if name != "Settings")


def test_created(ground: Ground) -> None:
    """Its files lie in the domain's directory, under its name; what it is told to keep is there at the next start."""
    record = create(ground, "Mary", "secret", format="MailDirMailbox")
    assert (record.name, record.single, record.path) == (MARY, True, str(ground.path / "Accounts/mary"))
    assert there(ground) == ["mary.info", "mary.prefs", "mary.settings"]
    result(record.set_preferences({"TrashBox": "Bin"}))
    result(record.set_subscription(["INBOX"]))
    result(record.set_settings({"RealName": "Mary"}))
    result(result(record.annotations()).update("", str(MARY), {"/private/comment": b"hers"}))
    ground.start()
    record = ground.record(MARY)
    assert (record.preference("TrashBox"), record.subscription()) == ("Bin", ["INBOX"])
    assert result(record.annotations()).entries("") == {"/private/comment": b"hers"}
    assert there(ground) == ["mary.annotations", "mary.info", "mary.prefs", "mary.settings"]
    assert [record.setting(key, "") for key in ("RealName", "DefaultMailboxType")] == ["Mary", "MailDirMailbox"]
    assert result(ground.directory.login(PlainCredentials("mary", b"secret"), SECURE)) == MARY


def test_found(ground: Ground) -> None:
    """One that was there before is found, in a folder too, and listed with the format of its mail."""
    put(ground, *OTHERS)
    ground.write("Accounts/a.sub/anna.settings", "{ RealName=Anna; }")
    ground.write("Accounts/a.sub/anna.mdir/1", "x")
    ground.write("Accounts/john.macnt/account.settings", "{}")
    ground.write("Accounts/eve.settings/x", "a directory")
    os.symlink(ground.path / "Accounts/rosemary.settings", ground.path / "Accounts/link.settings")
    assert result(ground.directory.accounts(MAIN)) == [
        Listed("anna", True, "mdir"),
        Listed("john"),
        Listed("mary.bdx", True, "mbox"),
        Listed("mary.log", True, "mbox"),
        Listed("mary.log.1", True),
        Listed(f"mary.seen-{READER}", True),
        Listed("mary.x", True, "mbox"),
        Listed("rosemary", True, "mbox"),
    ]
    assert ground.record(AccountName("anna", MAIN)).path == str(ground.path / "Accounts/a.sub/anna")
    assert ground.record(AccountName("link", MAIN)) is None


@pytest.mark.parametrize("file", ["mary.settings", "mary.mbox", "mary.mdir/1", "a.sub/mary.settings", "mary.macnt/x"])
def test_a_taken_name(ground: Ground, file: str) -> None:
    """No account is made over another one, nor over mail whose account has lost its settings."""
    ground.write(f"Accounts/{file}", "{}")
    with pytest.raises(AccountExists):
        create(ground)
    with pytest.raises(AccountExists):
        ground.create("mary")


def test_postmaster(ground: Ground) -> None:
    """A postmaster of this kind gets the domain's mail like any other."""
    create(ground, "postmaster")
    ground.start()
    assert ground.directory.domains.main.has_postmaster


def test_nothing_is_inherited(ground: Ground) -> None:
    """What lies about under the name of a new account, its predecessor's notes or index, is not taken for its own."""
    put(ground, *(file for file in BESIDE if file != "mary.mbox"), "mary.prefs", ".deleted-mary.mbox", *OTHERS)
    ground.write("Accounts/.new-mary.macnt/account.settings", "{}")  # was to be of the other kind
    create(ground)
    assert there(ground) == sorted(["mary.info", "mary.prefs", "mary.settings", *OTHERS])


@pytest.mark.parametrize("others", [(), OTHERS])
def test_deleted(ground: Ground, others: tuple[str, ...]) -> None:
    """A removed account is gone with everything that was its own, and nothing else is."""
    create(ground)
    put(ground, *BESIDE, *others)
    ground.write("Accounts/mary.mdir/1", "x")
    ground.write("Accounts/.new-mary.mdir/1", "x")
    ground.write(ALIASES, "{ boss=mary; }")
    ground.start()
    ground.do(ground.directory.delete(MARY))
    assert there(ground) == sorted(others)
    assert ground.record(MARY) is None and not ground.directory.domains.main.aliases


@pytest.mark.parametrize(("domain", "place"), [(MAIN, "Accounts"), ("client2.com", "Domains/client2.com")])
def test_renamed(ground: Ground, domain: str, place: str) -> None:
    """Everything goes along, into another domain too, and everybody else's files stay as they are."""
    ground.write("Domains/client2.com/x", "")
    ground.write(ALIASES, "{ boss=mary; }")
    ground.start()
    create(ground, password="secret")
    put(ground, *BESIDE, *OTHERS)
    ground.write(f"{place}/jane.log.12", "of nobody")
    new = ground.do(ground.directory.vacant("Jane", domain))
    ground.do(ground.directory.rename(MARY, new))
    assert not {"mary.info", "mary.prefs", "mary.settings", *BESIDE} & set(os.listdir(ground.path / "Accounts"))
    for file in BESIDE:
        assert (ground.path / place / Belonging("mary").renamed(file, "jane")).read_text() == file
    for file in OTHERS:
        assert (ground.path / "Accounts" / file).read_text() == file
    assert ground.record(MARY) is None and ground.record(new).single
    assert ground.directory.route("boss", "") == new
    assert result(ground.directory.login(PlainCredentials(str(new), b"secret"), SECURE)) == new


WORDS = ["mary", "new-mary", "x", "new", "log", "bdx", "1", "mbox", "mdir", "settings", "damaged", "aside-1", "info"]
NAMES = st.lists(st.sampled_from([*WORDS, f"seen-{READER}"]), min_size=1, max_size=4).map(".".join).filter(_is_name)


@settings(max_examples=200)
@given(one=NAMES, other=NAMES, file=st.sampled_from([*BESIDE, "mary.settings", "mary.mdir", ".new-mary.mdir"]))
def test_a_file_has_one_owner(one: str, other: str, file: str) -> None:
    """Whatever accounts are called, no file can be of two of them, on its way out neither; it finds its way back."""
    mine = Belonging("mary").renamed(file, one)
    assert mine in Belonging(one) and Belonging(one).buried(GRAVE + mine)
    assert Belonging(one).renamed(mine, "mary") == file
    if one != other:
        assert mine not in Belonging(other) and GRAVE + mine not in Belonging(other)
        assert not Belonging(other).buried(mine) and not Belonging(other).buried(GRAVE + mine)


def test_renamed_in_its_folder(ground: Ground) -> None:
    """An account in a folder stays there (spec 11.1.1)."""
    ground.write("Accounts/a.sub/mary.settings", "{}")
    ground.write("Accounts/a.sub/mary.mbox", "x")
    ground.do(ground.directory.rename(MARY, JANE))
    assert sorted(os.listdir(ground.path / "Accounts/a.sub")) == ["jane.mbox", "jane.settings"]


class Refusing(Files):
    """Cannot give the mail file another name."""

    broken = True

    def rename(self, old: str, new: str) -> None:
        """Refuse."""
        if self.broken and old.endswith("mary.mbox"):
            raise OSError(5, "Input/output error")
        super().rename(old, new)


def test_stuck_in_the_middle(tmp_path: Path) -> None:
    """Until the disk works again nobody is told that the account is not there; then it has its new name."""
    files = Refusing()
    ground = Ground(tmp_path, files)
    create(ground)
    put(ground, "mary.mbox")
    with pytest.raises(StorageFailed):
        ground.do(ground.directory.rename(MARY, JANE))
    for name in (MARY, JANE):
        with pytest.raises(StorageFailed):
            ground.record(name)
    files.broken = False
    ground.create("john", password="")
    assert ground.record(MARY) is None and ground.record(JANE) is not None
    assert (tmp_path / "Accounts/jane.mbox").read_text() == "mary.mbox"


def test_removed_while_the_disk_fails(tmp_path: Path) -> None:
    """The account is gone, and its name is not given to another one before its mail is out of the way."""
    files = Refusing()
    ground = Ground(tmp_path, files)
    create(ground)
    put(ground, "mary.mbox")
    for change in (ground.directory.delete(MARY), ground.directory.create("mary", MAIN, single=True)):
        with pytest.raises(StorageFailed):
            ground.do(change)
        assert ground.record(MARY) is None
    files.broken = False
    create(ground)
    assert there(ground) == ["mary.info", "mary.prefs", "mary.settings"]


def test_nobody_reads_a_moving_account(ground: Ground) -> None:
    """While the files move, a login is a temporary failure, not a wrong password."""
    create(ground)
    slow = SlowPool()
    ground.pools(sync=slow)
    moved: list[Any] = []
    Deferred.fromCoroutine(ground.directory.rename(MARY, JANE)).addBoth(moved.append)
    with pytest.raises(StorageFailed):
        ground.record(MARY)
    while slow.waiting:
        slow.step()
    assert moved == [None] and ground.record(JANE) is not None


def furnish_for_cuts(ground: Ground) -> None:
    """mary with mail and an alias, among files that belong to others."""
    ground.write(ALIASES, "{ boss=mary; }")
    ground.start()
    create(ground)
    put(ground, "mary.mbox", "mary.log.7", *OTHERS)
    ground.write("Accounts/mary.mdir/1", "mary.mdir/1")


@pytest.mark.parametrize("kept", KEPT)
def test_power_cut_at_creation(tmp_path: Path, kept: Kept) -> None:
    """Wherever the power is cut, the account is whole or not there, and its name can be used."""

    def check(ground: Ground, done: bool) -> None:
        assert set(OTHERS) <= set(there(ground))
        record = ground.record(JANE)
        assert record is not None or not done
        record = record or create(ground, "jane")
        assert record.setting("PasswordEncryption", "") in ("", "argon2")
        assert {"jane.info", "jane.prefs", "jane.settings"} <= set(there(ground))

    cut(tmp_path, kept, furnish_for_cuts, lambda ground: create(ground, "jane", encryption="argon2"), check)


@pytest.mark.parametrize("kept", KEPT)
def test_power_cut_while_renaming(tmp_path: Path, kept: Kept) -> None:
    """The account is there once, whole, with its mail, and aliases agree with that."""

    def check(ground: Ground, done: bool) -> None:
        assert set(OTHERS) <= set(there(ground))
        found = [name for name in (MARY, JANE) if ground.record(name) is not None]
        assert found == [JANE] if done else len(found) == 1
        name = found[0].name
        mine = [file for file in there(ground) if file not in OTHERS]
        assert mine == [f"{name}.{ending}" for ending in ("info", "log.7", "mbox", "mdir", "prefs", "settings")]
        assert (ground.path / f"Accounts/{name}.mbox").read_text() == "mary.mbox"
        assert (ground.path / f"Accounts/{name}.mdir/1").read_text() == "mary.mdir/1"
        assert ground.directory.route("boss", "") == found[0]

    cut(tmp_path, kept, furnish_for_cuts, lambda ground: ground.do(ground.directory.rename(MARY, JANE)), check)


@pytest.mark.parametrize("kept", KEPT)
def test_power_cut_while_removing(tmp_path: Path, kept: Kept) -> None:
    """The account is whole, or gone with its aliases, and a new one of its name has nothing of it."""

    def check(ground: Ground, done: bool) -> None:
        assert set(OTHERS) <= set(there(ground))
        if ground.record(MARY) is not None:
            assert not done and "boss" in ground.directory.domains.main.aliases
            assert {"mary.mbox", "mary.mdir", "mary.log.7", "mary.info", "mary.prefs"} <= set(there(ground))
            ground.do(ground.directory.delete(MARY))
        assert not ground.directory.domains.main.aliases
        create(ground)
        assert there(ground) == sorted(["mary.info", "mary.prefs", "mary.settings", *OTHERS])

    cut(tmp_path, kept, furnish_for_cuts, lambda ground: ground.do(ground.directory.delete(MARY)), check)
