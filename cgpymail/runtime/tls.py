"""What the TLS below a connection shows: channel bindings, and the client's certificate.

Which bindings are offered. With TLS 1.3 ``tls-exporter`` (RFC 9266). With TLS 1.2 ``tls-unique`` (RFC 5929 section 3):
our server resumes no sessions and takes part in no renegotiation, so the first Finished message of a connection is the
client's, and it is the only one; ``tls-exporter`` would need the extended master secret there, and nobody tells us
whether it is used. With both ``tls-server-end-point`` (section 4), unless the certificate's signature has no hash.
"""

from __future__ import annotations

import hashlib
from typing import Any

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import NameOID

from cgpymail.model.identity import CertificateNames, TlsFacts

EXPORTER = b"EXPORTER-Channel-Binding"  # RFC 9266 section 2
_EXPORTED = 32  # octets
_WEAK = ("md5", "sha1")  # replaced by SHA-256, RFC 5929 section 4.1


def tls_facts(connection: Any) -> TlsFacts | None:
    """The facts of an ``OpenSSL.SSL.Connection`` on the server's side; None while its handshake is not over."""
    finished = connection.get_peer_finished()
    if not finished:
        return None
    bindings: dict[str, bytes] = {}
    version = connection.get_protocol_version_name()
    if version == "TLSv1.3":
        bindings["tls-exporter"] = connection.export_keying_material(EXPORTER, _EXPORTED, b"")
    elif version == "TLSv1.2":
        bindings["tls-unique"] = finished
    own = connection.get_certificate()
    end_point = _end_point(own.to_cryptography()) if own is not None else b""
    if end_point:
        bindings["tls-server-end-point"] = end_point
    shown = connection.get_peer_certificate()
    return TlsFacts(bindings, certificate_names(shown.to_cryptography()) if shown is not None else None)


def _end_point(certificate: x509.Certificate) -> bytes:
    """The hash of the server's certificate by the hash of its signature; empty if that has none (EdDSA), or is of a
    kind that came after us."""
    try:
        used = certificate.signature_hash_algorithm
    except UnsupportedAlgorithm:
        return b""
    if used is None:
        return b""
    name = "sha256" if used.name in _WEAK else used.name.replace("-", "_")
    return hashlib.new(name, certificate.public_bytes(serialization.Encoding.DER)).digest()


def certificate_names(certificate: x509.Certificate) -> CertificateNames:
    """Whom a certificate names; what cannot be understood in it names nobody."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        emails = tuple(names.get_values_for_type(x509.RFC822Name))
    except (x509.ExtensionNotFound, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, ValueError):
        emails = ()
    common = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return CertificateNames(emails, tuple(str(name.value) for name in common))
