"""A client with QRESYNC that comes and goes between changes of others has, after each return, the picture of a client
that never knew the mailbox: whatever it was told last, whatever its link broke off.

The client does what RFC 7162 section 6 says: it takes MODSEQs into account when a command is over, and a HIGHESTMODSEQ
that it is told is worth more than any MODSEQ it saw. New messages are those above the highest UID it knows. Others
change flags, deliver, expunge and move; and messages are hidden from the client and shown again (spec 2.8).
"""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest

from cgpymail.interfaces import IMailboxTree
from cgpymail.model import flags
from cgpymail.model.columns import Row
from cgpymail.model.identity import AccountName
from cgpymail.model.message import FlagUpdate
from cgpymail.runtime.limits import DEFAULTS
from cgpymail.stores import expunged
from cgpymail.stores.memorytree import MemoryTree
from cgpymail.stores.tree import DiskTree
from tests.support.imapclient import ImapClient
from tests.support.records import MemoryRecord
from tests.support.world import DOMAIN, NAMES, World
from tests.transcripts.memoryworld import settle

MAIL = b"Subject: s\r\n\r\ntext\r\n"
FETCH = re.compile(rb"\* (\d+) FETCH \((?:UID (\d+))?[ ]?(?:FLAGS \(([^)]*)\))?[ ]?(?:MODSEQ \((\d+)\))?\)")
STEPS = 120


class Knowing:
    """What a client knows of the mailbox, and goes on knowing when it is not connected."""

    def __init__(self) -> None:
        self.uidvalidity = 0
        self.highest = 0
        self.flags: dict[int, frozenset[bytes]] = {}
        self.top = 0  # up to this UID it asked for all that there is
        self._seen = 0  # the highest MODSEQ since the last tagged response
        self._code = 0  # the HIGHESTMODSEQ told since then

    def hear(self, lines: list[bytes]) -> None:
        """Take in responses; the last one may be a tagged one."""
        for line in lines:
            if line.startswith(b"* VANISHED"):
                for uid in numbers(line.rsplit(b" ", 1)[1]):
                    self.flags.pop(uid, None)
            elif (found := FETCH.fullmatch(line)) is not None:
                self._fetched(found)
            elif (code := re.search(rb"\[HIGHESTMODSEQ (\d+)\]", line)) is not None:
                self._code = int(code[1])
            elif (code := re.search(rb"\[UIDVALIDITY (\d+)\]", line)) is not None:
                self._found(int(code[1]))
            else:
                assert b"EXPUNGE" not in line.split(b" ")[2:3], line

    def _found(self, uidvalidity: int) -> None:
        if uidvalidity != self.uidvalidity:  # another mailbox: all that it knew is worth nothing
            self.flags.clear()
            self.top = self.highest = 0
        self.uidvalidity = uidvalidity

    def _fetched(self, found: re.Match[bytes]) -> None:
        assert found[2] and found[4], found[0]
        self._seen = max(self._seen, int(found[4]))
        if found[3] is not None:
            self.flags[int(found[2])] = frozenset(found[3].split()) - {b"\\Recent"}
        elif int(found[2]) in self.flags:  # it took a flag away in silence
            self.flags[int(found[2])] -= {b"\\Answered"}

    def finish(self, command: bytes) -> None:
        """The tagged response to ``command`` came."""
        if command.startswith(b"UID FETCH"):
            self.top = max(self.flags, default=0)
        self.highest = self._code or max(self.highest, self._seen)
        self._seen = self._code = 0

    def lose(self) -> None:
        """The link broke."""
        self._seen = self._code = 0

    @property
    def uids(self) -> bytes:
        """A set that has all that it knows, up to where it asked."""
        return b"1:%d" % max([1, self.top, *self.flags])


def numbers(text: bytes) -> list[int]:
    """A set of UIDs."""
    found: list[int] = []
    for part in text.split(b","):
        low, _, high = part.partition(b":")
        found += range(int(low), int(high or low) + 1)
    return found


