"""What LIST costs in an account with thousands of mailboxes, with and without STATUS: files on disk, no sockets.

    PYTHONPATH=. python benchmarks/listing.py [mailboxes] [format]

Prints wall-clock milliseconds: of the whole answer, and of the longest piece of it that kept others waiting. For STATUS
the first time (every mailbox is opened) and the next (as many as the limit ``warm_octets`` allows are open still). What
a thread would do is done at once here, so handing it over is not counted.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from cgpymail.imap.context import Context
from cgpymail.model.message import NewMessage
from cgpymail.runtime.spool import MemoryContent
from cgpymail.stores.registry import FORMATS
from cgpymail.stores.tree import DiskTree
from tests.support.imapclient import ImapClient
from tests.support.world import World

MESSAGE = b"From: a@example.org\r\nSubject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 20
COMMANDS = (
    b'LIST "" *',
    b'LIST "" %',
    b'LIST (SUBSCRIBED RECURSIVEMATCH) "" *',
    b'LIST "" * RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))',
    b'LIST "" * RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))',
)


class Stopwatch:
    """The longest time between two moments at which others could have had their turn."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._last = time.perf_counter()
        breathe = Context.breathe

        async def watched(context: Context) -> None:
            now = time.perf_counter()
            self.longest = max(self.longest, now - self._last)
            await breathe(context)
            self._last = time.perf_counter()

        Context.breathe = watched  # type: ignore[method-assign]

    def start(self) -> None:
        """A command begins."""
        self.longest = 0.0
        self._last = time.perf_counter()


def main(mailboxes: int, extension: str) -> None:
    """Make an account, ask, print."""
    with TemporaryDirectory() as root:
        formats = {extension: FORMATS[extension].name}
        world = World(Path(root), make_tree=lambda world, record: DiskTree(world.runtime, root), formats=formats)
        world.account("john")
        subscribed: list[str] = []
        user = world.user()
        for number in range(mailboxes):
            name = f"Project {number % 100:03}/{number:05}"
            world.run(user.create(name))
            if not number % 3:
                world.run(user.append(name, [NewMessage(MemoryContent(MESSAGE), 1_600_000_000)] * 3))
                subscribed.append(name)
        world.run(world.manager.stop())
        watch = Stopwatch()
        again = World(Path(root), make_tree=lambda world, record: DiskTree(world.runtime, root), formats=formats)
        again.account("john").set_subscription(subscribed)
        client = ImapClient(again)
        for command in COMMANDS:
            watch.start()
            start = time.perf_counter()
            lines = client.do(command)
            took = time.perf_counter() - start
            print(
                f"{command.decode():56} {len(lines):6} lines {took * 1e3:8.1f} ms, piece {watch.longest * 1e3:5.1f} ms"
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 9_000, sys.argv[2] if len(sys.argv) > 2 else "mbox")
