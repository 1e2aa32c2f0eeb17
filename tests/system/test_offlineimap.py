"""OfflineIMAP keeps a Maildir and an account the same, in both directions, over several runs."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cgpymail.samplemail import messages
from tests.support import clients
from tests.support.daemon import Daemon

pytestmark = pytest.mark.programs("offlineimap")
SAMPLE = [message for message, _ in messages(6, seed=21)]
LOCAL = b"Message-ID: <local@x>\r\nSubject: written here\r\n\r\nbody\r\n"

CONFIG = """
[general]
accounts = test
metadata = {folder}/meta
[Account test]
localrepository = local
remoterepository = remote
[Repository local]
type = Maildir
localfolders = {folder}/mail
[Repository remote]
type = IMAP
remotehost = 127.0.0.1
remoteport = {port}
ssl = no
starttls = no
remoteuser = john
remotepass = {password}
folderfilter = lambda name: name in ("INBOX", "Work", "Made here")
"""


def offlineimap(daemon: Daemon, folder: Path) -> None:
    """One run."""
    config = folder / "offlineimaprc"
    config.write_text(CONFIG.format(folder=folder, port=daemon.imap, password=daemon.passwords["john"]))
    command = ["offlineimap", "-c", str(config), "-o", "-u", "basic"]
    environment = os.environ | {"HOME": str(folder)}
    done = subprocess.run(command, capture_output=True, check=False, env=environment, timeout=120)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


def mails(folder: Path, mailbox: str = "INBOX") -> list[Path]:
    """The messages of a local folder."""
    return sorted(path for part in ("new", "cur") for path in (folder / "mail" / mailbox / part).iterdir())


def test_both_sides_agree_after_every_run(daemon: Daemon, tmp_path: Path) -> None:
    """New mail comes, local mail goes up, removals and flags go both ways, nothing is doubled."""
    clients.deliver(daemon, SAMPLE)
    with clients.imap(daemon) as watcher:
        watcher.create("Work")
        watcher.append("Work", "(\\Seen)", None, SAMPLE[0])
        offlineimap(daemon, tmp_path)
        assert len(mails(tmp_path)) == len(SAMPLE) and len(mails(tmp_path, "Work")) == 1

        mails(tmp_path)[0].unlink()
        (tmp_path / "mail" / "INBOX" / "new" / "1.local.here").write_bytes(LOCAL)
        watcher.store("6", "+FLAGS", "\\Flagged")
        offlineimap(daemon, tmp_path)
        watcher.noop()
        there = clients.message_ids(clients.fetch_all(watcher).values())
        assert len(there) == len(SAMPLE) and "<local@x>" in there
        assert clients.message_ids(path.read_bytes() for path in mails(tmp_path)) == there
        assert len([path for path in mails(tmp_path) if "F" in path.name.rpartition(",")[2]]) == 1

        watcher.uid("STORE", "1:*", "+FLAGS", "\\Deleted")
        watcher.expunge()
        offlineimap(daemon, tmp_path)
        offlineimap(daemon, tmp_path)
        assert mails(tmp_path) == [] and clients.fetch_all(watcher) == {}
    assert len(mails(tmp_path, "Work")) == 1
