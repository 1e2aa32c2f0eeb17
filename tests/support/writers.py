"""Writers and watchers for the closing run: IMAP clients that know what they were told, and where they are not sure."""

from __future__ import annotations

import imaplib
import random
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from tests.support.daemon import Daemon

BOXES = ("INBOX", "Work", "Copies", "Moved")
LOST = (OSError, imaplib.IMAP4.abort, EOFError)


@dataclass
class Ledger:
    """What all clients together were told. ``places``: mailbox counts by Message-ID; ``unsure``: Message-IDs with a
    command under way when the link broke; ``uids``: by mailbox and UIDVALIDITY, UID to Message-ID."""

    places: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    unsure: set[str] = field(default_factory=set)
    uids: dict[tuple[str, int], dict[int, str]] = field(default_factory=lambda: defaultdict(dict))
    problems: list[str] = field(default_factory=list)
    done: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def stored(self, box: str, validity: int, uid: int, identity: str) -> None:
        """A message was acknowledged with this UID."""
        with self.lock:
            self.places[identity][box] += 1
            known = self.uids[box, validity].setdefault(uid, identity)
            if known != identity:
                self.problems.append(f"{box}: UID {uid} was given to {known} and to {identity}")

    def gone(self, box: str, identity: str) -> None:
        """A removal was acknowledged."""
        with self.lock:
            self.places[identity][box] -= 1

    def doubt(self, *identities: str) -> None:
        """The link broke while something was done to these."""
        with self.lock:
            self.unsure.update(identities)


class Writer(threading.Thread):
    """Appends, stores, copies, moves and expunges its own messages until told to stop; connects again when cut off."""

    def __init__(self, daemon: Daemon, ledger: Ledger, number: int, stop: threading.Event) -> None:
        super().__init__(name=f"writer {number}")
        self._daemon = daemon
        self._ledger = ledger
        self._number = number
        self._stop_event = stop
        self._chance = random.Random(number)
        self._serial = 0
        self._busy: tuple[str, ...] = ()
        self._mine: dict[str, list[tuple[int, str]]] = defaultdict(list)  # mailbox: UID, Message-ID

    def run(self) -> None:
        """Until stopped."""
        while not self._stop_event.is_set():
            try:
                client = imaplib.IMAP4("127.0.0.1", self._daemon.imap, timeout=60)
                client.login("john", self._daemon.passwords["john"])
                self._work(client)
                client.logout()
            except LOST:
                self._ledger.doubt(*self._busy)
                for box in BOXES:
                    self._mine[box] = [item for item in self._mine[box] if item[1] not in self._busy]
                self._busy = ()
                time.sleep(0.2)
            except (AssertionError, imaplib.IMAP4.error) as problem:
                self._ledger.problems.append(f"{self.name}: {problem}")
                return

    def _work(self, client: imaplib.IMAP4) -> None:
        while not self._stop_event.is_set():
            box = self._chance.choice(BOXES[:2])
            assert client.select(box)[0] == "OK"
            self._validity(client, box)
            for _ in range(self._chance.randrange(1, 8)):
                action = self._chance.choice(
                    (self._append, self._append, self._flag, self._copy, self._move, self._expunge)
                )
                action(client, box)
                self._busy = ()

    def _validity(self, client: imaplib.IMAP4, box: str) -> int:
        return int(client.untagged_responses["UIDVALIDITY"][-1]) if box else 0

    def _append(self, client: imaplib.IMAP4, box: str) -> None:
        self._serial += 1
        identity = f"<w{self._number}.{self._serial}@writers>"
        self._busy = (identity,)
        lines = self._chance.randrange(1, 200)
        body = b"From the writer, line of text\r\n\r\nFrom x\r\n" * lines
        message = f"Message-ID: {identity}\r\nSubject: writer {self._number}\r\n\r\n".encode() + body
        status, answer = client.append(box, "(\\Seen)" if lines % 2 else "", None, message)
        code = re.search(rb"\[APPENDUID (\d+) (\d+)\]", answer[0])
        assert status == "OK" and code, answer
        mine = self._mine[box]
        assert not mine or int(code[2]) > max(uid for uid, _ in mine), f"UID {code[2]!r} is not above {mine[-1]}"
        mine.append((int(code[2]), identity))
        self._ledger.stored(box, int(code[1]), int(code[2]), identity)
        self._ledger.done["append"] += 1

    def _pick(self, box: str) -> tuple[int, str] | None:
        return self._chance.choice(self._mine[box]) if self._mine[box] else None

    def _flag(self, client: imaplib.IMAP4, box: str) -> None:
        picked = self._pick(box)
        if picked:
            flag = self._chance.choice(("\\Flagged", "\\Answered", "$Label1", "closing-run"))
            assert client.uid("STORE", str(picked[0]), "+FLAGS", f"({flag})")[0] == "OK"
            self._ledger.done["store"] += 1

    def _transfer(self, client: imaplib.IMAP4, box: str, verb: str, target: str) -> tuple[int, str] | None:
        picked = self._pick(box)
        if not picked:
            return None
        self._busy = (picked[1],)
        client.untagged_responses.pop("COPYUID", None)
        status, answer = client.uid(verb, str(picked[0]), target)
        code = client.untagged_responses.pop("COPYUID", None)
        found = re.match(rb"(\d+) (\d+) (\d+)", code[-1]) if code else None
        assert status == "OK" and found, (verb, picked, answer)
        self._ledger.stored(target, int(found[1]), int(found[3]), picked[1])
        self._ledger.done[verb.lower()] += 1
        return picked

    def _copy(self, client: imaplib.IMAP4, box: str) -> None:
        self._transfer(client, box, "COPY", "Copies")

    def _move(self, client: imaplib.IMAP4, box: str) -> None:
        picked = self._transfer(client, box, "MOVE", "Moved")
        if picked:
            self._forget(box, picked)

    def _expunge(self, client: imaplib.IMAP4, box: str) -> None:
        picked = self._pick(box)
        if picked:
            self._busy = (picked[1],)
            assert client.uid("STORE", str(picked[0]), "+FLAGS.SILENT", "(\\Deleted)")[0] == "OK"
            assert client.uid("EXPUNGE", str(picked[0]))[0] == "OK"
            self._forget(box, picked)
            self._ledger.done["expunge"] += 1

    def _forget(self, box: str, picked: tuple[int, str]) -> None:
        self._mine[box].remove(picked)
        self._ledger.gone(box, picked[1])


