"""Signed bearer tokens (RFC 7515, RFC 7519, RFC 8725)."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cgpymail.directory.tokens import SignatureKey, SignedTokens, TokenRules, read_signed
from cgpymail.errors import AuthenticationFailed
from tests.support.results import result
from tests.support.runtime import memory_runtime

NOW = 1_700_000_000
RULES = TokenRules("https://issuer.example", "mail", "email", "imap")
CLAIMS = {
    "iss": "https://issuer.example",
    "aud": ["other", "mail"],
    "exp": NOW + 60,
    "scope": "openid imap",
    "email": "john@example.org",
}
CURVE = ec.generate_private_key(ec.SECP256R1())
EDWARDS = ed25519.Ed25519PrivateKey.generate()
RSA = rsa.generate_private_key(65537, 2048)


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


def pem(key):
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def sign(key, message):
    if key is EDWARDS:
        return key.sign(message)
    if key is RSA:
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    halves = decode_dss_signature(key.sign(message, ec.ECDSA(hashes.SHA256())))
    return b"".join(half.to_bytes(32, "big") for half in halves)


def token(claims=CLAIMS, key=CURVE, algorithm="ES256", signature=None, **header):
    head = b64url(json.dumps({"alg": algorithm, **header}).encode())
    message = head + b"." + b64url(json.dumps(claims).encode() if isinstance(claims, dict) else claims)
    made = sign(key, message) if signature is None else signature(message)
    return (message + b"." + b64url(made)).decode()


def check(text, key=CURVE, rules=RULES):
    return result(SignedTokens(memory_runtime(), SignatureKey(pem(key)), rules).check(text))


@pytest.mark.parametrize(("key", "algorithm"), [(CURVE, "ES256"), (EDWARDS, "EdDSA"), (RSA, "RS256")])
def test_a_good_token(key, algorithm):
    """The account that the claim names, whatever kind of key there is."""
    assert check(token(key=key, algorithm=algorithm), key) == "john@example.org"


@pytest.mark.parametrize(
    "change",
    [
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"exp": NOW - 31},
        {"exp": None},
        {"exp": "tomorrow"},
        {"exp": True},
        {"nbf": NOW + 31},
        {"nbf": []},
        {"scope": "imapx"},
        {"scope": None},
        {"email": None},
        {"email": ""},
        {"email": ["john@example.org"]},
        {"email_verified": False},
        {"email_verified": "false"},
        {"email_verified": None},
        {"email_verified": ["true"]},
    ],
)
def test_what_a_token_must_say(change):
    """From whom, for whom, until when, for what, and who."""
    with pytest.raises(AuthenticationFailed):
        check(token(CLAIMS | change))


@pytest.mark.parametrize("verified", [True, "true"])
def test_a_verified_address(verified):
    """As a truth value, or as the word that some makers write."""
    assert check(token(CLAIMS | {"email_verified": verified}))


def test_clocks_may_differ_a_little():
    """Half a minute."""
    assert check(token(CLAIMS | {"exp": NOW - 29, "nbf": NOW + 29}))
    assert check(token(CLAIMS | {"exp": 10**400}))


def test_another_claim():
    """The account may be named by another claim, and then nothing else of it counts."""
    rules = TokenRules("https://issuer.example", "mail", "preferred_username")
    claims = CLAIMS | {"preferred_username": "mary", "email_verified": False, "scope": ""}
    assert check(token(claims), rules=rules) == "mary"


def test_the_key_decides_how_it_is_signed():
    """No algorithm of the token's choice: none at all, or our public key as a shared secret."""
    secret = pem(CURVE)
    for made in (
        token(algorithm="none", signature=lambda message: b""),
        token(signature=lambda message: b""),
        token(algorithm="HS256", signature=lambda message: hmac.digest(secret, message, hashlib.sha256)),
        token(algorithm="ES256", signature=lambda message: bytes(64)),
        token(algorithm="ES256", signature=lambda message: bytes(63)),
        token(key=EDWARDS, algorithm="EdDSA"),
        token(algorithm="EdDSA"),
        token(key=ec.generate_private_key(ec.SECP256R1())),
        token(crit=["exp"]),
    ):
        with pytest.raises(AuthenticationFailed):
            check(made)


@pytest.mark.parametrize("text", ["", "a", "a.b", "a.b.c", "..", "e30.e30.e30", "a.b.c.d", "=.=.=", "W10.e30.e30"])
def test_what_is_no_token(text):
    """Refused like any other."""
    with pytest.raises(AuthenticationFailed):
        read_signed(text, SignatureKey(pem(CURVE)))


@pytest.mark.parametrize("claims", [b"[]", b"1", b"{", b"[" * 5000, b'{"exp":1' + b"0" * 5000 + b"}", b"\xff"])
def test_what_cannot_be_read_though_signed(claims):
    """A maker of tokens with a bug does not hurt us."""
    with pytest.raises(AuthenticationFailed):
        check(token(claims))


def test_keys_that_are_of_no_use():
    """Weak and unknown ones."""
    small = rsa.generate_private_key(65537, 1024)
    for text in (pem(small), pem(ec.generate_private_key(ec.SECP384R1())), b"", b"nonsense"):
        with pytest.raises(ValueError):
            SignatureKey(text)
