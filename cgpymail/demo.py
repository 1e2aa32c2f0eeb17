"""``make run``: a complete server in one folder, ready to be looked at with any mail program.

The first run makes the base directory, a certificate, two accounts with random passwords and sample mail; later runs
keep everything. What to type into a mail program is printed, and written for scripts to ``demo.json``. Then this
process becomes ``twistd -n cgpymail``.
"""

from __future__ import annotations

import json
import os
import secrets
import sys
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
from cgpymail.config import load
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


def main(arguments: list[str]) -> None:
    """Prepare the folder named by the only argument, then serve from it; never returns."""
    folder = os.path.abspath(arguments[0])
    config = f"{folder}/cgpymail.toml"
    facts = prepare(folder, config)
    print(describe(facts), flush=True)
    twistd = os.path.join(os.path.dirname(sys.executable), "twistd")
    os.chdir(folder)
    os.execv(sys.executable, [sys.executable, twistd, "-n", "--pidfile=", "cgpymail", "--config", config])  # noqa: S606


def prepare(folder: str, config: str) -> dict[str, Any]:
    """Make what is not there yet; the facts of demo.json, which is written last, so an interrupted run is repeated."""
    files = Files()
    if files.exists(f"{folder}/demo.json"):
        known: dict[str, Any] = json.loads(files.read_file(f"{folder}/demo.json"))
        return known
    for directory in (folder, f"{folder}/base"):
        if not files.exists(directory):
            files.mkdir(directory)
    if not files.exists(f"{folder}/server.pem"):
        key, certificate = self_signed()
        files.write_file(f"{folder}/server.key", key)
        files.write_file(f"{folder}/server.pem", certificate)
    files.write_file(config, configuration().encode())
    facts = fill(folder, config)
    files.write_file(f"{folder}/demo.json", json.dumps(facts, indent=2).encode())
    return facts


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


def fill(folder: str, config: str) -> dict[str, Any]:
    """Accounts and sample mail; the facts of demo.json."""
    files = Files()
    settings = load(config, files.read_file(config).decode(), folder)
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
    return facts | {"accounts": accounts}


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


def describe(facts: dict[str, Any]) -> str:
    """What a person wants to know, with lines to paste."""
    imap, pop, lmtp = facts["imap"], facts["pop"], facts["lmtp"]
    first = facts["accounts"][0]
    name, password = first["name"], first["password"]
    lines = [
        "cgpymail demonstration server",
        f"  IMAP  {imap['host']} port {imap['port']} (STARTTLS), port {imap['tls_port']} (TLS)",
        f"  POP   {pop['host']} port {pop['port']} (STLS), port {pop['tls_port']} (TLS)",
        f"  LMTP  {lmtp['host']} port {lmtp['port']}",
        *(f"  account {account['name']}  password {account['password']}" for account in facts["accounts"]),
        "Try:",
        f"  curl --insecure --user '{name}:{password}' 'imaps://{imap['host']}:{imap['tls_port']}/INBOX;MAILINDEX=1'",
        f"  mutt -f 'imap://{name}:{password}@{imap['host']}:{imap['port']}/INBOX'",
        "In a mail program's account form:",
        f"  e-mail {name}@{DOMAIN}, user name {name}, password {password}, server {imap['host']},",
        f"  IMAP port {imap['tls_port']} with SSL/TLS (or POP port {pop['tls_port']}), normal password;",
        "  accept the certificate: it is self-signed",
        "Ctrl-C stops the server; its mail stays.",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    main(sys.argv[1:])
