"""Logging in over real TLS: channel binding, client certificates, tokens; with clients that are not ours."""

from __future__ import annotations

import base64
import hashlib
import hmac
import imaplib
import json
import poplib
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from OpenSSL import SSL
from scramp import ScramClient

from tests.support.certificates import Authority
from tests.support.daemon import Daemon

TOKEN_KEY = rsa.generate_private_key(65537, 2048)
CONFIG = """client_ca = "ca.pem"
[oauth]
key = "tokens.pem"
issuer = "https://issuer.example"
audience = "mail"
"""
MAIN = "{ PasswordEncryption=clear; UseCertificateAuth=YES; }"


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """john, and boss who may act for him; recoverable passwords, so that every method works."""
    folder = tmp_path_factory.mktemp("sasl")
    daemon = Daemon(folder)
    daemon.config.write_text(daemon.config.read_text().replace("[limits]\n", f"{CONFIG}[limits]\n", 1))
    place = daemon.base / "Accounts" / "Settings"
    place.mkdir(parents=True)
    (place / "Domain.settings").write_text(MAIN)
    (place / "Access.settings").write_text('{ boss = ("All Users"); }')
    authority = Authority()
    (folder / "ca.pem").write_bytes(authority.certificate)
    (folder / "john.pem").write_bytes(authority.client("somebody", "john@example.org"))
    (folder / "stranger.pem").write_bytes(Authority("Another one").client("somebody", "john@example.org"))
    key = TOKEN_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (folder / "tokens.pem").write_bytes(key)
    daemon.create("john", "boss")
    with daemon:
        yield daemon


