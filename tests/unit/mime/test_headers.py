"""Header blocks: fields, folding, choice of fields, encoded words."""

from __future__ import annotations

import pytest

from cgpymail.mime.headers import MAX_WORDS, decode_words, first_values, select_fields, split_fields, unfold

BLOCK = b"From: a\r\nX-Long: one\r\n\ttwo\r\n three\r\nno field\r\nSUBJECT : hello\r\nfrom: b\r\n\r\n"


def test_fields_come_in_order_with_their_octets() -> None:
    """Names ignore case, old white space before the colon is allowed, lines that are no fields have no name."""
    fields = list(split_fields(BLOCK, 100))
    assert [field.name for field in fields] == [b"from", b"x-long", b"", b"subject", b"from"]
    assert b"".join(field.raw for field in fields) + b"\r\n" == BLOCK
    assert fields[1].value == b" one\r\n\ttwo\r\n three\r"


def test_no_more_fields_than_allowed_are_looked_at() -> None:
    """A header of a million fields costs no more than the limit."""
    assert len(list(split_fields(b"a:\r\n" * 1000, 10))) == 10
    assert first_values(b"a:1\r\n" * 1000, {b"a"}, 10) == {b"a": [b"1"] * 10}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b" one\r\n\ttwo\r\n three\r", b"one\ttwo three"),
        (b"", b""),
        (b" \r\n \r\n x", b"x"),
        (b"bare\n lf", b"bare lf"),
    ],
)
def test_unfolding_takes_away_line_ends_only(value: bytes, expected: bytes) -> None:
    """RFC 5322 2.2.3: the white space stays."""
    assert unfold(value) == expected


def test_chosen_fields_are_the_octets_of_the_message() -> None:
    """HEADER.FIELDS keeps folding, spelling and order, and ends with a blank line."""
    assert select_fields(BLOCK, {b"x-long", b"from"}, 100) == (
        b"From: a\r\nX-Long: one\r\n\ttwo\r\n three\r\nfrom: b\r\n\r\n"
    )
    assert select_fields(BLOCK, {b"to"}, 100) == b"\r\n"


def test_all_other_fields_are_the_rest() -> None:
    """HEADER.FIELDS.NOT has the lines that are no fields too."""
    assert select_fields(BLOCK, {b"x-long", b"from"}, 100, others=True) == b"no field\r\nSUBJECT : hello\r\n\r\n"


def test_fields_behind_the_limit_count_as_others() -> None:
    """What is not looked into cannot match."""
    block = b"A: 1\r\nB: 2\r\nA: 3\r\n\r\n"
    assert select_fields(block, {b"a"}, 2) == b"A: 1\r\n\r\n"
    assert select_fields(block, {b"a"}, 2, others=True) == b"B: 2\r\nA: 3\r\n\r\n"


def test_cut_header_still_ends_with_a_blank_line() -> None:
    """A message that ends within its header."""
    assert select_fields(b"A: 1\r\nB: 2", {b"b"}, 9) == b"B: 2\r\n\r\n"


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"plain", "plain"),
        (b"=?iso-8859-1?Q?J=F6rg?=", "Jörg"),
        (b"=?UTF-8?B?SsO2cmc=?= <j@x>", "Jörg <j@x>"),
        (b"=?utf-8?q?a_b?= =?utf-8?q?c?=", "a bc"),
        (b"=?utf-8?q?a?= b =?utf-8?q?c?=", "a b c"),
        (b"=?utf-8?B?w6Q=?=\t=?utf-8?Q?_=C3?= =?utf-8?Q?=A4?=", "ä ä"),
        (b"=?utf-8*de?q?sprache?=", "sprache"),
        (b"=?x-none?q?read=61ble?=", "readable"),
        (b"=?utf-8?q?with space?=", "with space"),
        (b"=?utf-8?b?!!!?=", ""),
        (b"=?utf-8?x?kept?=", "=?utf-8?x?kept?="),
        (b"=?utf-8?q?open", "=?utf-8?q?open"),
        (b"=?gb2312?B?1tDOxA==?=", "中文"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        ("raw ü".encode(), "raw ü"),
        ("raw ü".encode("latin-1"), "raw ü"),
        (b" =?utf-8?q?x?=", " x"),
    ],
)
def test_encoded_words_become_text(value: bytes, expected: str) -> None:
    """Search finds what a mail program shows."""
    assert decode_words(value) == expected


def test_a_thousand_encoded_words_are_decoded() -> None:
    """The rest of such a field stays readable as it is."""
    text = decode_words(b"=?utf-8?q?a?= " * (MAX_WORDS + 1))
    assert text == "a" * MAX_WORDS + " =?utf-8?q?a?= "