class Watcher(threading.Thread):
    """Keeps a picture of a mailbox from untagged responses alone, polling now and then; never selects again."""

    def __init__(self, daemon: Daemon, box: str, stop: threading.Event) -> None:
        super().__init__(name=f"watcher of {box}")
        self.box = box
        self.problem = ""
        self.picture: list[tuple[int, frozenset[bytes]]] = []
        self._daemon = daemon
        self._stop_event = stop
        self._serial = 0

    def run(self) -> None:
        """Until stopped; then once more."""
        try:
            client = imaplib.IMAP4("127.0.0.1", self._daemon.imap, timeout=60)
            client.login("john", self._daemon.passwords["john"])
            client.select(self.box, readonly=True)
            count = int(client.untagged_responses["EXISTS"][-1])
            client.untagged_responses.clear()
            self._fetch(client, 1, count)
            while not self._stop_event.wait(0.3):
                self._say(client, b"NOOP")
            self._say(client, b"NOOP")
        except (AssertionError, *LOST) as problem:
            self.problem = f"{self.name}: {problem!r}"

    def _say(self, client: imaplib.IMAP4, command: bytes) -> None:
        """One command; its untagged responses are taken in order."""
        self._serial += 1
        tag = b"w%d" % self._serial
        client.send(tag + b" " + command + b"\r\n")
        new = 0
        while True:
            line = client.readline()
            assert line, "the link broke"
            if line.startswith(tag):
                assert line.startswith(tag + b" OK"), line
                break
            new = self._take(line, new)
        if new > len(self.picture):
            self._fetch(client, len(self.picture) + 1, new)

    def _take(self, line: bytes, new: int) -> int:
        if found := re.match(rb"\* (\d+) EXISTS", line):
            return int(found[1])
        if found := re.match(rb"\* (\d+) EXPUNGE", line):
            number = int(found[1])
            if number <= len(self.picture):
                del self.picture[number - 1]
            return new - 1 if new else 0
        if found := re.match(rb"\* (\d+) FETCH \((.*)\)\r\n", line):
            number, flags = int(found[1]), re.search(rb"FLAGS \(([^)]*)\)", found[2])
            uid = re.search(rb"UID (\d+)", found[2])
            assert flags, line
            value = frozenset(flags[1].split()) - {b"\\Recent"}
            if number == len(self.picture) + 1 and uid:
                assert not self.picture or int(uid[1]) > self.picture[-1][0], "UIDs do not ascend"
                self.picture.append((int(uid[1]), value))
            elif number <= len(self.picture):
                self.picture[number - 1] = (self.picture[number - 1][0], value)
        return new

    def _fetch(self, client: imaplib.IMAP4, first: int, last: int) -> None:
        if last >= first:
            self._say(client, b"FETCH %d:%d (UID FLAGS)" % (first, last))


def background(
    work: Callable[[], object], stop: threading.Event, problems: list[str], pause: float
) -> threading.Thread:
    """Do ``work`` again and again; what it raises is written down."""

    def loop() -> None:
        while not stop.is_set():
            try:
                work()
            except Exception as problem:
                problems.append(repr(problem)[:500])
            stop.wait(pause)

    thread = threading.Thread(target=loop)
    thread.start()
    return thread
