"""Bearer tokens that tell by themselves whom they stand for: signed JSON Web Tokens (RFC 7515, RFC 7519, RFC 8725).

The configured public key decides how a token must be signed, never the token: RS256 for an RSA key, ES256 for one on
the curve P-256, EdDSA for Ed25519. A token must say by whom and for whom it was made, and until when it holds.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from twisted.internet.defer import Deferred

from cgpymail.errors import AuthenticationFailed
from cgpymail.runtime.runtime import Runtime

LEEWAY = 30  # seconds that the clocks of those who make tokens and ours may differ
MIN_RSA = 2048  # bits
VERIFIED = (True, "true")  # as some makers of tokens write it
_P256 = 32  # octets of each half of a signature


@dataclass(frozen=True, slots=True)
class TokenRules:
    """What a token must say. ``claim``: the one that names the account; ``scope``: a word that its scope must have;
    empty ones are not looked at."""

    issuer: str = ""
    audience: str = ""
    claim: str = "email"
    scope: str = ""

    def account(self, claims: Mapping[str, Any], now: float) -> str:
        """The account that the token stands for. Raises AuthenticationFailed, whose detail says why."""
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        wrong = {
            "it has expired": not _number(claims.get("exp"), now + LEEWAY + 1) > now - LEEWAY,
            "it does not hold yet": not _number(claims.get("nbf"), now) <= now + LEEWAY,
            "it is from somebody else": bool(self.issuer) and claims.get("iss") != self.issuer,
            "it is for somebody else": bool(self.audience) and self.audience not in audiences,
            "its scope is another one": bool(self.scope) and self.scope not in str(claims.get("scope", "")).split(),
            "its address is not verified": self.claim == "email" and claims.get("email_verified", True) not in VERIFIED,
        }
        for reason, so in wrong.items():
            if so:
                raise AuthenticationFailed(detail=f"token refused: {reason}")
        name = claims.get(self.claim)
        if not isinstance(name, str) or not name:
            raise AuthenticationFailed(detail=f"token refused: it has no {self.claim}")
        return name


def _number(value: object, missing: float) -> float:
    """A time of a claim; nonsense is no time at all, and fails every comparison."""
    if value is None:
        return missing
    return value if isinstance(value, int | float) and not isinstance(value, bool) else float("nan")


class SignatureKey:
    """A public key and the one algorithm that goes with it. Raises ValueError for a key that is of no use."""

    def __init__(self, pem: bytes) -> None:
        self._key = key = load_pem_public_key(pem)
        if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MIN_RSA:
            self.algorithm = "RS256"
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            self.algorithm = "ES256"
        elif isinstance(key, ed25519.Ed25519PublicKey):
            self.algorithm = "EdDSA"
        else:
            raise ValueError("the key is none of RSA with 2048 bits or more, P-256, Ed25519")

    def verify(self, signature: bytes, message: bytes) -> None:
        """Raises InvalidSignature."""
        key = self._key
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            if len(signature) != 2 * _P256:
                raise InvalidSignature
            halves = (int.from_bytes(half, "big") for half in (signature[:_P256], signature[_P256:]))
            key.verify(encode_dss_signature(*halves), message, ec.ECDSA(hashes.SHA256()))
        elif isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)


class SignedTokens:
    """See TokenCheck. Signatures are verified on the threads for hashes."""

    def __init__(self, runtime: Runtime, key: SignatureKey, rules: TokenRules) -> None:
        self._runtime = runtime
        self._key = key
        self._rules = rules

    def check(self, token: str) -> Deferred[str]:
        """See TokenCheck."""
        return self._runtime.pools.hash.run(self._check, token, self._runtime.clock.seconds())

    def _check(self, token: str, now: float) -> str:
        claims = read_signed(token, self._key)
        if claims.get("exp") is None:
            raise AuthenticationFailed(detail="token refused: it holds for ever")
        return self._rules.account(claims, now)


def read_signed(token: str, key: SignatureKey) -> Mapping[str, Any]:
    """The claims of a token whose signature is right. Raises AuthenticationFailed."""
    parts = token.split(".")
    try:
        header, claims, signature = parts
        head = read_object(_decode(header))
        if head.get("alg") != key.algorithm or "crit" in head:
            raise AuthenticationFailed(detail="token refused: it is signed in another way")
        key.verify(_decode(signature), f"{header}.{claims}".encode("ascii"))
        return read_object(_decode(claims))
    except (ValueError, InvalidSignature):
        raise AuthenticationFailed(detail="token refused: not a token with a right signature") from None


def read_object(data: bytes) -> Mapping[str, Any]:
    """A JSON object. Raises ValueError."""
    try:
        found = json.loads(data)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(found, dict):
        raise ValueError("not an object")
    return found


def _decode(part: str) -> bytes:
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except binascii.Error:
        raise ValueError("not base64url") from None
