"""SCRAM verifiers in account.settings, beside the password (RFC 5802 section 3).

``SCRAM = {For = ...; "SCRAM-SHA-256" = "iterations:salt:stored key:server key"; ...}``. ``For`` is a fingerprint of the
stored password that they belong to: when somebody else changes the password in the file, they count no more. A name
that has none gets a salt all the same, always the same one, made with a secret of this server; so a client cannot
find out who is there (RFC 5802 section 9). Everything here but ``fake``, ``stored`` and ``current`` takes its time.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any

from cgpymail.grammar.sasl import scramkeys
from cgpymail.grammar.saslprep import Prohibited, saslprep
from cgpymail.model.identity import ScramVerifier
from cgpymail.runtime.files import Files

KEY = "SCRAM"
SALT = 16  # octets
# About 10 ms of one core for each method; what a telephone does without a thought. Names that are not there get this
# number too: with another one, accounts would show until their passwords are changed.
ITERATIONS = 20_000
SECRET = 32  # octets
SECRET_FILE = ".secret"  # noqa: S105
_FOR = "For"


def make(password: str, stored: str, salt: bytes) -> dict[str, Any] | None:
    """What to keep beside ``stored``, the form of the password in the file. None for a password that SCRAM cannot have
    (RFC 4013). ``salt``: of SALT octets for each method, one after the other."""
    try:
        prepared = saslprep(password).encode("utf-8")
    except (Prohibited, UnicodeEncodeError):
        return None
    made: dict[str, Any] = {_FOR: _fingerprint(stored)}
    for place, method in enumerate(scramkeys.HASHES):
        own = salt[place * SALT : (place + 1) * SALT]
        made[method] = scramkeys.write(scramkeys.derive(method, prepared, own, ITERATIONS))
    return made


def salt_size() -> int:
    """How much random ``make`` wants, in octets."""
    return SALT * len(scramkeys.HASHES)


def stored(kept: object, password: object, method: str) -> ScramVerifier | None:
    """The verifier of a method in ``kept``, the value of KEY; None if there is none for that stored password."""
    if not isinstance(kept, dict) or not current(kept, password):
        return None
    return scramkeys.read(method, kept.get(method))


def current(kept: object, password: object) -> bool:
    """Whether ``kept``, the value of KEY, belongs to the stored password."""
    return isinstance(kept, dict) and isinstance(password, str) and kept.get(_FOR) == _fingerprint(password)


def fake(secret: bytes, name: str, method: str) -> ScramVerifier:
    """For a name that has none; no password fits."""
    size = hashlib.new(scramkeys.HASHES[method]).digest_size
    drawn = hmac.digest(secret, f"{method} {name}".encode("utf-8", "replace"), "sha512")
    return ScramVerifier(drawn[:SALT], ITERATIONS, drawn[-size:], drawn[-size:])


def load_secret(files: Files, base: str, random: Callable[[int], bytes]) -> bytes:
    """The secret of a base directory, made when it is first needed. Blocking. Raises OSError."""
    path = f"{base}/{SECRET_FILE}"
    try:
        found = files.read_file(path)
    except FileNotFoundError:
        found = b""
    if len(found) < SECRET:
        found = random(SECRET)
        files.write_file(path, found)
    return found


def _fingerprint(stored: str) -> str:
    return hashlib.sha256(stored.encode("utf-8", "surrogateescape")).hexdigest()[:32]
