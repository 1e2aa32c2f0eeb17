"""mpop fetches over POP3 with pipelining, in clear and over TLS, and leaves or removes what it has."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.support import clients
from tests.support.daemon import Daemon

pytestmark = pytest.mark.programs("mpop")
SAMPLE = [b"Message-ID: <%d@x>\r\nSubject: %d\r\n\r\n.body\r\n" % (n, n) for n in range(9)]


def mpop(daemon: Daemon, folder: Path, *, keep: bool, tls: bool, auth: str) -> int:
    """One run; how many messages the mbox has then."""
    config = folder / "mpoprc"
    config.write_text(
        f"account default\nhost 127.0.0.1\nport {daemon.pop}\nuser john\npassword {daemon.passwords['john']}\n"
        f"auth {auth}\nkeep {'on' if keep else 'off'}\ntls {'on' if tls else 'off'}\ntls_starttls on\n"
        f"tls_certcheck off\nuidls_file {folder}/uidls\ndelivery mbox {folder}/mbox\n"
    )
    config.chmod(0o600)
    command = ["mpop", "-C", str(config), "--pipelining=on"]
    done = subprocess.run(command, capture_output=True, check=False, timeout=120)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()
    box = folder / "mbox"
    return box.read_bytes().count(b"\nMessage-ID: ") if box.exists() else 0


def test_keep_then_remove(daemon: Daemon, tmp_path: Path) -> None:
    """Kept messages are fetched once, over STLS too; then they are removed, and new ones come whole."""
    clients.deliver(daemon, SAMPLE[:6])
    assert mpop(daemon, tmp_path, keep=True, tls=False, auth="user") == 6
    assert mpop(daemon, tmp_path, keep=True, tls=True, auth="plain") == 6
    clients.deliver(daemon, SAMPLE[6:])
    assert mpop(daemon, tmp_path, keep=False, tls=True, auth="plain") == 9
    with clients.imap(daemon) as client:
        assert clients.fetch_all(client) == {}


@pytest.mark.parametrize("auth", ["apop", "scram-sha-1", "scram-sha-256"])
def test_passwords_that_do_not_travel(daemon: Daemon, tmp_path: Path, auth: str) -> None:
    """APOP, and SCRAM as GNU SASL speaks it."""
    clients.deliver(daemon, SAMPLE[:1])
    assert mpop(daemon, tmp_path, keep=False, tls=False, auth=auth) == 1
    with clients.imap(daemon) as client:
        assert clients.fetch_all(client) == {}
