"""The standard library's clients against the real daemon: imaplib, poplib, smtplib.LMTP."""

from __future__ import annotations

import imaplib
import poplib
import re
import signal
import socket
import time

import pytest

from cgpymail.samplemail import messages
from tests.support import clients
from tests.support.daemon import Daemon

SAMPLE = [message for message, _ in messages(28, seed=5)]


def body(message: bytes) -> bytes:
    """Without the lines that delivery put on top."""
    return message.split(b"\r\n", 3)[3]


def test_lmtp_to_imap_and_pop(daemon: Daemon) -> None:
    """What is delivered is read back byte for byte over both protocols."""
    clients.deliver(daemon, SAMPLE)
    with clients.imap(daemon) as client:
        fetched = list(clients.fetch_all(client).values())
    assert [body(message) for message in fetched] == SAMPLE
    with clients.pop(daemon) as client:
        for number, message in enumerate(fetched, 1):
            assert b"\r\n".join(client.top(number, 1_000_000)[1]) + b"\r\n" == message
            assert int(client.list(number).split()[2]) == len(message)


def test_every_message_has_envelope_and_structure(daemon: Daemon) -> None:
    """ENVELOPE and BODYSTRUCTURE of varied mail always answer."""
    clients.deliver(daemon, SAMPLE, "mary@example.org")
    with clients.imap(daemon, "mary") as client:
        status, answer = client.uid("FETCH", "1:*", "(ENVELOPE BODYSTRUCTURE BODY RFC822.SIZE INTERNALDATE)")
    assert status == "OK"
    joined = b"\n".join(b" ".join(item) if isinstance(item, tuple) else item for item in answer if item)
    assert joined.count(b"BODYSTRUCTURE (") == len(SAMPLE)


def test_retr_sets_seen_and_idle_hears_of_it(daemon: Daemon) -> None:
    """RETR over POP shows in an IMAP session that idles, at once (manual, Mailboxes, "Simultaneous Access")."""
    clients.deliver(daemon, SAMPLE[:1])
    with clients.imap(daemon) as watcher:
        number = (
            int(watcher.untagged_responses["EXISTS"][-1]) if "EXISTS" in watcher.untagged_responses else len(SAMPLE) + 1
        )
        sock = watcher.socket()
        watcher.send(b"x1 IDLE\r\n")
        assert watcher.readline().startswith(b"+ ")
        with clients.pop(daemon) as client:
            client.retr(number)
            sock.settimeout(10)
            assert re.fullmatch(rb"\* %d FETCH \(FLAGS \(.*\\Seen.*\)\)\r\n" % number, watcher.readline())
        watcher.send(b"DONE\r\n")
        assert watcher.readline().startswith(b"x1 OK")


def test_tls_and_starttls(daemon: Daemon) -> None:
    """All four encrypted ways in."""
    with imaplib.IMAP4_SSL("127.0.0.1", daemon.imaps, ssl_context=clients.unverified()) as client:
        assert client.login("john@example.org", daemon.passwords["john"])[0] == "OK"
        assert "STARTTLS" not in client.capabilities
    with imaplib.IMAP4("127.0.0.1", daemon.imap) as client:
        assert client.starttls(clients.unverified())[0] == "OK"
        assert client.login("john%example.org", daemon.passwords["john"])[0] == "OK"
    secure = poplib.POP3_SSL("127.0.0.1", daemon.pops, context=clients.unverified())
    secure.user("john")
    secure.pass_(daemon.passwords["john"])
    secure.quit()
    plain = poplib.POP3("127.0.0.1", daemon.pop)
    plain.stls(clients.unverified())
    plain.apop("john", daemon.passwords["john"])
    plain.quit()


@pytest.mark.parametrize(
    ("port", "starttls", "injected"),
    [("imap", b"a STARTTLS\r\n", b"b LOGIN john x\r\nb NOOP\r\n"), ("pop", b"STLS\r\n", b"CAPA\r\n")],
)
def test_nothing_sent_in_clear_behind_starttls_is_answered(
    daemon: Daemon, port: str, starttls: bytes, injected: bytes
) -> None:
    """The injection that other servers had: in one packet with STARTTLS, then a handshake."""
    with socket.create_connection(("127.0.0.1", getattr(daemon, port)), 20) as sock:
        sock.recv(1000)
        sock.sendall(starttls + injected)
        assert b"OK" in sock.recv(1000)
        with clients.unverified().wrap_socket(sock) as secure:
            secure.sendall(b"c LOGOUT\r\n" if port == "imap" else b"QUIT\r\n")
            answer = b""
            while piece := secure.recv(4000):
                answer += piece
    assert answer.startswith((b"* BYE", b"+OK"))
    assert b"b " not in answer and answer.count(b"\r\n") <= 2


def test_old_tls_is_refused(daemon: Daemon) -> None:
    """TLS below 1.2 is not spoken."""
    context = clients.unverified()
    try:
        context.minimum_version = context.maximum_version = clients.ssl.TLSVersion.TLSv1_1
    except ValueError:
        pytest.fail("the client library cannot speak TLS 1.1")
    with pytest.raises(clients.ssl.SSLError), socket.create_connection(("127.0.0.1", daemon.imaps), 20) as sock:
        context.wrap_socket(sock)


def test_three_logins_of_the_same_person_work_together(daemon: Daemon) -> None:
    """An arrival and a removal made by one session are seen by another at its next command."""
    with clients.imap(daemon) as one, clients.imap(daemon) as two:
        before = len(clients.fetch_all(two, "UID"))
        status, answer = one.append("INBOX", "(\\Flagged)", None, SAMPLE[2])
        assert (status, b"APPENDUID" in answer[0]) == ("OK", True)
        two.noop()
        total = int(two.untagged_responses["EXISTS"][-1])
        one.store(str(total), "+FLAGS", "\\Deleted")
        one.expunge()
        two.noop()
        assert two.untagged_responses["EXPUNGE"] == [str(total).encode()]
        assert before + 1 <= total


def test_sigterm_says_bye_and_keeps_everything(daemon: Daemon) -> None:
    """Sessions hear BYE, the next start has all mail with its UIDs and flags."""
    clients.deliver(daemon, SAMPLE[:3])
    with clients.imap(daemon):
        pass  # takes \Recent, which nobody has after the restart
    with clients.imap(daemon) as client:
        client.store("1", "+FLAGS", "(\\Answered keyword-x)")
        before = clients.fetch_all(client)
        flags = client.uid("FETCH", "1:*", "(FLAGS)")[1]
        assert daemon.stop(signal.SIGTERM) in (0, -signal.SIGTERM)  # current Twisted ends by the signal it was sent
        assert client.readline().startswith(b"* BYE ")
    started = time.monotonic()
    daemon.start()
    assert time.monotonic() - started < 10
    with clients.imap(daemon) as client:
        assert clients.fetch_all(client) == before
        assert client.uid("FETCH", "1:*", "(FLAGS)")[1] == flags


def test_no_secret_is_in_the_log(daemon: Daemon) -> None:
    """At the low level the log has every command, but neither passwords nor message content."""
    clients.deliver(daemon, SAMPLE[:1])
    with clients.imap(daemon) as imap, clients.pop(daemon) as pop:
        imap.noop()
        pop.noop()
    log = daemon.log_text()
    assert "IMAP-0" in log and "POP-0" in log and "LMTP-0" in log
    for secret in daemon.passwords.values():
        assert secret not in log
    assert "signature" not in log
