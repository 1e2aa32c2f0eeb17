"""XTND XMIT against a real program and a real mail server."""

from __future__ import annotations

import json
import poplib
import sys
import time
from pathlib import Path

import pytest

from tests.support import clients
from tests.support.daemon import Daemon

PROGRAM = """
import json, os, sys
recipients = sys.argv[sys.argv.index("--") + 1:]
if "nobody@example.net" in recipients:
    print("no such user", file=sys.stderr)
    sys.exit(67)
with open(sys.argv[1], "w") as file:
    json.dump({"words": sys.argv[2:], "message": sys.stdin.read(), "environment": sorted(os.environ)}, file)
"""
MESSAGE = ["From: john@example.org", "To: mary@example.org", "Bcc: joe@example.net", "Subject: sent", "", ".dot", "end"]


def send(client: poplib.POP3, lines: list[str]) -> bytes:
    """The answer to a message."""
    client._shortcmd("XTND XMIT")
    for line in lines:
        client._putline(("." + line if line.startswith(".") else line).encode())
    return client._shortcmd(".")


@pytest.fixture
def stopped(tmp_path: Path) -> Daemon:
    """With john and mary."""
    made = Daemon(tmp_path)
    made.create("john", "mary")
    return made


def configure(daemon: Daemon, line: str) -> None:
    """One more line in [pop]."""
    daemon.config.write_text(daemon.config.read_text().replace("[pop]\n", f"[pop]\n{line}\n"))


def test_a_program_takes_the_message(stopped: Daemon) -> None:
    """Arguments, standard input and a small environment; its refusal is told; the session goes on."""
    script, taken = stopped.folder / "program.py", stopped.folder / "taken.json"
    script.write_text(PROGRAM)
    configure(stopped, f"submit_program = {json.dumps([sys.executable, str(script), str(taken)])}")
    with stopped, clients.pop(stopped) as client:
        assert "XTND" in client.capa()
        assert send(client, MESSAGE) == b"+OK The message was sent"
        with pytest.raises(poplib.error_proto, match="A recipient is unknown"):
            send(client, ["To: nobody@example.net", "", "x"])
        assert client.noop().startswith(b"+OK")
    facts = json.loads(taken.read_text())
    assert facts["words"] == ["-f", "john@example.org", "--", "mary@example.org", "joe@example.net"]
    assert facts["message"].startswith("Received: from [127.0.0.1]\n\tby localhost (cgpymail) with POP3; ")
    assert facts["message"].endswith("From: john@example.org\nTo: mary@example.org\nSubject: sent\n\n.dot\nend\n")
    assert set(facts["environment"]) <= {"PATH", "LC_ALL", "LC_CTYPE"}
    log = stopped.log_text()
    assert "ended with 67: no such user" in log and "Traceback" not in log


@pytest.mark.parametrize("way", ["socket", "port"])
def test_a_mail_server_takes_the_message(stopped: Daemon, way: str) -> None:
    """Here its own LMTP: john writes to mary, who has it byte for byte; an unknown recipient means nobody gets it."""
    where = stopped.lmtp_socket if way == "socket" else f"127.0.0.1:{stopped.lmtp}"
    configure(stopped, f'submit_address = "lmtp:{where}"')
    lines = [line for line in MESSAGE if not line.startswith("Bcc")]
    body = [f"line {number}" for number in range(20_000)]
    with stopped, clients.pop(stopped) as client:
        with pytest.raises(poplib.error_proto, match=r"<joe@example\.net> was refused: 550"):
            send(client, MESSAGE)
        assert send(client, lines + body) == b"+OK The message was sent"
        end = time.monotonic() + 10
        with clients.imap(stopped, "mary") as mary:
            while not (messages := clients.fetch_all(mary)):
                assert time.monotonic() < end
                mary.noop()
    (message,) = messages.values()
    assert message.startswith(b"Return-Path: <john@example.org>\r\n")
    assert message.endswith("\r\n".join(["", *lines, *body, ""]).encode())
