"""Accounts as they lie on disk (spec section 11.1)."""

import os

import pytest
from zope.interface.verify import verifyObject

from cgpymail.errors import AccountExists, BadSettings, IllegalName, NoSuchAccount, StorageFailed
from cgpymail.interfaces import IAccountRecord, IDirectory
from cgpymail.model.identity import AccountName
from tests.support.crashfiles import KEPT, CrashFiles, PowerCut
from tests.support.results import result
from tests.unit.directory.ground import JOHN, MAIN, Ground


def listed(ground, domain=MAIN):
    """The names."""
    return [each.name for each in result(ground.directory.accounts(domain))]


def test_interfaces(ground):
    """Directory and records keep what the manager was promised."""
    assert verifyObject(IDirectory, ground.directory)
    assert verifyObject(IAccountRecord, ground.create())


def test_create(ground):
    """A new account has its files, and its special mailboxes are named in the preferences (spec 6.2)."""
    record = ground.create("John")
    assert record.name == JOHN
    assert sorted(os.listdir(record.path)) == ["account.info", "account.prefs", "account.settings"]
    boxes = [record.preference(key) for key in ("SentBox", "DraftsBox", "TrashBox", "JunkBox", "ArchiveBox")]
    assert boxes == ["Sent Items", "Drafts", "Trash", "Junk", "Archive"]
    assert b"secret" not in (ground.path / "Accounts/john.macnt/account.settings").read_bytes()
    assert ground.record() is record


@pytest.mark.parametrize("mask", [0o000, 0o022, 0o077])
def test_permissions(tmp_path, mask):
    """Nobody but the server can read an account, whatever the umask is."""
    before = os.umask(mask)
    try:
        record = Ground(tmp_path).create()
    finally:
        os.umask(before)
    assert os.stat(record.path).st_mode & 0o777 == 0o700
    assert {os.stat(f"{record.path}/{name}").st_mode & 0o777 for name in os.listdir(record.path)} == {0o600}


def test_create_twice(ground):
    """A name is taken once, in any case."""
    ground.create()
    with pytest.raises(AccountExists):
        ground.create("JOHN")


@pytest.mark.parametrize("name", ["../john", "a/b", "", ".x", "x.macnt"])
def test_create_illegal(ground, name):
    """No account outside its directory."""
    with pytest.raises(IllegalName):
        ground.create(name)
    assert os.listdir(ground.path / "Accounts") == []


def test_create_in_unknown_domain(ground):
    """A domain is there before its accounts."""
    with pytest.raises(NoSuchAccount):
        ground.create(domain="elsewhere.net")


@pytest.mark.parametrize("password", ["a\nb", "x" * 1025])
def test_create_bad_password(ground, password):
    """A password that could not be typed again is refused, and no account is left behind."""
    with pytest.raises(BadSettings):
        ground.create(password=password)
    assert listed(ground) == []


def test_further_domain(ground):
    """The same name in two domains is two accounts."""
    ground.write("Domains/client2.com/x", "")
    ground.start()
    ground.create()
    other = ground.create(domain="client2.com")
    assert other.path == str(ground.path / "Domains/client2.com/john.macnt")
    assert ground.record() is not other


def test_foldering(ground):
    """Accounts in .sub folders are found and listed, and their names are taken (spec 11.1.1)."""
    ground.write("Accounts/a.sub/b.sub/anna.macnt/account.settings", "{ RealName=Anna; }")
    assert ground.record(AccountName("anna", MAIN)).setting("RealName", "") == "Anna"
    assert listed(ground) == ["anna"]
    with pytest.raises(AccountExists):
        ground.create("anna")


def test_symbolic_link(ground, tmp_path):
    """A link in place of an account leads nowhere."""
    ground.write("elsewhere/account.settings", "{}")
    os.symlink(tmp_path / "elsewhere", tmp_path / "Accounts/john.macnt")
    assert ground.record() is None


