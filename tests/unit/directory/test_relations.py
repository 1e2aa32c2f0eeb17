"""Groups and administrators: who is what to whom, and how that is changed (spec 3.2, 3.3, 14.2.4)."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from cgpymail.directory.groups import group_named
from cgpymail.errors import AccountExists, BadSettings, IllegalName, LimitExceeded, NoSuchAccount, StorageFailed
from cgpymail.interfaces import IDirectory, IRelations
from cgpymail.model.identity import AccountName
from cgpymail.runtime.limits import DEFAULTS
from tests.support.relations import Relations
from tests.support.results import result
from tests.unit.directory.ground import JOHN, MAIN, Ground, SlowPool

MARY, PETER = AccountName("mary", MAIN), AccountName("peter", MAIN)
FAR, FAR_MARY = "client2.com", AccountName("mary", "client2.com")
GROUPS = "Accounts/Settings/Groups.data"
ACCESS = "Accounts/Settings/Access.settings"
STAFF = ("staff", MAIN)


@pytest.fixture
def ground(tmp_path: Path) -> Ground:
    """A base directory with two domains."""
    made = Ground(tmp_path)
    made.write(f"Domains/{FAR}/Settings/Domain.settings", "{}")
    made.start()
    return made


def groups_of(ground: Ground, who: AccountName, *names: str) -> list[str]:
    """Those of these groups of the main domain that the account is in."""
    return [name for name in names if ground.directory.member(name, MAIN, who)]


def test_interfaces(ground: Ground) -> None:
    """What the decision about rights asks can be asked of the directory, and of the one in the tests."""
    verifyObject(IDirectory, ground.directory)
    verifyObject(IRelations, ground.directory.relations)
    verifyObject(IRelations, Relations())


@pytest.mark.parametrize(
    ("member", "who", "is_one"),
    [
        ("john", JOHN, True),
        ("John", JOHN, True),
        ("john@Example.org", JOHN, True),
        ("john%example.org", JOHN, True),
        ("chief", JOHN, True),  # an account alias
        ("head", JOHN, True),  # an alias of an alias
        ("mary", FAR_MARY, False),
        ("mary@client2.com", FAR_MARY, True),
        ("mary@client2.com", MARY, False),
        ("mary@elsewhere.net", MARY, False),
        ("#others", MARY, True),
        ("#Others@Example.org", MARY, True),
        ("#sales@client2.com", FAR_MARY, True),
        ("#sales", FAR_MARY, False),
        ("others", MARY, False),  # a group is named with its sign
        ("#../x", JOHN, False),
        ("", JOHN, False),
    ],
)
def test_members(ground: Ground, member: str, who: AccountName, is_one: bool) -> None:
    """A member is an address, which goes through the Router, or another group (spec 14.2.4)."""
    ground.write("Accounts/Settings/Aliases.data", "{ chief=john; head=chief; }")
    ground.write(GROUPS, f'{{ staff = ("{member}"); others = (mary); }}')
    ground.write(f"Domains/{FAR}/Settings/Groups.data", "{ sales = mary; }")
    ground.start()
    assert ground.directory.member("staff", MAIN, who) is is_one
    assert not ground.directory.member("staff", FAR, who)


def test_groups_in_groups(ground: Ground) -> None:
    """However deep, and groups that contain each other do no harm (spec 14.2.4)."""
    ground.write(GROUPS, '{ a=("#b", peter); b=("#c"); c=("#a", john, "#none"); alone=(mary, "#alone"); empty=(); }')
    ground.start()
    assert groups_of(ground, JOHN, "a", "b", "c", "alone", "empty") == ["a", "b", "c"]
    assert groups_of(ground, PETER, "a", "b", "c", "alone") == ["a", "b", "c"]
    assert groups_of(ground, MARY, "a", "b", "c", "alone") == ["alone"]


def test_groups_that_cannot_be_read(ground: Ground) -> None:
    """They have no members, and that is known, so that nobody is let in where they are kept out."""
    ground.write(GROUPS, "{ staff = (john); ../x = (john); }")
    ground.start()
    assert not ground.directory.groups_known(MAIN) and ground.directory.groups_known(FAR)
    assert not ground.directory.member("staff", MAIN, JOHN)
    with pytest.raises(StorageFailed):
        ground.do(ground.directory.relations.create_group(STAFF))
    ground.write(GROUPS, '{ staff = (john); "../x" = (john); }')  # one bad name does not spoil the others
    ground.start()
    assert ground.directory.groups_known(MAIN) and ground.directory.member("staff", MAIN, JOHN)


def test_a_file_that_was_edited_by_hand(ground: Ground) -> None:
    """It is read before every change; what it says counts, whether the change is made or not, and who listens is
    told."""
    ground.write(GROUPS, "{ staff = (john); }")
    ground.start()
    relations, told = ground.directory.relations, list[int]()
    relations.tell_changes(lambda: told.append(1))
    ground.write(GROUPS, "{ others = (mary); }")
    with pytest.raises(NoSuchAccount):
        ground.do(relations.add_members(STAFF, ["peter"]))
    assert groups_of(ground, JOHN, "staff") == [] and groups_of(ground, MARY, "others") == ["others"]
    ground.write(GROUPS, "{ others = (mary")
    with pytest.raises(StorageFailed):
        ground.do(relations.create_group(STAFF))
    assert not ground.directory.groups_known(MAIN)
    ground.write(GROUPS, "{ staff = (mary); }")
    ground.do(relations.add_members(STAFF, ["john"]))
    assert groups_of(ground, JOHN, "staff") == groups_of(ground, MARY, "staff") == ["staff"]
    assert len(told) == 3


def test_groups_are_counted_one_after_the_other(ground: Ground) -> None:
    """Threads that count at the same time could end in the wrong order: who was removed would be a member again."""
    ground.write(GROUPS, "{ staff = (john); }")
    ground.start()
    slow = SlowPool()
    ground.pools(sync=slow)
    creating = Deferred.fromCoroutine(ground.directory.create("mary", MAIN))
    removing = Deferred.fromCoroutine(ground.directory.relations.remove_members(STAFF, ["john"]))
    while slow.waiting:
        assert len(slow.waiting) == 1
        slow.step()
    assert result(creating).name == MARY and result(removing) is None
    assert not ground.directory.member("staff", MAIN, JOHN)


def test_members_that_nobody_knows(ground: Ground) -> None:
    """Groups of another domain that cannot be read, or account aliases, make doubtful who is in the groups that lead
    there, however far; who is known to be a member stays one."""
    ground.write(GROUPS, '{ staff = (john, "#far@client2.com"); }')
    ground.write(f"Domains/{FAR}/Settings/Groups.data", '{ far = ("#near@client3.com"); }')
    ground.write("Domains/client3.com/Settings/Groups.data", "{ near = (mary")
    ground.write("Domains/client4.com/Settings/Groups.data", "{ alone = (mary); }")
    ground.start()
    domains = (MAIN, FAR, "client3.com", "client4.com")
    assert [ground.directory.groups_known(name) for name in domains] == [False, False, False, True]
    assert ground.directory.member("staff", MAIN, JOHN)
    ground.write("Domains/client3.com/Settings/Groups.data", "{ near = (mary); }")
    ground.write("Domains/client4.com/Settings/Aliases.data", "{ chief")
    ground.start()
    assert [ground.directory.groups_known(name) for name in domains] == [True, True, True, False]


def test_groups_in_two_spellings(ground: Ground) -> None:
    """Whoever edits the file by hand may write one group twice: then it has the members of both, and goes whole."""
    ground.write(GROUPS, "{ Staff = (john); staff = (mary); other = (peter); }")
    ground.start()
    assert ground.directory.member("staff", MAIN, JOHN) and ground.directory.member("staff", MAIN, MARY)
    ground.do(ground.directory.relations.remove_members(STAFF, ["john"]))
    for _ in range(2):
        assert ground.directory.relations.members(STAFF) == ("mary",)
        ground.start()
    ground.write(GROUPS, "{ Staff = (john); staff = (mary); other = (peter); }")
    ground.start()
    ground.do(ground.directory.relations.delete_group(STAFF))
    for _ in range(2):
        assert ground.directory.relations.groups(MAIN) == {"other": ("peter",)}
        ground.start()


def test_groups_are_made_and_removed(ground: Ground) -> None:
    """By the administrator; it holds at once and after a restart, what else is in the file stays, and who listens is
    told."""
    ground.write(GROUPS, '{ Old = (john); kept = ("#staff", peter, "#staff@example.org"); }')
    ground.write(f"Domains/{FAR}/Settings/Groups.data", '{ far = ("#staff@example.org", "#staff"); }')
    ground.start()
    relations, told = ground.directory.relations, list[int]()
    relations.tell_changes(lambda: told.append(len(told)))
    ground.do(relations.create_group(STAFF))
    ground.do(relations.add_members(STAFF, ["john", "mary"]))
    ground.do(relations.add_members(STAFF, ["mary"]))
    ground.do(relations.remove_members(STAFF, ["john", "nobody"]))
    assert len(told) == 4
    for _ in range(2):
        assert groups_of(ground, MARY, "staff", "kept") == ["staff", "kept"]
        assert groups_of(ground, JOHN, "old", "staff", "kept") == ["old"]
        assert ground.directory.member("far", FAR, MARY)
        assert list(ground.directory.relations.groups(MAIN)) == ["kept", "old", "staff"]
        assert ground.directory.relations.members(STAFF) == ("mary",)
        ground.start()
    assert "Old = (john)" in (ground.path / GROUPS).read_text()
    with pytest.raises(AccountExists):
        ground.do(ground.directory.relations.create_group(STAFF))
    ground.do(ground.directory.relations.delete_group(STAFF))
    for _ in range(2):
        assert ground.directory.relations.members(("kept", MAIN)) == ("peter",)
        assert ground.directory.relations.members(("far", FAR)) == ("#staff",)
        with pytest.raises(NoSuchAccount):
            ground.directory.relations.members(STAFF)
        ground.start()
    relations = ground.directory.relations
    for work in (relations.delete_group, relations.create_group):
        with pytest.raises(NoSuchAccount):
            ground.do(work(("x", "y")))
    with pytest.raises(NoSuchAccount):
        ground.do(relations.add_members(STAFF, ["x"]))


def test_a_domain_without_settings_gets_its_file(tmp_path: Path) -> None:
    """The first group of a server makes the folder."""
    ground = Ground(tmp_path)
    ground.do(ground.directory.relations.create_group(STAFF))
    ground.start()
    assert ground.directory.relations.groups(MAIN) == {"staff": ()}


def test_members_are_limited(tmp_path: Path) -> None:
    """Each group and each member counts; a file that has too many is not believed."""
    ground = Ground(tmp_path, limits=replace(DEFAULTS, group_members=3))
    relations = ground.directory.relations
    ground.do(relations.create_group(STAFF))
    ground.do(relations.add_members(STAFF, ["john", "mary"]))
    with pytest.raises(LimitExceeded):
        ground.do(relations.add_members(STAFF, ["peter"]))
    with pytest.raises(LimitExceeded):
        ground.do(relations.create_group(("x", MAIN)))
    assert ground.directory.relations.members(STAFF) == ("john", "mary")
    ground.write(GROUPS, "{ staff = (john, mary, peter); }")
    ground.start()
    assert not ground.directory.groups_known(MAIN) and not ground.directory.member("staff", MAIN, JOHN)
    assert any("too many members" in line for line in ground.lines)
    ground.do(ground.directory.relations.remove_members(STAFF, ["peter"]))
    assert ground.directory.groups_known(MAIN) and ground.directory.member("staff", MAIN, JOHN)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("John", "john"),
        ("john@Example.ORG", "john"),
        ("mary%client2.com", "mary@client2.com"),
        ("#Staff", "#staff"),
        ("#staff@example.org", "#staff"),
        ("#staff@client2.com", "#staff@client2.com"),
    ],
)
def test_how_members_are_written(ground: Ground, typed: str, written: str) -> None:
    """In one way, so that each is there once."""
    assert ground.directory.relations.spelled(typed, MAIN) == written


@pytest.mark.parametrize("typed", ["", "#", "a b", "#a/b", "john@", "x@-"])
def test_what_is_no_member(ground: Ground, typed: str) -> None:
    """Such words are refused."""
    with pytest.raises(IllegalName):
        ground.directory.relations.spelled(typed, MAIN)
    with pytest.raises(IllegalName):
        group_named("../x", MAIN)


@pytest.mark.parametrize(
    ("file", "who", "owner", "does"),
    [
        ("{ john = (AllUsers); }", JOHN, MARY, True),
        ("{ john = Master; }", JOHN, FAR_MARY, True),
        ('{ "john@example.org" = {"All Users" = YES;}; }', JOHN, FAR_MARY, True),
        ("{ john = {AllUsers = NO;}; }", JOHN, MARY, False),
        ("{ john = (CanViewMailboxes); }", JOHN, MARY, True),
        ("{ john = (CanViewMailboxes); }", JOHN, FAR_MARY, False),
        ('{ "mary@client2.com" = (Master, CanViewMailboxes); }', FAR_MARY, JOHN, False),  # of another domain
        ("{ mary = (Master); }", FAR_MARY, JOHN, False),
        ("{ john = (CanPostAlerts); }", JOHN, MARY, False),
        ("{ john = (Master", JOHN, MARY, False),
    ],
)
def test_administrators(ground: Ground, file: str, who: AccountName, owner: AccountName, does: bool) -> None:
    """All Users and Master of the main domain everywhere, CanViewMailboxes in the domain (spec 3.2, 3.5.3)."""
    ground.write(ACCESS, file)
    ground.start()
    assert ground.directory.oversees(who, owner) is does


def test_administrators_of_a_domain(ground: Ground) -> None:
    """Words in the file of a further domain mean that domain alone, even if they say All Users."""
    ground.write(
        f"Domains/{FAR}/Settings/Access.settings", "{ mary = (Master, CanViewMailboxes); peter = (AllUsers); }"
    )
    ground.start()
    assert ground.directory.oversees(FAR_MARY, AccountName("peter", FAR))
    assert not ground.directory.oversees(FAR_MARY, JOHN)
    assert not ground.directory.oversees(AccountName("peter", FAR), FAR_MARY)


def test_rights_are_given_and_taken(ground: Ground) -> None:
    """They hold at once and after a restart; what else was granted stays, in the form it had."""
    ground.write(ACCESS, '{ John = {CanPostAlerts=YES; Other=NO;}; "john@example.org" = (Kept); mary = Master; }')
    ground.start()
    relations, told = ground.directory.relations, list[int]()
    relations.tell_changes(lambda: told.append(1))
    ground.do(relations.set_rights(JOHN, ["All Users"], ["canpostalerts"]))
    assert told == [1]
    for _ in range(2):
        assert ground.directory.oversees(JOHN, FAR_MARY)
        assert sorted(ground.directory.relations.administrators(MAIN)["john"]) == ["All Users", "Kept"]
        assert ground.directory.oversees(MARY, JOHN)
        ground.start()
    assert "Other=NO" in (ground.path / ACCESS).read_text()
    ground.do(ground.directory.relations.set_rights(JOHN, [], ["allusers", "kept"]))
    for _ in range(2):
        assert not ground.directory.oversees(JOHN, FAR_MARY)
        assert set(ground.directory.relations.administrators(MAIN)) == {"mary"}
        ground.start()


def test_rights_over_all_are_of_the_main_domain(ground: Ground) -> None:
    """Nobody else gets them, whatever case they are typed in."""
    relations = ground.directory.relations
    for word in ("Master", "all users"):
        with pytest.raises(BadSettings):
            ground.do(relations.set_rights(FAR_MARY, [word], []))
    ground.do(relations.set_rights(FAR_MARY, ["CanViewMailboxes"], []))
    assert ground.directory.oversees(FAR_MARY, AccountName("x", FAR))


def test_rights_that_cannot_be_read_are_not_written_over(ground: Ground) -> None:
    """The file stays as it is."""
    ground.write(ACCESS, "{ john = (Master")
    with pytest.raises(StorageFailed):
        ground.do(ground.directory.relations.set_rights(JOHN, ["Master"], []))
    assert (ground.path / ACCESS).read_text() == "{ john = (Master"
