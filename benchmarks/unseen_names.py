"""Whether the time of an answer says that there is a mailbox which the asker may not know of (spec 14.2.5).

Run: ``PYTHONPATH=. python benchmarks/unseen_names.py [commands]``. A user to whom nothing was granted sends the same
commands with four names: of a mailbox that is there, of one that is not though the mailbox above it is, of one with
nothing above it, and of one in an account that nobody has. Prints microseconds of processor time for a command, and the
ratio to the first. Once over memory, once over files with the directory of the daemon, whose disk work is done inline
and counted. The commands come in short turns, the names in a new order each time; the clock goes on as if there were
2,000 commands a second, so that what is looked at once a second is looked at. The ratio printed is that of the medians
of all turns; behind it, how much it is if only the first or the last half of the turns counts.
"""

from __future__ import annotations

import random
import sys
import time
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from twisted.internet.defer import Deferred

from cgpymail.assembly import assemble
from cgpymail.config import Settings
from cgpymail.imap.session import ImapSession
from cgpymail.manager.services import Services
from tests.support.results import result
from tests.support.runtime import memory_runtime
from tests.support.wire import MemoryWire
from tests.support.world import World

COMMANDS = 20_000  # of each kind with each name
TURN = 20
SECONDS = 1 / 2_000  # that each takes by the server's clock
NAMES = {
    "there": b"~boss/Top/Box",
    "not there": b"~boss/Top/Nil",
    "nothing above": b"~boss/Nip/Nil",
    "no account": b"~bosz/Top/Box",
}
KINDS = (b"SELECT %b", b"STATUS %b (MESSAGES)", b"GETACL %b", b"MYRIGHTS %b", b'LIST "" %b', b"DELETE %b")


def session(services: Services, login: bytes) -> MemoryWire:
    """A connection of somebody."""
    runtime: Any = services.runtime
    wire = MemoryWire(runtime.clock)
    log = runtime.logs.module("IMAP")
    wire.attach(lambda made: ImapSession(made, log, services))
    answer = wire.feed(b"t LOGIN %b secret\r\n" % login)
    assert b"t OK" in answer, answer
    return wire


def measure(services: Services, commands: int) -> None:
    """Share something with one, ask as another, print."""
    runtime: Any = services.runtime
    boss = session(services, b"boss")
    for words in (b"CREATE Top/Box", b"SETACL Top/Box anna lrs"):
        assert b"t OK" in boss.feed(b"t %b\r\n" % words)
    zoe = session(services, b"zoe")
    chance = random.Random(1)
    for kind in KINDS:
        turns: dict[str, list[float]] = {name: [] for name in NAMES}
        for _ in range(commands // TURN):
            for name in chance.sample(sorted(NAMES), len(NAMES)):
                line = b"t %b\r\n" % (kind % NAMES[name])
                spent = 0
                for _ in range(TURN):
                    start = time.thread_time_ns()
                    zoe.feed(line)
                    spent += time.thread_time_ns() - start
                    runtime.clock.advance(SECONDS)
                turns[name].append(spent / TURN / 1000)
            runtime.logs.emit.__self__.clear()
        tell(kind, turns)


def tell(kind: bytes, turns: dict[str, list[float]]) -> None:
    """One line for a command."""
    words = kind.split()[0].decode()
    there = turns["there"]
    half = len(there) // 2
    shown = []
    for name, spent in turns.items():
        ratio = median(spent) / median(there)
        halves = sorted((median(spent[:half]) / median(there[:half]), median(spent[half:]) / median(there[half:])))
        shown.append(f"{name} {median(spent):6.1f} us, {ratio:.2f} ({halves[0]:.2f}-{halves[1]:.2f})")
    print(f"  {words:9} " + "; ".join(shown), flush=True)


def main(commands: int) -> None:
    """Over memory, then over files."""
    print("in memory")
    world = World()
    for name in ("boss", "anna", "zoe"):
        world.account(name)
    measure(world.services, commands)
    print("over files")
    with TemporaryDirectory() as folder:
        settings = Settings(base=str(Path(folder) / "base"), domain="example.org", host="mail.example.org")
        server = assemble(settings, memory_runtime())
        for name in ("boss", "anna", "zoe"):
            result(server_work(server.create_account(name, b"secret")))
        measure(server.services, commands)
        result(server_work(server.stop()))


def server_work(work: Any) -> Any:
    """A coroutine that need not wait, as its threads are this one."""
    return Deferred.fromCoroutine(work)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else COMMANDS)
