"""The closing run: everything at once for a minute, SIGKILL in the middle, and then the books are checked.

Postfix delivers 500 messages while mbsync and fetchmail read them, mutt deletes, ten writers append, store, copy, move
and expunge. Afterwards nothing that was acknowledged is lost or doubled (by Message-ID), no UID was given twice, and
every session that stayed open agrees with a fresh one.
"""

from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

import pytest

from cgpymail.samplemail import messages
from tests.support import clients
from tests.support.daemon import Daemon
from tests.support.postfix import Postfix
from tests.support.writers import BOXES, Ledger, Watcher, Writer, background
from tests.system.test_fetchmail import fetchmail
from tests.system.test_mbsync import CONFIG
from tests.system.test_mutt import mutt

pytestmark = pytest.mark.programs("postfix", "mbsync", "fetchmail", "mutt")
SECONDS = 60
CORPUS = [message for message, _ in messages(500, seed=10)]
LMTP_CONNECTIONS = 4  # of Postfix: so many deliveries can be under way, unanswered, at a kill


class Run:
    """One closing run over a daemon."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemon = Daemon(folder / "daemon", log_level="problems")
        self.ledger = Ledger()
        self.stop, self.stop_watching = threading.Event(), threading.Event()
        self.doomed: set[str] = set()
        self.counts: Counter[str] = Counter()
        self.failures: dict[str, list[str]] = {"mbsync": [], "fetchmail": [], "mutt": [], "postfix": []}
        self.watchers: list[Watcher] = []

    def prepare(self) -> None:
        """The account, its mailboxes in both formats, and mbsync's configuration."""
        self.daemon.create("john")
        self.daemon.start()
        with clients.imap(self.daemon, mailbox=None) as client:
            for name in ("Work.mdir", "Copies", "Moved.mdir"):
                assert client.create(name)[0] == "OK"
        (self.folder / "mail").mkdir()
        certificate, password = self.daemon.folder / "cert.pem", self.daemon.passwords["john"]
        config = CONFIG.format(
            port=self.daemon.imaps, password=password, folder=self.folder, certificate=certificate
        ).replace("Sync All", "Sync Pull")
        (self.folder / "mbsyncrc").write_text(config)

    def mbsync(self) -> None:
        """One run that reads everything."""
        command = ["mbsync", "--config", str(self.folder / "mbsyncrc"), "--all", "--quiet"]
        done = subprocess.run(command, capture_output=True, env={"HOME": str(self.folder)}, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        self.counts["mbsync"] += 1

    def fetchmail(self) -> None:
        """One run that keeps the mail on the server."""
        folder = self.folder / "fetchmail"
        folder.mkdir(exist_ok=True)
        fetchmail(self.daemon, folder, "POP3", "--keep", name="john")
        self.counts["fetchmail"] += 1

    def mutt(self) -> None:
        """Put doomed messages into INBOX and have mutt delete them."""
        self.counts["doomed"] += 1
        identity = f"<doomed.{self.counts['doomed']}@mutt>"
        with clients.imap(self.daemon) as client:
            message = f"Message-ID: {identity}\r\nSubject: doomed\r\n\r\nshort life\r\n".encode()
            assert client.append("INBOX", "", None, message)[0] == "OK"
        keys = "<delete-pattern>~s ^doomed<enter><sync-mailbox><quit>"
        folder = self.folder / "mutt"
        folder.mkdir(exist_ok=True)
        mutt(self.daemon, folder, f"imap://127.0.0.1:{self.daemon.imap}/INBOX", keys)
        self.doomed.add(identity)
        self.counts["mutt"] += 1

    def watch(self) -> None:
        """Sessions that stay open to the end."""
        self.watchers = [Watcher(self.daemon, box, self.stop_watching) for box in BOXES for _ in range(2)]
        for watcher in self.watchers:
            watcher.start()

    def go(self, postfix: Postfix) -> None:
        """The minute."""
        sending = iter(CORPUS)

        def send() -> None:
            batch = list(islice(sending, 5))
            if batch:
                postfix.send(batch, "john@example.org")

        jobs = [
            background(send, self.stop, self.failures["postfix"], SECONDS / 130),
            background(self.mbsync, self.stop, self.failures["mbsync"], 0.5),
            background(self.fetchmail, self.stop, self.failures["fetchmail"], 0.5),
            background(self.mutt, self.stop, self.failures["mutt"], 0.5),
        ]
        writers = [Writer(self.daemon, self.ledger, number, self.stop) for number in range(10)]
        for writer in writers:
            writer.start()
        time.sleep(SECONDS / 2)
        self.daemon.kill()
        started = time.monotonic()
        self.daemon.start()
        self.counts["restart in ms"] = round((time.monotonic() - started) * 1000)
        self.watch()
        time.sleep(SECONDS / 2)
        self.stop.set()
        end([*jobs, *writers])
        for message in sending:
            postfix.send([message], "john@example.org")
        postfix.wait(120)
        self.stop_watching.set()
        end(self.watchers)

    def content(self) -> dict[str, dict[int, str]]:
        """Message-IDs by mailbox and UID, as a fresh session sees them."""
        found = {}
        for box in BOXES:
            with clients.imap(self.daemon, mailbox=box) as client:
                fetched = clients.fetch_all(client)
                assert list(fetched) == sorted(fetched)
                found[box] = {uid: clients.message_ids([message])[0] for uid, message in fetched.items()}
        return found


def end(threads: Sequence[threading.Thread]) -> None:
    """Wait for all of them."""
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive(), thread


def test_closing_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """See the top of the file."""
    run = Run(tmp_path)
    run.prepare()
    try:
        with Postfix(run.daemon.lmtp) as postfix:
            run.go(postfix)
        agreements = check_watchers(run)
        content = run.content()
        doubled = check_books(run, content)
    finally:
        run.daemon.stop()
    log = run.daemon.log_text()
    assert "Traceback" not in log, log[log.index("Traceback") - 500 :][:3000]
    with capsys.disabled():
        report(run, content, agreements, doubled)


def check_watchers(run: Run) -> int:
    """Every watcher's picture equals a fresh session's, for the messages that were there when it stopped."""
    compared = 0
    for watcher in run.watchers:
        assert not watcher.problem, watcher.problem
        with clients.imap(run.daemon, mailbox=watcher.box) as client:
            fresh = {}
            for item in client.uid("FETCH", "1:*", "(FLAGS)")[1]:
                if item:
                    number = int(item.split(b"UID ")[1].split()[0].rstrip(b")"))
                    fresh[number] = frozenset(item.split(b"FLAGS (")[1].split(b")")[0].split()) - {b"\\Recent"}
        last = watcher.picture[-1][0] if watcher.picture else 0
        known = dict(watcher.picture)
        assert set(known) == {uid for uid in fresh if uid <= last}, watcher.box
        differing = {uid for uid in known if known[uid] != fresh[uid]}
        assert not differing, (watcher.box, len(differing))
        compared += len(known)
    return compared


def check_books(run: Run, content: dict[str, dict[int, str]]) -> int:
    """What was acknowledged is there, once; what was removed is not; UIDs belong to whom they were given."""
    ledger = run.ledger
    assert not ledger.problems, ledger.problems[:5]
    actual: dict[str, Counter[str]] = {}
    for box, found in content.items():
        for identity in found.values():
            actual.setdefault(identity, Counter())[box] += 1
    wrong = [
        (identity, dict(places), dict(actual.get(identity, {})))
        for identity, places in ledger.places.items()
        if identity not in ledger.unsure and +places != actual.get(identity, Counter())
    ]
    assert not wrong, (len(wrong), wrong[:5])
    for (box, _), given in ledger.uids.items():
        for uid, identity in content[box].items():
            assert given.get(uid, identity) == identity, (box, uid)
    assert len({box for box, _ in ledger.uids}) == len(ledger.uids), "UIDVALIDITY changed"
    lost = [identity for identity in clients.message_ids(CORPUS) if not actual.get(identity)]
    assert not lost, lost[:5]
    doubled = [identity for identity in clients.message_ids(CORPUS) if sum(actual[identity].values()) > 1]
    assert len(doubled) <= LMTP_CONNECTIONS, doubled
    assert not run.doomed & set(actual)
    return len(doubled)


def report(run: Run, content: dict[str, dict[int, str]], agreements: int, doubled: int) -> None:
    """Figures for people."""
    for name in ("mbsync", "fetchmail", "mutt"):
        assert run.counts[name] >= 3, (name, run.failures[name][:3])
    print("\nclosing run:")
    print(f"  acknowledged: {dict(run.ledger.done)}; not sure at the kill: {len(run.ledger.unsure)}")
    print(f"  Postfix: 500 messages, none lost, {doubled} delivered again after the kill (unanswered at it)")
    print(
        f"  clients: {dict(run.counts)}; failed runs: { ({name: len(found) for name, found in run.failures.items()}) }"
    )
    print(f"  in the mailboxes: { ({box: len(found) for box, found in content.items()}) }")
    print(f"  watchers: {len(run.watchers)} sessions agree with fresh ones on {agreements} messages")
