"""Which messages SEARCH finds (RFC 3501 6.4.4), and what it reads to know."""

from __future__ import annotations

import base64
import quopri
from calendar import timegm
from collections.abc import Callable
from datetime import date

import pytest
from twisted.internet.defer import Deferred, succeed

from cgpymail.errors import StorageFailed
from cgpymail.manager.search import search
from cgpymail.model import flags
from cgpymail.model.search import (
    Age,
    All,
    And,
    Body,
    EmailId,
    HasFlag,
    HasKeyword,
    Header,
    Internal,
    Not,
    Numbers,
    Or,
    Saved,
    SaveDate,
    SearchKey,
    Sent,
    Size,
    Text,
    When,
)
from cgpymail.model.uidset import STAR, NumberSet, UidSet
from cgpymail.runtime.limits import DEFAULTS
from tests.support.results import result
from tests.support.searchable import Mail, Mailbox


def found(mailbox: Mailbox, key: SearchKey, pause: Callable[[], Deferred[None]] = lambda: succeed(None)) -> list[int]:
    """The UIDs of an ended search."""
    return result(Deferred.fromCoroutine(search(mailbox, key, DEFAULTS, pause)))


def mail(head: str = "", body: str | bytes = "", mask: int = 0) -> Mail:
    """A message; lines of the head are written with LF."""
    octets = body if isinstance(body, bytes) else body.encode()
    return Mail(head.encode().replace(b"\n", b"\r\n") + b"\r\n" + octets, mask)


def matches(key: SearchKey, *mails: Mail, piece: int = 1 << 16) -> list[bool]:
    """For each message whether it is found."""
    mailbox = Mailbox(list(mails), piece=piece)
    uids = found(mailbox, key)
    assert all(content.released for _, content in mailbox.contents)
    return [mail.uid in uids for mail in mails]


# -- columns -----------------------------------------------------------------------------------------------------


def test_flags() -> None:
    """SEEN and UNSEEN, without reading any message."""
    mailbox = Mailbox([mail(mask=flags.SEEN), mail(mask=flags.FLAGGED), mail(mask=flags.SEEN | flags.FLAGGED)])
    assert found(mailbox, HasFlag(flags.SEEN)) == [10, 30]
    assert found(mailbox, HasFlag(flags.SEEN, present=False)) == [20]
    assert found(mailbox, All()) == [10, 20, 30]
    assert mailbox.headers_read == mailbox.bodies_read == []


def test_recent_is_the_sessions_own() -> None:
    """NEW and OLD by the UIDs that this session was given as recent."""
    mailbox = Mailbox([mail(), mail(mask=flags.RECENT), mail()], recent=UidSet.from_ranges([(15, 40)]))
    assert found(mailbox, HasFlag(flags.RECENT)) == [20, 30]
    assert found(mailbox, HasFlag(flags.RECENT, present=False)) == [10]


def test_keywords_ignore_case_and_may_be_unknown() -> None:
    """UNKEYWORD of a keyword that the mailbox does not have is every message."""
    mailbox = Mailbox([Mail(b"", keywords=0b10), Mail(b"", keywords=0b01)])
    mailbox.keywords.define(1, "Work")
    assert found(mailbox, HasKeyword("WORK")) == [10]
    assert found(mailbox, HasKeyword("work", present=False)) == [20]
    assert found(mailbox, HasKeyword("none")) == []
    assert found(mailbox, HasKeyword("none", present=False)) == [10, 20]


def test_sizes_exclude_the_size_itself() -> None:
    """LARGER and SMALLER."""
    mailbox = Mailbox([Mail(b"x" * size) for size in (9, 10, 11)])
    assert found(mailbox, Size(larger=True, octets=10)) == [30]
    assert found(mailbox, Size(larger=False, octets=10)) == [10]