def context(version: ssl.TLSVersion = ssl.TLSVersion.TLSv1_3, certificate: Path | None = None) -> ssl.SSLContext:
    """A client's TLS of one version; the server's certificate is not looked at."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    made.minimum_version = made.maximum_version = version
    if certificate is not None:
        made.load_cert_chain(certificate)
    return made


def scram(client: ScramClient) -> Callable[[bytes], bytes]:
    """An imaplib authenticator."""
    answers: list[Callable[[str], str]] = [
        lambda said: client.get_client_first(),
        lambda said: client.set_server_first(said) or client.get_client_final(),
        lambda said: client.set_server_final(said) or "",
    ]

    def answer(challenge: bytes) -> bytes:
        return answers.pop(0)(challenge.decode()).encode()

    return answer


@pytest.mark.parametrize("method", ["SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"])
@pytest.mark.parametrize("binding", ["tls-unique", "tls-server-end-point"])
def test_channel_binding(daemon: Daemon, method: str, binding: str) -> None:
    """With TLS 1.2 both kinds of the standard library and scramp, with TLS 1.3 that of the certificate."""
    version = ssl.TLSVersion.TLSv1_2 if binding == "tls-unique" else ssl.TLSVersion.TLSv1_3
    client = imaplib.IMAP4_SSL("127.0.0.1", daemon.imaps, ssl_context=context(version))
    assert f"AUTH={method}" in client.capabilities
    if binding == "tls-unique":
        data = client.sock.get_channel_binding("tls-unique")
    else:
        data = hashlib.sha256(client.sock.getpeercert(True)).digest()
    peer = ScramClient([method], "john", daemon.passwords["john"], channel_binding=(binding, data))
    client.authenticate(method, scram(peer))
    assert client.select()[0] == "OK"
    client.logout()


def test_somebody_in_the_middle(daemon: Daemon) -> None:
    """The binding of another connection does not do, and that exchange is no login."""
    client = imaplib.IMAP4("127.0.0.1", daemon.imap)
    assert "AUTH=SCRAM-SHA-256" in client.capabilities
    assert "AUTH=SCRAM-SHA-256-PLUS" not in client.capabilities
    client.starttls(context(ssl.TLSVersion.TLSv1_2))
    other = imaplib.IMAP4_SSL("127.0.0.1", daemon.imaps, ssl_context=context(ssl.TLSVersion.TLSv1_2))
    data = other.sock.get_channel_binding("tls-unique")
    other.logout()
    binding = ("tls-unique", data)
    peer = ScramClient(["SCRAM-SHA-256-PLUS"], "john", daemon.passwords["john"], channel_binding=binding)
    with pytest.raises(imaplib.IMAP4.error):
        client.authenticate("SCRAM-SHA-256-PLUS", scram(peer))
    client.authenticate("SCRAM-SHA-256", scram(ScramClient(["SCRAM-SHA-256"], "john", daemon.passwords["john"])))
    client.logout()


class OpenSslLink:
    """TLS 1.3 with pyOpenSSL, which can export keying material as the standard library cannot."""

    def __init__(self, port: int) -> None:
        made = SSL.Context(SSL.TLS_CLIENT_METHOD)
        made.set_min_proto_version(SSL.TLS1_3_VERSION)
        self._socket = SSL.Connection(made, socket.create_connection(("127.0.0.1", port), 10))
        self._socket.setblocking(True)
        self._socket.set_connect_state()
        self._socket.do_handshake()
        self.exported = self._socket.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")
        self._data = b""

    def line(self) -> bytes:
        """The next one."""
        while b"\r\n" not in self._data:
            self._data += self._socket.recv(65536)
        line, _, self._data = self._data.partition(b"\r\n")
        return line

    def say(self, text: bytes) -> bytes:
        """Send a line; the answer."""
        self._socket.sendall(text + b"\r\n")
        return self.line()


@pytest.mark.parametrize("right", [True, False])
def test_tls_exporter(daemon: Daemon, right: bool) -> None:
    """The binding that TLS 1.3 is meant to have (RFC 9266), over POP."""
    link = OpenSslLink(daemon.pops)
    assert link.line().startswith(b"+OK")
    first = b"n=john,r=client"
    header = b"p=tls-exporter,,"
    said = link.say(b"AUTH SCRAM-SHA-256-PLUS " + base64.b64encode(header + first))
    answer = base64.b64decode(said.removeprefix(b"+ "))
    nonce, salt, count = (item[2:] for item in answer.split(b","))
    bound = base64.b64encode(header + (link.exported if right else link.exported[::-1]))
    without = b"c=%b,r=%b" % (bound, nonce)
    message = b",".join((first, answer, without))
    salted = hashlib.pbkdf2_hmac("sha256", daemon.passwords["john"].encode(), base64.b64decode(salt), int(count))
    key = hmac.digest(salted, b"Client Key", "sha256")
    signature = hmac.digest(hashlib.sha256(key).digest(), message, "sha256")
    proof = base64.b64encode(bytes(a ^ b for a, b in zip(key, signature, strict=True)))
    last = link.say(base64.b64encode(without + b",p=" + proof))
    if right:
        expected = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), message, "sha256")
        assert base64.b64decode(last.removeprefix(b"+ ")) == b"v=" + base64.b64encode(expected)
        assert link.say(b"").startswith(b"+OK 0 messages")
    else:
        assert last.startswith(b"-ERR")
    link.say(b"QUIT")


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_a_client_certificate(daemon: Daemon, version: ssl.TLSVersion) -> None:
    """EXTERNAL, over STARTTLS and at once; without a certificate it is not offered once that is known."""
    for connect in (_at_once, _upgraded):
        client = connect(daemon, context(version, daemon.folder / "john.pem"))
        assert "AUTH=EXTERNAL" in _capabilities(client)
        client.authenticate("EXTERNAL", lambda challenge: b"")
        assert client.select()[0] == "OK"
        client.logout()
        client = connect(daemon, context(version))
        assert "AUTH=EXTERNAL" not in _capabilities(client)
        with pytest.raises(imaplib.IMAP4.error):
            client.authenticate("EXTERNAL", lambda challenge: b"")
        client.login("john", daemon.passwords["john"])
        client.logout()


def _at_once(daemon: Daemon, tls: ssl.SSLContext) -> Any:
    return imaplib.IMAP4_SSL("127.0.0.1", daemon.imaps, ssl_context=tls)


def _upgraded(daemon: Daemon, tls: ssl.SSLContext) -> Any:
    client = imaplib.IMAP4("127.0.0.1", daemon.imap)
    client.starttls(tls)
    return client


def _capabilities(client: Any) -> str:
    return str(client.capability()[1][0].decode())


def test_a_certificate_of_somebody_else(daemon: Daemon) -> None:
    """One that another authority has signed ends the connection."""
    with pytest.raises((ssl.SSLError, OSError, imaplib.IMAP4.abort)):
        client = _at_once(daemon, context(ssl.TLSVersion.TLSv1_2, daemon.folder / "stranger.pem"))
        client.noop()
    stranger = context(certificate=daemon.folder / "stranger.pem")
    with pytest.raises((ssl.SSLError, OSError, imaplib.IMAP4.abort)):
        client = _at_once(daemon, stranger)
        client.noop()


def test_a_token(daemon: Daemon) -> None:
    """OAUTHBEARER with a signed token, by imaplib."""

    def part(data: dict[str, Any]) -> bytes:
        return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=")

    claims = {"iss": "https://issuer.example", "aud": "mail", "email": "john@example.org", "exp": time.time() + 60}
    message = part({"alg": "RS256"}) + b"." + part(claims)
    signature = base64.urlsafe_b64encode(TOKEN_KEY.sign(message, PKCS1v15(), hashes.SHA256())).rstrip(b"=")
    client = _at_once(daemon, context())
    for mark, good in ((b"x", False), (b"", True)):
        said = b"n,,\x01auth=Bearer " + mark + message + b"." + signature + b"\x01\x01"
        answers = [said, b"\x01"]
        if good:
            client.authenticate("OAUTHBEARER", lambda challenge, answers=answers: answers.pop(0))
        else:
            with pytest.raises(imaplib.IMAP4.error):
                client.authenticate("OAUTHBEARER", lambda challenge, answers=answers: answers.pop(0))
    assert client.select()[0] == "OK"
    client.logout()


class EndPoint(BaseHTTPRequestHandler):
    """Calls one token active, and wants to know who asks."""

    def do_POST(self) -> None:
        """The question of RFC 7662."""
        asked = self.rfile.read(int(self.headers["Content-Length"]))
        known = self.headers["Authorization"] == "Basic " + base64.b64encode(b"mail:s3cret").decode()
        active = known and asked.startswith(b"token=good&")
        body = json.dumps({"active": active, "username": "john"} if active else {"active": False}).encode()
        self.send_response(200 if known else 401)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nobody reads it."""


