"""SASLprep (RFC 4013)."""

import pytest

from cgpymail.grammar.saslprep import Prohibited, saslprep


@pytest.mark.parametrize(
    ("text", "prepared"),
    [
        ("I\u00adX", "IX"),  # the examples of RFC 4013, section 3
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("a\u00a0b", "a b"),
        ("u\u0308", "\u00fc"),
        ("", ""),
        ("\u0627\u0628", "\u0627\u0628"),
        ("\U0001f600", "\U0001f600"),  # unknown to Unicode 3.2: let through
    ],
)
def test_what_looks_alike_becomes_alike(text, prepared):
    """However a client composes a password, it is the same one."""
    assert saslprep(text) == prepared


@pytest.mark.parametrize(
    "text", ["\u0007", "\u0627\u0031", "\u0627x\u0628", "a\u0000", "\u200e", "\ue000", "\ufffd", "\x7f"]
)
def test_what_is_prohibited(text):
    """Control characters, private ones and mixed directions of writing."""
    with pytest.raises(Prohibited):
        saslprep(text)
