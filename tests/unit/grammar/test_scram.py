"""SCRAM on the server's side (RFC 5802, RFC 7677): examples of the RFCs, wrong messages, and an independent client."""

import base64
import secrets

import pytest
from scramp import ScramClient

from cgpymail.grammar.sasl import scramkeys
from cgpymail.grammar.sasl.mechanism import Claim, Lookup, Malformed, Situation
from cgpymail.grammar.sasl.registry import MECHANISMS
from cgpymail.model.identity import ScramVerifier, TlsFacts

BINDINGS = {"tls-exporter": b"exported", "tls-server-end-point": b"hash of the certificate", "tls-unique": b"finished"}


def situation(token="3rfcNHYJY1ZVvWVs7j", bindings=None):
    return Situation(token, "mail.example.org", 0, None if bindings is None else TlsFacts(bindings))


def begin(name, **kw):
    return MECHANISMS[name].begin(situation(**kw))


EXAMPLES = [
    (  # RFC 5802, section 5
        "SCRAM-SHA-1",
        "3rfcNHYJY1ZVvWVs7j",
        "QSXCR+Q6sek8bf92",
        [
            b"n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
            b"r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            b"c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            b"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        ],
    ),
    (  # RFC 7677, section 3
        "SCRAM-SHA-256",
        "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0",
        "W22ZaJ0SNY7soEsUEjb6gQ==",
        [
            b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
            b"r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
            b"p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        ],
    ),
]


@pytest.mark.parametrize(("method", "token", "salt", "said"), EXAMPLES)
def test_the_example_of_the_rfc(method, token, salt, said):
    """Octet by octet."""
    mechanism = begin(method, token=token)
    asked = mechanism.step(said[0])
    assert isinstance(asked, Lookup)
    assert (asked.login, asked.method) == ("user", method)
    verifier = scramkeys.derive(method, b"pencil", base64.b64decode(salt), 4096)
    assert asked.found(verifier) == said[1]
    claim = mechanism.step(said[2])
    assert isinstance(claim, Claim)
    assert claim.granted == said[3]
    shown = claim.credentials
    assert scramkeys.proves(method, verifier, shown.message, shown.proof)
    assert not scramkeys.proves(method, scramkeys.derive(method, b"pencils", b"x", 1), shown.message, shown.proof)
    assert not scramkeys.proves(method, verifier, shown.message, shown.proof[:-1])


@pytest.mark.parametrize("name", [name for name in MECHANISMS if name.startswith("SCRAM-")])
@pytest.mark.parametrize("password", ["pencil", "pa,ss=w\u00f6rd\u00a0"])
def test_an_independent_client_gets_in(name, password):
    """scramp speaks the client's part, checks the server's proof, and agrees about the channel binding."""
    method, plus = name.removesuffix("-PLUS"), name.endswith("-PLUS")
    binding = ("tls-server-end-point", BINDINGS["tls-server-end-point"]) if plus else None
    client = ScramClient([name], "us,er=x", password, channel_binding=binding)
    mechanism = begin(name, token=secrets.token_hex(18), bindings=BINDINGS if plus else None)
    asked = mechanism.step(client.get_client_first().encode())
    assert asked.login == "us,er=x"
    prepared = password.replace("\u00a0", " ").encode()
    verifier = scramkeys.derive(method, prepared, secrets.token_bytes(16), 4096)
    client.set_server_first(asked.found(verifier).decode())
    claim = mechanism.step(client.get_client_final().encode())
    assert scramkeys.proves(method, verifier, claim.credentials.message, claim.credentials.proof)
    client.set_server_final(claim.granted.decode())


@pytest.mark.parametrize("name", BINDINGS)
@pytest.mark.parametrize("right", [True, False])
def test_each_binding(name, right):
    """Whichever binding of the connection a client chooses, it must have the right data."""
    mechanism = begin("SCRAM-SHA-1-PLUS", bindings=BINDINGS)
    header = b"p=%b,," % name.encode()
    mechanism.step(header + b"n=user,r=abc").found(ScramVerifier(b"s", 1, bytes(20), bytes(20)))
    bound = base64.b64encode(header + (BINDINGS[name] if right else b"of another connection"))
    said = b"c=%b,r=abc3rfcNHYJY1ZVvWVs7j,p=AAAA" % bound
    if right:
        assert isinstance(mechanism.step(said), Claim)
    else:
        with pytest.raises(Malformed):
            mechanism.step(said)


def test_an_authorization_identity():
    """It comes in the header, with its escapes."""
    mechanism = begin("SCRAM-SHA-1")
    asked = mechanism.step(b"n,a=jo=2Chn=3D,n=boss,r=abc")
    asked.found(ScramVerifier(b"s", 1, bytes(20), bytes(20)))
    claim = mechanism.step(b"c=bixhPWpvPTJDaG49M0Qs,r=abc3rfcNHYJY1ZVvWVs7j,p=AAAA")
    assert (claim.credentials.login, claim.credentials.authzid) == ("boss", "jo,hn=")


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"n=user,r=abc",
        b"n,,n=user",
        b"n,,r=abc,n=user",
        b"n,,n=,r=abc",
        b"n,,n=us=er,r=abc",
        b"n,,n=us=2cer,r=abc",
        b"n,,n=\xff,r=abc",
        b"n,,n=user,r=",
        b"n,,n=user,r=a\x7f",
        b"n,,m=ext,n=user,r=abc",  # an extension that we would have to understand
        b"n,,n=user,r=abc,x",
        b"n,a=,n=user,r=abc",
        b"p=tls-exporter,,n=user,r=abc",  # not with -PLUS
        b"p=,,n=user,r=abc",
        b"q,,n=user,r=abc",
        b"n,,n=\xc2\xad,r=abc",  # nothing is left of the name
    ],
)
def test_a_wrong_first_message(message):
    """Refused before anybody is looked for."""
    with pytest.raises(Malformed):
        begin("SCRAM-SHA-256").step(message)


