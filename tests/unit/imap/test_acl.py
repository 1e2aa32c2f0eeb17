"""SETACL and its kin: who may, what is kept, and that nothing is told to those whom it does not concern."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.manager.acls import set_acl
from cgpymail.runtime.limits import DEFAULTS
from tests.support.imapclient import ImapClient
from tests.support.records import MemoryRecord
from tests.support.results import result
from tests.support.world import World

COMMANDS = (
    b"SETACL %b anna l",
    b"DELETEACL %b anna",
    b"GETACL %b",
    b"LISTRIGHTS %b anna",
    b"MYRIGHTS %b",
)


class Office:
    """boss, who has a mailbox, and anna."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.record: MemoryRecord = world.account("boss")
        world.account("anna")
        self.boss = ImapClient(world, login="boss")
        self.anna = ImapClient(world, login="anna")
        self.boss.do(b"CREATE Box")

    def acl(self, name: bytes = b"Box") -> list[bytes]:
        """As GETACL tells it."""
        (line,) = self.boss.do(b"GETACL " + name)
        return line.split()[3:]


@pytest.fixture
def office(world: World) -> Office:
    """The two of them."""
    return Office(world)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("rights", [b"", b"swptd"])
def test_a_mailbox_that_one_may_not_know_of_is_not_there(office: Office, command: bytes, rights: bytes) -> None:
    """Not by any of these commands, and not with rights that show nothing (RFC 4314 section 4, MYRIGHTS)."""
    office.boss.do(b'SETACL Box anna "%b"' % rights)
    found = office.anna.refused(command % b"~boss/Box")
    assert found == office.anna.refused(command % b"~boss/Nothing") == office.anna.refused(command % b"~nobody/Box")
    assert found == b"[NONEXISTENT] No such mailbox"


@pytest.mark.parametrize("right", [b"r", b"i", b"c", b"a"])
def test_some_rights_let_their_holder_know_that_he_has_them(office: Office, right: bytes) -> None:
    """MYRIGHTS answers without ``l`` too (a drop box)."""
    office.boss.do(b"SETACL Box anna " + right)
    (line,) = office.anna.do(b"MYRIGHTS ~boss/Box")
    assert right in line.split()[-1]


@pytest.mark.parametrize("command", COMMANDS[:4])
def test_whoever_may_see_but_not_administer_is_refused(office: Office, command: bytes) -> None:
    """With the code that says why."""
    office.boss.do(b"SETACL Box anna lrswipcd")
    assert office.anna.refused(command % b"~boss/Box") == b"[NOPERM] Access denied"


def test_x_is_held_where_the_mailbox_may_be_removed(office: Office) -> None:
    """``d`` on the mailbox and ``c`` on the one above (spec 14.2.1), however little the list itself says."""
    office.boss.do(b"CREATE Box/Deep")
    office.boss.do(b"SETACL Box anna lc")
    office.boss.do(b"SETACL Box/Deep anna lrd")
    assert office.anna.do(b"MYRIGHTS ~boss/Box/Deep") == [b"* MYRIGHTS ~boss/Box/Deep lrxtecd"]
    assert office.anna.do(b"MYRIGHTS ~boss/Box") == [b"* MYRIGHTS ~boss/Box lkc"]
    office.anna.do(b"DELETE ~boss/Box/Deep")


@pytest.mark.parametrize(
    ("steps", "kept"),
    [
        ([b"lrkx"], b"lrkxc"),
        ([b"lrk"], b"lr"),
        ([b"lrte"], b"lrted"),
        ([b"lrt"], b"lr"),
        ([b"lrcd", b"-x"], b"lrted"),
        ([b"lrcd", b"-t"], b"lrkxc"),
        ([b"lr", b"+cd"], b"lrkxtecd"),
        ([b"lr", b"+"], b"lr"),
        ([b"lr", b"+rw", b"-r"], b"lw"),
        ([b"lrr"], b"lr"),
    ],
)
def test_letters(office: Office, steps: list[bytes], kept: bytes) -> None:
    """Old and new ones; of those that are tied all are granted or none, and who takes one takes all."""
    for step in steps:
        office.boss.do(b"SETACL Box anna " + step)
    assert office.acl() == [b"anna", kept]


