"""The ``cgpymail`` tool and the real daemon: one of them at a time has the base directory (and see test_control)."""

from __future__ import annotations

import imaplib
from pathlib import Path

import pytest

from cgpymail.admin import exits
from tests.support.daemon import Daemon

pytestmark = pytest.mark.system

MESSAGE = b"Subject: %s\n\n.dot\nhello\n"


def subjects(daemon: Daemon, name: str) -> list[bytes]:
    """Of everything in his INBOX, as a client sees it."""
    with imaplib.IMAP4("127.0.0.1", daemon.imap) as client:
        client.login(name, daemon.passwords[name])
        _, (count,) = client.select()
        assert count is not None
        fetched = client.fetch("1:*", "(BODY[HEADER.FIELDS (SUBJECT)])")[1] if int(count) else []
        return [part[1].strip() for part in fetched if isinstance(part, tuple)]


def test_deliver_with_and_without_the_daemon(tmp_path: Path) -> None:
    """A pipe delivers while the server runs and while it does not, and both messages are there."""
    daemon = Daemon(tmp_path)
    daemon.create("anna", "boris")
    with daemon:
        done = daemon.tool(
            "deliver", "-f", "x@y.example", "anna", "boris", "nobody", data=MESSAGE % b"one", check=False
        )
        assert done.returncode == exits.NO_USER
        assert b"nobody: 550 5.1.1" in done.stderr
        assert [subjects(daemon, name) for name in ("anna", "boris")] == [[b"Subject: one"]] * 2
    daemon.tool("deliver", "anna", data=MESSAGE % b"two")
    with daemon:
        assert subjects(daemon, "anna") == [b"Subject: one", b"Subject: two"]


def test_a_changed_password_counts_at_the_next_start(tmp_path: Path) -> None:
    """The old password is refused, the new one taken."""
    daemon = Daemon(tmp_path)
    daemon.create("anna")
    daemon.tool("account", "password", "anna", "--password-stdin", data=b"new one\n")
    with daemon, imaplib.IMAP4("127.0.0.1", daemon.imap) as client:
        with pytest.raises(imaplib.IMAP4.error):
            client.login("anna", daemon.passwords["anna"])
        assert client.login("anna", "new one")[0] == "OK"
