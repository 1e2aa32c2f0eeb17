"""Values of the Content-* fields."""

from __future__ import annotations

import pytest

from cgpymail.mime.parameters import (
    MAX_PARAMETERS,
    parameter,
    parameter_octets,
    parse_disposition,
    parse_languages,
    parse_media_type,
    parse_parameters,
    parse_word,
    unquote,
)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"; a=b", (("a", b"b"),)),
        (b'; A="b; c=d" ;e = f', (("a", b"b; c=d"), ("e", b"f"))),
        (b'; a="open', (("a", b"open"),)),
        (b'; a="open\\', (("a", b"open"),)),
        (b"; a=b (comment); c=d", (("a", b"b"), ("c", b"d"))),
        (b"; a=x(1).pdf", (("a", b"x(1).pdf"),)),
        (b"; a; ;; =b; c=", (("c", b""),)),
        (b"no parameters", ()),
    ],
)
def test_parameters_are_raw_without_quotes(value: bytes, expected: object) -> None:
    """Good and bad ones alike; what is no parameter is skipped."""
    assert parse_parameters(value) == expected


def test_a_hundred_parameters_are_enough() -> None:
    """More are not looked at."""
    assert len(parse_parameters(b";a=b" * 100_000)) == MAX_PARAMETERS


@pytest.mark.parametrize(
    ("quoted", "plain"), [(rb"a\"b", b'a"b'), (rb"\\", b"\\"), (rb"\\\"\a", b'\\"a'), (rb"a\\\\b", rb"a\\b")]
)
def test_quoted_pairs(quoted: bytes, plain: bytes) -> None:
    """A backslash stands for what follows it."""
    assert unquote(quoted) == plain


def test_media_types() -> None:
    """Type and subtype are tokens; anything else is no type."""
    assert parse_media_type(b"Text / X-Foo+bar(comment);a=b") == ("text", "x-foo+bar", (("a", b"b"),))
    assert parse_media_type(b"text/plain@") is None


def test_dispositions_words_and_languages() -> None:
    """The word counts, in lower case; an empty value is none."""
    assert parse_disposition(b"ATTACHMENT; filename=x") == ("attachment", (("filename", b"x"),))
    assert parse_disposition(b"; filename=x") is None
    assert parse_word(b" Base64 (x)") == "base64"
    assert parse_languages(b"en, , de-CH,") == (b"en", b"de-CH")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"; name=plain", "plain"),
        (b"; name*=utf-8'en'%C3%A4", "ä"),
        (b"; name*0*=iso-8859-1''%E4; name*1=b; name*2*=%FC", "äbü"),
        (b"; name*1=b; name*0=a", "ab"),
        (b"; name*1=b", None),
        (b"; name*0=a; name*2=c", "a"),
        (b"; name*x=a; other=b", None),
        (b"; name*99999999999999=a", None),
        (b"; name*=no-quotes%41", "no-quotesA"),
    ],
)
def test_parameters_in_pieces_are_put_together(value: bytes, expected: str | None) -> None:
    """RFC 2231, as far as the sender kept to it."""
    assert parameter(parse_parameters(value), "name") == expected


def test_octets_of_a_parameter_are_not_recoded() -> None:
    """A boundary is compared octet by octet."""
    assert parameter_octets(parse_parameters(b"; name*=x''%E4"), "name") == b"\xe4"
    assert parameter_octets((), "name") == b""
