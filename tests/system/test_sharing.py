"""Sharing over real sockets: how soon the other one hears of a change, and what he gets when he is shut out."""

from __future__ import annotations

import imaplib
import socket
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support import clients
from tests.support.daemon import Daemon

CHANGES = 200
PATIENCE = 0.1  # seconds within which the grantee hears of a change, by the median: far more than it takes
LARGE = 24 * 1024 * 1024
SECRET = b"the secret of john "


class Raw:
    """A client that reads no more than it is told to."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._heard = b""

    def send(self, line: bytes) -> None:
        """A line."""
        self._link.sendall(line + b"\r\n")

    def until(self, mark: bytes) -> bytes:
        """Everything up to the line that begins with ``mark``, and that."""
        while True:
            lines = self._heard.split(b"\r\n")
            for place, line in enumerate(lines[:-1]):
                if line.startswith(mark):
                    self._heard = b"\r\n".join(lines[place + 1 :])
                    return b"\r\n".join(lines[: place + 1])
            self._heard += self.some()

    def some(self) -> bytes:
        """What there is; nothing at the end."""
        try:
            data = self._link.recv(65536)
        except ConnectionError:
            data = b""
        if not data:
            raise EOFError
        return data

    def rest(self) -> int:
        """How many octets still come."""
        count = len(self._heard)
        try:
            while True:
                count += len(self.some())
        except EOFError:
            return count


@contextmanager
def raw(daemon: Daemon, name: str, link_kind: str = "clear") -> Iterator[Raw]:
    """Logged in, with a small window."""
    tls = link_kind == "tls"
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)
    link.settimeout(60)
    link.connect(("127.0.0.1", daemon.imaps if tls else daemon.imap))
    if link_kind == "starttls":
        before = Raw(link)
        before.until(b"* OK")
        before.send(b"0 STARTTLS")
        before.until(b"0 OK")
    with link if link_kind == "clear" else clients.unverified().wrap_socket(link) as made:
        client = Raw(made)
        if link_kind != "starttls":
            client.until(b"* OK")
        client.send(f'1 LOGIN {name} "{daemon.passwords[name]}"'.encode())
        client.until(b"1 OK")
        yield client


@pytest.fixture(scope="module")
def shared(daemon: Daemon) -> Daemon:
    """mary may read INBOX of john, and Large, which has one large message."""
    daemon.command("mailbox", "create", "john", "Large")
    for name in ("INBOX", "Large"):
        daemon.command("mailbox", "acl", "set", "john", name, "mary=lrs")
    clients.deliver(daemon, [b"Subject: one\r\n\r\ntext\r\n"], "john@example.org")
    body = b"Subject: large\r\n\r\n" + (SECRET + b"x" * 57 + b"\r\n") * (LARGE // 78)
    clients.deliver(daemon, [body], "Large#john@example.org")
    return daemon


def test_the_standard_library_shares_a_mailbox(shared: Daemon) -> None:
    """A client that nobody here has written understands what it is told, and so does who shares."""
    with clients.imap(shared, "john", None) as john, clients.imap(shared, "mary", None) as mary:
        assert john.create("Team")[0] == "OK"
        assert mary.myrights("~john/Team")[0] == "NO"
        assert john.setacl("Team", "mary", "lrsitek")[0] == "OK"
        assert john.getacl("Team") == ("OK", [b"Team mary lrsited"])
        assert mary.myrights("~john/Team") == ("OK", [b"~john/Team lrsited"])
        assert mary.append("~john/Team", "", "", b"Subject: hello\r\n\r\ntext\r\n")[0] == "OK"
        assert mary.select("~john/Team") == ("OK", [b"1"])
        assert john.deleteacl("Team", "mary")[0] == "OK"
        with pytest.raises((imaplib.IMAP4.abort, OSError)):
            mary.noop()


def test_a_change_reaches_the_grantee_in_idle(shared: Daemon, capsys: pytest.CaptureFixture[str]) -> None:
    """Measured from the moment at which the owner sends his command, so with the time that it takes to be written."""
    with raw(shared, "john") as john, raw(shared, "mary") as mary:
        john.send(b"2 SELECT INBOX")
        john.until(b"2 OK")
        mary.send(b"2 EXAMINE ~john/INBOX")
        mary.until(b"2 OK")
        mary.send(b"3 IDLE")
        mary.until(b"+ ")
        took: list[float] = []
        for number in range(CHANGES):
            begun = time.perf_counter()
            john.send(b"3 STORE 1 %bFLAGS.SILENT (\\Flagged)" % (b"-" if number % 2 else b"+"))
            mary.until(b"* 1 FETCH")
            took.append(time.perf_counter() - begun)
            john.until(b"3 OK")
    took.sort()
    median, late = statistics.median(took), took[CHANGES * 99 // 100]
    with capsys.disabled():
        print(f"\n{CHANGES} changes in IDLE: median {median * 1e3:.1f} ms, 99 of 100 within {late * 1e3:.1f} ms")
    assert median < PATIENCE


@pytest.mark.parametrize("kind", ["clear", "tls", "starttls"])
def test_a_message_that_is_being_sent_is_cut_off(shared: Daemon, kind: str) -> None:
    """When the owner is told that it is done, what was not handed to the system is thrown away, and what it had not
    sent yet too: the reader gets a fraction of the message, and no more time for it."""
    shared.command("mailbox", "acl", "set", "john", "Large", "mary=lr")
    with raw(shared, "john") as john, raw(shared, "mary", kind) as mary:
        mary.send(b"2 EXAMINE ~john/Large")
        mary.until(b"2 OK")
        mary.send(b"3 FETCH 1 BODY.PEEK[]")
        assert SECRET in mary.some() + mary.some()
        john.send(b"2 SETACL Large mary -r")
        john.until(b"2 OK")
        assert mary.rest() < LARGE // 2
    assert "cut off in the middle" in shared.log_text()
