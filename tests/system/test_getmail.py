"""getmail fetches over POP3 and IMAP, what is new and everything, and removes what it was told to."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from cgpymail.samplemail import messages
from tests.support import clients
from tests.support.daemon import Daemon

pytestmark = pytest.mark.programs("getmail")
SAMPLE = [message for message, _ in messages(7, seed=31)]

CONFIG = """
[retriever]
type = Simple{protocol}Retriever
server = 127.0.0.1
port = {port}
username = {name}
password = {password}
[destination]
type = MDA_external
path = /bin/sh
arguments = ("-c", "cat > $(mktemp {folder}/mail/XXXXXX)")
allow_root_commands = true
[options]
read_all = {every}
delete = {delete}
delivered_to = false
received = false
"""


def getmail(daemon: Daemon, folder: Path, protocol: str, name: str, *, every: bool, delete: bool) -> int:
    """One run; how many messages were delivered by then."""
    (folder / "mail").mkdir(exist_ok=True)
    config = folder / "getmailrc"
    port = daemon.pop if protocol == "POP3" else daemon.imap
    values = {"protocol": protocol, "port": port, "name": name, "password": daemon.passwords[name]}
    config.write_text(CONFIG.format(folder=folder, every=every, delete=delete, **values))
    command = ["getmail", f"--getmaildir={folder}", "--rcfile=getmailrc"]
    done = subprocess.run(
        command,
        capture_output=True,
        check=False,
        env=os.environ | {"HOME": str(folder)},
        timeout=120,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    return len(list((folder / "mail").iterdir()))


@pytest.mark.parametrize("protocol", ["POP3", "IMAP"])
def test_what_is_new_then_everything_away(daemon: Daemon, tmp_path: Path, protocol: str) -> None:
    """Unique identifiers are stable from run to run; with ``delete`` the mailbox is empty afterwards."""
    clients.deliver(daemon, SAMPLE[:5], "mary@example.org")
    assert getmail(daemon, tmp_path, protocol, "mary", every=False, delete=False) == 5
    assert getmail(daemon, tmp_path, protocol, "mary", every=False, delete=False) == 5
    clients.deliver(daemon, SAMPLE[5:], "mary@example.org")
    assert getmail(daemon, tmp_path, protocol, "mary", every=False, delete=False) == 7
    fetched = [path.read_bytes() for path in (tmp_path / "mail").iterdir()]
    assert clients.message_ids(fetched) == clients.message_ids(SAMPLE)
    assert getmail(daemon, tmp_path, protocol, "mary", every=True, delete=True) == 14
    with clients.imap(daemon, "mary") as client:
        assert clients.fetch_all(client) == {}
