"""Password guessing against the real daemon, with real hashes: nobody else may notice."""

from __future__ import annotations

import imaplib
import socket
import threading
import time
from pathlib import Path

from tests.support.clients import imap
from tests.support.daemon import Daemon

SECONDS = 6.0
PER_SECOND = 17  # 1,000 a minute
MOST = 2.0  # seconds that a login from a trusted address may take
REACTION = 1.0  # seconds; on two busy cores, where a hash takes some 50 ms


class Guesser(threading.Thread):
    """Wrong passwords from ever other addresses of this machine."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self.port = port
        self.sent = 0
        self.ended = threading.Event()
        self._open: list[socket.socket] = []

    def run(self) -> None:
        """At an even pace; nobody waits for the answers."""
        while not self.ended.wait(1 / PER_SECOND):
            self.sent += 1
            client = socket.socket()
            client.bind((f"127.0.{1 + self.sent // 200}.{1 + self.sent % 200}", 0))
            client.connect(("127.0.0.1", self.port))
            name = ("john", "mary", "nobody")[self.sent % 3]
            client.sendall(f"1 LOGIN {name} guess{self.sent}\r\n".encode())
            self._open.append(client)
        for client in self._open:
            client.close()


def test_logins_go_on_while_others_guess(tmp_path: Path) -> None:
    """1,000 wrong passwords a minute: an address with a recent success logs in within two seconds, and sessions that
    are logged in are answered as ever, because no hash is computed on the reactor thread."""
    daemon = Daemon(tmp_path, limits={"login_cache": 1})
    daemon.create("john", "mary")
    with daemon:
        with imap(daemon, "mary"):
            pass
        with imap(daemon, "john") as session:
            guesser = Guesser(daemon.imap)
            guesser.start()
            reactions, logins = [], []
            end = time.monotonic() + SECONDS
            try:
                while time.monotonic() < end:
                    begun = time.monotonic()
                    assert session.noop()[0] == "OK"
                    reactions.append(time.monotonic() - begun)
                    time.sleep(1.2)  # until the cached password is forgotten
                    begun = time.monotonic()
                    client = imaplib.IMAP4("127.0.0.1", daemon.imap, timeout=30)
                    client.login("mary", daemon.passwords["mary"])
                    logins.append(time.monotonic() - begun)
                    client.logout()
            finally:
                guesser.ended.set()
                guesser.join()
        assert guesser.sent > SECONDS * PER_SECOND / 2
        assert max(logins) <= MOST, logins
        assert max(reactions) <= REACTION, reactions
