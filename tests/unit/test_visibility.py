"""Hidden and Service messages over IMAP and POP, from what lies on disk to what clients see (spec 2.8, 15.5)."""

from __future__ import annotations

from pathlib import Path

import pytest

from cgpymail.model import flags
from cgpymail.model.message import FlagUpdate
from cgpymail.stores.tree import DiskTree
from tests.support.imapclient import ImapClient
from tests.support.records import MemoryRecord
from tests.support.world import World

PLAIN, HIDDEN, SERVICE = (b"Subject: %b\r\n\r\nx\r\n" % word for word in (b"plain", b"hidden", b"service"))
LATER = b"Subject: later\r\n\r\nx\r\n"


class Team:
    """john's mailbox Team, written by one process and read by another; mary is granted rights in account.info."""

    def __init__(self, root: Path, format: str) -> None:
        world = self._start(root)
        world.run(world.user().create(f"Team.{format}"))
        for message, mask in ((HIDDEN, flags.HIDDEN), (PLAIN, 0), (SERVICE, flags.SERVICE), (LATER, 0)):
            world.append(message, mailbox="Team", flags=mask)
        world.run(world.manager.stop())
        self.world = self._start(root)

    def _start(self, root: Path) -> World:
        world = World(make_tree=lambda world, record: DiskTree(world.runtime, record.path))
        for name in ("john", "mary"):
            (root / name).mkdir(exist_ok=True)
            record = world.account(name, path=str(root / name))
            if name == "john":
                self.record: MemoryRecord = record
        return world

    def grant(self, letters: str) -> None:
        """mary's element in the ACL."""
        self.record.infos["Team"] = self.record.infos.get("Team", {}) | {"Access": {"mary": letters}}

    def mary(self, letters: str) -> ImapClient:
        """A session of hers in Team."""
        self.grant(letters)
        client = ImapClient(self.world, login="mary")
        client.do(b"SELECT ~john/Team")
        return client

    def hide(self, uid: int) -> None:
        """Another program, which sees everything, sets Hidden."""
        user = self.world.user(service="MAPI")
        handle = self.world.run(user.open("Team"))
        row = handle.row(uid)
        handle._mailbox.set_flags([flags_of(uid, row.flags | flags.HIDDEN)])
        self.world.run(user.close())


def flags_of(uid: int, mask: int) -> FlagUpdate:
    """An update to these flags."""
    return FlagUpdate(uid, mask, 0)


@pytest.fixture(params=["mbox", "mdir"])
def team(request: pytest.FixtureRequest, tmp_path: Path) -> Team:
    """In both formats: the letters H and V come from the disk."""
    return Team(tmp_path, request.param)


def subjects(client: ImapClient) -> list[bytes]:
    """What FETCH 1:* shows."""
    lines = client.do(b"FETCH 1:* (BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
    return [line.removeprefix(b"Subject: ") for line in lines if line.startswith(b"Subject: ")]


def status(client: ImapClient, name: bytes) -> bytes:
    """The number of messages that STATUS gives."""
    return client.do(b"STATUS %b (MESSAGES)" % name)[0].split()[-1].rstrip(b")")


def test_owner(team: Team) -> None:
    """He sees Hidden, never Service, in IMAP and in POP."""
    john = ImapClient(team.world)
    assert b"* 3 EXISTS" in john.do(b"SELECT Team")
    assert subjects(john) == [b"hidden", b"plain", b"later"]
    assert john.do(b"SEARCH ALL") == [b"* SEARCH 1 2 3"]
    assert john.do(b"UID SEARCH ALL") == [b"* SEARCH 1 2 4"]
    assert status(john, b"Team") == b"3"
    assert john.do(b"UID FETCH 3 (FLAGS)") == []
    link = team.world.connect("POP")
    octets = len(HIDDEN + PLAIN + LATER)
    assert b"+OK 3 messages (%d octets)" % octets in link.feed(b"USER Team#john\r\nPASS secret\r\n")


@pytest.mark.parametrize(("letters", "seen"), [("lr", [b"plain", b"later"]), ("lra", [b"hidden", b"plain", b"later"])])
def test_foreigner(team: Team, letters: str, seen: list[bytes]) -> None:
    """Hidden is for holders of right ``a`` only; what is out of sight counts nowhere."""
    mary = team.mary(letters)
    assert subjects(mary) == seen
    assert mary.do(b"SEARCH ALL") == [b"* SEARCH " + b" ".join(b"%d" % n for n in range(1, len(seen) + 1))]
    assert status(mary, b"~john/Team") == b"%d" % len(seen)
    link = team.world.connect("POP")
    assert b"+OK %d messages" % len(seen) in link.feed(b"USER ~john/Team#mary\r\nPASS secret\r\n")


def test_replacing_flags_touches_neither(team: Team) -> None:
    """STORE FLAGS (...) on everything, by the owner and by a foreigner: what was hidden stays so."""
    john, mary = ImapClient(team.world), team.mary("lrswd")
    john.do(b"SELECT Team")
    john.do(b"STORE 1:* FLAGS (\\Flagged)")
    mary.do(b"STORE 1:* FLAGS ()")
    assert subjects(mary) == [b"plain", b"later"]
    john.do(b"SELECT Team")
    assert subjects(john) == [b"hidden", b"plain", b"later"]


def test_expunge_leaves_what_is_out_of_sight(team: Team) -> None:
    """Marked by the owner, expunged by a foreigner: only what the foreigner sees goes (spec 2.8)."""
    john, mary = ImapClient(team.world), team.mary("lrd")
    john.do(b"SELECT Team")
    john.do(b"STORE 1:* +FLAGS.SILENT (\\Deleted)")
    mary.do(b"EXPUNGE")
    john.do(b"NOOP")
    assert subjects(john) == [b"hidden"]


def test_hidden_meanwhile(team: Team) -> None:
    """Its bytes are refused at once, even before the EXPUNGE may be told; then it goes."""
    mary = team.mary("lr")
    john = ImapClient(team.world)
    john.do(b"SELECT Team")
    team.hide(2)
    answer = mary.raw(b"x FETCH 1 (BODY.PEEK[])\r\n")
    assert b"plain" not in answer
    assert answer.rpartition(b"x ")[2].startswith(b"NO ")
    assert mary.do(b"NOOP")[0] == b"* 1 EXPUNGE"
    assert subjects(mary) == [b"later"]
    assert subjects(john) == [b"hidden", b"plain", b"later"]


def test_right_to_read_withdrawn(team: Team) -> None:
    """The session ends with BYE, and not a byte is given any more (spec 14.3.1e)."""
    mary = team.mary("lr")
    team.grant("l")
    answer = mary.raw(b"x FETCH 1 (BODY.PEEK[])\r\n")
    assert b"* BYE " in answer and b"plain" not in answer
    assert mary.wire.closed
