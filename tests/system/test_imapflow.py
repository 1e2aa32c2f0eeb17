"""imapflow (JavaScript): a push client with QRESYNC and IDLE, as web mail and phone gateways are built on it."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

from tests.support import clients
from tests.support.daemon import Daemon

NODE = Path(__file__).with_name("node")
pytestmark = [pytest.mark.programs("node"), pytest.mark.packages("imapflow")]
MAIL = [b"Message-ID: <%d@x>\r\nSubject: message %d\r\n\r\nbody\r\n" % (number, number) for number in range(5)]


class Watcher:
    """The client process: commands in, events out."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._events: Queue[dict[str, Any]] = Queue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._events.put(json.loads(line))
        self._events.put({"event": "ended"})

    def do(self, command: str) -> dict[str, Any]:
        """Give a command; its answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        return self.hear(command.split()[0])

    def hear(self, kind: str) -> dict[str, Any]:
        """The next event of this kind."""
        while (event := self._events.get(timeout=30))["event"] != kind:
            assert event["event"] not in ("error", "ended"), event
        return event


@contextmanager
def watching(daemon: Daemon, mailbox: str = "INBOX", since: str = "") -> Iterator[Watcher]:
    """A client of mary; ``since``: UIDVALIDITY and MODSEQ of an earlier session, with a colon between."""
    command = ["node", "watch.js", str(daemon.imaps), "mary", daemon.passwords["mary"], mailbox, since]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, cwd=NODE, stdin=pipe, stdout=pipe, text=True) as process:
        watcher = Watcher(process)
        yield watcher
        process.communicate("quit\n", timeout=30)
        assert process.returncode == 0


def test_push_and_quick_resynchronisation(daemon: Daemon) -> None:
    """Arrivals, flags and removals come in IDLE; a session that was away hears just what changed."""
    clients.deliver(daemon, MAIL[:3], "mary@example.org")
    with watching(daemon) as watcher, clients.imap(daemon, "mary") as other:
        opened = watcher.hear("opened")
        assert opened["exists"] == 3 and opened["qresync"]
        assert {"IMAP4rev2", "CONDSTORE", "OBJECTID", "UTF8=ACCEPT"} <= set(opened["capabilities"])
        clients.deliver(daemon, MAIL[3:], "mary@example.org")
        while watcher.hear("exists")["count"] < 5:
            pass
        other.store("2", "+FLAGS", "\\Flagged")
        flagged = watcher.hear("flags")
        assert (flagged["uid"], "\\Flagged" in flagged["flags"]) == (2, True)
        other.store("1", "+FLAGS", "\\Deleted")
        other.expunge()
        gone = watcher.hear("expunge")
        assert (gone["uid"], gone["vanished"]) == (1, True)
        assert [message["subject"] for message in watcher.do("list")["found"]] == [f"message {n}" for n in (1, 2, 3, 4)]

    with clients.imap(daemon, "mary") as other:
        other.uid("STORE", "3", "+FLAGS", "\\Answered")
        other.uid("STORE", "4", "+FLAGS", "\\Deleted")
        other.expunge()
    since = f"{opened['validity']}:{flagged['modseq']}"
    with watching(daemon, since=since) as watcher:
        assert watcher.hear("expunge")["vanished"]
        answered = watcher.hear("flags")
        assert (answered["uid"], "\\Answered" in answered["flags"]) == (3, True)


def test_what_the_client_does_is_done(daemon: Daemon) -> None:
    """Append, move with the new UIDs, delete, names with umlauts, special mailboxes: seen by another session."""
    with clients.imap(daemon, "mary", mailbox=None) as other:
        other.create('"B&APw-cher"')
        with watching(daemon, "Bücher") as watcher:
            watcher.hear("opened")
            first, second = (watcher.do(f"append {subject}")["uid"] for subject in ("one", "two"))
            assert watcher.do(f"flag {first} $Work")["done"]
            assert watcher.do(f"remove {second}")["done"]
            paths = dict(watcher.do("tree")["paths"])
            assert paths["Bücher"] == "" and paths["Trash"] == "\\Trash"
            other.select("Trash")
            before = len(clients.fetch_all(other))
            moved = watcher.do(f"move {first} Trash")["to"]
            other.noop()
            assert list(clients.fetch_all(other, "FLAGS BODY.PEEK[]"))[before:] == moved


def test_what_is_shared_is_found(daemon: Daemon) -> None:
    """The announced name spaces have what another account shares, as soon as it does. This client puts the separator
    behind every prefix, and so it gets ~/account where others get ~account."""
    with clients.imap(daemon, "john", mailbox=None) as john, watching(daemon) as watcher:
        watcher.hear("opened")
        before = watcher.do("walk")["paths"]
        john.create('"Shared/Sp&AOQA3w-e"')
        john.setacl('"Shared/Sp&AOQA3w-e"', "mary", "lr")
        paths = {path: set(flags) for path, flags in watcher.do("walk")["paths"]}
    assert before == []  # after the client has ended: it would be waited for
    assert paths == {"~/john": {"\\Noselect", "\\HasChildren"}, "~/john/Shared/Späße": {"\\HasNoChildren"}}
