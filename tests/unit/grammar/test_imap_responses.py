"""What the server writes is what RFC 3501 wants to read."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cgpymail.grammar.imap import fetchdata, responses, searchresponses, writing
from cgpymail.grammar.imap.dates import write_date_time
from cgpymail.model.mailbox import ListedMailbox, MailboxStatus

STRINGS = [
    (b"", b'""'),
    (b"a b", b'"a b"'),
    (b'say "x\\y"', b'"say \\"x\\\\y\\""'),
    (b"two\r\nlines", b"{10}\r\ntwo\r\nlines"),
    (b"\xc3\xbc", b"{2}\r\n\xc3\xbc"),
    (b"a\0b", b"{3}\r\na\x80b"),
    (b"a\tb", b"{3}\r\na\tb"),
    (b"x" * 1001, b"{1001}\r\n" + b"x" * 1001),
]


@pytest.mark.parametrize(("value", "wire"), STRINGS, ids=[repr(row[0][:20]) for row in STRINGS])
def test_strings(value, wire):
    """A string is quoted where that is possible, else a literal."""
    assert writing.string(value) == wire


@pytest.mark.parametrize(
    ("value", "wire"),
    [(b"INBOX", b"INBOX"), (b"a/b]", b"a/b]"), (b"nil", b'"nil"'), (b"", b'""'), (b"a b", b'"a b"'), (b"a*", b'"a*"')],
)
def test_astrings(value, wire):
    """Names are atoms where possible, and never look like NIL."""
    assert writing.astring(value) == wire


def test_mailbox_names():
    """Names leave in modified UTF-7 (spec 1, rule 16)."""
    assert writing.mailbox("Entw\u00fcrfe") == b"Entw&APw-rfe"
    assert writing.mailbox("a & b") == b'"a &- b"'


def test_nstring():
    """An absent value is NIL, an empty one is not."""
    assert (writing.nstring(None), writing.nstring(b"")) == (b"NIL", b'""')


STATUS = MailboxStatus(messages=5, recent=1, unseen=2, uidnext=9, uidvalidity=7, highest_modseq=3)
LINES = [
    (responses.status_line(b"a", b"OK", "done"), b"a OK done\r\n"),
    (responses.status_line(b"*", b"NO", "no", b"ALERT"), b"* NO [ALERT] no\r\n"),
    (responses.status_line(b"*", b"BAD", "x\r\n* OK \u00fc"), b"* BAD x??* OK ?\r\n"),
    (responses.status_line(b"*", b"OK", ""), b"* OK .\r\n"),
    (responses.continue_line(), b"+ Go ahead\r\n"),
    (responses.challenge_line(b""), b"+ \r\n"),
    (responses.flags_line(["\\Seen", "Junk"]), b"* FLAGS (\\Seen Junk)\r\n"),
    (
        responses.list_line(b"LIST", ListedMailbox("a b/c", ("\\HasNoChildren", "\\Sent"))),
        b'* LIST (\\HasNoChildren \\Sent) "/" "a b/c"\r\n',
    ),
    (responses.list_line(b"LSUB", ListedMailbox("INBOX")), b'* LSUB () "/" INBOX\r\n'),
    (responses.separator_line(b"LIST", ""), b'* LIST (\\Noselect) "/" ""\r\n'),
    (responses.separator_line(b"LIST", "~john/"), b'* LIST (\\Noselect) "/" ~john/\r\n'),
    (responses.status_data_line("x", ("UNSEEN", "MESSAGES"), STATUS), b"* STATUS x (UNSEEN 2 MESSAGES 5)\r\n"),
    (
        responses.status_data_line("x", ("RECENT", "RECENT", "UIDNEXT", "UIDVALIDITY"), STATUS),
        b"* STATUS x (RECENT 1 UIDNEXT 9 UIDVALIDITY 7)\r\n",
    ),
    (searchresponses.search_line([]), b"* SEARCH\r\n"),
    (searchresponses.search_line([2, 84]), b"* SEARCH 2 84\r\n"),
    (responses.namespace_line([("", "/")], [("~", "/")], []), b'* NAMESPACE (("" "/")) (("~" "/")) NIL\r\n'),
    (responses.id_line([("name", "x"), ("os", None)]), b'* ID ("name" "x" "os" NIL)\r\n'),
    (responses.id_line([]), b"* ID NIL\r\n"),
    (responses.exists_line(3), b"* 3 EXISTS\r\n"),
    (responses.recent_line(3), b"* 3 RECENT\r\n"),
    (responses.expunge_line(3), b"* 3 EXPUNGE\r\n"),
    (responses.appenduid_code(38505, [3955]), b"APPENDUID 38505 3955"),
    (responses.copyuid_code(1, [304, 319, 320], [3956, 3957, 3958]), b"COPYUID 1 304,319:320 3956:3958"),
]


@pytest.mark.parametrize(("line", "wire"), LINES, ids=[repr(row[1]) for row in LINES])
def test_lines(line, wire):
    """Each response as the client sees it."""
    assert line == wire


def test_uids_keep_their_order():
    """COPYUID pairs are by position, so UIDs are never sorted."""
    assert responses.uid_list([5, 6, 3, 4, 9]) == b"5:6,3:4,9"
    assert responses.uid_list([]) == b""


DATES = [
    (0, b'"01-Jan-1970 00:00:00 +0000"'),
    (837596665, b'"17-Jul-1996 09:44:25 +0000"'),
    (-1, b'"31-Dec-1969 23:59:59 +0000"'),
    (1 << 62, b'"31-Dec-9999 23:59:59 +0000"'),
    (-(1 << 62), b'"01-Jan-0001 00:00:00 +0000"'),
]


@pytest.mark.parametrize(("seconds", "wire"), DATES)
def test_dates(seconds, wire):
    """Every internal date can be shown."""
    assert write_date_time(seconds) == wire


def test_items():
    """Data items of a FETCH response."""
    assert fetchdata.flags_item(("\\Seen", "x")) == b"FLAGS (\\Seen x)"
    assert fetchdata.size_item(10) == b"RFC822.SIZE 10"
    assert fetchdata.internal_date_item(0) == b'INTERNALDATE "01-Jan-1970 00:00:00 +0000"'
    assert fetchdata.section_start(b"BODY[]", 100) == b"BODY[] {100}\r\n"


@dataclass
class Address:
    """As the MIME engine gives it."""

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None


@dataclass
class Envelope:
    """As the MIME engine gives it."""

    date: bytes | None
    subject: bytes | None
    from_: list[Address]
    sender: list[Address]
    reply_to: list[Address]
    to: list[Address]
    cc: list[Address]
    bcc: list[Address]
    in_reply_to: bytes | None
    message_id: bytes | None


def test_envelope():
    """The order of RFC 3501 7.4.2, NIL for what is not there."""
    john = Address(b"John", None, b"john", b"example.org")
    value = Envelope(b"today", b"=?utf-8?q?x?=", [john], [john], [john], [john, john], [], [], None, b"<1@x>")
    one = b'("John" NIL "john" "example.org")'
    assert fetchdata.envelope_text(value) == (
        b'("today" "=?utf-8?q?x?=" (%b) (%b) (%b) (%b) NIL NIL NIL "<1@x>")' % (one, one, one, one + one)
    )
    nothing = Envelope(None, None, [], [], [], [], [], [], None, None)
    assert fetchdata.envelope_text(nothing) == fetchdata.EMPTY_ENVELOPE


@dataclass
class Part:
    """As the MIME engine gives it."""

    type: str = "text"
    subtype: str = "plain"
    params: tuple[tuple[str, bytes], ...] = ()
    id: bytes | None = None
    description: bytes | None = None
    encoding: str = "7bit"
    md5: bytes | None = None
    disposition: tuple[str, tuple[tuple[str, bytes], ...]] | None = None
    language: tuple[bytes, ...] = ()
    location: bytes | None = None
    start: int = 0
    size: int = 10
    lines: int = 2
    parts: tuple[Part, ...] = ()


IMAGE = Part(
    "image", "png", (("name", b"a.png"),), b"<i>", b"pic", "base64", b"sum", ("inline", ()), (b"de",), b"http://x"
)
STRUCTURES = [
    (Part(), b'("text" "plain" NIL NIL NIL "7bit" 10 2)', b" NIL NIL NIL NIL)"),
    (
        IMAGE,
        b'("image" "png" ("name" "a.png") "<i>" "pic" "base64" 10)',
        b' "sum" ("inline" NIL) "de" "http://x")',
    ),
    (
        Part(language=(b"de", b"en"), disposition=("attachment", (("filename", b"\xfc"),))),
        b'("text" "plain" NIL NIL NIL "7bit" 10 2)',
        b' NIL ("attachment" ("filename" {1}\r\n\xfc)) ("de" "en") NIL)',
    ),
    (Part("multipart", "mixed"), b'("application" "octet-stream" NIL NIL NIL "7bit" 10)', b" NIL NIL NIL NIL)"),
    (Part("message", "rfc822"), b'("application" "octet-stream" NIL NIL NIL "7bit" 10)', b" NIL NIL NIL NIL)"),
]


@pytest.mark.parametrize(("part", "basic", "extension"), STRUCTURES)
def test_single_parts(part, basic, extension):
    """A single part; BODY leaves the extension data out."""
    assert fetchdata.structure_text(part, {}, extended=False) == basic
    assert fetchdata.structure_text(part, {}, extended=True) == basic[:-1] + extension


TEXT = b'("text" "plain" NIL NIL NIL "7bit" 10 2)'
TEXT_EXTENDED = TEXT[:-1] + b" NIL NIL NIL NIL)"


def test_multiparts():
    """Children side by side, then the subtype, then the parameters of the multipart."""
    mixed = Part("multipart", "mixed", (("boundary", b"x"),), parts=(Part(), Part()))
    assert fetchdata.structure_text(mixed, {}, extended=False) == b"(" + TEXT + TEXT + b' "mixed")'
    assert fetchdata.structure_text(mixed, {}, extended=True) == (
        b"(" + TEXT_EXTENDED + TEXT_EXTENDED + b' "mixed" ("boundary" "x") NIL NIL NIL)'
    )


def test_international_messages_inside():
    """message/global is like message/rfc822 in IMAP4rev2, and a file like any other before it (RFC 9051 7.5.2)."""
    outer = Part("message", "global", parts=(Part(start=77),))
    head = b'("message" "global" NIL NIL NIL "7bit" 10'
    everything = {"extended": False, "messages": fetchdata.ALL_MESSAGES}
    assert fetchdata.structure_text(outer, {77: b"(E)"}, extended=False) == head + b")"
    assert fetchdata.structure_text(outer, {77: b"(E)"}, **everything) == head + b" (E) " + TEXT + b" 2)"
    encoded = Part("message", "global")
    assert (
        fetchdata.structure_text(encoded, {}, **everything) == b'("application" "octet-stream" NIL NIL NIL "7bit" 10)'
    )


def test_messages_inside():
    """A message in a message shows its envelope, its structure and its lines."""
    outer = Part("message", "rfc822", parts=(Part(start=77),))
    head = b'("message" "rfc822" NIL NIL NIL "7bit" 10 '
    assert fetchdata.structure_text(outer, {77: b"(E)"}, extended=False) == head + b"(E) " + TEXT + b" 2)"
    assert fetchdata.structure_text(outer, {}, extended=False) == (
        head + fetchdata.EMPTY_ENVELOPE + b" " + TEXT + b" 2)"
    )
