"""fetchmail over POP3 and IMAP, fetching to a file; kept messages are fetched once."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cgpymail.samplemail import messages
from tests.support import clients
from tests.support.daemon import Daemon

pytestmark = pytest.mark.programs("fetchmail")
SAMPLE = [message for message, _ in messages(12, seed=8)]


def fetchmail(daemon: Daemon, folder: Path, protocol: str, *options: str, name: str) -> int:
    """One run of fetchmail with a delivery program that collects everything; its exit code."""
    port = daemon.pop if protocol == "POP3" else daemon.imap
    control = folder / "fetchmailrc"
    control.write_text(
        f'poll 127.0.0.1 proto {protocol} port {port} uidl auth password user "{name}" password '
        f'"{daemon.passwords[name]}" sslproto "" mda "cat >> {folder}/mail; echo >> {folder}/count"\n'
        if protocol == "POP3"
        else f'poll 127.0.0.1 proto {protocol} port {port} auth password user "{name}" password '
        f'"{daemon.passwords[name]}" sslproto "" mda "cat >> {folder}/mail; echo >> {folder}/count"\n'
    )
    control.chmod(0o600)
    command = [
        "fetchmail",
        "--fetchmailrc",
        str(control),
        "--nosyslog",
        "--pidfile",
        str(folder / "pid"),
        "--idfile",
        str(folder / "ids"),
        *options,
    ]
    environment = os.environ | {"HOME": str(folder), "FETCHMAILHOME": str(folder)}
    done = subprocess.run(command, capture_output=True, check=False, env=environment, timeout=120)
    assert done.returncode in (0, 1), done
    return done.returncode


def count(folder: Path) -> int:
    """How many messages were delivered."""
    path = folder / "count"
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_pop_keep_then_only_the_new_ones(daemon: Daemon, tmp_path: Path) -> None:
    """UIDL is stable: a second run fetches nothing, a third only what is new; nothing is removed."""
    clients.deliver(daemon, SAMPLE[:8], "john@example.org")
    assert fetchmail(daemon, tmp_path, "POP3", "--keep", name="john") == 0
    assert count(tmp_path) == 8
    assert fetchmail(daemon, tmp_path, "POP3", "--keep", name="john") == 1
    clients.deliver(daemon, SAMPLE[8:], "john@example.org")
    assert fetchmail(daemon, tmp_path, "POP3", "--keep", name="john") == 0
    assert count(tmp_path) == 12
    with clients.pop(daemon) as client:
        assert client.stat()[0] == 12


@pytest.mark.parametrize("protocol", ["POP3", "IMAP"])
def test_fetch_and_remove(daemon: Daemon, tmp_path: Path, protocol: str) -> None:
    """Without --keep the mailbox is empty afterwards, and every message was handed on."""
    clients.deliver(daemon, SAMPLE, "mary@example.org")
    assert fetchmail(daemon, tmp_path, protocol, "--nokeep", "--fetchall", name="mary") == 0
    assert count(tmp_path) == len(SAMPLE)
    fetched = (tmp_path / "mail").read_bytes()
    for identity in clients.message_ids(SAMPLE):
        assert fetched.count(identity.encode()) >= 1
    with clients.imap(daemon, "mary") as client:
        assert clients.fetch_all(client) == {}
