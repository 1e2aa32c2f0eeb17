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
from cgpymail.model.identity import CertificateNames, TlsFacts
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


def with_extensions(*contents: bytes) -> x509.Certificate:
    """A certificate whose extensions have these contents, each as its subjectAltName."""
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.now(UTC).replace(tzinfo=None)
    builder = x509.CertificateBuilder().subject_name(x509.Name([])).issuer_name(x509.Name([])).serial_number(1)
    builder = builder.public_key(key.public_key()).not_valid_before(now).not_valid_after(now + timedelta(1))
    for place, content in enumerate(contents):
        other = x509.UnrecognizedExtension(x509.ObjectIdentifier(f"1.2.{3 + place}.4"), content)
        builder = builder.add_extension(other, critical=False)
    der = builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
    for place in range(len(contents)):
        der = der.replace(bytes((6, 3, 42, 3 + place, 4)), bytes((6, 3, 0x55, 29, 17)))
    return x509.load_der_x509_certificate(der)


@pytest.mark.parametrize("contents", [(b"\x30\x02\xa3\x00",), (b"\x30\x00", b"\x30\x00"), (b"junk",)])
def test_names_that_cannot_be_understood(contents: tuple[bytes, ...]) -> None:
    """A kind of name that nobody uses, an extension that comes twice, octets: nobody is named, and nothing breaks."""
    assert certificate_names(with_extensions(*contents)) == CertificateNames()


def test_a_signature_of_the_future() -> None:
    """The server's certificate may be signed in a way that is not known yet: no such binding, but sessions go on."""
    known = bytes.fromhex("06082a8648ce3d0403")  # ecdsa-with-SHA2
    key = ec.generate_private_key(ec.SECP256R1())
    der = made(key, hashes.SHA256()).public_bytes(Encoding.DER).replace(known + b"\x02", known + b"\x7f")

    class Connection:
        """A server's, after the handshake."""

        def get_peer_finished(self) -> bytes:
            """Of the client."""
            return b"finished"

        def get_protocol_version_name(self) -> str:
            """The version."""
            return "TLSv1.2"

        def get_certificate(self) -> Any:
            """Our own."""
            return crypto.X509.from_cryptography(x509.load_der_x509_certificate(der))

        def get_peer_certificate(self) -> None:
            """None was shown."""

    assert tls_facts(Connection()) == TlsFacts({"tls-unique": b"finished"})
