"""The arithmetic of SCRAM (RFC 5802 section 3): from a password to what is stored of it, and the two proofs.

``method`` is the name of the mechanism without -PLUS. ``derive`` takes as long as its iterations; everything else is a
few hashes. Comparisons take the same time whatever is compared.
"""

from __future__ import annotations

import binascii
import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType

from cgpymail.model.identity import ScramVerifier

HASHES: Mapping[str, str] = MappingProxyType({"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"})
_MAX_ITERATIONS = 10_000_000  # a file that says more is damaged


def derive(method: str, password: bytes, salt: bytes, iterations: int) -> ScramVerifier:
    """What to keep of a password (prepared, RFC 4013)."""
    name = HASHES[method]
    salted = hashlib.pbkdf2_hmac(name, password, salt, iterations)
    stored = hashlib.new(name, hmac.digest(salted, b"Client Key", name)).digest()
    return ScramVerifier(salt, iterations, stored, hmac.digest(salted, b"Server Key", name))


def proves(method: str, verifier: ScramVerifier, message: bytes, proof: bytes) -> bool:
    """Whether the client has the password: its key, taken out of the proof, hashes to the stored one."""
    name = HASHES[method]
    signature = hmac.digest(verifier.stored_key, message, name)
    if len(proof) != len(signature):
        return False
    key = bytes(mine ^ theirs for mine, theirs in zip(signature, proof, strict=True))
    return hmac.compare_digest(hashlib.new(name, key).digest(), verifier.stored_key)


def signature(method: str, verifier: ScramVerifier, message: bytes) -> bytes:
    """The server's own proof that it knows the account."""
    return hmac.digest(verifier.server_key, message, HASHES[method])


def write(verifier: ScramVerifier) -> str:
    """``iterations:salt:stored key:server key``, the last three in base64."""
    parts = (verifier.salt, verifier.stored_key, verifier.server_key)
    return ":".join([str(verifier.iterations), *(binascii.b2a_base64(part, newline=False).decode() for part in parts)])


def read(method: str, text: object) -> ScramVerifier | None:
    """The same back; None for what cannot be one of that method."""
    try:
        number, salt, stored, server = str(text).split(":")
        iterations = int(number)
        parts = [binascii.a2b_base64(part, strict_mode=True) for part in (salt, stored, server)]
    except ValueError:
        return None
    size = hashlib.new(HASHES[method]).digest_size
    if not 1 <= iterations <= _MAX_ITERATIONS or not parts[0] or any(len(part) != size for part in parts[1:]):
        return None
    return ScramVerifier(parts[0], iterations, parts[1], parts[2])
