"""Envelopes and address lists."""

from __future__ import annotations

import dataclasses

import pytest

from cgpymail.mime.addresses import Address, Allowance, parse_addresses
from cgpymail.mime.envelope import parse_envelope
from cgpymail.runtime.limits import DEFAULTS

END = Address(None, None, None, None)


def plain(mailbox: bytes, host: bytes = b"x.test", name: bytes | None = None) -> Address:
    """An address without route."""
    return Address(name, None, mailbox, host)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        # RFC 5322 appendix A
        (b"John Doe <jdoe@x.test>", [plain(b"jdoe", name=b"John Doe")]),
        (b'"Joe Q. Public" <joe@x.test>', [plain(b"joe", name=b"Joe Q. Public")]),
        (b"m@x.test, j@x.test (Who?)", [plain(b"m"), plain(b"j", name=b"Who?")]),
        (b'"Giant; \\"Big\\" Box" <s@x.test>', [plain(b"s", name=b'Giant; "Big" Box')]),
        (
            b"A Group:Ed <c@x.test>,joe@x.test,J <j@x.test>;",
            [
                Address(None, None, b"A Group", None),
                plain(b"c", name=b"Ed"),
                plain(b"joe"),
                plain(b"j", name=b"J"),
                END,
            ],
        ),
        (b"Undisclosed recipients:;", [Address(None, None, b"Undisclosed recipients", None), END]),
        (b"Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>", [plain(b"pete", b"silly.test", b"Pete")]),
        (b"Mary <@node.test,@b.test:mary@x.test>", [Address(b"Mary", b"@node.test,@b.test", b"mary", b"x.test")]),
        (b"john . doe @ x . test (old)", [plain(b"john.doe", name=b"old")]),
        (b'"a b"@x.test', [plain(b"a b")]),
        (b"a@[192.0.2.1]", [plain(b"a", b"[192.0.2.1]")]),
        # what senders really write
        (b"a@b.test <a@x.test>", [plain(b"a", name=b"a@b.test")]),
        (b"=?utf-8?q?J=C3=B6rg?= <j@x.test>", [plain(b"j", name=b"=?utf-8?q?J=C3=B6rg?=")]),
        ("Jörg <j@x.test>".encode(), [plain(b"j", name="Jörg".encode())]),
        (b"<j@x.test>", [plain(b"j")]),
        (b'"" <j@x.test>', [plain(b"j")]),
        (b"a@x.test,,, b@x.test,", [plain(b"a"), plain(b"b")]),
        (b"a (one (two) three) <a@x.test>", [plain(b"a", name=b"a")]),
        # broken
        (b"foo", [plain(b"foo", b"")]),
        (b"<>", [plain(b"", b"")]),
        (b"a@b@x.test", [plain(b"a@b")]),
        (b"x <y@x.test> rest, q@x.test", [plain(b"y", name=b"x"), plain(b"q")]),
        (b"group: a@x.test", [Address(None, None, b"group", None), plain(b"a"), END]),
        (b"x <y@x.test> z@q.test", [plain(b"y", name=b"x")]),
        (b"foo ", [plain(b"foo", b"")]),
        (b'"open <a@x.test>', [plain(b"open <a@x.test>", b"")]),
        (b"(open a@x.test", []),
        (b"x <a@x.test", [plain(b"a", name=b"x")]),
        (b"; : , > )", [Address(None, None, b"", None), END]),
        (b"", []),
    ],
)
def test_address_lists(value: bytes, expected: list[Address]) -> None:
    """Every list gives addresses that a client can show."""
    assert list(parse_addresses(value, Allowance(100))) == expected


def test_no_more_addresses_than_allowed() -> None:
    """A list of a million addresses is cut."""
    assert len(parse_addresses(b"a@b," * 1000, Allowance(10))) == 10
    assert len(parse_addresses(b"a:;" * 1000, Allowance(10))) == 10
    assert len(parse_addresses(b"a(b)@c," * 1000, Allowance(10))) == 10


@pytest.mark.parametrize("unit", [b"<", b"(", b"@", b";", b'"', b"a ", b"\\", b"[", b"<@a,"])
def test_garbage_is_read_up_to_a_bound(unit: bytes) -> None:
    """The list ends somewhere, and the addresses before the garbage are told."""
    found = parse_addresses(b"a@x.test, " + unit * 50_000, Allowance(5000))
    assert found[0] == plain(b"a")
    assert len(found) <= 4100


@pytest.mark.parametrize("unit", [b"<", b"a@", b'"', b"a ", b"a:;", b"a,", b"() "])
def test_short_fields_of_garbage_share_one_allowance(unit: bytes) -> None:
    """Hundreds of messages inside a message, each with a little garbage, cost no more than one field of it all."""
    allowance = Allowance(5000)
    fields, octets = 1000, 2000
    found = [parse_addresses(unit * (octets // len(unit)), allowance) for _ in range(fields)]
    assert allowance.tokens == 0
    assert sum(map(len, found)) <= Allowance(5000).tokens + fields * octets // 128
    assert allowance.entries == 5000 - sum(map(len, found)) >= 0


def test_envelope_of_a_message() -> None:
    """Ten facts; sender and reply-to are those of from when absent."""
    header = (
        b"Date: Mon, 7 Feb 1994\r\n 21:52:25 -0800 (PST)\r\nFrom: a@x.test\r\nSubject:\tRe:\r\n\tfolded  \r\n"
        b"To: b@x.test\r\nto: c@x.test\r\nReply-To: \r\nIn-Reply-To: <1@x>\r\nMessage-Id: <2@x>\r\n"
        b"Message-Id: <3@x>\r\nCc:\r\n\r\n"
    )
    envelope = parse_envelope(header, DEFAULTS)
    assert envelope.date == b"Mon, 7 Feb 1994 21:52:25 -0800 (PST)"
    assert envelope.subject == b"Re:\tfolded"
    assert envelope.from_ == envelope.sender == envelope.reply_to == (plain(b"a"),)
    assert envelope.to == (plain(b"b"), plain(b"c"))
    assert (envelope.cc, envelope.bcc) == ((), ())
    assert (envelope.in_reply_to, envelope.message_id) == (b"<1@x>", b"<2@x>")


def test_sender_and_reply_to_of_their_own() -> None:
    """They win over from."""
    envelope = parse_envelope(b"From: a@x.test\r\nSender: s@x.test\r\nReply-To: r@x.test\r\n", DEFAULTS)
    assert envelope.sender == (plain(b"s"),)
    assert envelope.reply_to == (plain(b"r"),)


def test_empty_header_gives_an_empty_envelope() -> None:
    """Nothing there is NIL, an empty subject is an empty string."""
    empty = parse_envelope(b"", DEFAULTS)
    assert empty == dataclasses.replace(empty, date=None, subject=None, in_reply_to=None, message_id=None, from_=())
    assert parse_envelope(b"Subject:\r\n\r\n", DEFAULTS).subject == b""


def test_header_is_looked_at_up_to_its_limits() -> None:
    """Octets and fields behind the limits are not read."""
    header = b"X: y\r\n" * 10 + b"Subject: s\r\n"
    assert parse_envelope(header, dataclasses.replace(DEFAULTS, header_size=60)).subject is None
    assert parse_envelope(header, dataclasses.replace(DEFAULTS, header_fields=10)).subject is None
    assert parse_envelope(header, dataclasses.replace(DEFAULTS, header_fields=11)).subject == b"s"
