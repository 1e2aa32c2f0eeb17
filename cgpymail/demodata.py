"""What ``make run`` makes at its first run: certificate, configuration, accounts with random passwords, sample mail."""

from __future__ import annotations

import json
import secrets
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from cgpymail.assembly import Server, assemble
from cgpymail.config import Settings, load
from cgpymail.model.identity import AccountName
from cgpymail.model.message import NewMessage
from cgpymail.runtime.files import Files
from cgpymail.runtime.logs import Logs
from cgpymail.runtime.pool import InlinePool
from cgpymail.runtime.runtime import Pools, Runtime
from cgpymail.runtime.spool import MemoryContent
from cgpymail.samplemail import messages

DOMAIN = "example.org"
HOST = "127.0.0.1"
PORTS = {"imap": (1143, 1993), "pop": (1110, 1995), "lmtp": (1124, 0)}
ACCOUNTS = ("anna", "boris")
INBOX_MESSAGES = 420
ARCHIVE_MESSAGES = 60
ARCHIVE = "Letters.mdir"


def prepare(folder: str, config: str) -> None:
    """Make everything. The base directory gets its name last, so an interrupted run leaves nothing half-made behind."""
    files = Files()
    new = f"{folder}/base.new"
    if not files.exists(folder):
        files.mkdir(folder)
    if files.exists(new):
        shutil.rmtree(new)
    if not files.exists(f"{folder}/server.pem"):
        key, certificate = self_signed()
        files.write_file(f"{folder}/server.key", key)
        files.write_file(f"{folder}/server.pem", certificate)
    files.write_file(config, configuration().encode())
    settings = load(config, configuration(), folder)
    facts = fill(files, replace(settings, base=new))
    files.write_file(f"{folder}/demo.json", json.dumps(facts, indent=2).encode())
    files.rename(new, f"{folder}/base")
    files.sync_directory(folder)


def configuration() -> str:
    """The demonstration's configuration file."""
    parts = [
        f'[server]\nbase = "base"\ndomain = "{DOMAIN}"\nhost = "localhost"\n',
        '[tls]\ncertificate = "server.pem"\nkey = "server.key"\n',
    ]
    for module, (port, tls_port) in PORTS.items():
        parts.append(f'[{module}]\nlog_level = "major"\n')
        parts.append(f'[[{module}.listeners]]\naddress = "{HOST}"\nport = {port}\n')
        if tls_port:
            parts.append(f'[[{module}.listeners]]\naddress = "{HOST}"\nport = {tls_port}\ntls = true\n')
    return "\n".join(parts)


def self_signed() -> tuple[bytes, bytes]:
    """A P-256 key and a certificate for localhost, both PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC).replace(tzinfo=None)
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address(HOST))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=3650))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return pem, certificate.public_bytes(serialization.Encoding.PEM)


def fill(files: Files, settings: Settings) -> dict[str, Any]:
    """Accounts and sample mail; the facts of demo.json."""
    clock: Any = Clock()
    clock.rightNow = datetime.now(UTC).timestamp()
    runtime = Runtime(clock, Pools(InlinePool(), InlinePool(), InlinePool()), files, Logs(print))
    server = assemble(settings, runtime)
    accounts = [{"name": name, "password": secrets.token_urlsafe(9)} for name in ACCOUNTS]
    done(Deferred.fromCoroutine(_fill(server, accounts)))
    done(Deferred.fromCoroutine(server.stop()))
    facts: dict[str, Any] = {
        name: {"host": HOST, "port": port, **({"tls_port": tls_port} if tls_port else {})}
        for name, (port, tls_port) in PORTS.items()
    }
    return facts | {"domain": DOMAIN, "accounts": accounts}


async def _fill(server: Server, accounts: list[dict[str, str]]) -> None:
    for account in accounts:
        await server.create_account(account["name"], account["password"].encode())
    user = await server.services.manager.connect(AccountName(ACCOUNTS[0], DOMAIN), "IMAP", "demo")
    sample = [NewMessage(MemoryContent(data), date) for data, date in messages(INBOX_MESSAGES + ARCHIVE_MESSAGES)]
    await user.append("INBOX", sample[:INBOX_MESSAGES])
    await user.create(ARCHIVE)
    await user.append(ARCHIVE.removesuffix(".mdir"), sample[INBOX_MESSAGES:])
    await user.close()


def done(deferred: Deferred[Any]) -> None:
    """Raise what failed; with pools that run inline everything has happened already."""
    failures: list[Any] = []
    deferred.addErrback(failures.append)
    if failures:
        failures[0].raiseException()