def test_plus_needs_a_binding_that_there_is():
    """-PLUS without a binding, with one of another kind, or without TLS is refused."""
    for bindings, message in [(BINDINGS, b"n,,"), (BINDINGS, b"p=tls-other,,"), (None, b"p=tls-exporter,,")]:
        with pytest.raises(Malformed):
            begin("SCRAM-SHA-1-PLUS", bindings=bindings).step(message + b"n=user,r=abc")


def test_somebody_hid_the_plus():
    """``y`` says that the client saw no -PLUS: over TLS we offer it, so somebody changed what we said."""
    with pytest.raises(Malformed):
        begin("SCRAM-SHA-1", bindings=BINDINGS).step(b"y,,n=user,r=abc")
    assert isinstance(begin("SCRAM-SHA-1").step(b"y,,n=user,r=abc"), Lookup)


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"c=biws,r=abc,p=AAAA",  # only his own nonce
        b"c=biws,r=abc3rfcNHYJY1ZVvWVs7jx,p=AAAA",
        b"c=eSws,r=abc3rfcNHYJY1ZVvWVs7j,p=AAAA",  # another header
        b"c=biws,r=abc3rfcNHYJY1ZVvWVs7j",
        b"c=biws,r=abc3rfcNHYJY1ZVvWVs7j,p=A",
        b"c=biws,r=abc3rfcNHYJY1ZVvWVs7j,p=AAAA,x=y",
        b"c=b,r=abc3rfcNHYJY1ZVvWVs7j,p=AAAA",
    ],
)
def test_a_wrong_final_message(message):
    """Refused without a look at the proof."""
    mechanism = begin("SCRAM-SHA-1")
    mechanism.step(b"n,,n=user,r=abc").found(ScramVerifier(b"s", 1, bytes(20), bytes(20)))
    with pytest.raises(Malformed):
        mechanism.step(message)


def test_an_extension_is_let_through():
    """What need not be understood is part of what is proved."""
    mechanism = begin("SCRAM-SHA-1")
    mechanism.step(b"n,,n=user,r=abc,x=1").found(ScramVerifier(b"s", 1, bytes(20), bytes(20)))
    claim = mechanism.step(b"c=biws,r=abc3rfcNHYJY1ZVvWVs7j,x=y,p=AAAA")
    assert claim.credentials.message.endswith(b",c=biws,r=abc3rfcNHYJY1ZVvWVs7j,x=y")


def test_verifiers_as_text():
    """Written and read back; what is damaged is none."""
    verifier = scramkeys.derive("SCRAM-SHA-256", b"pencil", b"salt", 2)
    text = scramkeys.write(verifier)
    assert scramkeys.read("SCRAM-SHA-256", text) == verifier
    bad = [
        None,
        "",
        "x",
        text + ":",
        text.replace("2:", "0:", 1),
        text.replace("2:", "99999999999:", 1),
        "1::AA==:AA==",
    ]
    assert [scramkeys.read("SCRAM-SHA-256", each) for each in bad] == [None] * len(bad)
    assert scramkeys.read("SCRAM-SHA-1", text) is None
