"""Small clients for system tests: the standard library's, logged in, and ways to ask what is in a mailbox."""

from __future__ import annotations

import email
import imaplib
import poplib
import re
import smtplib
import ssl
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from tests.support.daemon import Daemon

imaplib._MAXLINE = 10_000_000  # type: ignore[attr-defined]


def unverified() -> ssl.SSLContext:
    """TLS without checking the self-signed certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


@contextmanager
def imap(daemon: Daemon, name: str = "john", mailbox: str | None = "INBOX") -> Iterator[imaplib.IMAP4]:
    """A session in a mailbox (None: none selected)."""
    client = imaplib.IMAP4("127.0.0.1", daemon.imap, timeout=60)
    try:
        client.login(name, daemon.passwords[name])
        if mailbox is not None:
            answer = client.select(f'"{mailbox}"')
            assert answer[0] == "OK", answer
        yield client
    finally:
        try:
            client.logout()
        except (OSError, imaplib.IMAP4.error):
            pass


@contextmanager
def pop(daemon: Daemon, name: str = "john") -> Iterator[poplib.POP3]:
    """A session that is logged in; ended properly."""
    client = poplib.POP3("127.0.0.1", daemon.pop, timeout=60)
    try:
        client.user(name)
        client.pass_(daemon.passwords[name])
        yield client
        client.quit()
    finally:
        client.close()


def deliver(daemon: Daemon, messages: Iterable[bytes], *recipients: str) -> None:
    """Hand messages over by LMTP to john, or to others."""
    with smtplib.LMTP("127.0.0.1", daemon.lmtp, local_hostname="test.example.org") as client:
        for message in messages:
            assert client.sendmail("sender@example.net", recipients or ("john@example.org",), message) == {}


def fetch_all(client: imaplib.IMAP4, what: str = "BODY.PEEK[]") -> dict[int, bytes]:
    """Octets of every message in the selected mailbox, by UID."""
    status, answer = client.uid("FETCH", "1:*", f"({what})")
    assert status == "OK"
    found = {}
    for item in answer:
        if isinstance(item, tuple):
            uid = re.search(rb"UID (\d+)", item[0])
            assert uid
            found[int(uid[1])] = item[1]
    return found


def message_ids(messages: Iterable[bytes]) -> list[str]:
    """The Message-IDs, sorted; repeated ones repeated."""
    return sorted(str(email.message_from_bytes(message)["Message-ID"]).strip() for message in messages)
