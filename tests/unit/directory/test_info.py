"""account.info: what changes often (spec section 11.1)."""

import errno

import pytest

from cgpymail.directory.info import MAX_UIDVALIDITY
from cgpymail.directory.record import MOST_LISTS
from cgpymail.errors import StorageFailed, StorageFull
from cgpymail.model import rights
from cgpymail.model.acl import EMPTY
from cgpymail.model.identity import AccountName
from cgpymail.runtime.files import Files
from tests.support.crashfiles import KEPT, CrashFiles, PowerCut
from tests.support.results import result
from tests.unit.directory.ground import MAIN, Ground, SlowPool

INFO = "Accounts/john.macnt/account.info"
VENDOR = b'{\n "INBOX/x y" = {Access={boss=lrs;};Boxed=#3;};\n #Viewer = {CalendarBox=Kal;};\n Odd=#( x );\n}\n'


@pytest.fixture
def john(ground):
    """His record."""
    return ground.create()


def again(ground):
    """The record as a new process reads it."""
    ground.start()
    return ground.record()


def test_mailbox_entries(ground, john):
    """Entries are merged key by key and survive a restart; None removes."""
    result(john.update_mailboxes({"INBOX": {"Class": "x", "UIDNext": "7", "Access": {"boss": "lr"}}, "#odd": {"a": 1}}))
    result(john.update_mailboxes({"INBOX": {"Class": None, "UIDNext": "8"}}))
    for record in (john, again(ground)):
        assert record.mailbox_info("INBOX") == {"UIDNext": "8", "Access": {"boss": "lr"}}
        assert record.mailbox_info("#odd") == {"a": 1}
        assert record.mailbox_info("absent") == {}
    result(again(ground).update_mailboxes({"INBOX": None}))
    assert again(ground).mailbox_info("INBOX") == {}


def test_rename_entries(ground, john):
    """Names change all at once: two mailboxes can even swap."""
    result(john.update_mailboxes({"a": {"n": "1"}, "b": {"n": "2"}}))
    result(john.rename_mailboxes({"a": "b", "b": "a", "absent": "c"}))
    record = again(ground)
    assert (record.mailbox_info("a"), record.mailbox_info("b"), record.mailbox_info("c")) == (
        {"n": "2"},
        {"n": "1"},
        {},
    )


def test_subscription_and_aliases(ground, john):
    """Foreign and non-existing names are kept in order (spec 7.1)."""
    names = ["~public/news", "Ärger", "absent", "#1"]
    result(john.set_subscription(names))
    result(john.set_aliases({"salesBox": "~sales/INBOX"}))
    assert again(ground).subscription() == names
    assert again(ground).aliases() == john.aliases() == {"salesBox": "~sales/INBOX"}
    result(john.set_aliases({}))
    assert john.aliases() == {}


def test_aliases_are_read_once(ground, john):
    """They are asked for with every name that a client says, and for each of them at every LIST."""
    result(john.set_aliases({f"alias{number}": "~sales" for number in range(200)}))
    assert john.aliases() is john.aliases()


def test_unknown_things_are_kept(ground, john):
    """What we do not know stays byte for byte, next to what we change."""
    ground.write(INFO, VENDOR)
    record = again(ground)
    assert record.mailbox_info("INBOX/x y") == {"Access": {"boss": "lrs"}, "Boxed": 3}
    assert record.preference("CalendarBox") == "Kal"
    result(record.set_subscription(["a"]))
    text = (ground.path / INFO).read_bytes()
    assert text == VENDOR[:-3] + b'\n "#Subscription" = (a);\n}\n'


def test_uidvalidity_rises(ground, john):
    """Numbers follow the clock, never repeat within a second, and survive restart and a clock that went back."""
    first = result(john.draw_uidvalidity())
    assert first == ground.runtime.now()
    assert [result(john.draw_uidvalidity()) for _ in range(3)] == [first + 1, first + 2, first + 3]
    ground.clock.rightNow -= 1000
    assert result(again(ground).draw_uidvalidity()) == first + 4


def test_uidvalidity_ends(ground, john):
    """The last number is the last."""
    ground.write(INFO, f"{{ #UIDValidity=#{MAX_UIDVALIDITY - 1}; }}")
    record = again(ground)
    assert result(record.draw_uidvalidity()) == MAX_UIDVALIDITY
    with pytest.raises(StorageFailed):
        result(record.draw_uidvalidity())


def test_damaged_info(ground, john):
    """A damaged file is kept aside, the server goes on, and UIDVALIDITY numbers in it are not given out again."""
    last = ground.runtime.now() + 500
    damaged = b'{ #UIDValidity=#%d; a={UIDValidity="12";};\x00' % last
    ground.write(INFO, damaged)
    ground.write(INFO + ".damaged-1", b"an older one")
    record = again(ground)
    assert record.subscription() == []
    assert result(record.draw_uidvalidity()) == last + 1
    assert (ground.path / (INFO + ".damaged-2")).read_bytes() == damaged
    assert (ground.path / (INFO + ".damaged-1")).read_bytes() == b"an older one"
    assert any("kept as" in line and "line 1" in line for line in ground.lines)


