"""What frequent IMAP commands cost in processor time: the whole session over the memory store, without sockets.

    PYTHONPATH=. python benchmarks/imap_session.py

Prints the fastest and the median of several rounds, in microseconds for one command, on a mailbox of 10,000 messages.
"""

from __future__ import annotations

import statistics
import time
from pathlib import Path
from random import Random

from cgpymail.model.flags import ANSWERED, SEEN
from cgpymail.model.message import NewMessage
from cgpymail.runtime.spool import MemoryContent
from tests.support.imapclient import ImapClient
from tests.support.world import World

MESSAGES = 10_000
ROUNDS = 9
COMMANDS: dict[bytes, int] = {
    b"NOOP": 5_000,
    b"FETCH 1:* (UID FLAGS)": 20,
    b"UID FETCH 1:* (FLAGS)": 20,
    b"FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE)": 5,
    b"FETCH 7 (UID FLAGS)": 1_000,
    b"FETCH 7 BODY.PEEK[]": 1_000,
    b"FETCH 7 ENVELOPE": 1_000,
    b"UID SEARCH UNSEEN": 20,
}


def session() -> ImapClient:
    """A client that has a mailbox of varied messages selected, none of them recent."""
    world = World(Path("/nonexistent"))
    world.account("john")
    random = Random(1)  # the same mailbox in every run
    user = world.user()
    body = b"From: a@example.org\r\nSubject: x\r\n\r\n" + b"0123456789abcdef\r\n" * 220
    messages = [
        NewMessage(MemoryContent(body), 1_600_000_000 + 997 * number, random.choice([0, SEEN, SEEN | ANSWERED]))
        for number in range(MESSAGES)
    ]
    world.run(user.append("INBOX", messages))
    client = ImapClient(world)
    for _ in range(2):
        client.do(b"SELECT INBOX")
    return client


def measure(client: ImapClient, command: bytes, count: int) -> list[float]:
    """Microseconds of one command, in each round."""
    line = b"a " + command + b"\r\n"
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(count):
            client.wire.feed(line)
        rounds.append((time.process_time() - start) / count * 1e6)
    return rounds


def main() -> None:
    """Measure and print."""
    client = session()
    for command, count in COMMANDS.items():
        found = measure(client, command, count)
        print(f"{command.decode():50} fastest {min(found):9.1f} us   median {statistics.median(found):9.1f} us")


if __name__ == "__main__":
    main()
