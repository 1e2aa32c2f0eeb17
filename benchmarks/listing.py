"""What LIST costs in an account with many mailboxes, with and without STATUS, and what another session feels of it.

    PYTHONPATH=. python benchmarks/listing.py [mailboxes]

A daemon over files on disk. Prints milliseconds: of each answer, and of the slowest NOOP that another connection sent
meanwhile. STATUS is asked when no mailbox is open, and again when all are (as far as the limit ``warm_octets`` goes).
"""

from __future__ import annotations

import imaplib
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.daemon import Daemon

MESSAGE = b"Subject: x\r\n\r\nx\r\n"
STATUS = b'LIST "" * RETURN (STATUS (MESSAGES UNSEEN UIDNEXT))'
COMMANDS = (b'LIST "" *', b'LIST "" %', b'LIST (SUBSCRIBED RECURSIVEMATCH) "" *', STATUS, STATUS)


class Neighbour(threading.Thread):
    """Sends NOOPs until it is stopped, and remembers how long the slowest took."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        super().__init__()
        self._connection = connection
        self.slowest = 0.0
        self.stopped = False

    def run(self) -> None:
        """One NOOP after the other."""
        while not self.stopped:
            start = time.perf_counter()
            self._connection.noop()
            self.slowest = max(self.slowest, time.perf_counter() - start)
            time.sleep(0.002)


def login(daemon: Daemon) -> imaplib.IMAP4:
    """A session of john."""
    connection = imaplib.IMAP4("127.0.0.1", daemon.imap)
    connection.login("john", daemon.passwords["john"])
    return connection


def fill(connection: imaplib.IMAP4, mailboxes: int) -> None:
    """A hundred levels with mailboxes below; every third has a message and is subscribed to."""
    for number in range(mailboxes):
        name = f"P{number % 100:03}/{number:05}"
        connection.create(name)
        if not number % 3:
            connection.append(name, "", "", MESSAGE)
            connection.subscribe(name)


def ask(connection: imaplib.IMAP4, command: bytes) -> int:
    """Send a command; the number of lines in the answer."""
    connection.send(b"x " + command + b"\r\n")
    for count, line in enumerate(iter(connection.readline, b"")):
        if line.startswith(b"x "):
            return count
    raise AssertionError("the connection ended")


def main(mailboxes: int) -> None:
    """Make an account, ask, print."""
    with TemporaryDirectory() as folder:
        daemon = Daemon(Path(folder), log_level="problems")
        daemon.create("john")
        daemon.start()
        fill(login(daemon), mailboxes)
        daemon.stop()
        daemon.start()
        connection = login(daemon)
        for command in COMMANDS:
            neighbour = Neighbour(login(daemon))
            neighbour.start()
            start = time.perf_counter()
            lines = ask(connection, command)
            took = time.perf_counter() - start
            neighbour.stopped = True
            neighbour.join()
            slowest = neighbour.slowest * 1e3
            print(f"{command.decode():52} {lines:6} lines {took * 1e3:9.1f} ms, a NOOP meanwhile {slowest:6.1f} ms")
        daemon.stop()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000)
