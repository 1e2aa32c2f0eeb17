"""CRAM-MD5, EXTERNAL, OAUTHBEARER, XOAUTH2 on the server's side."""

import hmac

import pytest

from cgpymail.grammar.sasl.mechanism import Claim, Malformed, Situation
from cgpymail.grammar.sasl.registry import MECHANISMS
from cgpymail.model.identity import CramCredentials, ExternalCredentials, TokenCredentials


def begin(name):
    return MECHANISMS[name].begin(Situation("1896", "postoffice.reston.mci.net", 697170952))


def test_cram_md5():
    """The example of RFC 2195, section 2."""
    mechanism = begin("CRAM-MD5")
    challenge = mechanism.start()
    assert challenge == b"<1896.697170952@postoffice.reston.mci.net>"
    claim = mechanism.step(b"tim b913a602c7eda7a495b4e6e7334d3890")
    assert claim == Claim(CramCredentials("tim", challenge, "b913a602c7eda7a495b4e6e7334d3890"))
    assert hmac.new(b"tanstaaftanstaaf", challenge, "md5").hexdigest() == claim.credentials.digest


def test_cram_names_may_have_blanks():
    """The digest is what follows the last one."""
    mechanism = begin("CRAM-MD5")
    mechanism.start()
    assert mechanism.step(b"tim o'leary " + b"A" * 32).credentials.login == "tim o'leary"


@pytest.mark.parametrize("answer", [b"", b"tim", b"tim " + b"g" * 32, b" " + b"a" * 32, b"\xff " + b"a" * 32])
def test_cram_malformed(answer):
    """Not a name and a digest."""
    mechanism = begin("CRAM-MD5")
    mechanism.start()
    with pytest.raises(Malformed):
        mechanism.step(answer)


def test_cram_has_no_initial_response():
    """An answer to a challenge that was not given proves nothing."""
    with pytest.raises(Malformed):
        begin("CRAM-MD5").step(b"tim " + b"a" * 32)


def test_external():
    """The authorization identity, or none."""
    assert begin("EXTERNAL").step(b"") == Claim(ExternalCredentials())
    assert begin("EXTERNAL").step("jürgen".encode()) == Claim(ExternalCredentials(authzid="jürgen"))
    with pytest.raises(Malformed):
        begin("EXTERNAL").step(b"a\0b")


def test_oauthbearer():
    """The example of RFC 7628, section 4.1."""
    said = (
        b"n,a=user@example.com,\x01host=server.example.com\x01port=143\x01"
        b"auth=Bearer vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==\x01\x01"
    )
    token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
    claim = begin("OAUTHBEARER").step(said)
    assert claim.credentials == TokenCredentials("OAUTHBEARER", token, authzid="user@example.com")
    assert claim.refused == b'{"status":"invalid_token"}'
    assert begin("OAUTHBEARER").step(b"n,,\x01auth=Bearer a\x01\x01").credentials.authzid == ""


def test_xoauth2():
    """As the providers that invented it describe it."""
    claim = begin("XOAUTH2").step(b"user=someuser@example.com\x01auth=Bearer ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdm\x01\x01")
    token = "ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdm"
    assert claim.credentials == TokenCredentials("XOAUTH2", token, authzid="someuser@example.com")
    assert claim.refused


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("OAUTHBEARER", said)
        for said in (
            b"",
            b"\x01",
            b"n,,",
            b"n,,\x01\x01",
            b"n,,\x01auth=Bearer a\x01",
            b"n,,\x01auth=Basic a\x01\x01",
            b"n,,\x01auth=Bearer \x01\x01",
            b"n,,\x01auth=Bearer a b\x01\x01",
            b"n,,\x01auth=Bearer a\x01auth=Bearer b\x01\x01",
            b"n,,\x01auth=Bearer a\x01nothing\x01\x01",
            b"n,,more\x01auth=Bearer a\x01\x01",
            b"p=tls-exporter,,\x01auth=Bearer a\x01\x01",
        )
    ]
    + [("XOAUTH2", said) for said in (b"", b"\x01", b"auth=Bearer a\x01\x01", b"user=\x01auth=Bearer a\x01\x01")],
)
def test_token_malformed(name, said):
    """Refused before a token is looked at."""
    with pytest.raises(Malformed):
        begin(name).step(said)