@pytest.mark.parametrize(("when", "expected"), [(When.BEFORE, [10]), (When.ON, [20, 30]), (When.SINCE, [20, 30, 40])])
def test_internal_dates_are_days(when: When, expected: list[int]) -> None:
    """BEFORE, ON and SINCE: the time of day does not count."""
    midnight = timegm((2026, 3, 1, 0, 0, 0))
    mailbox = Mailbox([Mail(b"", date=midnight + seconds) for seconds in (-1, 0, 86_399, 86_400)])
    assert found(mailbox, Internal(when, date(2026, 3, 1))) == expected


def test_save_dates_or_else_internal_dates() -> None:
    """Where the save date is not known the internal date stands in (RFC 8514 4.3)."""
    day = 86_400
    mailbox = Mailbox([Mail(b"", date=day, saved=3 * day), Mail(b"", date=2 * day), Mail(b"", date=9 * day, saved=1)])
    assert found(mailbox, SaveDate(When.ON, date(1970, 1, 4))) == [10]
    assert found(mailbox, SaveDate(When.SINCE, date(1970, 1, 3))) == [10, 20]
    assert found(mailbox, SaveDate(When.BEFORE, date(1970, 1, 3))) == [30]


def test_age_is_counted_from_now() -> None:
    """YOUNGER and OLDER, both with the second itself (RFC 5032)."""
    mailbox = Mailbox([Mail(b"", date=second) for second in (99, 100, 101)], now=160)
    assert found(mailbox, Age(younger=True, seconds=60)) == [20, 30]
    assert found(mailbox, Age(younger=False, seconds=60)) == [10, 20]
    assert found(mailbox, Not(Age(younger=False, seconds=1_000))) == [10, 20, 30]


def test_saved_result() -> None:
    """What the search before saved, as far as it is still there."""
    mailbox = Mailbox([mail(), mail(), mail()], saved=UidSet.of([5, 20, 30, 99]))
    assert found(mailbox, Saved()) == [20, 30]
    assert found(mailbox, Not(Saved())) == [10]


def test_numbers_and_uids() -> None:
    """ "*" is the last message; UIDs and numbers that are not there are none."""
    mailbox = Mailbox([mail(), mail(), mail()])
    assert found(mailbox, Numbers(NumberSet(((2, STAR),)), uid=False)) == [20, 30]
    assert found(mailbox, Numbers(NumberSet(((10, 20), (99, 99))), uid=True)) == [10, 20]
    assert found(mailbox, Numbers(NumberSet(((STAR, STAR),)), uid=True)) == [30]
    assert found(Mailbox([]), Numbers(NumberSet(((1, STAR),)), uid=True)) == []


def test_and_or_not() -> None:
    """The three ways to join keys."""
    mailbox = Mailbox([mail(mask=mask) for mask in (0, flags.SEEN, flags.DRAFT, flags.SEEN | flags.DRAFT)])
    seen, draft = HasFlag(flags.SEEN), HasFlag(flags.DRAFT)
    assert found(mailbox, And((seen, draft))) == [40]
    assert found(mailbox, Or(seen, draft)) == [20, 30, 40]
    assert found(mailbox, Not(Or(seen, draft))) == [10]
    assert found(mailbox, And((Not(seen), Not(draft)))) == [10]
    assert found(mailbox, And(())) == [10, 20, 30, 40]


# -- headers -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("head", "text", "expected"),
    [
        ("Subject: Hello World\n", "lo wo", True),
        ("SUBJECT: x\n", "y", False),
        ("Subject: folded\n here\n", "folded here", True),
        ("Subject: =?utf-8?q?J=C3=B6rg?=\n", "JÖRG", True),
        ("Subject: =?utf-8?b?w4Q=?= =?utf-8?b?cGZlbA==?=\n", "äpfel", True),
        ("Subject: =?iso-8859-1?q?stra=DFe?=\n", "STRASSE", True),
        ("Subject: roh ü\n", "Ü", True),
        ("Subject: A\u0308\n", "ä", True),
        ("Subject: =?utf-8?q?x?=\n", "?utf-8?q", True),
        ("Subject: one\nSubject: two\n", "two", True),
        ("Subject:\n", "", True),
        ("To: x\n", "", False),
        ("X-Subject: hello\n", "hello", False),
    ],
)
def test_header_fields(head: str, text: str, expected: bool) -> None:
    """SUBJECT and HEADER: decoded, case ignored; an empty text asks whether the field is there."""
    assert matches(Header("subject", text), mail(head)) == [expected]


