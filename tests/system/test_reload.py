"""SIGHUP: another configuration, without a restart and without the end of any session."""

from __future__ import annotations

import os
import signal
import socket
import ssl
import time
from pathlib import Path

import pytest

from cgpymail.demodata import self_signed
from tests.support import clients
from tests.support.daemon import Daemon, free_ports

PATIENCE = 10.0


@pytest.fixture
def running(tmp_path: Path) -> Daemon:
    """With an account john, to be stopped by the test."""
    made = Daemon(tmp_path)
    made.create("john")
    return made


def reload(daemon: Daemon, text: str) -> str:
    """Send SIGHUP with this in the file; what the log says of it."""
    daemon.config.write_text(text)
    before = len(daemon.log_text())
    os.kill(daemon.pid, signal.SIGHUP)
    end = time.monotonic() + PATIENCE
    while "SYSTEM the configuration " not in (said := daemon.log_text()[before:]):
        assert time.monotonic() < end, said
        time.sleep(0.02)
    return said


def presented(port: int) -> bytes:
    """The certificate of a port that begins with TLS, DER."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", port), PATIENCE) as link, context.wrap_socket(link) as secure:
        assert secure.recv(1000)
        return secure.getpeercert(binary_form=True) or b""


def answers(port: int) -> bool:
    """Whether somebody greets there."""
    try:
        with socket.create_connection(("127.0.0.1", port), PATIENCE) as link:
            return bool(link.recv(1000))
    except ConnectionRefusedError:
        return False


def test_everything_changes_while_a_session_stays(running: Daemon) -> None:
    """A new certificate, a listener more and one less, a limit: the open session goes on over its old certificate."""
    (extra,) = free_ports(1)
    with running, clients.imap(running) as client:
        before = presented(running.imaps)
        key, certificate = self_signed()
        (running.folder / "key.pem").write_bytes(key)
        (running.folder / "cert.pem").write_bytes(certificate)
        text = running.config.read_text().replace(f"port = {running.pop}\n", f"port = {extra}\n")
        text = text.replace("[limits]", "[limits]\nmessage_size = 100")
        said = reload(running, text)
        assert "the configuration is that of" in said
        after = presented(running.imaps)
        assert after != before and after == ssl.PEM_cert_to_DER_cert(certificate.decode())
        assert answers(extra) and not answers(running.pop)
        assert client.append("INBOX", "", "", b"x" * 200)[0] == "NO"
        assert client.noop()[0] == "OK"
    assert "Traceback" not in running.log_text()


def test_a_wrong_file_changes_nothing_and_says_why(running: Daemon) -> None:
    """A busy port, a key of another certificate, a misspelt limit: each time all stays as it was."""
    (extra,) = free_ports(1)
    with running, clients.imap(running) as client, socket.socket() as taken:
        good = running.config.read_text()
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        more = good + f"[[pop.listeners]]\nport = {extra}\n"
        busy = more + f"[[pop.listeners]]\nport = {taken.getsockname()[1]}\n"
        assert "Address already in use; stop the program that uses it" in reload(running, busy)
        assert "limits.misspelt: unknown key" in reload(running, more.replace("[limits]", "[limits]\nmisspelt = 1"))
        before = presented(running.imaps)
        (running.folder / "key.pem").write_bytes(self_signed()[0])
        assert "certificate or key cannot be used" in reload(running, more)
        assert presented(running.imaps) == before
        assert answers(running.pop) and not answers(extra)
        assert client.noop()[0] == "OK"
    assert "Traceback" not in running.log_text()


def test_sockets_that_somebody_removed(running: Daemon) -> None:
    """A listener whose socket is gone can be given up and had again; and the server stops as it should."""
    with running, clients.imap(running) as client:
        text = running.config.read_text()
        running.lmtp_socket.unlink()
        (running.base / ".control").unlink()
        assert "the configuration is that of" in reload(running, text.replace("lmtp.socket", "other.socket"))
        assert "the configuration is that of" in reload(running, text)
        assert running.lmtp_socket.is_socket()
        running.stop()
        assert client.readline().startswith(b"* BYE Server is shutting down")
    assert "Traceback" not in running.log_text()