@pytest.mark.parametrize("letters", [b"q", b"lrL", b"lr5", b"+Q", b"-l-r", "ß".encode()])
def test_a_right_that_there_is_not_is_bad(office: Office, letters: bytes) -> None:
    """RFC 4314 3.1; nothing is changed. The digits of RFC 2086 mean nothing here."""
    office.boss.do(b"SETACL Box anna l")
    office.boss.refused(b'SETACL Box anna "%b"' % letters, b"BAD")
    assert office.acl() == [b"anna", b"l"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        (b"Anna", b"anna"),
        (b"anna@example.org", b"anna"),
        (b'"anna%Example.ORG"', b"anna"),
        (b"anna@other.example.", b"anna@other.example"),
        (b'"#Team@example.org"', b"#team"),
        (b"ANYONE", b"anyone"),
        (b"anyone@example.org", b"anyone@"),
        (b"anyone@other.example", b"anyone@other.example"),
        (b"-anna@example.org", b"-anna"),
    ],
)
def test_an_identifier_has_one_spelling(office: Office, typed: bytes, kept: bytes) -> None:
    """Whoever types it; LISTRIGHTS repeats what was typed (RFC 4314 3.4)."""
    office.boss.do(b"SETACL Box %b l" % typed)
    office.boss.do(b"SETACL Box %b +r" % typed.upper())
    assert office.acl() == [kept, b"lr"]
    (line,) = office.boss.do(b"LISTRIGHTS Box " + typed)
    assert line.split()[3].strip(b'"') == typed.strip(b'"')
    office.boss.do(b"DELETEACL Box " + kept)
    assert office.acl() == []


@pytest.mark.parametrize(
    "typed", [b'"a b"', b"--anna", b"-", b"anna@", b"anna@-x", b"@example.org", b'"#"', b"x" * 65, b"a/b", b"a@b@c"]
)
def test_what_can_be_no_identifier(office: Office, typed: bytes) -> None:
    """Is refused, whatever the command wants with it (but ``anna@`` is anna)."""
    for command in (b"SETACL Box %b l", b"LISTRIGHTS Box %b", b"DELETEACL Box %b"):
        if typed == b"anna@":
            office.boss.do(command % typed)
        else:
            assert office.boss.refused(command % typed).startswith(b"[CANNOT] ")
    assert office.acl() == []


@pytest.mark.parametrize("typed", [b'""', '"­"'.encode(), b'"\x07"', b"{1+}\r\n\xff"])
def test_an_identifier_that_cannot_be_prepared_is_bad(office: Office, typed: bytes) -> None:
    """RFC 4314 section 3: SASLprep fails, or leaves nothing."""
    office.boss.refused(b"SETACL Box %b l" % typed, b"BAD")
    office.boss.refused(b"LISTRIGHTS Box %b" % typed, b"BAD")


def test_spellings_of_others_are_one_element(office: Office) -> None:
    """Another program wrote the list: what it calls anna in two ways is changed as one, and the rest is kept."""
    office.record.infos["Box"]["Access"] = {"Anna@Example.Org": "l", "anna": "r", "x": ["?"], "y": "lz"}
    office.boss.do(b"SETACL Box anna +s")
    assert office.record.infos["Box"]["Access"] == {"anna": "lrs", "x": ["?"], "y": "lz"}
    assert office.acl() == [b"anna", b"lrs", b"y", b"l"]


def test_the_owner_cannot_be_shut_out(office: Office) -> None:
    """His rights are not for the list to say (spec 14.2.7): less than all is refused, all is done already."""
    office.boss.do(b"SETACL Box anna lra")
    for client, name in ((office.boss, b"Box"), (office.anna, b"~boss/Box")):
        for less in (b"boss lr", b"boss -r", b"boss@example.org s", b"-boss r"):
            assert client.refused(b"SETACL %b %b" % (name, less)).startswith(b"[CANNOT] ")
        for harmless in (b"boss lrswipkxtea", b"boss +r", b'-boss ""'):
            client.do(b"SETACL %b %b" % (name, harmless))
        client.do(b"DELETEACL %b boss" % name)
    assert office.acl() == [b"anna", b"lra"]


