"""The configuration file as every program of ours reads it: the daemon, ``cgpymail check-config`` and the other
commands refuse it in the same words.

Only the daemon needs the certificate with its key, and only its user may be able to read them, so they are looked at
apart: ``usable_certificate`` is for the daemon and for check-config.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from OpenSSL import SSL, crypto
from twisted.internet.ssl import CertificateOptions, TLSVersion

from cgpymail.config import ConfigError, Problem, Settings, load
from cgpymail.directory.tokens import SignatureKey
from cgpymail.runtime.files import Files

END = b"-----END CERTIFICATE-----"


def read_settings(path: str) -> Settings:
    """The settings in a file; relative paths in it begin where it lies. Raises ConfigError with every error."""
    path = os.path.abspath(path)
    try:
        text = Files().read_file(path).decode("utf-8")
    except OSError as problem:
        raise _error(path, "file", f"{problem.strerror}", "name another file with --config") from problem
    except UnicodeDecodeError as problem:
        raise _error(path, "file", "not UTF-8", "save it as UTF-8") from problem
    return load(path, text, os.path.dirname(path))


def usable_certificate(settings: Settings, path: str) -> Any:
    """The certificate_options, None without a certificate; certificate and key fit. Raises ConfigError, which names
    ``path``."""
    if not settings.certificate:
        return None
    try:
        options = certificate_options(settings)
        options.getContext()
        return options
    except OSError as problem:
        text, remedy = f"{problem.filename}: {problem.strerror}", "correct the path, or let this user read the file"
        raise _error(path, "tls", text, remedy) from problem
    except (crypto.Error, SSL.Error, ValueError) as problem:
        remedy = "both are PEM files, and the key is that of the first certificate"
        raise _error(path, "tls", f"certificate or key cannot be used: {_words(problem)}", remedy) from problem


def certificate_options(settings: Settings) -> Any:
    """TLS 1.2 and up with the configured certificate; CertificateOptions costs half of what the other factories do.

    Raises OSError, ValueError, OpenSSL.crypto.Error; its ``getContext`` OpenSSL.SSL.Error when the two do not fit.
    """
    files = Files()
    chain = _certificates(files, settings.certificate)
    key = crypto.load_privatekey(crypto.FILETYPE_PEM, files.read_file(settings.key))
    asked = _client_certificates(files, settings.client_ca) if settings.client_ca else {}
    options = CertificateOptions(
        privateKey=key, certificate=chain[0], extraCertChain=chain[1:], raiseMinimumTo=TLSVersion.TLSv1_2, **asked
    )
    if settings.client_ca:  # so that clients know which of their certificates is meant
        options.getContext().load_client_ca(settings.client_ca.encode())
    return options


def _certificates(files: Files, path: str) -> list[Any]:
    """All in a PEM file, at least one. Raises OSError, ValueError, OpenSSL.crypto.Error."""
    found = [
        crypto.load_certificate(crypto.FILETYPE_PEM, block + END + b"\n")
        for block in files.read_file(path).split(END)
        if b"BEGIN CERTIFICATE" in block
    ]
    if not found:
        raise ValueError("no certificate in the file")
    return found


def _client_certificates(files: Files, path: str) -> dict[str, Any]:
    """A client may show a certificate; one that is not of these authorities ends the handshake."""
    return {"verify": True, "requireCertificate": False, "caCerts": _certificates(files, path)}


@dataclass(frozen=True, slots=True)
class TokenMeans:
    """What the files in [oauth] hold: the key of signed tokens, or our secret at the end point."""

    key: SignatureKey | None = None
    secret: str = ""


def token_means(settings: Settings, path: str) -> TokenMeans:
    """For the tokens of [oauth]. Blocking. Raises ConfigError, which names ``path``."""
    files, oauth = Files(), settings.oauth
    try:
        key = SignatureKey(files.read_file(oauth.key)) if oauth.key else None
        secret = files.read_file(oauth.client_secret).decode("utf-8").strip() if oauth.client_secret else ""
    except OSError as problem:
        text, remedy = f"{problem.filename}: {problem.strerror}", "correct the path, or let this user read the file"
        raise _error(path, "oauth", text, remedy) from problem
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise _error(path, "oauth", f"the file cannot be used: {problem}", "write a public key in PEM") from problem
    return TokenMeans(key, secret)


def _error(path: str, key: str, text: str, remedy: str) -> ConfigError:
    return ConfigError(path, [Problem(key, 0, text, remedy)])


def _words(problem: Exception) -> str:
    """What OpenSSL says, which is in lists of tuples."""
    if isinstance(problem, crypto.Error | SSL.Error) and problem.args:
        return ", ".join(str(reason[-1]) for reason in problem.args[0]) or "not understood"
    return str(problem)