def test_a_token_that_somebody_is_asked_about(tmp_path: Path) -> None:
    """XOAUTH2 with an end point over HTTP; while it does not answer, the client is told to try again later."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), EndPoint)
    Thread(target=server.serve_forever, daemon=True).start()
    daemon = Daemon(tmp_path)
    (tmp_path / "secret").write_text("s3cret\n")
    url = f"http://127.0.0.1:{server.server_port}/introspect"
    config = f'[oauth]\nintrospection = "{url}"\nclient = "mail"\nclient_secret = "secret"\nclaim = "username"\n'
    daemon.config.write_text(daemon.config.read_text() + config)
    daemon.create("john")
    with daemon:
        client = _at_once(daemon, context())
        with pytest.raises(imaplib.IMAP4.error, match="AUTHENTICATIONFAILED"):
            client.authenticate("XOAUTH2", _answers(b"user=john\x01auth=Bearer bad\x01\x01", b""))
        client.authenticate("XOAUTH2", _answers(b"user=john\x01auth=Bearer good\x01\x01"))
        client.logout()
        server.shutdown()
        server.server_close()
        client = _at_once(daemon, context())
        with pytest.raises(imaplib.IMAP4.error, match="not possible at the moment"):
            client.authenticate("XOAUTH2", _answers(b"user=john\x01auth=Bearer good\x01\x01"))
        client.logout()
    assert "Bearer" not in daemon.log_text() and "s3cret" not in daemon.log_text()


def _answers(*said: bytes) -> Callable[[bytes], bytes]:
    answers = list(said)
    return lambda challenge: answers.pop(0)


def test_cram_md5_of_the_standard_library(daemon: Daemon) -> None:
    """imaplib has a client of its own for it, poplib one for APOP."""
    client = imaplib.IMAP4("127.0.0.1", daemon.imap)
    client.login_cram_md5("john", daemon.passwords["john"])
    client.logout()
    pop = poplib.POP3("127.0.0.1", daemon.pop)
    pop.apop("john", daemon.passwords["john"])
    pop.quit()


def test_an_administrator(daemon: Daemon) -> None:
    """With his own password boss reads john's mail, and john does not read that of boss; nothing secret is logged."""
    own = _at_once(daemon, context())
    own.login("boss", daemon.passwords["boss"])
    assert own.create("Strategy")[0] == "OK"
    own.logout()
    for who, wanted, good in (("john", "boss", False), ("boss", "john", True)):
        client = _at_once(daemon, context())
        said = f"{wanted}\0{who}\0{daemon.passwords[who]}".encode()
        if good:
            client.authenticate("PLAIN", lambda challenge, said=said: said)
            assert client.select("Strategy")[0] == "NO"
            assert client.select()[0] == "OK"
        else:
            with pytest.raises(imaplib.IMAP4.error):
                client.authenticate("PLAIN", lambda challenge, said=said: said)
        client.logout()
    text = daemon.log_text()
    assert not any(password in text for password in daemon.passwords.values())
    assert "Bearer" not in text
