"""``make run``: the demonstration server, its facts, and that it keeps all mail."""

from __future__ import annotations

import imaplib
import json
import poplib
import signal
import smtplib
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from tests.support import clients
from tests.support.daemon import environment


def start(folder: Path) -> tuple[subprocess.Popen[bytes], dict[str, Any], float]:
    """Run it until it answers; the process, its facts, and the seconds that took."""
    began = time.monotonic()
    with (folder.parent / "log").open("ab") as log:
        command = [sys.executable, "-m", "cgpymail.demo", str(folder)]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=environment())
    while True:
        assert process.poll() is None, (folder.parent / "log").read_text()
        assert time.monotonic() < began + 60
        try:
            facts = json.loads((folder / "demo.json").read_text())
            imaplib.IMAP4(facts["imap"]["host"], facts["imap"]["port"], timeout=5).logout()
            return process, facts, time.monotonic() - began
        except (OSError, ValueError):
            time.sleep(0.05)


def look(facts: dict[str, Any]) -> dict[str, int]:
    """Log in by every way that the facts name; how many messages there are."""
    first, second = facts["accounts"]
    imap, pop, lmtp = facts["imap"], facts["pop"], facts["lmtp"]
    counts = {}
    with imaplib.IMAP4_SSL(imap["host"], imap["tls_port"], ssl_context=clients.unverified()) as client:
        client.login(first["name"], first["password"])
        for name in ("INBOX", "Letters"):
            counts[name] = int(client.select(name)[1][0])
    maildrop = poplib.POP3_SSL(pop["host"], pop["tls_port"], context=clients.unverified())
    maildrop.user(second["name"])
    maildrop.pass_(second["password"])
    counts["second"] = maildrop.stat()[0]
    maildrop.quit()
    poplib.POP3(pop["host"], pop["port"]).quit()
    with smtplib.LMTP(lmtp["host"], lmtp["port"]) as client_lmtp:
        client_lmtp.sendmail("a@b.example", [second["name"]], b"Subject: x\r\n\r\ny\r\n")
    return counts


def test_two_runs(tmp_path: Path) -> None:
    """The facts are true, the sample is there in both formats, a second run starts quickly and keeps all mail."""
    folder = tmp_path / "var"
    process, facts, _ = start(folder)
    try:
        first = look(facts)
        assert first["INBOX"] >= 300 and first["Letters"] >= 50
        account = folder / "base" / "Accounts" / f"{facts['accounts'][0]['name']}.macnt"
        assert (account / "INBOX.mbox").is_file() and (account / "Letters.mdir").is_dir()
        assert len({account["password"] for account in facts["accounts"]}) == 2
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(30)
    process, again, seconds = start(folder)
    try:
        print(f"the second run answered after {seconds:.2f} seconds")
        assert again == facts
        assert look(again) == first | {"second": first["second"] + 1}
        busy = subprocess.run(
            [sys.executable, "-m", "cgpymail.demo", str(folder)],
            capture_output=True,
            text=True,
            env=environment(),
            timeout=60,
            check=False,
        )
        assert busy.returncode != 0
        assert "port 1143 of 127.0.0.1" in busy.stderr and "stop the program that uses it" in busy.stderr
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)
    said = (tmp_path / "log").read_text()
    assert "curl --insecure --user" in said and "mutt -f" in said and "Traceback" not in said
