"""SEARCH against an evaluation that looks at one message at a time and knows nothing of cost."""

from __future__ import annotations

import base64
import quopri
from datetime import UTC, date, datetime

from hypothesis import given
from hypothesis import strategies as st
from twisted.internet.defer import Deferred, succeed

from cgpymail.manager.search import search
from cgpymail.model import flags
from cgpymail.model.search import (
    Age,
    All,
    And,
    Body,
    HasFlag,
    HasKeyword,
    Header,
    Internal,
    Not,
    Numbers,
    Or,
    Saved,
    SearchKey,
    Sent,
    Size,
    Text,
    When,
)
from cgpymail.model.uidset import NumberSet, UidSet
from cgpymail.runtime.limits import DEFAULTS
from tests.support.results import result
from tests.support.searchable import Mail, Mailbox

TEXTS = st.text(st.sampled_from("abAB ä"), max_size=6)
DAYS = st.dates(date(2026, 1, 1), date(2026, 1, 4))
CODINGS = ["7bit", "base64", "quoted-printable"]


class Sample(Mail):
    """A message, and what it was made from."""

    subject: str
    body: str
    sent: date


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """A message with a subject, a date and a body in some encoding."""
    subject, body, sent, coding = draw(TEXTS), draw(TEXTS), draw(DAYS), draw(st.sampled_from(CODINGS))
    word = base64.b64encode(subject.encode()).decode()
    head = f"Subject: =?utf-8?b?{word}?=\r\nDate: {sent.day} Jan 2026 12:00 +0000\r\nX-Other: q\r\n"
    octets = body.encode()
    if coding == "base64":
        octets = base64.encodebytes(octets)
    elif coding == "quoted-printable":
        octets = quopri.encodestring(octets)
    head += f"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: {coding}\r\n\r\n"
    seconds = draw(st.integers(0, 4 * 86_400))
    sample = Sample(
        head.encode() + octets,
        flags=draw(st.sampled_from([0, flags.SEEN, flags.SEEN | flags.DRAFT, flags.DELETED])),
        keywords=draw(st.integers(0, 3)),
        date=int(datetime(2026, 1, 1, tzinfo=UTC).timestamp()) + seconds,
    )
    sample.subject, sample.body, sample.sent = subject, body, sent
    return sample


def mailboxes() -> st.SearchStrategy[Mailbox]:
    """A few messages, some of them recent, bodies read in pieces of one to five octets."""
    recent = st.lists(st.integers(1, 60), max_size=4).map(UidSet.of)
    now = int(datetime(2026, 1, 5, tzinfo=UTC).timestamp())
    return st.builds(
        Mailbox, st.lists(samples(), max_size=6), recent, piece=st.integers(1, 5), saved=recent, now=st.just(now)
    )


NUMBERS = st.lists(st.tuples(st.integers(0, 70), st.integers(0, 70)), min_size=1, max_size=3)
LEAVES: st.SearchStrategy[SearchKey] = st.one_of(
    st.just(All()),
    st.builds(HasFlag, st.sampled_from([flags.SEEN, flags.DRAFT, flags.DELETED, flags.RECENT]), st.booleans()),
    st.builds(HasKeyword, st.sampled_from(["one", "TWO", "none"]), st.booleans()),
    st.builds(Header, st.sampled_from(["subject", "x-other", "to"]), TEXTS),
    st.builds(Body, TEXTS),
    st.builds(Text, TEXTS),
    st.builds(Size, st.booleans(), st.integers(150, 260)),
    st.builds(Internal, st.sampled_from(When), DAYS),
    st.builds(Sent, st.sampled_from(When), DAYS),
    st.builds(Age, st.booleans(), st.integers(1, 4 * 86_400)),
    st.just(Saved()),
    st.builds(Numbers, NUMBERS.map(lambda pairs: NumberSet(tuple(pairs))), st.booleans()),
)
KEYS = st.recursive(
    LEAVES,
    lambda keys: st.one_of(
        st.builds(Not, keys),
        st.builds(Or, keys, keys),
        st.builds(And, st.lists(keys, max_size=3).map(tuple)),
    ),
    max_leaves=8,
)


def within(day: date, when: When, limit: date) -> bool:
    """A date key."""
    return {When.BEFORE: day < limit, When.ON: day == limit, When.SINCE: day >= limit}[when]


def contains(text: str, wanted: str) -> bool:
    """Case ignored."""
    return wanted.lower() in text.lower()


def names(key: SearchKey, mailbox: Mailbox, seq: int, mail: Mail) -> bool:
    """Whether ``key`` names this message."""
    assert isinstance(mail, Sample)
    match key:
        case All():
            return True
        case HasFlag(flags.RECENT, present):
            return (mail.uid in mailbox.recent) == present
        case HasFlag(bit, present):
            return bool(mail.flags & bit) == present
        case HasKeyword(name, present):
            return bool(mail.keywords & {"one": 1, "TWO": 2, "none": 0}[name]) == present
        case Header("subject", text):
            word = mail.octets.split(b"\r\n")[0].decode().removeprefix("Subject: ")
            return contains(mail.subject, text) or contains(word, text)
        case Header(field, text):
            return field == "x-other" and contains("q", text)
        case Body(text):
            return contains(mail.body, text)
        case Text(text):
            head = mail.octets.split(b"\r\n\r\n")[0].decode()
            return contains(head, text) or contains(f"Subject: {mail.subject}", text) or contains(mail.body, text)
        case Size(larger, octets):
            return len(mail.octets) > octets if larger else len(mail.octets) < octets
        case Internal(when, day):
            return within(datetime.fromtimestamp(mail.date, UTC).date(), when, day)
        case Sent(when, day):
            return within(mail.sent, when, day)
        case Age(younger, seconds):
            age = mailbox.now - mail.date
            return age <= seconds if younger else age >= seconds
        case Saved():
            return mail.uid in mailbox.saved
        case Numbers(numbers, by_uid):
            last = mailbox.mails[-1].uid if by_uid else len(mailbox.mails)
            number = mail.uid if by_uid else seq
            return any(min(a or last, b or last) <= number <= max(a or last, b or last) for a, b in numbers.parts)
        case Not(inner):
            return not names(inner, mailbox, seq, mail)
        case Or(first, second):
            return names(first, mailbox, seq, mail) or names(second, mailbox, seq, mail)
        case And(keys):
            return all(names(each, mailbox, seq, mail) for each in keys)


@given(mailboxes(), KEYS)
def test_search_finds_what_a_naive_evaluation_finds(mailbox: Mailbox, key: SearchKey) -> None:
    """Any program on any mailbox."""
    mailbox.keywords.define(0, "One")
    mailbox.keywords.define(1, "Two")
    found = result(Deferred.fromCoroutine(search(mailbox, key, DEFAULTS, lambda: succeed(None))))
    assert found == [mail.uid for seq, mail in enumerate(mailbox.mails, 1) if names(key, mailbox, seq, mail)]
