"""Starting and stopping the daemon, and what it says when it cannot start."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import clients
from tests.support.daemon import Daemon, environment


def run_twistd(config: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """A daemon that is expected to end by itself."""
    run = "from twisted.scripts.twistd import run; run()"
    command = [sys.executable, "-c", run, "-n", "--pidfile=", "cgpymail", "--config", str(config)]
    return subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment(), timeout=60, check=False
    )


@pytest.fixture
def stopped(tmp_path: Path) -> Daemon:
    """A daemon that was not started."""
    return Daemon(tmp_path)


def test_the_plugin_is_found(tmp_path: Path) -> None:
    """``twistd --help`` lists cgpymail."""
    run = "from twisted.scripts.twistd import run; run()"
    done = subprocess.run(
        [sys.executable, "-c", run, "--help"],
        capture_output=True,
        text=True,
        env=environment(),
        cwd=tmp_path,
        check=True,
    )
    assert "cgpymail" in done.stdout


def test_all_errors_of_the_configuration_are_told_alike(stopped: Daemon) -> None:
    """The daemon refuses to start with the text of check-config."""
    text = stopped.config.read_text().replace('host = "localhost"', 'host = "bad host"')
    stopped.config.write_text(text + '\n[limits2]\nx = 1\n[log]\nsystem = "loud"\n')
    checked = stopped.tool("check-config", check=False)
    assert checked.returncode == 78
    said = checked.stderr.decode().removeprefix("cgpymail: ")
    assert "server.host" in said and "limits2" in said and "log.system" in said and "line " in said
    started = run_twistd(stopped.config, stopped.folder)
    assert started.returncode != 0
    assert said.strip() in started.stderr + started.stdout


def test_a_certificate_that_cannot_be_used_is_told_alike(stopped: Daemon) -> None:
    """The daemon and check-config say the same."""
    (stopped.folder / "key.pem").write_text("nonsense")
    checked = stopped.tool("check-config", check=False)
    assert checked.returncode == 78
    said = checked.stderr.decode().removeprefix("cgpymail: ").strip()
    assert "tls: certificate or key cannot be used" in said
    started = run_twistd(stopped.config, stopped.folder)
    assert started.returncode != 0
    assert said in started.stderr + started.stdout


def test_a_busy_port_is_named_with_the_remedy(stopped: Daemon) -> None:
    """Which port, whose module, and what to do."""
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # the port is reserved for the daemon
        taken.bind(("127.0.0.1", stopped.pop))
        taken.listen()
        done = run_twistd(stopped.config, stopped.folder)
    assert done.returncode != 0
    assert f"POP: port {stopped.pop} of 127.0.0.1" in done.stderr
    assert "change port or address in [[pop.listeners]]" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout


def test_one_process_for_one_base_directory(stopped: Daemon, tmp_path: Path) -> None:
    """A second daemon does not touch the mail of a running one, and the tool asks the one that runs."""
    stopped.create("john")
    other = Daemon(tmp_path / "other")
    other.config.write_text(other.config.read_text().replace('base = "base"', f'base = "{stopped.base}"'))
    with stopped:
        assert b"john" in stopped.tool("account", "list").stdout
        second = run_twistd(other.config, other.folder)
        assert second.returncode != 0
        assert "in use" in second.stderr + second.stdout
        with clients.imap(stopped) as client:
            assert client.noop()[0] == "OK"
    assert b"john" in stopped.tool("account", "list").stdout


def test_ctrl_c_stops_cleanly(stopped: Daemon) -> None:
    """Sessions of all protocols get their last words."""
    stopped.create("john")
    stopped.start()
    with clients.imap(stopped) as imap, socket.create_connection(("127.0.0.1", stopped.lmtp), 20) as lmtp:
        assert lmtp.recv(1000).startswith(b"220 ")
        code = stopped.stop(signal.SIGINT)
        assert code in (0, -signal.SIGINT)
        assert imap.readline().startswith(b"* BYE ")
        assert lmtp.recv(1000).startswith(b"421 ")
    assert "Traceback" not in stopped.log_text()


def test_accounts_with_the_tool(stopped: Daemon) -> None:
    """Create, list, password, delete, as an administrator does it."""
    stopped.create("john", "mary.smith")
    assert stopped.tool("account", "list").stdout.decode().split() == ["john@example.org", "mary.smith@example.org"]
    again = stopped.tool("account", "create", "john", "--password-stdin", data=b"x\n", check=False)
    assert again.returncode != 0 and b"exists" in again.stderr
    stopped.tool("account", "password", "john", "--password-stdin", data=b"another\n")
    stopped.passwords["john"] = "another"
    stopped.tool("account", "delete", "mary.smith", "--yes")
    with stopped, clients.imap(stopped) as client:
        listed = client.list()[1]
    names = {line.decode().rsplit('"/" ', 1)[1].strip('"') for line in listed}
    assert names == {"INBOX", "Sent Items", "Drafts", "Trash", "Junk", "Archive"}
    assert any(rb"\Sent" in line for line in listed)
    assert b"mary" not in stopped.tool("account", "list").stdout


@pytest.mark.parametrize("running", [True, False])
def test_deliver_from_a_pipe(stopped: Daemon, running: bool) -> None:
    """``cgpymail deliver`` works with the daemon and without it; unknown users have their exit code."""
    stopped.create("john")
    message = b"Subject: piped\nMessage-ID: <piped@here>\n\nFrom a pipe\n.\n"
    if running:
        stopped.start()
    stopped.tool("deliver", "john@example.org", data=message)
    unknown = stopped.tool("deliver", "nobody@example.org", data=message, check=False)
    assert unknown.returncode == 67
    if not running:
        stopped.start()
    try:
        with clients.imap(stopped) as client:
            (stored,) = clients.fetch_all(client).values()
        assert stored.endswith(message.replace(b"\n", b"\r\n"))
    finally:
        stopped.stop()
