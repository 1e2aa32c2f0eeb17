"""Every search key of RFC 3501 6.4.4, charsets and limits."""

from __future__ import annotations

from datetime import date

import pytest

from cgpymail.grammar.imap import searchcommands as m
from cgpymail.grammar.imap.errors import CharsetError, CommandError
from cgpymail.grammar.imap.reading import read_command
from cgpymail.grammar.imap.tokens import ReadLimits
from cgpymail.model import flags
from cgpymail.model import search as s
from cgpymail.model.uidset import NumberSet
from tests.support.imapwire import read

DAY = date(1994, 2, 1)
SEEN, UNSEEN = s.HasFlag(flags.SEEN), s.HasFlag(flags.SEEN, False)

KEYS = [
    (b"ALL", s.All()),
    (b"ANSWERED", s.HasFlag(flags.ANSWERED)),
    (b"BCC x", s.Header("bcc", "x")),
    (b"BEFORE 1-Feb-1994", s.Internal(s.When.BEFORE, DAY)),
    (b'BODY "a b"', s.Body("a b")),
    (b"CC x", s.Header("cc", "x")),
    (b"DELETED", s.HasFlag(flags.DELETED)),
    (b"DRAFT", s.HasFlag(flags.DRAFT)),
    (b"FLAGGED", s.HasFlag(flags.FLAGGED)),
    (b'FROM "Smith"', s.Header("from", "Smith")),
    (b'HEADER X-Spam ""', s.Header("x-spam", "")),
    (b"KEYWORD $Forwarded", s.HasFlag(flags.REDIRECTED)),
    (b"KEYWORD junk", s.HasFlag(flags.BY_NAME["Junk"].bit)),
    (b"KEYWORD NotJunk", s.HasKeyword("NotJunk")),
    (b"KEYWORD NonJunk", s.HasKeyword("NonJunk")),
    (b"KEYWORD $Junk", s.HasKeyword("$Junk")),
    (b"LARGER 100", s.Size(True, 100)),
    (b"NEW", s.And((s.HasFlag(flags.RECENT), UNSEEN))),
    (b"NOT SEEN", s.Not(SEEN)),
    (b"OLD", s.HasFlag(flags.RECENT, False)),
    (b"OLDER 86400", s.Age(False, 86_400)),
    (b'ON "1-Feb-1994"', s.Internal(s.When.ON, DAY)),
    (b"OR SEEN (UNSEEN ALL)", s.Or(SEEN, s.And((UNSEEN, s.All())))),
    (b"RECENT", s.HasFlag(flags.RECENT)),
    (b"seen", SEEN),
    (b"SENTBEFORE 01-feb-1994", s.Sent(s.When.BEFORE, DAY)),
    (b"SENTON 1-FEB-1994", s.Sent(s.When.ON, DAY)),
    (b"SENTSINCE 1-Feb-1994", s.Sent(s.When.SINCE, DAY)),
    (b"SINCE 1-Feb-1994", s.Internal(s.When.SINCE, DAY)),
    (b"SMALLER 0", s.Size(False, 0)),
    (b"SUBJECT {3}\r\na\rb", s.Header("subject", "a\rb")),
    (b"TEXT x", s.Text("x")),
    (b"TO x", s.Header("to", "x")),
    (b"UID 5:*", s.Numbers(NumberSet(((5, 0),)), True)),
    (b"UNANSWERED", s.HasFlag(flags.ANSWERED, False)),
    (b"UNDELETED", s.HasFlag(flags.DELETED, False)),
    (b"UNDRAFT", s.HasFlag(flags.DRAFT, False)),
    (b"UNFLAGGED", s.HasFlag(flags.FLAGGED, False)),
    (b"UNKEYWORD $Label1", s.HasFlag(flags.BY_NAME["Label1"].bit, False)),
    (b"UNKEYWORD todo", s.HasKeyword("todo", False)),
    (b"UNSEEN", UNSEEN),
    (b"younger 1", s.Age(True, 1)),
    (b"2,4:7", s.Numbers(NumberSet(((2, 2), (4, 7))), False)),
    (b"*", s.Numbers(NumberSet(((0, 0),)), False)),
    (b"SEEN UNSEEN ", s.And((SEEN, UNSEEN))),
    (b"((SEEN))", SEEN),
    (b"OR NOT SEEN OR UNSEEN 1", s.Or(s.Not(SEEN), s.Or(UNSEEN, s.Numbers(NumberSet(((1, 1),)), False)))),
]


@pytest.mark.parametrize(("text", "key"), KEYS, ids=[repr(row[0]) for row in KEYS])
def test_keys(text, key):
    """Each key is understood as the RFC defines it."""
    assert read(b"a SEARCH " + text + b"\r\n") == m.Search(b"a", key, False)
    assert read(b"a UID SEARCH " + text + b"\r\n") == m.Search(b"a", key, True)


