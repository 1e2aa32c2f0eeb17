"""A client's link breaks at any moment of any command, on a disk that takes its time: everything is given back."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cgpymail.runtime.limits import DEFAULTS, KB
from cgpymail.runtime.runtime import Pools
from cgpymail.stores.tree import DiskTree
from tests.contract.test_slow_disk import LatePool
from tests.support.world import World

LIMITS = replace(DEFAULTS, sessions_per_account=2, spool_memory=KB)
LOGIN = b"1 LOGIN john secret\r\n"
SELECT = LOGIN + b"2 SELECT INBOX\r\n"
LARGE = b"Subject: large\r\n\r\n" + b"0123456789abcdef\r\n" * 5000
WORDS = {
    "login": ("IMAP", LOGIN + b"2 NOOP\r\n"),
    "select": ("IMAP", SELECT),
    "status": ("IMAP", LOGIN + b"2 STATUS Work (MESSAGES)\r\n"),
    "fetch": ("IMAP", SELECT + b"3 FETCH 1:* BODY[]\r\n"),
    "structure": ("IMAP", SELECT + b"3 FETCH 1:* BODYSTRUCTURE\r\n"),
    "search": ("IMAP", SELECT + b"3 SEARCH TEXT fedcba\r\n"),
    "append": ("IMAP", SELECT + b"3 APPEND Work {%d+}\r\n%b\r\n" % (len(LARGE), LARGE)),
    "half an append": ("IMAP", SELECT + b"3 APPEND Work {%d+}\r\n%b" % (len(LARGE), LARGE[:-9])),
    "copy": ("IMAP", SELECT + b"3 COPY 1:* Work\r\n"),
    "move": ("IMAP", SELECT + b"3 MOVE 1:* Work\r\n"),
    "expunge": ("IMAP", SELECT + b"3 STORE 1 +FLAGS (\\Deleted)\r\n4 EXPUNGE\r\n"),
    "close": ("IMAP", SELECT + b"3 STORE 1 +FLAGS (\\Deleted)\r\n4 CLOSE\r\n"),
    "idle": ("IMAP", SELECT + b"3 IDLE\r\n"),
    "create": ("IMAP", LOGIN + b"2 CREATE New\r\n"),
    "rename": ("IMAP", SELECT + b"3 RENAME INBOX Old\r\n"),
    "retrieval": ("POP", b"USER john\r\nPASS secret\r\nRETR 1\r\n"),
    "removal": ("POP", b"USER john\r\nPASS secret\r\nDELE 1\r\nQUIT\r\n"),
    "delivery": ("LMTP", b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<john>\r\nRCPT TO:<Work#john>\r\nDATA\r\n%b.\r\n" % LARGE),
    "half a delivery": ("LMTP", b"LHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<john>\r\nDATA\r\n" + LARGE),
}


class Server:
    """A server with the account john on disk; its INBOX has two messages."""

    def __init__(self, folder: Path, format: str) -> None:
        spool = folder / "spool"
        spool.mkdir(parents=True)
        self.folder = folder
        self.world = World(spool, LIMITS, lambda world, record: DiskTree(world.runtime, record.path))
        self.pool = LatePool()
        self.world.runtime.pools = Pools(self.pool, self.pool, self.pool)
        path = folder / "john"
        path.mkdir()
        self.world.account("john", path=str(path)).settings["DefaultMailboxType"] = format
        user = self.world.user()
        self.world.run(user.create("Work"))
        self.world.run(user.close())
        self.world.append(b"Subject: small\r\n\r\nx\r\n", LARGE)
        self.cool()

    def cool(self) -> None:
        """So much time passes that every mailbox without sessions is closed."""
        for _ in range(3):
            self.world.clock.advance(LIMITS.warm_seconds + 1)
            self.pool.finish()

    def cut(self, module: str, words: bytes, jobs: int) -> bool:
        """Say ``words``, break the link after so many jobs of the disk; whether there were more of them."""
        self.pool.late = True
        link = self.world.connect(module)
        link.feed(words)
        more = bool(self.pool.jobs)
        for _ in range(jobs):
            self.world.clock.advance(0)
            more = self.pool.step()
        link.drop()
        for _ in range(20):
            self.world.clock.advance(0)
            self.pool.finish()
        self.pool.late = False
        return more

    def open_files(self) -> list[str]:
        """Files of the server that this process has open."""
        found = []
        for name in os.listdir("/proc/self/fd"):
            try:
                found.append(os.readlink(f"/proc/self/fd/{name}"))
            except FileNotFoundError:
                pass  # the descriptor of the listing itself
        return [target for target in found if target.startswith(str(self.folder))]


@pytest.mark.parametrize("format", ["mbox", "mdir"])
@pytest.mark.parametrize("name", WORDS)
def test_a_broken_link_leaves_nothing_behind(tmp_path: Path, format: str, name: str) -> None:
    """No session is counted, no file is open, nothing waits in the spool, and the log has no failure."""
    module, words = WORDS[name]
    jobs, more = 0, True
    while more:
        server = Server(tmp_path / str(jobs), format)
        failures: list[str] = []
        server.world.runtime.logs.emit = failures.append
        more = server.cut(module, words, jobs)
        server.cool()
        assert not [line for line in failures if line.startswith("1 ")], jobs
        assert server.open_files() == [], jobs
        assert not list((server.folder / "spool").iterdir()), jobs
        for _ in range(LIMITS.sessions_per_account):
            server.world.user()
        jobs += 1
