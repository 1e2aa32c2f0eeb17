"""What somebody who is not logged in yet can send in a SASL exchange, and what comes as a token."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from cgpymail.directory.tokens import SignatureKey, read_object, read_signed
from cgpymail.errors import AuthenticationFailed
from cgpymail.grammar.sasl.mechanism import Claim, Lookup, SaslError, Situation
from cgpymail.grammar.sasl.registry import MECHANISMS
from cgpymail.grammar.saslprep import Prohibited, saslprep
from cgpymail.model.identity import ScramVerifier, TlsFacts
from tests.fuzz.target import Target

_SITUATION = Situation("0a0a", "host", 1, TlsFacts({"tls-exporter": b"x"}))
_KEY = SignatureKey(
    ed25519.Ed25519PrivateKey.generate().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
)


def sasl(data: bytes) -> None:
    """The first line names the mechanism, each further one is a response."""
    name, *responses = data.split(b"\n")
    offer = MECHANISMS.get(name.decode("latin-1"))
    if offer is None:
        return
    mechanism = offer.begin(_SITUATION)
    mechanism.start()
    try:
        for response in responses:
            step = mechanism.step(response)
            if isinstance(step, Lookup):
                step.found(ScramVerifier(b"salt", 1, bytes(32), bytes(32)))
            elif isinstance(step, Claim):
                return
    except SaslError as problem:
        assert str(problem).isascii()


def prepared(data: bytes) -> None:
    """What comes out stays what it is."""
    try:
        text = saslprep(data.decode("utf-8", "replace"))
        assert saslprep(text) == text
    except Prohibited:
        return


def token(data: bytes) -> None:
    """A signed one, and an answer of an end point."""
    try:
        read_signed(data.decode("latin-1"), _KEY)
    except AuthenticationFailed:
        pass
    try:
        read_object(data)
    except ValueError:
        pass


TARGETS = (
    Target(
        "sasl",
        sasl,
        (
            b"SCRAM-SHA-1\nn,a=x,n=us=2Cer,r=abc\nc=bixhPXgs,r=abc0a0a,p=AAAA",
            b"SCRAM-SHA-256-PLUS\np=tls-exporter,,n=user,r=abc,x=y\nc=cD10bHMtZXhwb3J0ZXIsLHg=,r=abc0a0a,p=AAAA",
            b"PLAIN\na\0b\0c",
            b"LOGIN\na\nb",
            b"CRAM-MD5\ntim b913a602c7eda7a495b4e6e7334d3890",
            b"EXTERNAL\njohn",
            b"OAUTHBEARER\nn,a=john,\x01host=x\x01auth=Bearer abc==\x01\x01",
            b"XOAUTH2\nuser=john\x01auth=Bearer abc\x01\x01",
        ),
    ),
    Target("saslprep", prepared, (b"user", "I\u00adX\u2168".encode(), "\u0627\u0628".encode())),
    Target("token", token, (b"eyJhbGciOiJFZERTQSJ9.e30.AAAA", b'{"active":true,"exp":1}', b"e30.e30.e30")),
)