def test_addresses_are_found_as_written() -> None:
    """FROM finds name and address."""
    one = mail('From: "Doe, J. \\"JD\\"" =?utf-8?q?=C3=A9?= <j.doe@example.com>\n')
    for text in ("J.DOE@example", "doe, j", "é"):
        assert matches(Header("from", text), one) == [True]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        (When.BEFORE, [True, False, False, False, False]),
        (When.ON, [False, True, True, False, False]),
        (When.SINCE, [False, True, True, True, False]),
    ],
)
def test_sent_dates_are_the_senders_days(when: When, expected: list[bool]) -> None:
    """SENTBEFORE, SENTON, SENTSINCE; a message without a date that can be read matches none of them."""
    dates = ["28 Feb 2026 23:59 +0000", "Sun, 1 Mar 2026 00:00 -1200", "1 Mar 2026 23:59 +1400", "2 Mar 26", "soon"]
    mails = [mail(f"Date: {text}\n") for text in dates]
    assert matches(Sent(when, date(2026, 3, 1)), *mails) == expected


# -- bodies ------------------------------------------------------------------------------------------------------

ENCODED = [
    mail("", "plain GRÜSSE text"),
    mail("Content-Type: text/plain; charset=iso-8859-1\n", "grüße".encode("latin-1")),
    mail(
        "Content-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: base64\n",
        base64.encodebytes("<b>Grüße</b>".encode() * 100),
    ),
    mail(
        "Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n",
        quopri.encodestring(b"x" * 70 + "Grüße".encode()),
    ),
    mail("Content-Type: text/plain; charset=utf-16\n", "Grüße".encode("utf-16")),
    mail("Content-Type: text/plain; charset=nobody\n", "Grüße".encode()),
]


@pytest.mark.parametrize("piece", [1, 3, 100, 1 << 16])
def test_bodies_are_decoded(piece: int) -> None:
    """BODY finds what a mail program shows, whatever the encodings and wherever a piece ends."""
    assert matches(Body("grüsse"), *ENCODED, piece=piece) == [True] * len(ENCODED)
    assert matches(Body("grüssen"), *ENCODED, piece=piece) == [False] * len(ENCODED)


def test_body_is_not_the_header_and_text_is_both() -> None:
    """BODY leaves the header of the message out."""
    mails = [mail("Subject: needle\n", "x"), mail("Subject: x\n", "needle"), mail("X-Needle: y\n", "x")]
    assert matches(Body("needle"), *mails) == [False, True, False]
    assert matches(Text("NEEDLE"), *mails) == [True, True, True]
    assert matches(Text("x-needle: y"), *mails) == [False, False, True]


def test_text_finds_encoded_words_and_broken_lines_of_the_header() -> None:
    """TEXT decodes headers like SUBJECT does."""
    mails = [mail("Subject: =?utf-8?q?gr=C3=BCn?=\n"), mail("no field but grün\n"), mail("Subject: gr\u00fc\n n\n")]
    assert matches(Text("grün"), *mails) == [True, True, False]
    assert matches(Text("a b"), mail("Subject: a\n b\n")) == [True]


def test_attachments_that_are_no_text_are_not_searched() -> None:
    """Only text parts, and the headers of messages inside."""
    head = "Content-Type: multipart/mixed; boundary=b\n"
    body = (
        "preamble\r\n--b\r\nContent-Type: image/png\r\n\r\npicture\r\n--b\r\nContent-Type: text/plain\r\n\r\nwords\r\n"
        "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: =?utf-8?q?inn=65r?=\r\n\r\ndeep\r\n--b--\r\nepilogue"
    )
    one = mail(head, body)
    assert [matches(Body(text), one)[0] for text in ("words", "inner", "deep")] == [True] * 3
    assert [matches(Body(text), one)[0] for text in ("picture", "preamble", "epilogue", "image/png")] == [False] * 4


