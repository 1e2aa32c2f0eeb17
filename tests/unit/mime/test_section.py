"""BODY[...] to octets (RFC 3501 6.4.5)."""

from __future__ import annotations

import pytest

from cgpymail.mime.section import choose_fields, section_range
from cgpymail.model.section import Section, Specifier
from tests.unit.mime.samples import NESTED, scan, wire

THREE = wire("Subject: three\nContent-Type: multipart/alternative; boundary=inner\n\n")


def octets(message: bytes, section: Section) -> bytes | None:
    """What the section names in a message."""
    found = section_range(scan(message), section)
    return None if found is None else message[slice(*found)]


@pytest.mark.parametrize(
    ("path", "specifier", "expected"),
    [
        ((), Specifier.WHOLE, NESTED),
        ((), Specifier.HEADER, NESTED[: NESTED.index(b"preamble")]),
        ((), Specifier.FIELDS, NESTED[: NESTED.index(b"preamble")]),
        ((), Specifier.TEXT, NESTED[NESTED.index(b"preamble") :]),
        ((), Specifier.MIME, None),
        ((1,), Specifier.WHOLE, b"one"),
        ((1,), Specifier.MIME, b"Content-Type: text/plain\r\n\r\n"),
        ((1,), Specifier.HEADER, None),
        ((1,), Specifier.TEXT, None),
        ((3,), Specifier.HEADER, THREE),
        ((3,), Specifier.FIELDS_NOT, THREE),
        ((3,), Specifier.MIME, b"Content-Type: message/rfc822\r\n\r\n"),
        ((3, 1), Specifier.WHOLE, b"three one"),
        ((3, 1), Specifier.MIME, b"\r\n"),
        ((4,), Specifier.WHOLE, b"Subject: four\r\n\r\nfour one"),
        ((4,), Specifier.TEXT, b"four one"),
        ((4, 1), Specifier.WHOLE, b"four one"),
        ((4, 1), Specifier.MIME, b"Subject: four\r\n\r\n"),
        ((4, 1), Specifier.TEXT, None),
        ((9,), Specifier.WHOLE, None),
    ],
)
def test_sections_of_a_nested_message(path: tuple[int, ...], specifier: Specifier, expected: bytes | None) -> None:
    """What is not there is None, never an error."""
    assert octets(NESTED, Section(path, specifier)) == expected


def test_part_one_of_a_plain_message_is_its_body() -> None:
    """And its MIME header is the header of the message."""
    message = b"Subject: x\r\n\r\nbody\r\n"
    assert octets(message, Section((1,))) == b"body\r\n"
    assert octets(message, Section((1,), Specifier.MIME)) == b"Subject: x\r\n\r\n"
    assert octets(message, Section((1,), Specifier.TEXT)) is None
    assert octets(message, Section((1, 1))) is None


def test_fields_are_chosen_whatever_their_case() -> None:
    """HEADER.FIELDS (subject) and its opposite."""
    fields = ("sUbject", "x-none")
    assert choose_fields(THREE, Section((3,), Specifier.FIELDS, fields), 10) == b"Subject: three\r\n\r\n"
    assert choose_fields(THREE, Section((3,), Specifier.FIELDS_NOT, fields), 10) == THREE[16:]
