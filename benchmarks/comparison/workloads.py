"""What is measured: each workload prepares connections, acts (this part is timed), and looks whether it came true."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from random import Random
from time import perf_counter

from benchmarks.comparison import mail
from benchmarks.comparison.client import Check, Connection, Wrong, drive, is_ok
from benchmarks.comparison.servers import EMPTY, HASHED, PASSWORD, PLAIN, Server

CROWD = 20
_ROW = re.compile(rb"\* (\d+) FETCH \((.*)\)")
_UID = re.compile(rb"UID (\d+)")
_FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")


class Workload(ABC):
    """One line of the report. ``counts``: operations of one round, in full and when it must be quick."""

    name: str
    counts: tuple[int, int]
    width = CROWD  # connections
    user = PLAIN
    mailbox = "INBOX"
    cached = True  # whether the servers may remember verified logins

    def prepare(self, server: Server, random: Random) -> None:
        """Connections with the mailbox selected. Not timed."""
        self.server, self.random = server, random
        self.connections = [self.connect() for _ in range(self.width)]

    def connect(self) -> Connection:
        """One of them."""
        connection = Connection(self.server.port)
        connection.log_in(self.user, PASSWORD)
        connection.ask(f"SELECT {self.mailbox}".encode())
        return connection

    def act(self, count: int) -> list[float]:
        """So many operations; the seconds that each took. Raises Wrong."""
        return drive(self.connections, [self.request() for _ in range(count)])

    @abstractmethod
    def request(self) -> tuple[bytes, Check]:
        """The next one."""

    def finish(self) -> None:
        """See what became of it, and leave. Not timed. Raises Wrong."""
        for connection in self.connections:
            connection.close()


class Noop(Workload):
    """NOOP, when nothing happened."""

    name, counts = "NOOP, 20 connections", (25_000, 8_000)

    def request(self) -> tuple[bytes, Check]:
        """One line is the answer."""
        return b"NOOP", lambda answer: answer.startswith(b"OK ") and answer.count(b"\r\n") == 1


class List(Workload):
    """What a client asks for after SELECT."""

    name, counts = "FETCH 1:* (UID FLAGS), 10,000 messages", (100, 30)
    width = 1

    def prepare(self, server: Server, random: Random) -> None:
        """Every row of the first answer is read; those after it must be the same."""
        super().prepare(server, random)
        self.connections[0].ask(b"SELECT INBOX")  # once more: now nothing is recent
        rows = read_rows(self.connections[0].ask(b"FETCH 1:* (UID FLAGS)"))
        expected = {number: mail.flag_names(number) for number in range(1, server.messages + 1)}
        if {number: flags for number, (_, flags) in rows.items()} != expected:
            raise Wrong("FETCH 1:* (UID FLAGS): wrong flags")
        uids = [uid for uid, _ in rows.values()]
        if uids != sorted(set(uids)):
            raise Wrong("FETCH 1:* (UID FLAGS): wrong UIDs")
        self._rows = _rows_only(self.connections[0].ask(b"FETCH 1:* (UID FLAGS)"))

    def request(self) -> tuple[bytes, Check]:
        """All octets of all rows."""
        return b"FETCH 1:* (UID FLAGS)", lambda answer: is_ok(answer) and _rows_only(answer) == self._rows


class Body(Workload):
    """Reading here and there."""

    name, counts = "FETCH BODY.PEEK[] of 4 KB, 20 connections", (8_000, 3_000)

    def request(self) -> tuple[bytes, Check]:
        """Octet for octet the message that was asked for."""
        number = self.random.randint(1, self.server.messages)
        start = b"* %d FETCH (BODY[] {%d}\r\n" % (number, mail.SIZE)
        expected = start + mail.message(number) + b")\r\n"
        return b"FETCH %d BODY.PEEK[]" % number, lambda answer: answer.startswith(expected) and is_ok(answer)


class Login(Workload):
    """Connect, LOGIN, SELECT INBOX of 10,000 messages, LOGOUT, one after the other."""

    name, counts = "login cycle, password in clear", (300, 100)
    width = 0

    def request(self) -> tuple[bytes, Check]:
        """Not asked: a cycle has four of them."""
        raise NotImplementedError

    def act(self, count: int) -> list[float]:
        """Whole cycles; the mailbox must be the right one."""
        seconds = []
        for _ in range(count):
            began = perf_counter()
            connection = Connection(self.server.port)
            connection.log_in(self.user, PASSWORD)
            if b"\r\n* %d EXISTS\r\n" % self.server.messages not in b"\r\n" + connection.ask(b"SELECT INBOX"):
                raise Wrong("SELECT INBOX: not the number of messages")
            connection.close()
            seconds.append(perf_counter() - began)
        return seconds


class HashedLogin(Login):
    """The same with a hashed password."""

    name, counts = "login cycle, argon2id, login caches on", (40, 12)
    user = HASHED


class UncachedLogin(HashedLogin):
    """The same when nothing is remembered."""

    name = "login cycle, argon2id, login caches off"
    cached = False


class Append(Workload):
    """Saving a message: answered when it is on disk."""

    name, counts = "APPEND of 4 KB, 1 connection", (300, 100)
    width = 1
    mailbox = EMPTY

    def prepare(self, server: Server, random: Random) -> None:
        """How many are there before."""
        super().prepare(server, random)
        self._before = exists(self.connections[0], self.mailbox)
        self._appended = 0

    def request(self) -> tuple[bytes, Check]:
        """Sent in one go (LITERAL+)."""
        self._appended += 1
        message = mail.message(self._appended)
        command = b"APPEND %b {%d+}\r\n" % (self.mailbox.encode(), len(message))
        return command + message, lambda answer: is_ok(answer) and b"[APPENDUID " in answer

    def finish(self) -> None:
        """All are there, and the last one is the message sent last."""
        connection = self.connections[0]
        now = exists(connection, self.mailbox)
        if now != self._before + self._appended:
            raise Wrong(f"APPEND: {now} messages after {self._appended} were added to {self._before}")
        if self.width == 1 and mail.message(self._appended) not in connection.ask(b"FETCH %d BODY.PEEK[]" % now):
            raise Wrong("APPEND: another message came back")
        super().finish()


class CrowdAppend(Append):
    """The same by many at once."""

    name, counts = "APPEND of 4 KB, 20 connections", (800, 200)
    width = CROWD


class Store(Workload):
    """Marking messages, and taking the mark away again."""

    name, counts = "STORE of one flag, 1 connection", (3_000, 800)
    width = 1

    def prepare(self, server: Server, random: Random) -> None:
        """No message is Flagged at first."""
        super().prepare(server, random)
        self._flagged: set[int] = set()

    def request(self) -> tuple[bytes, Check]:
        """The answer has all flags that are left."""
        number = self.random.randint(1, self.server.messages)
        sign = "-" if number in self._flagged else "+"
        self._flagged ^= {number}
        expected = self._flags_of(number)

        def right(answer: bytes) -> bool:
            rows = read_rows(answer)
            return is_ok(answer) and len(rows) == 1 and rows[number][1] == expected

        return f"STORE {number} {sign}FLAGS (\\Flagged)".encode(), right

    def finish(self) -> None:
        """Another session sees the flags that were set; then all is as it was."""
        other = self.connect()
        found = read_rows(other.ask(b"FETCH 1:* (FLAGS)"))
        if any(flags != self._flags_of(number) for number, (_, flags) in found.items()):
            raise Wrong("STORE: another session sees other flags")
        other.ask(b"STORE 1:* -FLAGS.SILENT (\\Flagged)")
        other.close()
        super().finish()

    def _flags_of(self, number: int) -> set[str]:
        return mail.flag_names(number) | ({"\\Flagged"} if number in self._flagged else set())


def idle_memory(server: Server, sessions: int) -> tuple[float, float]:
    """Octets for each of many sessions that have INBOX selected and are silent: the growth from no session at all, and
    that from the first one on.

    The server has been started just now, so what it takes for the mailbox itself is in the former.
    """
    before = server.tree.octets()
    connections: list[Connection] = []
    first = 0
    for _ in range(sessions):
        if len(connections) == 1:
            server.tree.settled()
            first = server.tree.octets() - before
        connection = Connection(server.port)
        connection.log_in(PLAIN, PASSWORD)
        connection.ask(b"SELECT INBOX")
        connections.append(connection)
    for connection in connections:
        connection.ask(b"NOOP")
    server.tree.settled()
    grown = server.tree.octets() - before
    for connection in connections:
        connection.close()
    return grown / sessions, (grown - first) / (sessions - 1)


def read_rows(answer: bytes) -> dict[int, tuple[int, set[str]]]:
    """The FETCH responses of an answer: number -> UID (0 if it was not asked for) and flags but \\Recent."""
    rows: dict[int, tuple[int, set[str]]] = {}
    for line in answer.split(b"\r\n"):
        row = _ROW.fullmatch(line)
        if row:
            uid, flags = _UID.search(row[2]), _FLAGS.search(row[2])
            names = set(flags[1].decode().split()) if flags else set()
            rows[int(row[1])] = (int(uid[1]) if uid else 0, names - {"\\Recent"})
    return rows


def exists(connection: Connection, mailbox: str) -> int:
    """How many messages there are."""
    found = re.search(rb"\* (\d+) EXISTS", connection.ask(f"SELECT {mailbox}".encode()))
    if found is None:
        raise Wrong("SELECT without EXISTS")
    return int(found[1])


def _rows_only(answer: bytes) -> bytes:
    return answer[: answer.rfind(b"\r\n", 0, -2)]


WORKLOADS: tuple[type[Workload], ...] = (
    Noop, List, Body, Login, HashedLogin, Append, CrowdAppend, Store, UncachedLogin,
)  # fmt: skip
