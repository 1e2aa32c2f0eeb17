"""Whatever a client sends in an exchange, the mechanisms raise nothing but the declared errors."""

import base64

from hypothesis import given, settings
from hypothesis import strategies as st

from cgpymail.grammar.sasl.exchange import Exchange
from cgpymail.grammar.sasl.mechanism import Claim, Lookup, SaslError, Situation
from cgpymail.grammar.sasl.registry import MECHANISMS
from cgpymail.grammar.sasl.scramkeys import HASHES, read, write
from cgpymail.grammar.saslprep import Prohibited, saslprep
from cgpymail.model.identity import ScramVerifier, TlsFacts

TOKEN = "00ff00ff"
WORDS = b"n,, y,, p=tls-exporter,, a=x, n=user ,r=abc 00ff00ff c=biws ,p=AAAA m=1, user=john john =2C = , x=1".split()
PIECES = st.sampled_from([*WORDS, b"\x01", b"\x01\x01", b"\0", b"auth=Bearer abc", b" " + b"a" * 32])
RESPONSES = st.one_of(st.binary(max_size=60), st.lists(PIECES, max_size=9).map(b"".join))
LINES = st.one_of(RESPONSES.map(base64.b64encode), st.binary(max_size=30))


@given(
    name=st.sampled_from(sorted(MECHANISMS)),
    tls=st.booleans(),
    initial=st.one_of(st.none(), LINES),
    lines=st.lists(LINES, max_size=4),
)
@settings(max_examples=400, deadline=None)
def test_only_declared_errors(name, tls, initial, lines):
    """Challenges, questions, claims or SaslError, at every step."""
    facts = TlsFacts({"tls-exporter": b"x"}) if tls else None
    exchange = Exchange(MECHANISMS[name], Situation(TOKEN, "host", 1, facts), 200)
    try:
        step = exchange.first(initial)
        for line in lines:
            if isinstance(step, Lookup):
                step = step.found(ScramVerifier(b"salt", 1, bytes(32), bytes(32)))
            if isinstance(step, Claim):
                return
            assert isinstance(step, bytes)
            step = exchange.feed(line)
    except SaslError as problem:
        assert str(problem).isascii()


@given(st.text(max_size=30))
@settings(max_examples=200, deadline=None)
def test_preparing_once_is_enough(text):
    """A prepared text that can be prepared again stays as it is, and nothing but Prohibited is raised."""
    try:
        prepared = saslprep(text)
        again = saslprep(prepared)
    except Prohibited:
        return
    assert again == prepared


@given(st.sampled_from(sorted(HASHES)), st.binary(min_size=1, max_size=30), st.integers(1, 10_000_000), st.data())
@settings(max_examples=50, deadline=None)
def test_verifiers_come_back(method, salt, iterations, data):
    """What is written of a verifier is read back; other texts are none, without an error."""
    size = {"SCRAM-SHA-1": 20, "SCRAM-SHA-256": 32}[method]
    keys = [data.draw(st.binary(min_size=size, max_size=size)) for _ in range(2)]
    verifier = ScramVerifier(salt, iterations, *keys)
    assert read(method, write(verifier)) == verifier
    read(method, data.draw(st.text(max_size=40)))
