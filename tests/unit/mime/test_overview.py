"""What SORT and THREAD know of a message."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from cgpymail.mime.casemap import casemap
from cgpymail.mime.dates import sent_time
from cgpymail.mime.messageids import message_ids
from cgpymail.mime.overview import MOST_REFERENCES, Overview, parse_overview
from cgpymail.runtime.limits import DEFAULTS


def overview(head: str) -> Overview:
    """Of a header whose lines are written with LF."""
    return parse_overview(head.encode().replace(b"\n", b"\r\n") + b"\r\n", DEFAULTS)


def test_a_header_without_anything() -> None:
    """What is not there is empty, and has no date."""
    assert overview("") == Overview(None, "", False, "", "", "", "", "", b"", b"")


def test_first_addresses() -> None:
    """Local parts without host, as i;unicode-casemap compares them; names decoded."""
    found = overview(
        "From: =?utf-8?q?J=C3=BCrgen?= <juergen@example.org>, x@y\nTo: Bob@example.org (Bobby)\nCc: friends: a@b;\n"
    )
    assert (found.from_, found.to, found.cc) == ("JUERGEN", "BOB", "FRIENDS")
    assert (found.display_from, found.display_to) == (casemap("J\u00fcrgen"), "BOBBY")


def test_what_is_shown_of_an_address_without_a_name() -> None:
    """The address; of a group its name (RFC 5957)."""
    assert overview("From: bob@Example.org\n").display_from == "BOB@EXAMPLE.ORG"
    assert overview("From: friends: a@b;\n").display_from == "FRIENDS"
    assert overview("From: root\n").display_from == "ROOT"


def test_subject_is_decoded_before_it_is_stripped() -> None:
    """Marks in encoded words are marks."""
    found = overview("Subject: =?utf-8?q?Re:_=5Blist=5D_Gr=C3=BC=C3=9Fe?=\n =?utf-8?q?_(fwd)?=\n")
    assert (found.subject, found.reply) == (casemap("Gr\u00fc\u00dfe"), True)


def test_references_or_else_the_first_of_in_reply_to() -> None:
    """RFC 5256: In-Reply-To only where References has no valid Message-ID."""
    one, two, three = (overview(f"Message-ID: <{number}@x>\n").message_id for number in (1, 2, 3))
    both = overview('References: <1@x>\n\t<"2"@x>\nIn-Reply-To: <3@x>\n')
    assert both.chain == [one, two]
    assert overview("References: none\nIn-Reply-To: yours of <3@x> and <1@x>\n").chain == [three]
    assert overview("In-Reply-To: yours\n").chain == []
    assert len({one, two, three, b""}) == 4
    assert overview("Message-ID: none\n").message_id == b""


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (b"Sat, 01 Jan 2000 16:01:33 -0800", datetime(2000, 1, 2, 0, 1, 33)),
        (b"1 Jan 2000 10:00 +0130", datetime(2000, 1, 1, 8, 30)),
        (b"1 Jan 2000 10:00:01", datetime(2000, 1, 1, 10, 0, 1)),
        (b"1 Jan 2000 10:00 EDT", datetime(2000, 1, 1, 14)),
        (b"1 Jan 2000 10:00 XYZ", datetime(2000, 1, 1, 10)),
        (b"1 Jan 2000 10:00 +0199", datetime(2000, 1, 1, 10)),
        (b"1 Jan 2000 25:00 +0000", datetime(2000, 1, 1)),
        (b"1 Jan 2000", datetime(2000, 1, 1)),
        (b"2000-01-01T10:00:00.5Z", datetime(2000, 1, 1, 10)),
        (b"1 Jan 1900 00:00 GMT", datetime(1900, 1, 1)),
    ],
)
def test_sent_times(value: bytes, expected: datetime) -> None:
    """In UTC; what is no time counts as midnight, what is no zone as none (RFC 5256 2.2)."""
    assert sent_time(value) == int(expected.replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize("value", [b"", b"yesterday", b"31 Feb 2000 10:00", b"10:00"])
def test_no_sent_time(value: bytes) -> None:
    """Without a day there is no date."""
    assert sent_time(value) is None


def test_message_ids() -> None:
    """Valid ones only; quotes that need not be there do not make another one."""
    found = message_ids(b'<a@b> text <"c"@d><no-at> <e f@g> < h@i > <"x\\"y"@z> <open@')
    assert list(found) == [b"a@b", b"c@d", b"h@i", b'x"y@z']


def test_the_nearest_references_count() -> None:
    """Of very many."""
    many = [f"<{number}@x>" for number in range(MOST_REFERENCES + 5)]
    assert overview(f"References: {' '.join(many)}\n") == overview(f"References: {' '.join(many[5:])}\n")


@pytest.mark.parametrize("value", [b"<a@" * 50_000, b"<" + b"a@" * 80_000, b'<"a' * 50_000, b'<"\\"' * 50_000])
def test_message_ids_cost_linear_time(value: bytes) -> None:
    """Whatever a sender writes."""
    start = time.perf_counter()
    assert list(message_ids(value)) == []
    assert time.perf_counter() - start < 0.3


def test_casemap() -> None:
    """RFC 5051: case and composition do not count; other letters keep their order."""
    assert casemap("\u00e4pfel") == casemap("A\u0308PFEL")
    assert casemap("stra\u00dfe") != casemap("strasse")  # one character becomes one
    assert sorted(["b", "A", "\u00e4", "a"], key=casemap) == ["A", "a", "\u00e4", "b"]


def test_an_overview_is_small() -> None:
    """A header of a megabyte leaves no more than what is compared."""
    long = "x" * 300_000
    found = overview(f"Subject: {long}\nFrom: {long} <{long}@x>\nMessage-ID: <{long}@x>\n")
    assert found.octets < 5_000