def test_damaged_and_immovable(ground, john, monkeypatch):
    """A damaged file that cannot be kept aside is never written over; the account can still be read."""
    place = ground.write(INFO, b"{")

    def refuse(self, old, new):
        raise OSError(errno.EROFS, "read-only")

    monkeypatch.setattr(Files, "rename", refuse)
    record = again(ground)
    with pytest.raises(StorageFailed):
        result(record.set_subscription(["a"]))
    assert place.read_bytes() == b"{"


def test_writes_are_joined(ground, john):
    """Changes made while a write is under way go to disk together; each answer waits for its own bytes."""
    pool = SlowPool()
    ground.pools(sync=pool)
    fired = []
    for number in range(5):
        john.update_mailboxes({f"box{number}": {"n": str(number)}}).addCallback(lambda _, n=number: fired.append(n))
    assert fired == []
    pool.step()
    assert fired == [0]
    pool.step()
    assert fired == [0, 1, 2, 3, 4]
    assert pool.waiting == []
    assert again(ground).mailbox_info("box4") == {"n": "4"}


def test_full_disk(ground, john, monkeypatch):
    """A full disk is an error for who asked, and the next write brings everything to disk."""
    real = Files.pwrite

    def refuse(self, fd, data, offset):
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(Files, "pwrite", refuse)
    with pytest.raises(StorageFull):
        result(john.set_subscription(["a"]))
    monkeypatch.setattr(Files, "pwrite", real)
    result(john.set_aliases({"x": "y"}))
    assert again(ground).subscription() == ["a"]


@pytest.mark.parametrize("kept", KEPT)
def test_power_cut(tmp_path, kept):
    """Wherever the power is cut, the file is the old or the new one, and what was answered is on disk."""
    steps = 0
    while True:
        place = tmp_path / f"base-{steps}"
        place.mkdir()
        files = CrashFiles(str(tmp_path / f"attic-{steps}"))
        ground = Ground(place, files)
        record = ground.create(password="")
        result(record.set_subscription(["old"]))
        files.limit = files.operations + steps
        answered = []
        try:
            record.set_subscription(["new"]).addCallbacks(answered.append, lambda _: None)
        except PowerCut:
            pass
        cut = files.off
        files.restart(kept)
        ground.start()
        found = ground.record().subscription()
        assert found in (["old"], ["new"])
        assert found == ["new"] or not answered
        if not cut:
            break
        steps += 1
    assert answered and steps > 3


def test_rights_on_the_account(ground, john):
    """They are kept beside the mailboxes (spec 3.5.1); what others wrote is understood; none leaves nothing."""
    assert john.account_acl() == {}
    result(john.set_account_acl({"mary": ["CreateMailboxes"], "-#guests": ["CreateMailboxes", "Other"]}))
    expected = {"mary": ("CreateMailboxes",), "-#guests": ("CreateMailboxes", "Other")}
    assert john.account_acl() == again(ground).account_acl() == expected
    result(again(ground).set_account_acl({}))
    assert "#Access" not in (ground.path / INFO).read_text()
    ground.write(INFO, b"{ #Access={mary=CreateMailboxes; anna=#5;}; }")
    assert again(ground).account_acl() == {"mary": ("CreateMailboxes",), "anna": ()}
    ground.write(INFO, b"{ #Access=(mary); }")
    assert again(ground).account_acl() == {}


def test_access_lists_follow_every_change(ground, john):
    """What a decision is made from is never older than the list."""
    anna, mary = AccountName("anna", MAIN), AccountName("mary", MAIN)
    assert john.access("INBOX") is john.access("absent") is EMPTY
    result(
        john.update_mailboxes(
            {"INBOX": {"Access": {"mary": "lr", "-MARY@example.org": "r"}}, "a": {"Access": {"anna": "l"}}}
        )
    )
    assert john.access("INBOX").accounts == {mary: (rights.parse("lr"), rights.parse("r"))}
    assert john.access("INBOX") is john.access("INBOX")
    result(john.update_mailboxes({"INBOX": {"Access": {"mary": "l"}}}))
    assert john.access("INBOX").accounts == {mary: (rights.LOOKUP, rights.NONE)}
    result(john.rename_mailboxes({"INBOX": "a", "a": "INBOX"}))
    assert (list(john.access("INBOX").accounts), list(john.access("a").accounts)) == ([anna], [mary])
    result(john.update_mailboxes({"INBOX": None}))
    assert john.access("INBOX") is EMPTY


def test_not_all_access_lists_are_kept_taken_apart(ground, john):
    """Of an account with many mailboxes only so many."""
    for number in range(MOST_LISTS + 5):
        john.access(f"box {number}")
    result(john.update_mailboxes({"box 1": {"Access": {"mary": "l"}}}))
    assert john.access("box 1").accounts and len(john._access) < MOST_LISTS