def test_directories_have_lists_too(office: Office) -> None:
    """A name that holds nothing but other names can be shared, and what is made below it begins with its list."""
    office.boss.do(b"CREATE Tree/")
    office.boss.do(b"SETACL Tree anna lrc")
    office.anna.do(b"CREATE ~boss/Tree/New")
    assert office.acl(b"Tree/New") == [b"anna", b"lrkxc"]
    office.boss.do(b"SETACL Tree anna l")
    assert office.acl(b"Tree/New") == [b"anna", b"lrkxc"]


def test_what_is_granted_while_a_rename_is_under_way(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Is not lost with it: the change waits for its turn, and finds that the name is gone."""
    slow: Deferred[None] = Deferred()
    tree = office.world.trees[office.record.name]
    rename = tree.rename

    async def late(*moved: Any) -> None:
        await slow
        await rename(*moved)

    monkeypatch.setattr(tree, "rename", late)
    assert office.boss.raw(b"1 RENAME Box Other\r\n") == b""
    second = ImapClient(office.world, login="boss")
    assert second.raw(b"2 SETACL Box anna l\r\n") == b""
    slow.callback(None)
    assert office.boss.told() == [b"1 OK RENAME completed"]
    assert second.told() == [b"2 NO [NONEXISTENT] No such mailbox"]
    second.do(b"SETACL Other anna l")
    assert office.acl(b"Other") == [b"anna", b"l"]


def test_two_who_share_at_the_same_time(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither element is lost, however long the disk takes."""
    slow: list[Deferred[None]] = []
    update = office.record.update_mailboxes

    def late(changes: dict[str, dict[str, object] | None]) -> Deferred[None]:
        update(changes)
        slow.append(Deferred())
        return slow[-1]

    monkeypatch.setattr(office.record, "update_mailboxes", late)
    second = ImapClient(office.world, login="boss")
    assert office.boss.raw(b"1 SETACL Box anna l\r\n") == b""
    assert second.raw(b"1 SETACL Box peter l\r\n") == b""
    assert office.anna.do(b'LIST "" ~boss/*') == [b'* LIST (\\HasNoChildren) "/" ~boss/Box']  # in force already
    while slow:
        slow.pop(0).callback(None)
    assert [office.boss.told(), second.told()] == [[b"1 OK SETACL completed"]] * 2
    assert office.acl() == [b"anna", b"l", b"peter", b"l"]


def test_who_loses_a_while_he_waits_for_his_turn(office: Office) -> None:
    """Changes nothing any more."""
    office.boss.do(b"SETACL Box anna lra")
    account = office.world.run(office.world.manager._accounts.find(office.record.name))
    result(account.turn.acquire())
    assert office.anna.raw(b"1 SETACL ~boss/Box anyone lrswipcda\r\n") == b""
    office.world.run(set_acl(account, "Box", {"anna": "lr"}))
    account.turn.release()
    assert office.anna.told() == [b"1 NO [NOPERM] Access denied"]
    assert office.acl() == [b"anna", b"lr"]


@pytest.mark.parametrize("limit", ["acl_elements", "acl_size"])
def test_a_list_has_an_end(limit: str) -> None:
    """What is granted beyond it is refused; taking away is always possible."""
    most = replace(DEFAULTS, acl_elements=3) if limit == "acl_elements" else replace(DEFAULTS, acl_size=6)
    office = Office(World(limits=most))
    for name in (b"a", b"b", b"c"):
        office.boss.do(b"SETACL Box %b l" % name)
    assert office.boss.refused(b"SETACL Box d l").startswith(b"[LIMIT] ")
    office.boss.do(b"DELETEACL Box a")
    office.boss.do(b"SETACL Box d l")
    if limit == "acl_size":
        assert office.boss.refused(b"SETACL Box d lr").startswith(b"[LIMIT] ")


def test_all_lists_of_an_account_have_an_end() -> None:
    """They are in one file, which is written whole: beyond its limit none grows and none is inherited, but mailboxes
    without a list are made, and taking away is always possible."""
    office = Office(World(limits=replace(DEFAULTS, info_size=2_000)))
    office.boss.do(b"CREATE Full")
    office.boss.do(b"SETACL Full anyone lr")
    for name in range(300):
        final = office.boss.lines(b"a SETACL Box u%d l" % name)[-1]
        if not final.startswith(b"a OK"):
            break
    assert final == b"a NO [LIMIT] The access lists of the account are too large"
    for command in (b"CREATE Box/Sub", b"CREATE Box/Sub/", b"RENAME Full Box/Sub/Full", b"SETACL Full anna lr"):
        assert office.boss.refused(command) == b"[LIMIT] The access lists of the account are too large"
    office.boss.do(b"CREATE Other")
    office.boss.do(b"RENAME Full Box/Full")
    for name in range(10):
        office.boss.do(b"DELETEACL Box u%d" % name)
    office.boss.do(b"SETACL Box/Full anna lr")


def test_only_those_are_told_for_whom_something_changed(office: Office) -> None:
    """NOTIFY: a grant is a name that comes, a withdrawal one that goes (RFC 5465 5.4), with the level above where that
    can be seen; not for the owner, and not where another element says the same already."""
    office.boss.do(b"CREATE Box/Deep")
    second = ImapClient(office.world, login="boss")
    for client in (office.anna, second):
        client.do(b"NOTIFY SET (subtree ~boss (MessageNew MessageExpunge MailboxName)) (personal (MailboxName))")
    told = []
    for change in (b"anna l", b"anna +r", b"anyone lr", b'anna ""', b"-anna r"):
        office.boss.do(b"SETACL Box/Deep " + change)
        told.append(office.anna.told())
    come = [b'* LIST (\\HasNoChildren) "/" ~boss/Box/Deep']
    assert told == [[], come, [], [], come]
    office.boss.do(b"DELETEACL Box/Deep anyone")
    assert office.anna.told() == []
    office.boss.do(b"SETACL Box anna lr")
    assert office.anna.told() == [b'* LIST (\\HasNoChildren) "/" ~boss/Box']
    office.boss.do(b"SETACL Box/Deep peter lr")
    office.boss.do(b"DELETEACL Box/Deep -anna")
    office.boss.do(b"SETACL Box/Deep anna lr")
    assert office.anna.told() == [
        b'* LIST (\\HasChildren) "/" ~boss/Box',
        b'* LIST (\\HasNoChildren) "/" ~boss/Box/Deep',
    ]
    office.boss.do(b"SETACL Box/Deep anna -l")
    assert office.anna.told() == [
        b'* LIST (\\HasNoChildren) "/" ~boss/Box',
        b'* LIST (\\NonExistent) "/" ~boss/Box/Deep',
    ]
    assert second.told() == []


def test_what_follows_a_rename_that_one_may_not_hear_of(office: Office) -> None:
    """Who sees a mailbox but not the one above it is told that it has another name, and nothing of the other; whoever
    sees both is told of the upper one, as everything below follows."""
    office.world.account("peter")
    peter = ImapClient(office.world, login="peter")
    for command in (
        b"CREATE Box/Deep/Deeper", b"SETACL Box peter lr", b"SETACL Box/Deep peter lr", b"SETACL Box/Deep anna lr",
        b"SETACL Box/Deep/Deeper anna lr",
    ):  # fmt: skip
        office.boss.do(command)
    for client in (office.anna, peter):
        client.do(b"NOTIFY SET (subtree ~boss (MailboxName))")
    office.boss.do(b"RENAME Box Other")
    assert office.anna.told() == [
        b'* LIST (\\Noselect \\HasChildren) "/" ~boss/Other/Deep ("OLDNAME" (~boss/Box/Deep))'
    ]
    assert peter.told() == [b'* LIST (\\HasChildren) "/" ~boss/Other ("OLDNAME" (~boss/Box))']
