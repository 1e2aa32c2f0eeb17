"""Transfer decoding, charsets and dates."""

from __future__ import annotations

import binascii
from datetime import date

import pytest

from cgpymail.mime.charsets import find_charset, fold_text, text_decoder, to_text
from cgpymail.mime.dates import sent_day
from cgpymail.mime.decode import decode_base64, transfer_decoder


def decode(encoding: str, data: bytes, step: int) -> bytes:
    """All of ``data``, fed in pieces."""
    decoder = transfer_decoder(encoding)
    pieces = [decoder.feed(data[start : start + step]) for start in range(0, len(data), step)]
    return b"".join(pieces) + decoder.close()


UU = b"text before\r\nbegin 644 file\r\n" + binascii.b2a_uu(b"uu text") + b"!!bad\r\n`\r\nend\r\nafter\r\n"


@pytest.mark.parametrize("step", [1, 2, 3, 5, 1000])
@pytest.mark.parametrize(
    ("encoding", "data", "expected"),
    [
        ("base64", b"aGVs\r\nbG8=\r\n", b"hello"),
        ("base64", b"aG!V s\x00bG8", b"hello"),
        ("base64", b"aGVsbG8=aGVsbG8=", b"hello"),
        ("base64", b"aGVsb", b"hel"),
        ("base64", b"", b""),
        ("quoted-printable", b"a=3Db=\r\nc =C3=A4\r\n", b"a=bc \xc3\xa4\r\n"),
        ("quoted-printable", b"100% =ZZ == === ok=", b"100% =ZZ = == ok"),
        ("quoted-printable", b"soft=\r\n=3D=\n=3D", b"soft=="),
        ("quoted-printable", b"no=\rend==\r=41=\r\n\n", b"no=\rend=\rA\n"),
        ("7bit", b"as it is=20", b"as it is=20"),
        ("x-unknown", b"as it is=20", b"as it is=20"),
        ("x-uuencode", UU, b"uu text"),
        ("uuencode", b"no uu at all", b""),
    ],
)
def test_decoding_in_pieces_of_any_size(encoding: str, data: bytes, expected: bytes, step: int) -> None:
    """How the disk cuts a body does not matter, nor what garbage is in it."""
    assert decode(encoding, data, step) == expected


def test_whole_base64_at_once() -> None:
    """As encoded words have it, often without padding."""
    assert decode_base64(b"aGk") == b"hi"


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("UTF-8", "utf_8"),
        ('"utf8"', "utf_8"),
        ("ISO-8859-15", "iso8859_15"),
        ("windows-1252", "cp1252"),
        ("ks_c_5601-1987", "cp949"),
        ("GB2312", "gb18030"),
        ("us-ascii", "ascii"),
        ("zlib", None),
        ("idna", None),
        ("punycode", None),
        ("unicode_escape", None),
        ("", None),
        ("x" * 1000, None),
    ],
)
def test_charsets_by_name(name: str, codec: str | None) -> None:
    """Registered names, those that senders use instead, and nothing that is no charset."""
    assert find_charset(name) == codec


@pytest.mark.parametrize(
    ("data", "charset", "expected"),
    [
        ("ä".encode(), "utf-8", "ä"),
        (b"\xe4", "iso-8859-1", "ä"),
        (b"\xe4", "utf-8", "ä"),
        ("ä".encode(), "us-ascii", "ä"),
        (b"\xe4", "", "ä"),
        (b"\xe4", "nobody-knows", "ä"),
        ("日本".encode("iso2022_jp"), "iso-2022-jp", "日本"),
        ("ä".encode("utf-16"), "utf-16", "ä"),
        (b"\x00a\x00b", "utf-16", "ab"),
        (b"\xff\xff", "big5", "\ufffd\ufffd"),
    ],
)
def test_text_is_readable_whatever_its_charset(data: bytes, charset: str, expected: str) -> None:
    """Wrong and unknown charsets give something to read."""
    assert to_text(data, charset) == expected


def test_character_cut_between_pieces_is_whole() -> None:
    """Also when the second half shows that it is no UTF-8."""
    decoder = text_decoder("utf-8")
    assert [decoder.decode(b"a\xc3"), decoder.decode(b"\xa4b"), decoder.decode(b"", True)] == ["a", "äb", ""]
    decoder = text_decoder("")
    assert [decoder.decode(b"a\xc3"), decoder.decode(b"bc"), decoder.decode(b"\xe4", True)] == ["a", "Ãbc", "ä"]


def test_folding_forgets_case_width_and_composition() -> None:
    """What a user would call the same text."""
    assert fold_text("STRASSE") == fold_text("straße")
    assert fold_text("A\u0308") == fold_text("ä")
    assert fold_text("Ｆｕｌｌ") == "full"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Mon, 7 Feb 1994 21:52:25 -0800 (PST)", date(1994, 2, 7)),
        (b"7 Feb 94 21:52 EST", date(1994, 2, 7)),
        (b"Thu, 01-Jan-2026 00:00:00 +1400", date(2026, 1, 1)),
        (b"1 September 126 12:00", date(2026, 9, 1)),
        (b"2026-01-31T10:00:00Z", date(2026, 1, 31)),
        (b"Mon, 31 Feb 2026 10:00", None),
        (b"10 Foo 2026", None),
        (b"", None),
        (b"9" * 100_000, None),
        (b"1 - - - - - " * 10_000, None),
    ],
)
def test_day_in_a_date_field(value: bytes, expected: date | None) -> None:
    """As the sender wrote it; zones disregarded."""
    assert sent_day(value) == expected
