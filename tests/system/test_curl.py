"""curl over IMAP and POP3, in clear, with STARTTLS and with TLS."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from cgpymail.samplemail import messages
from tests.support import clients
from tests.support.daemon import Daemon

pytestmark = pytest.mark.programs("curl")
SAMPLE = [message for message, _ in messages(14, seed=6)]


def curl(daemon: Daemon, url: str, *options: str, name: str = "john") -> bytes:
    """What curl prints."""
    command = ["curl", "--silent", "--show-error", "--insecure", "--max-time", "60", *options]
    user = f"{name}:{daemon.passwords[name]}"
    done = subprocess.run([*command, "--user", user, url], capture_output=True, check=False)
    assert done.returncode == 0, (url, done.stderr)
    return done.stdout


@pytest.fixture(scope="module", autouse=True)
def mail(daemon: Daemon) -> None:
    """Some mail for john."""
    clients.deliver(daemon, SAMPLE)


@pytest.mark.parametrize("scheme", ["imap", "imap+starttls", "imaps"])
def test_imap_fetch(daemon: Daemon, scheme: str) -> None:
    """Every message by its number, the same bytes."""
    port = daemon.imaps if scheme == "imaps" else daemon.imap
    options = ["--ssl-reqd"] if "starttls" in scheme else []
    base = f"{scheme.partition('+')[0]}://127.0.0.1:{port}/INBOX"
    for number in (1, 5, 14):
        fetched = curl(daemon, f"{base};MAILINDEX={number}", *options)
        assert fetched.endswith(SAMPLE[number - 1])


@pytest.mark.parametrize("scheme", ["pop3", "pop3+stls", "pop3s"])
def test_pop_retr(daemon: Daemon, scheme: str) -> None:
    """The same over POP3."""
    port = daemon.pops if scheme == "pop3s" else daemon.pop
    options = ["--ssl-reqd"] if "stls" in scheme else []
    base = f"{scheme.partition('+')[0]}://127.0.0.1:{port}"
    for number in (1, 5, 14):
        assert curl(daemon, f"{base}/{number}", *options).endswith(SAMPLE[number - 1])
    assert curl(daemon, f"{base}/", *options).count(b"\r\n") >= 14


def test_imap_upload_list_and_search(daemon: Daemon, tmp_path: Path) -> None:
    """APPEND from a file, then LIST, STATUS and SEARCH."""
    base = f"imap://127.0.0.1:{daemon.imap}"
    curl(daemon, f"{base}/", "--request", 'CREATE "Uploads"')
    (tmp_path / "message").write_bytes(SAMPLE[3])
    curl(daemon, f"{base}/Uploads", "--upload-file", str(tmp_path / "message"))
    assert b'"/" Uploads\r\n' in curl(daemon, f"{base}/")
    assert b"MESSAGES 1" in curl(daemon, f"{base}/", "--request", "STATUS Uploads (MESSAGES)")
    assert curl(daemon, f"{base}/Uploads?ALL").split() == [b"*", b"SEARCH", b"1"]
    assert curl(daemon, f"{base}/Uploads;MAILINDEX=1") == SAMPLE[3]
