"""mutt reads, flags and deletes over IMAP and POP, driven by key strokes through a terminal."""

from __future__ import annotations

import os
import pty
import select
import time
from pathlib import Path

import pytest

from tests.support import clients
from tests.support.daemon import Daemon

pytestmark = pytest.mark.programs("mutt")

CONFIG = """
set ssl_starttls=no
set ssl_force_tls=no
set imap_user="{name}"
set imap_pass="{password}"
set pop_user="{name}"
set pop_pass="{password}"
set folder="{folder}/mail"
set record=""
set confirmappend=no
set confirmcreate=no
set delete=yes
set quit=yes
set beep=no
set wait_key=no
set pager_stop=yes
set imap_keepalive=10
set mbox_type=mbox
set header_cache=""
set pop_delete=yes
set sleep_time=0
set crypt_use_gpgme=no
"""


def mutt(daemon: Daemon, folder: Path, mailbox: str, keys: str, name: str = "john") -> bytes:
    """Run mutt on a mailbox with key strokes that end it; what was on the screen."""
    (folder / "mail").mkdir(exist_ok=True)  # or mutt asks, and takes the first key for the answer
    config = folder / "muttrc"
    config.write_text(CONFIG.format(name=name, password=daemon.passwords[name], folder=folder))
    pid, terminal = pty.fork()
    if pid == 0:
        environment = {"TERM": "vt100", "HOME": str(folder), "PATH": os.environ["PATH"], "LANG": "C.UTF-8"}
        command = ["mutt", "-n", "-F", str(config), "-e", f"push '{keys}'", "-f", mailbox]
        os.execvpe("mutt", command, environment)
    screen, end = b"", time.monotonic() + 60
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 1)
        if not ready:
            continue
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        screen += piece
    else:
        os.kill(pid, 9)
        os.waitpid(pid, 0)
        raise AssertionError(f"mutt did not end: {screen[-2000:]!r}")
    os.close(terminal)
    _, status = os.waitpid(pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, screen[-2000:]
    return screen


def fill(daemon: Daemon, name: str) -> None:
    """Six messages with subjects to search for."""
    kinds = ["keep", "remove", "keep", "mark", "remove", "keep"]
    mail = [b"Message-ID: <%s.%d@x>\r\nSubject: %s this\r\n\r\nbody\r\n" % (kind.encode(), place, kind.encode())
            for place, kind in enumerate(kinds)]  # fmt: skip
    clients.deliver(daemon, mail, f"{name}@example.org")


def test_delete_flag_and_copy_over_imap(daemon: Daemon, tmp_path: Path) -> None:
    """A pattern delete, a flag, a copy into a new mailbox; another session sees all of it."""
    fill(daemon, "john")
    with clients.imap(daemon) as watcher:
        port = daemon.imap
        keys = "<delete-pattern>~s remove<enter><tag-pattern>~s mark<enter><tag-prefix><flag-message>"
        keys += f"<tag-prefix><copy-message>imap://127.0.0.1:{port}/Marked<enter><sync-mailbox><quit>"
        mutt(daemon, tmp_path, f"imap://127.0.0.1:{port}/INBOX", keys)
        watcher.noop()
        left = clients.fetch_all(watcher)
        assert sorted(clients.message_ids(left.values())) == ["<keep.0@x>", "<keep.2@x>", "<keep.5@x>", "<mark.3@x>"]
        assert len(watcher.untagged_responses["EXPUNGE"]) == 2
        assert len(watcher.search(None, "FLAGGED", "SUBJECT", "mark")[1][0].split()) == 1
    with clients.imap(daemon, mailbox="Marked") as client:
        assert clients.message_ids(clients.fetch_all(client).values()) == ["<mark.3@x>"]


def test_read_and_delete_over_pop(daemon: Daemon, tmp_path: Path) -> None:
    """The same over POP3."""
    fill(daemon, "mary")
    keys = "<delete-pattern>~s remove<enter><sync-mailbox><quit>"
    mutt(daemon, tmp_path, f"pop://127.0.0.1:{daemon.pop}/", keys, name="mary")
    with clients.imap(daemon, "mary") as client:
        left = clients.message_ids(clients.fetch_all(client).values())
    assert left == ["<keep.0@x>", "<keep.2@x>", "<keep.5@x>", "<mark.3@x>"]
