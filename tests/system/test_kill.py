"""SIGKILL of the daemon under load, again and again: what was acknowledged is there, once, under the UID told."""

from __future__ import annotations

import imaplib
import random
import re
import smtplib
import threading
import time
from collections import Counter
from pathlib import Path

from tests.support.daemon import DOMAIN, Daemon

KILLS = 8
ROUND = 2.5  # seconds of load before a kill
LOST = (OSError, imaplib.IMAP4.abort, imaplib.IMAP4.error, EOFError, smtplib.SMTPException)
BOXES = ("INBOX", "Second.mdir")


class Ledger:
    """What was told about one mailbox. ``stored``: UID to identity; ``delivered``: acknowledged without a UID;
    ``gone``: acknowledged removals; ``going``, ``coming``: under way when the link broke."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.stored: dict[int, str] = {}
        self.delivered: set[str] = set()
        self.coming: set[str] = set()
        self.gone: set[int] = set()
        self.going: set[int] = set()
        self.seen: dict[int, str] = {}
        self.validity = ""
        self.next = 0
        self.flagged: set[int] = set()
        self.twice: list[int] = []


def identity() -> str:
    """A Message-ID that no other message has."""
    return f"{random.getrandbits(64):016x}@test"


def message(name: str) -> bytes:
    """A message of some size with a line that has to be quoted."""
    return (
        f"From: a@{DOMAIN}\r\nMessage-ID: <{name}>\r\nSubject: x\r\n\r\n".encode()
        + b"text\r\n" * random.randrange(400)
        + f"\r\nFrom {name}\r\n".encode()
    )


class Writer(threading.Thread):
    """Appends, flags and expunges its own messages in one mailbox, as long as the daemon lives."""

    def __init__(self, daemon: Daemon, box: str, ledger: Ledger) -> None:
        super().__init__(daemon=True)
        self._server = daemon
        self._box = box
        self._ledger = ledger
        self._mine: list[int] = []

    def run(self) -> None:
        try:
            with imaplib.IMAP4("127.0.0.1", self._server.imap) as client:
                client.login("kim", self._server.passwords["kim"])
                client.select(self._box)
                while True:
                    self._step(client)
        except LOST:
            pass

    def _step(self, client: imaplib.IMAP4) -> None:
        chance = random.random()
        if chance < 0.6 or not self._mine:
            self._append(client)
        elif chance < 0.8:
            uid = random.choice(self._mine)
            if client.uid("STORE", str(uid), "+FLAGS.SILENT", "(\\Flagged)")[0] == "OK":
                with self._ledger.lock:
                    self._ledger.flagged.add(uid)
        else:
            self._expunge(client, self._mine.pop(random.randrange(len(self._mine))))

    def _append(self, client: imaplib.IMAP4) -> None:
        name = identity()
        with self._ledger.lock:
            self._ledger.coming.add(name)
        kind, data = client.append(self._box, "", "", message(name))
        if kind == "OK":
            uid = int(re.findall(rb"APPENDUID \d+ (\d+)", data[0])[0])
            with self._ledger.lock:
                if self._ledger.stored.setdefault(uid, name) != name:
                    self._ledger.twice.append(uid)
            self._mine.append(uid)

    def _expunge(self, client: imaplib.IMAP4, uid: int) -> None:
        with self._ledger.lock:
            self._ledger.going.add(uid)
        client.uid("STORE", str(uid), "+FLAGS.SILENT", "(\\Deleted)")
        if client.uid("EXPUNGE", str(uid))[0] == "OK":
            with self._ledger.lock:
                self._ledger.gone.add(uid)


class Mailer(threading.Thread):
    """Delivers to INBOX over LMTP."""

    def __init__(self, daemon: Daemon, ledger: Ledger) -> None:
        super().__init__(daemon=True)
        self._server = daemon
        self._ledger = ledger

    def run(self) -> None:
        try:
            with smtplib.LMTP("127.0.0.1", self._server.lmtp) as client:
                while True:
                    name = identity()
                    with self._ledger.lock:
                        self._ledger.coming.add(name)
                    if not client.sendmail(f"a@{DOMAIN}", [f"kim@{DOMAIN}"], message(name)):
                        with self._ledger.lock:
                            self._ledger.delivered.add(name)
        except LOST:
            pass


def look(daemon: Daemon, box: str, ledger: Ledger) -> None:
    """Compare a mailbox with what was told."""
    with imaplib.IMAP4("127.0.0.1", daemon.imap) as client:
        client.login("kim", daemon.passwords["kim"])
        _, data = client.select(box)
        validity = client.response("UIDVALIDITY")[1][0].decode()
        uidnext = int(client.response("UIDNEXT")[1][0])
        found: dict[int, str] = {}
        flagged: set[int] = set()
        if int(data[0]):
            _, rows = client.uid("FETCH", "1:*", "(FLAGS BODY.PEEK[])")
            for head, body in (row for row in rows if isinstance(row, tuple)):
                uid = int(re.findall(rb"UID (\d+)", head)[0])
                [name] = re.findall(rb"Message-ID: <(.*)>", body)
                assert body.endswith(b"\r\nFrom " + name + b"\r\n"), "the end of a message is not its own"
                found[uid] = name.decode()
                if b"\\Flagged" in head:
                    flagged.add(uid)
    assert not ledger.twice, "UIDs were given twice"
    assert ledger.validity in ("", validity)
    ledger.validity = validity
    assert list(found) == sorted(found) and uidnext > max(found, default=0)
    assert uidnext >= ledger.next, "UIDNEXT went back"
    ledger.next = uidnext
    assert not set(found) & ledger.gone, "expunged and back"
    lost = {uid: name for uid, name in ledger.stored.items() if uid not in ledger.going and found.get(uid) != name}
    assert not lost, f"acknowledged and not there: {lost}"
    for uid, name in found.items():
        assert ledger.seen.setdefault(uid, name) == name, "a UID was used again"
    counts = Counter(found.values())
    assert max(counts.values(), default=0) <= 1, "a message is there twice"
    assert ledger.delivered <= set(counts), "delivered and lost"
    assert set(counts) <= ledger.coming, "nobody wrote that"
    assert ledger.flagged & set(found) <= flagged, "a flag change was lost"


def test_killed_under_load(tmp_path: Path) -> None:
    """Eight times in a row, with six writers in two mailboxes of both formats, and deliveries."""
    random.seed(1)
    daemon = Daemon(tmp_path, log_level="problems")
    daemon.create("kim")
    ledgers = {box: Ledger() for box in BOXES}
    daemon.start()
    with imaplib.IMAP4("127.0.0.1", daemon.imap) as client:
        client.login("kim", daemon.passwords["kim"])
        client.create("Second.mdir")
    for _ in range(KILLS):
        threads = [Writer(daemon, box, ledgers[box]) for box in BOXES for _ in range(3)]
        threads.append(Mailer(daemon, ledgers["INBOX"]))
        for thread in threads:
            thread.start()
        time.sleep(ROUND * random.uniform(0.6, 1.4))
        daemon.kill()
        for thread in threads:
            thread.join(30)
        daemon.start()
        for box, ledger in ledgers.items():
            look(daemon, box, ledger)
    daemon.stop()
    with daemon:
        for box, ledger in ledgers.items():
            look(daemon, box, ledger)
    total = sum(len(ledger.stored) + len(ledger.delivered) for ledger in ledgers.values())
    assert total > 500, f"too little happened: {total}"