CHARSETS = [
    (b"US-ASCII", b"x", "x"),
    (b"utf-8", "\u00fc\u20ac".encode(), "\u00fc\u20ac"),
    (b'"ISO-8859-1"', b"\xfc", "\u00fc"),
    (b"windows-1252", b"\x80", "\u20ac"),
    (b"KOI8-R", "\u0416".encode("koi8-r"), "\u0416"),
    (b"Shift_JIS", "\u65e5".encode("shift_jis"), "\u65e5"),
    (b"ISO-2022-JP", "\u65e5".encode("iso-2022-jp"), "\u65e5"),
    (b"gb18030", "\u65e5".encode("gb18030"), "\u65e5"),
]


@pytest.mark.parametrize(("charset", "octets", "text"), CHARSETS)
def test_charsets(charset, octets, text):
    """Texts arrive decoded, whatever charset the client says it writes."""
    line = b"a SEARCH CHARSET %b SUBJECT {%d+}\r\n%b\r\n" % (charset, len(octets), octets)
    assert read(line) == m.Search(b"a", s.Header("subject", text), False)


def test_utf8_without_charset():
    """Clients that write UTF-8 without saying so are understood."""
    assert read('a SEARCH SUBJECT "\u00fc"\r\n'.encode()) == m.Search(b"a", s.Header("subject", "\u00fc"), False)


@pytest.mark.parametrize(
    "charset", [b"x-unknown", b"UTF-16", b"UTF-7", b"rot13", b"idna", b"base64", b"cp037", b'""', b'"../x"', b"hz"]
)
def test_unknown_charsets(charset):
    """A charset that is none, or in which ASCII is not ASCII, is refused as such and not as bad syntax."""
    with pytest.raises(CharsetError) as caught:
        read_command(b"a SEARCH CHARSET " + charset + b" ALL")
    assert caught.value.tag == b"a"


def test_unknown_charsets_are_not_remembered():
    """Made-up charset names leave nothing behind in the interpreter."""
    import encodings

    before = len(encodings._cache)
    for number in range(50):
        with pytest.raises(CharsetError):
            read_command(b"a SEARCH CHARSET x-%d ALL" % number)
    assert len(encodings._cache) == before


BAD = [
    (b"", "A space expected"),
    (b" ", "A search key expected"),
    (b" FOO", "Unknown search key"),
    (b" SEENX", "Unknown search key"),
    (b" SEEN UNSEEN)", "A space expected"),
    (b" (SEEN", "A space expected"),
    (b" ()", "A search key expected"),
    (b" NOT", "A space expected"),
    (b" OR SEEN", "A space expected"),
    (b" FROM", "A space expected"),
    (b" ON 31-Feb-1994", "A date such as 1-Feb-1994 expected"),
    (b' ON " 1-Feb-1994"', "A date such as 1-Feb-1994 expected"),
    (b" ON yesterday", "A date such as 1-Feb-1994 expected"),
    (b" LARGER x", "A number expected"),
    (b" LARGER 12345678901234567890", "A number expected"),
    (b" YOUNGER 0", "A number of seconds expected"),
    (b" OLDER 1-Feb-1994", "A space expected"),
    (b" KEYWORD \\Seen", "A keyword expected"),
    (b" UID x", "A set of message numbers expected"),
    (b" 0", "A set of message numbers expected"),
    (b' SUBJECT "\xff"', "The text is not valid in its charset"),
    (b" CHARSET", "Unknown search key"),
    (b" CHARSET UTF-8", "A space expected"),
]


@pytest.mark.parametrize(("text", "reason"), BAD, ids=[repr(row[0]) for row in BAD])
def test_ill_formed_searches(text, reason):
    """What cannot be understood is answered with a reason."""
    with pytest.raises(CommandError) as caught:
        read_command(b"a SEARCH" + text)
    assert caught.value.reason == reason
    assert not isinstance(caught.value, CharsetError)


FEW = ReadLimits(nesting=3, arguments=4, search_keys=6)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"ALL ALL ALL ALL ALL ALL ALL", "Too many search keys"),
        (b"((((ALL))))", "The search keys are nested too deeply"),
        (b"NOT NOT NOT ALL", "The search keys are nested too deeply"),
        (b"OR ALL OR ALL OR ALL ALL", "The search keys are nested too deeply"),
    ],
)
def test_limits(text, reason):
    """Keys in great number or depth are refused."""
    with pytest.raises(CommandError, match=reason):
        read_command(b"a SEARCH " + text, (), FEW)


def test_a_flood_of_parentheses():
    """64 KB of opening parentheses are refused, not followed."""
    with pytest.raises(CommandError, match="nested too deeply"):
        read_command(b"a SEARCH " + b"(" * 65_000)


def test_depth_counts_levels_not_keys():
    """Keys side by side are not nested."""
    assert isinstance(read_command(b"a SEARCH (ALL) (ALL) (ALL)", (), ReadLimits(2, 4, 10)), m.Search)
