"""The SASL mechanisms of the servers (RFC 4422, 4616, 4959)."""

from base64 import b64encode

import pytest

from cgpymail.grammar.sasl.exchange import Exchange
from cgpymail.grammar.sasl.mechanism import Cancelled, Claim, Malformed, Situation
from cgpymail.grammar.sasl.registry import MECHANISMS
from cgpymail.model.identity import PlainCredentials
from cgpymail.runtime.limits import DEFAULTS

SITUATION = Situation("3rfcNHYJY1ZVvWVs7j", "mail.example.org", 1_700_000_000)


def begin(name, limit=DEFAULTS.sasl_line):
    return Exchange(MECHANISMS[name], SITUATION, limit)


def plain(login, password, authzid=""):
    return Claim(PlainCredentials(login, password, authzid))


def test_plain_initial():
    """AUTHENTICATE PLAIN with an initial response logs in at once."""
    assert begin("PLAIN").first(b64encode(b"\0john\0sec ret")) == plain("john", b"sec ret")


def test_plain_asked():
    """Without initial response the server sends an empty challenge first."""
    exchange = begin("PLAIN")
    assert exchange.first(None) == b""
    assert exchange.feed(b64encode("boss\0jürgen\0pä".encode())) == plain("jürgen", "pä".encode(), "boss")


def test_login():
    """LOGIN asks for name and password."""
    exchange = begin("LOGIN")
    assert exchange.first(None) == b64encode(b"Username:")
    assert exchange.feed(b64encode(b"john")) == b64encode(b"Password:")
    assert exchange.feed(b64encode(b"secret")) == plain("john", b"secret")


def test_login_initial():
    """An initial response of LOGIN is the name."""
    exchange = begin("LOGIN")
    assert exchange.first(b64encode(b"john")) == b64encode(b"Password:")
    assert exchange.feed(b"") == plain("john", b"")


def test_non_ascii_password():
    """A password that is not ASCII or not UTF-8 arrives as it is (spec 9.1.13: not to be imitated)."""
    exchange = begin("LOGIN")
    exchange.first(b64encode(b"john"))
    assert exchange.feed(b64encode(b"\xff\xfe\0")) == plain("john", b"\xff\xfe\0")


@pytest.mark.parametrize(("name", "lines"), [("PLAIN", 0), ("LOGIN", 0), ("LOGIN", 1)])
def test_cancel(name, lines):
    """A client may give up at every step."""
    exchange = begin(name)
    exchange.first(None)
    for _ in range(lines):
        exchange.feed(b64encode(b"john"))
    with pytest.raises(Cancelled):
        exchange.feed(b"*")


@pytest.mark.parametrize(
    "line",
    [b"!!", b"YQ", b"YQ=", b"YQ==YQ==", b" YQ==", b"="]
    + [b64encode(text) for text in (b"john", b"\0\0pass", b"a\0b\0c\0d", b"\0\xff\0p")],
)
def test_plain_malformed(line):
    """A response that is not base64, or not PLAIN, is refused."""
    exchange = begin("PLAIN")
    exchange.first(None)
    with pytest.raises(Malformed):
        exchange.feed(line)


def test_empty_initial():
    """``=`` is an empty initial response: not a valid PLAIN message."""
    with pytest.raises(Malformed, match="PLAIN wants"):
        begin("PLAIN").first(b"=")


def test_limit():
    """A line over the limit is refused before it is decoded."""
    with pytest.raises(Malformed, match="too long"):
        begin("PLAIN", limit=8).first(b"A" * 12)