def test_empty_text_is_in_every_body() -> None:
    """And no message is read for it."""
    mailbox = Mailbox([mail(), mail()])
    assert found(mailbox, Body("")) == found(mailbox, Text("")) == [10, 20]
    assert mailbox.bodies_read == []


# -- what it costs, and others meanwhile ---------------------------------------------------------------------------


def test_cheap_keys_go_first() -> None:
    """BODY x SUBJECT y UNSEEN reads the headers of the unseen, and the bodies of those with the subject."""
    mailbox = Mailbox(
        [mail("Subject: y\n", "x", flags.SEEN), mail("Subject: n\n", "x"), mail("Subject: y\n", "x"), mail("", "x")]
    )
    key = And((Body("x"), Header("subject", "y"), HasFlag(flags.SEEN, present=False)))
    assert found(mailbox, key) == [30]
    assert mailbox.headers_read == [20, 30, 40]
    assert mailbox.bodies_read == [30]


def test_or_reads_only_what_the_cheap_key_left() -> None:
    """OR BODY x SEEN reads no body of a seen message."""
    mailbox = Mailbox([mail("", "x", flags.SEEN), mail("", "x"), mail("", "y")])
    assert found(mailbox, Or(Body("x"), HasFlag(flags.SEEN))) == [10, 20]
    assert mailbox.bodies_read == [20, 30]


def test_keys_cost_what_is_in_them() -> None:
    """A NOT or OR with a body in it waits for the flags."""
    mailbox = Mailbox([mail("", "x", flags.SEEN), mail("", "x")])
    for costly in (Not(Body("y")), Or(Body("x"), HasFlag(flags.DRAFT)), And((Body("x"), All()))):
        assert found(mailbox, And((costly, HasFlag(flags.SEEN)))) == [10]
    assert mailbox.bodies_read == [10, 10, 10]


def test_messages_that_vanish_are_not_found() -> None:
    """Another session expunges while the search runs: neither the text nor its opposite finds the message."""
    mailbox = Mailbox([mail("", "x"), mail("", "x"), mail("", "y")])
    mailbox.mails[0].gone = True
    assert found(mailbox, Body("x")) == [20]
    assert found(mailbox, Not(Body("x"))) == [30]
    assert found(mailbox, Or(Not(Text("x")), Body("x"))) == [20, 30]
    assert found(mailbox, Or(Text("x"), Body("y"))) == [20, 30]


def test_message_that_ends_early_is_a_failure() -> None:
    """A disk that lies is reported, not searched."""
    mailbox = Mailbox([mail("", "x")], piece=0)
    with pytest.raises(StorageFailed):
        found(mailbox, Body("x"))
    assert all(content.released for _, content in mailbox.contents)


def test_reactor_gets_its_turn() -> None:
    """A search through large bodies, many headers or many rows pauses, and goes on when it is let."""
    for mailbox, key in [
        (Mailbox([mail("", "x" * 3_000_000)]), Body("y")),
        (Mailbox([mail("Subject: x\n") for _ in range(500)]), Header("subject", "y")),
        (Mailbox([mail(f"Subject: =?utf-8?q?x?=\n{'A: b' * 10}\n") for _ in range(500)]), Text("y")),
        (Mailbox([mail() for _ in range(500)]), EmailId("M0")),
        (Mailbox([mail() for _ in range(2_000)]), And((HasFlag(flags.SEEN, present=False),) * 100)),
    ]:
        turns: list[Deferred[None]] = []

        def pause(turns: list[Deferred[None]] = turns) -> Deferred[None]:
            turns.append(Deferred())
            return turns[-1]

        ended: list[list[int]] = []
        Deferred.fromCoroutine(search(mailbox, key, DEFAULTS, pause)).addCallback(ended.append)
        while not ended:
            turns[-1].callback(None)
        assert len(turns) >= 5
