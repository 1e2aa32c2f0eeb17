"""What is taken from the TLS below a connection: two ends in memory, no sockets."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from OpenSSL import SSL, crypto

from cgpymail.demodata import self_signed
from cgpymail.model.identity import CertificateNames
from cgpymail.runtime.tls import certificate_names, tls_facts

SAN = x509.SubjectAlternativeName
VERSIONS = {"TLSv1.2": SSL.TLS1_2_VERSION, "TLSv1.3": SSL.TLS1_3_VERSION}


def made(key: Any, algorithm: Any, *names: x509.GeneralName, common: tuple[str, ...] = ("x",)) -> x509.Certificate:
    """A certificate that its own key has signed."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in common])
    now = datetime.now(UTC).replace(tzinfo=None)
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - timedelta(1)).not_valid_after(now + timedelta(1))
    if names:
        builder = builder.add_extension(SAN(list(names)), critical=False)
    return builder.sign(key, algorithm)


def ends(version: int, key: Any = None, certificate: x509.Certificate | None = None) -> tuple[Any, Any]:
    """Server and client, before their handshake."""
    server = SSL.Context(SSL.TLS_SERVER_METHOD)
    pem_key, pem = self_signed()
    own = crypto.load_certificate(crypto.FILETYPE_PEM, pem)
    server.use_privatekey(
        crypto.PKey.from_cryptography_key(key) if key else crypto.load_privatekey(crypto.FILETYPE_PEM, pem_key)
    )
    server.use_certificate(crypto.X509.from_cryptography(certificate) if certificate else own)
    client = SSL.Context(SSL.TLS_CLIENT_METHOD)
    client.set_min_proto_version(version)
    client.set_max_proto_version(version)
    one, two = SSL.Connection(server), SSL.Connection(client)
    one.set_accept_state()
    two.set_connect_state()
    return one, two


def shake(one: Any, two: Any) -> None:
    """Carry what each says to the other until both are through."""
    for _ in range(6):
        for end, other in ((two, one), (one, two)):
            try:
                end.do_handshake()
            except SSL.WantReadError:
                pass
            try:
                other.bio_write(end.bio_read(65536))
            except SSL.WantReadError:
                pass


@pytest.mark.parametrize("version", VERSIONS)
def test_bindings_are_those_of_both_ends(version: str) -> None:
    """The client sees the same; nothing is known before the handshake is over."""
    server, client = ends(VERSIONS[version])
    assert tls_facts(server) is None
    shake(server, client)
    facts = tls_facts(server)
    assert facts is not None
    assert facts.certificate is None
    der = client.get_peer_certificate().to_cryptography().public_bytes(Encoding.DER)
    expected = {"tls-server-end-point": hashlib.sha256(der).digest()}
    if version == "TLSv1.3":
        expected["tls-exporter"] = client.export_keying_material(b"EXPORTER-Channel-Binding", 32, b"")
    else:
        expected["tls-unique"] = client.get_finished()
    assert facts.bindings == expected


def test_two_connections_have_different_bindings() -> None:
    """Only the binding of the certificate is shared."""
    found = []
    for _ in range(2):
        server, client = ends(SSL.TLS1_3_VERSION)
        shake(server, client)
        facts = tls_facts(server)
        assert facts is not None
        found.append(facts.bindings["tls-exporter"])
    assert found[0] != found[1]


@pytest.mark.parametrize(
    ("key", "algorithm", "size"),
    [
        (ec.generate_private_key(ec.SECP256R1()), hashes.SHA384(), 48),
        (ec.generate_private_key(ec.SECP256R1()), hashes.SHA512(), 64),
        (ed25519.Ed25519PrivateKey.generate(), None, 0),
    ],
)
def test_the_hash_of_the_certificate(key: Any, algorithm: Any, size: int) -> None:
    """By the hash of its signature; one without (EdDSA) has no such binding (RFC 5929, section 4.1)."""
    server, client = ends(SSL.TLS1_3_VERSION, key, made(key, algorithm))
    shake(server, client)
    facts = tls_facts(server)
    assert facts is not None
    assert len(facts.bindings.get("tls-server-end-point", b"")) == size
    assert "tls-exporter" in facts.bindings


def test_names_in_a_certificate() -> None:
    """Mail addresses and common names, and nothing else."""
    key = ec.generate_private_key(ec.SECP256R1())
    names = [x509.RFC822Name("john@example.org"), x509.DNSName("example.org"), x509.RFC822Name("j@example.org")]
    found = certificate_names(made(key, hashes.SHA256(), *names, common=("John", "Smith")))
    assert found == CertificateNames(("john@example.org", "j@example.org"), ("John", "Smith"))
    assert certificate_names(made(key, hashes.SHA256(), common=())) == CertificateNames()