def test_delete(ground):
    """A removed account is gone with everything in it; links in it are not followed; the name is free again."""
    record = ground.create()
    outside = ground.write("precious", "x")
    ground.write("Accounts/john.macnt/INBOX.mdir/1", "x")
    os.symlink(ground.path, f"{record.path}/account.web")
    ground.do(ground.directory.delete(JOHN))
    assert os.listdir(ground.path / "Accounts") == []
    assert outside.read_text() == "x"
    assert ground.record() is None
    assert ground.create() is not record


def test_settings_with_defaults(ground):
    """A setting comes from the account, else from its domain, else from the program; unknown ones are kept."""
    ground.write("Accounts/Settings/Domain.settings", "{ MaxMailboxes=5; DefaultMailboxType=MailDirMailbox; }")
    ground.write("Accounts/john.macnt/account.settings", "{ MaxMailboxes=7; Rules=((5,x,(),())); N=#3; }")
    ground.start()
    record = ground.record()
    found = [record.setting(key, "none") for key in ("MaxMailboxes", "DefaultMailboxType", "Absent", "N")]
    assert found == ["7", "MailDirMailbox", "none", "3"]
    result(record.set_settings({"MaxMailboxes": "9", "N": None}))
    text = (ground.path / "Accounts/john.macnt/account.settings").read_text()
    assert text == "{\n MaxMailboxes = 9; Rules=((5,x,(),())); }"


def test_preferences(ground):
    """Preferences can be changed and emptied; those of old accounts have the usual defaults."""
    record = ground.create()
    result(record.set_preferences({"TrashBox": "Papierkorb", "JunkBox": ""}))
    ground.start()
    record = ground.record()
    assert [record.preference(key) for key in ("TrashBox", "JunkBox", "CalendarBox", "Absent")] == [
        "Papierkorb", "", "Calendar", "",
    ]  # fmt: skip


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\x00", b"{ a=1; } {"])
def test_damaged_settings(ground, text):
    """An account whose settings cannot be understood is a temporary failure, named in the log, and left as it is."""
    place = ground.write("Accounts/john.macnt/account.settings", text)
    with pytest.raises(StorageFailed):
        ground.record()
    assert place.read_bytes() == text
    assert any("account.settings" in line and "line 1" in line for line in ground.lines)


def test_damaged_preferences(ground):
    """Damaged preferences: the defaults hold, and the file is not written over."""
    record = ground.create()
    place = ground.write("Accounts/john.macnt/account.prefs", b"{ TrashBox=x")
    ground.start()
    record = ground.record()
    assert record.preference("TrashBox") == "Trash"
    with pytest.raises(StorageFailed):
        result(record.set_preferences({"TrashBox": "y"}))
    assert place.read_bytes() == b"{ TrashBox=x"


def test_one_record(ground):
    """However many ask, an account has one record in the process; unused ones do not pile up."""
    john = ground.create()
    assert ground.record() is john


def test_records_are_dropped(tmp_path):
    """Beyond the limit, records that nobody holds are forgotten, and read again when they are needed."""
    from dataclasses import replace

    from cgpymail.runtime.limits import DEFAULTS

    ground = Ground(tmp_path, limits=replace(DEFAULTS, account_cache=2))
    held = ground.create("a0", password="")
    for number in range(1, 6):
        ground.create(f"a{number}", password="")
    assert len(ground.directory._records) == 3
    assert ground.record(held.name) is held
    assert ground.record(AccountName("a2", MAIN)).preference("TrashBox") == "Trash"


@pytest.mark.parametrize("kept", KEPT)
def test_power_cut_at_creation(tmp_path, kept):
    """Wherever the power is cut, the account is whole or not there, and its name can be used."""
    steps = 0
    while True:
        place = tmp_path / f"base-{steps}"
        place.mkdir()
        files = CrashFiles(str(tmp_path / f"attic-{steps}"))
        ground = Ground(place, files)
        files.limit = files.operations + steps
        try:
            ground.create(password="")
        except PowerCut:
            pass
        cut = files.off
        files.restart(kept)
        ground.start()
        record = ground.record()
        assert record is not None or cut
        if record is None:
            record = ground.create(password="")
        assert record.preference("SentBox") == "Sent Items"
        if not cut:
            break
        steps += 1
    assert steps > 10