class Play:
    """One server; one client that comes and goes, and two that change things."""

    def __init__(self, format: str, folder: Path, seed: int) -> None:
        def make_tree(world: World, record: MemoryRecord) -> IMailboxTree:
            return MemoryTree(world.runtime) if format == "memory" else DiskTree(world.runtime, record.path)

        self.random = random.Random(seed)
        self.world = World(folder, DEFAULTS, make_tree)
        self.folder = folder / "john.macnt"
        self.folder.mkdir()
        record = self.world.account("john", path=str(self.folder))
        if format != "memory":
            record.settings["DefaultMailboxType"] = NAMES[format]
        self.world.append(*[MAIL] * 5)
        self.others = [self.other() for _ in range(2)]
        self.knowing = Knowing()
        self.client: ImapClient | None = None

    def other(self) -> ImapClient:
        """A client without any extension."""
        client = ImapClient(self.world)
        client.raw(b"c CREATE Copies\r\n")
        client.do(b"SELECT INBOX")
        return client

    # -- the others

    def change(self) -> None:
        """Somebody else does something."""
        other = self.random.choice(self.others)
        other.do(b"NOOP")
        count = sum(1 for line in other.do(b"UID SEARCH ALL")[-1].split()[2:])
        action = self.random.choice(["store", "store", "delete", "append", "move", "hide", "show"])
        if action == "append" or not count:
            self.world.append(*[MAIL] * self.random.randint(1, 2), flags=self.random.choice([0, 0, flags.SERVICE]))
        elif action in ("hide", "show"):
            self.hide(hidden=action == "hide")
        else:
            some = b"%d" % self.random.randint(1, count)
            if action == "store":
                sign = self.random.choice([b"+", b"-"])
                flag = self.random.choice([b"\\Flagged", b"\\Seen"])
                other.do(b"STORE %b:* %bFLAGS.SILENT (%b)" % (some, sign, flag))
            elif action == "delete":
                other.do(b"STORE %b +FLAGS.SILENT (\\Deleted)" % some)
                other.do(b"EXPUNGE")
            else:
                other.do(b"MOVE %b Copies" % some)

    def hide(self, *, hidden: bool) -> None:
        """A message gets or loses the flag that keeps it from mail clients."""
        account = self.world.run(self.world.manager._accounts.find(AccountName("john", DOMAIN)))
        mailbox = self.world.run(account.open("INBOX"))
        columns = mailbox.store.columns
        rows: list[Row] = [columns.row(place) for place in range(len(columns))]
        chosen = [row for row in rows if bool(row.flags & flags.SERVICE) != hidden]
        if chosen:
            row = self.random.choice(chosen)
            mailbox.set_flags([FlagUpdate(row.uid, row.flags ^ flags.SERVICE, row.keywords)])
        account.close(mailbox)

    # -- the client

    def ask(self, command: bytes) -> None:
        """One command of the client, whose answer it hears."""
        assert self.client is not None
        self.knowing.hear(self.client.do(command))
        self.knowing.finish(command)

    def come(self) -> None:
        """Connect and catch up; then all is as it is for a client that is new."""
        knowing = self.knowing
        self.client = ImapClient(self.world)
        self.client.do(b"ENABLE QRESYNC")
        resync = (
            b""
            if not knowing.highest
            else b" (QRESYNC (%d %d%b))"
            % (
                knowing.uidvalidity,
                knowing.highest,
                self.random.choice([b"", b" " + knowing.uids, b" %b (1 1)" % knowing.uids]),
            )
        )
        self.ask(b"SELECT INBOX" + resync)
        self.ask(b"UID FETCH %d:* (FLAGS MODSEQ)" % (knowing.top + 1))
        fresh = Knowing()
        new = ImapClient(self.world)
        new.do(b"EXAMINE INBOX (CONDSTORE)")
        fresh.hear(new.do(b"FETCH 1:* (UID FLAGS MODSEQ)"))
        new.wire.drop()
        assert knowing.flags == fresh.flags

    def work(self) -> None:
        """The client does something, and maybe hears of what others did."""
        command = self.random.choice(
            [b"NOOP", b"UID STORE 1:* +FLAGS (\\Answered)", b"SEARCH MODSEQ 1", b"FETCH 1 (UID FLAGS MODSEQ)",
             b"UID FETCH 1:* (FLAGS MODSEQ)", b"UID STORE 1:3 -FLAGS.SILENT (\\Answered)",
             b"STATUS INBOX (HIGHESTMODSEQ)", b"UID FETCH %d:* (FLAGS MODSEQ)" % (self.knowing.top + 1)]
        )  # fmt: skip
        assert self.client is not None
        answer = self.client.raw(b"w " + command + b"\r\n").split(b"\r\n")[:-1]
        if self.random.random() < 0.2:  # the link breaks in the middle of the answer
            self.knowing.hear(answer[: self.random.randrange(len(answer))])
            self.go()
            return
        if not answer[-1].startswith(b"w BAD"):  # FETCH 1 of an empty mailbox
            self.knowing.hear(answer)
        self.knowing.finish(command)

    def go(self) -> None:
        """The link breaks."""
        assert self.client is not None
        self.client.wire.drop()
        self.client = None
        self.knowing.lose()

    def reopen(self) -> None:
        """Everybody leaves for long enough: the mailbox is closed and opened anew, maybe without its index."""
        for other in self.others:
            other.wire.drop()
        if self.client is not None:
            self.go()
        self.world.clock.advance(DEFAULTS.warm_seconds + 1)
        settle(self.world.clock)
        if self.random.random() < 0.3:
            for path in [*self.folder.glob("INBOX.bdx"), *self.folder.glob("INBOX.log.*")]:
                path.unlink()
        self.others = [self.other() for _ in range(2)]


@pytest.mark.parametrize("format", ["memory", "mbox", "mdir"])
@pytest.mark.parametrize("seed", [0, 8])
def test_who_comes_back_knows_what_is_there(
    format: str, seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a record of expunged messages so short that it often does not reach back."""
    monkeypatch.setattr(expunged, "KEPT", 6)
    play = Play(format, tmp_path, seed)
    for _ in range(STEPS):
        chance = play.random.random()
        if chance < 0.06:
            play.reopen()
        elif chance < 0.5:
            play.change()
        elif play.client is None:
            play.come()
        elif chance < 0.9:
            play.work()
        else:
            play.go()
    if play.client is not None:
        play.go()
    play.come()
