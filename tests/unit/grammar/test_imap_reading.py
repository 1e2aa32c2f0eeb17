"""What each IMAP command means, and what is answered to ill-formed ones."""

from __future__ import annotations

import pytest

from cgpymail.grammar.imap import commands as c
from cgpymail.grammar.imap import items as i
from cgpymail.grammar.imap import messagecommands as m
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.reading import read_command
from cgpymail.grammar.imap.tokens import ReadLimits
from cgpymail.model.mailbox import ListChoice
from cgpymail.model.section import Section, Specifier
from cgpymail.model.uidset import NumberSet
from tests.support.imapwire import read

EVERY = NumberSet(((1, 0),))
FIVE = NumberSet(((5, 5),))
UMLAUT = "Entw\u00fcrfe"

COMMANDS = [
    (b"a CAPABILITY", c.Capability(b"a")),
    (b"a noop", c.Noop(b"a")),
    (b"a NOOP  ", c.Noop(b"a")),
    (b"A.1/]~ LOGOUT", c.Logout(b"A.1/]~")),
    (b"a STARTTLS", c.StartTls(b"a")),
    (b"a CHECK", c.Check(b"a")),
    (b"a CLOSE", c.Close(b"a")),
    (b"a UNSELECT", c.Unselect(b"a")),
    (b"a EXPUNGE", m.Expunge(b"a")),
    (b"a UID EXPUNGE 1:5", m.Expunge(b"a", NumberSet(((1, 5),)))),
    (b"a IDLE", c.Idle(b"a")),
    (b"a NAMESPACE", c.Namespace(b"a")),
    (b"a AUTHENTICATE plain", c.Authenticate(b"a", "PLAIN", None)),
    (b"a AUTHENTICATE PLAIN AGpvaG4AcHc=", c.Authenticate(b"a", "PLAIN", b"\0john\0pw")),
    (b"a AUTHENTICATE EXTERNAL =", c.Authenticate(b"a", "EXTERNAL", b"")),
    (b"a LOGIN john secret", c.Login(b"a", b"john", b"secret")),
    (b'a login "john" "pass \\"word\\\\"', c.Login(b"a", b"john", b'pass "word\\')),
    (b'a LOGIN john ""', c.Login(b"a", b"john", b"")),
    (b"a LOGIN {4+}\r\njohn {6}\r\nse\r\nct", c.Login(b"a", b"john", b"se\r\nct")),
    ('a LOGIN john "p\u00e4ss"'.encode(), c.Login(b"a", b"john", "p\u00e4ss".encode())),
    (b"a SELECT inbox", c.Select(b"a", "INBOX")),
    (b'a SELECT "Entw&APw-rfe"', c.Select(b"a", UMLAUT)),
    (b"a SELECT Entw&APw-rfe ", c.Select(b"a", UMLAUT)),
    (b"a EXAMINE {3}\r\nbox", c.Examine(b"a", "box")),
    (b"a CREATE inBox/sub/", c.Create(b"a", "INBOX/sub/")),
    (b"a CREATE x (USE (\\Drafts \\sent))", c.Create(b"a", "x", ("\\Drafts", "\\sent"))),
    (b'a create "x" (use ())', c.Create(b"a", "x")),
    (b"a DELETE [x]", c.Delete(b"a", "[x]")),
    (b'a RENAME "a b" c', c.Rename(b"a", "a b", "c")),
    (b"a SUBSCRIBE x", c.Subscribe(b"a", "x")),
    (b"a UNSUBSCRIBE x", c.Unsubscribe(b"a", "x")),
    (b'a LIST "" *', c.List(b"a", "", ("*",))),
    (b'a LIST "" ""', c.List(b"a", "", ("",))),
    (b"a LIST ~john/ inbox/%", c.List(b"a", "~john/", ("INBOX/%",))),
    (b'a LIST "" "Entw&APw-%"', c.List(b"a", "", ("Entw\u00fc%",))),
    (b'a LIST () "" *', c.List(b"a", "", ("*",), ListChoice(extended=True))),
    (b'a LIST "" (inbox "a b/%")', c.List(b"a", "", ("INBOX", "a b/%"), ListChoice(extended=True))),
    (b'a list (remote Subscribed subscribed) "" *', c.List(b"a", "", ("*",), ListChoice(True, subscribed=True))),
    (
        b'a LIST (RECURSIVEMATCH SUBSCRIBED) "" % return (children)',
        c.List(b"a", "", ("%",), ListChoice(True, subscribed=True, recursive=True)),
    ),
    (
        b'a LIST "" % RETURN (Subscribed status (Unseen messages))',
        c.List(b"a", "", ("%",), ListChoice(True, tell_subscribed=True), ("UNSEEN", "MESSAGES")),
    ),
    (
        b'a LIST (SPECIAL-USE RECURSIVEMATCH) "" % RETURN (SPECIAL-USE)',
        c.List(b"a", "", ("%",), ListChoice(True, special_use=True, recursive=True)),
    ),
    (b'a LIST "" % RETURN ()', c.List(b"a", "", ("%",), ListChoice(True))),
    (b'a LIST "" % RETURN (CHILDREN SUBSCRIBED)', c.List(b"a", "", ("%",), ListChoice(True, tell_subscribed=True))),
    (b'a LSUB "" {1}\r\n%', c.Lsub(b"a", "", "%")),
    (b"a STATUS x (messages UNSEEN)", c.Status(b"a", "x", ("MESSAGES", "UNSEEN"))),
    (
        b"a STATUS x (MESSAGES RECENT UIDNEXT UIDVALIDITY UNSEEN)",
        c.Status(b"a", "x", ("MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN")),
    ),
    (b"a STORE 5 FLAGS ()", m.Store(b"a", FIVE, "set", False, (), False)),
    (b"a STORE 5 flags \\Seen", m.Store(b"a", FIVE, "set", False, ("\\Seen",), False)),
    (b"a STORE 5 +FLAGS (\\Seen $x)", m.Store(b"a", FIVE, "add", False, ("\\Seen", "$x"), False)),
    (b"a UID STORE 5 -flags.silent a b ", m.Store(b"a", FIVE, "remove", True, ("a", "b"), True)),
    (b"a COPY 1:* x", m.Copy(b"a", EVERY, "x", False)),
    (b"a UID COPY 5 INBOX", m.Copy(b"a", FIVE, "INBOX", True)),
    (b"a MOVE 5 x", m.Move(b"a", FIVE, "x", False)),
    (b"a UID MOVE 5 x", m.Move(b"a", FIVE, "x", True)),
    (b"a ID NIL", c.Id(b"a", ())),
    (b"a ID ()", c.Id(b"a", ())),
    (b'a ID ("name" "x" "version" nil)', c.Id(b"a", (("name", "x"), ("version", None)))),
    (b"a UID SEARCH UID 5", read_command(b"a UID SEARCH UID 5")),
]


@pytest.mark.parametrize(("line", "command"), COMMANDS, ids=[repr(row[0]) for row in COMMANDS])
def test_commands(line, command):
    """Every command of the table is understood, in any case and in any form of string."""
    assert read(line + b"\r\n") == command


APPENDS = [
    (b"a APPEND x {3}", m.Append(b"a", "x", m.Message((), None, 3))),
    (b"a APPEND x () {3+}", m.Append(b"a", "x", m.Message((), None, 3))),
    (b"a APPEND x (\\Seen \\Draft k) {3+}", m.Append(b"a", "x", m.Message(("\\Seen", "\\Draft", "k"), None, 3))),
    (b'a APPEND x "17-Jul-1996 02:44:25 -0700" {3+}', m.Append(b"a", "x", m.Message((), 837596665, 3))),
    (b'a APPEND x (a) " 1-Jan-1970 00:00:01 +0000" {3+}', m.Append(b"a", "x", m.Message(("a",), 1, 3))),
    (b'a APPEND x "1-Jan-1970 01:00:60 +0100" {3+}', m.Append(b"a", "x", m.Message((), 59, 3))),
    (b'a APPEND x "31-Dec-1969 23:59:59 +0000" {3+}', m.Append(b"a", "x", m.Message((), -1, 3))),
    (b"a APPEND x ~{3}", m.Append(b"a", "x", m.Message((), None, 3, binary=True))),
    (b"a APPEND x UTF8 (~{3+}", m.Append(b"a", "x", m.Message((), None, 3, binary=True, utf8=True))),
    (b"a REPLACE 4 x {3+}", m.Replace(b"a", NumberSet(((4, 4),)), "x", m.Message((), None, 3), False)),
    (
        b"a uid replace 4 {1+}\r\nx (f) ~{3}",
        m.Replace(b"a", NumberSet(((4, 4),)), "x", m.Message(("f",), None, 3, True), True),
    ),
    (b"a APPEND {5}\r\nINBOX {3+}", m.Append(b"a", "INBOX", m.Message((), None, 3))),
]


@pytest.mark.parametrize(("line", "command"), APPENDS, ids=[repr(row[0]) for row in APPENDS])
def test_append_up_to_its_message(line, command):
    """APPEND is understood before the first octet of the message is there."""
    assert read(line + b"\r\nxyz\r\n") == command


NUMBERS = [
    (b"1", ((1, 1),)),
    (b"*", ((0, 0),)),
    (b"*:4", ((0, 4),)),
    (b"2,4:7,9,12:*", ((2, 2), (4, 7), (9, 9), (12, 0))),
    (b"4294967295", ((4294967295, 4294967295),)),
    (b",".join(b"%d" % n for n in range(1, 100)), tuple((n, n) for n in range(1, 100))),
]


@pytest.mark.parametrize(("text", "parts"), NUMBERS, ids=[repr(row[0][:20]) for row in NUMBERS])
def test_number_sets(text, parts):
    """Sets of messages mean what RFC 3501 says."""
    assert read(b"a COPY " + text + b" x\r\n") == m.Copy(b"a", NumberSet(parts), "x", False)


FLAGS, UID, DATE, SIZE, ENVELOPE = i.Flags(), i.Uid(), i.InternalDate(), i.Size(), i.Envelope()


def body(label, *path, what=Specifier.WHOLE, fields=(), peek=False, part=None):
    """A body section as expected."""
    return i.BodySection(Section(path, what, fields), peek, part, label)


ITEMS = [
    (b"FLAGS", (FLAGS,)),
    (b"(FLAGS uid)", (FLAGS, UID)),
    (b"ALL", (FLAGS, DATE, SIZE, ENVELOPE)),
    (b"FAST ", (FLAGS, DATE, SIZE)),
    (b"full", (FLAGS, DATE, SIZE, ENVELOPE, i.BodyStructure(False))),
    (b"(BODY BODYSTRUCTURE)", (i.BodyStructure(False), i.BodyStructure(True))),
    (b"RFC822.SIZE", (SIZE,)),
    (b"RFC822", (body(b"RFC822"),)),
    (b"RFC822.HEADER", (body(b"RFC822.HEADER", what=Specifier.HEADER, peek=True),)),
    (b"RFC822.TEXT", (body(b"RFC822.TEXT", what=Specifier.TEXT),)),
    (b"BODY[]", (body(b"BODY[]"),)),
    (b"body.peek[]", (body(b"BODY[]", peek=True),)),
    (b"BODY[]<5.10>", (body(b"BODY[]<5>", part=(5, 10)),)),
    (b"BODY[1.2.3]", (body(b"BODY[1.2.3]", 1, 2, 3),)),
    (b"BODY[1.mime]", (body(b"BODY[1.MIME]", 1, what=Specifier.MIME),)),
    (b"BODY[TEXT]", (body(b"BODY[TEXT]", what=Specifier.TEXT),)),
    (b"BODY[2.HEADER]", (body(b"BODY[2.HEADER]", 2, what=Specifier.HEADER),)),
    (
        b"BODY[HEADER.FIELDS (From {2+}\r\nTo)]",
        (body(b"BODY[HEADER.FIELDS (From To)]", what=Specifier.FIELDS, fields=("From", "To")),),
    ),
    (
        b'(UID BODY.PEEK[3.HEADER.FIELDS.NOT ("X-(y")]<0.9>)',
        (
            UID,
            body(
                b'BODY[3.HEADER.FIELDS.NOT ("X-(y")]<0>',
                3,
                what=Specifier.FIELDS_NOT,
                fields=("X-(y",),
                peek=True,
                part=(0, 9),
            ),
        ),
    ),
    (b"BINARY[]", (i.BinarySection((), False, None, b"BINARY[]"),)),
    (b"binary.peek[1.2]<3.4>", (i.BinarySection((1, 2), True, (3, 4), b"BINARY[1.2]<3>"),)),
    (b"(BINARY.SIZE[7] UID)", (i.BinarySize((7,), b"BINARY.SIZE[7]"), UID)),
    (b"(" + b" ".join([b"FLAGS"] * 60) + b")", (FLAGS,) * 60),
]


@pytest.mark.parametrize(("text", "items"), ITEMS, ids=[repr(row[0][:40]) for row in ITEMS])
def test_fetch_items(text, items):
    """FETCH asks for what the client wrote, macros expanded."""
    assert read(b"a FETCH 1:* " + text + b"\r\n") == m.Fetch(b"a", EVERY, items, False)


def test_uid_fetch_always_asks_for_the_uid():
    """The answers to UID FETCH have the UID also when the client did not name it (RFC 3501 6.4.8)."""
    assert read(b"a UID FETCH 5 FLAGS\r\n") == m.Fetch(b"a", FIVE, (UID, FLAGS), True)
    assert read(b"a UID FETCH 5 (FLAGS UID)\r\n") == m.Fetch(b"a", FIVE, (FLAGS, UID), True)


BAD = [
    (b'a LIST (RECURSIVEMATCH) "" *', b"a", "RECURSIVEMATCH needs another selection option"),
    (b'a LIST (RECURSIVEMATCH REMOTE) "" *', b"a", "RECURSIVEMATCH needs another selection option"),
    (b'a LIST (NEWEST) "" *', b"a", "Unknown LIST option"),
    (b'a LIST (CHILDREN) "" *', b"a", "Unknown LIST option"),
    (b'a LIST "" * RETURN (REMOTE)', b"a", "Unknown LIST option"),
    (b'a LIST "" * RETURN', b"a", "Unexpected text at the end of the command"),
    (b'a LIST "" ()', b"a", "A mailbox pattern expected"),
    (b'a LIST "" (a  b)', b"a", "A mailbox pattern expected"),
    (b'a LIST (SUBSCRIBED REMOTE "" *', b"a", "An option expected"),
    (b"", b"", "A tag expected"),
    (b" NOOP", b"", "A tag expected"),
    (b"+ NOOP", b"", "A tag expected"),
    (b"a\0b NOOP", b"", "A tag expected"),
    (b"x" * 65 + b" NOOP", b"", "The tag is too long"),
    (b"a", b"a", "A command expected"),
    (b"a ", b"a", "A command expected"),
    (b"a (", b"a", "A command expected"),
    (b"a  NOOP", b"a", "A command expected"),
    (b"a FROB", b"a", "Unknown command"),
    (b"a UID", b"a", "Unknown command"),
    (b"a UID NOOP", b"a", "Unknown command"),
    (b"a NOOP1", b"a", "Unknown command"),
    (b"a NOOP x", b"a", "Unexpected text at the end of the command"),
    (b"a NOOP\r", b"a", "Unknown command"),
    (b"a LOGIN john", b"a", "A space expected"),
    (b"a LOGIN ", b"a", "A user name expected"),
    (b"a LOGIN john  x", b"a", "A password expected"),
    (b'a LOGIN john "x', b"a", "A password expected"),
    (b'a LOGIN john "x\\y"', b"a", "A password expected"),
    (b"a LOGIN john x\0y", b"a", "Unexpected text at the end of the command"),
    (b"a LOGIN john {1+}\r\n\0", b"a", "A literal cannot hold NUL here"),
    (b"a LOGIN john ~{1+}\r\nx", b"a", "Unexpected text at the end of the command"),
    (b"a AUTHENTICATE", b"a", "A space expected"),
    (b"a AUTHENTICATE PLAIN x%y", b"a", "The initial response is not valid base64"),
    (b"a AUTHENTICATE PLAIN xyz", b"a", "The initial response is not valid base64"),
    (b"a SELECT", b"a", "A space expected"),
    (b"a SELECT x y", b"a", "Unexpected text at the end of the command"),
    (b"a SELECT &x", b"a", "The mailbox name is not valid modified UTF-7"),
    (b"a SELECT &AGE-", b"a", "The mailbox name is not valid modified UTF-7"),
    (b'a SELECT "\xfc"', b"a", "Ill-formed UTF-8"),
    (b"a SELECT a%b", b"a", "Unexpected text at the end of the command"),
    (b'a LIST ""', b"a", "A space expected"),
    (b'a LIST "" (x', b"a", "A space expected"),
    (b"a STATUS x ()", b"a", "A status item expected"),
    (b"a STATUS x (FOO)", b"a", "Unknown status item"),
    (b"a STATUS x MESSAGES", b"a", "( expected"),
    (b"a FETCH 0 FLAGS", b"a", "A set of message numbers expected"),
    (b"a FETCH 01 FLAGS", b"a", "A set of message numbers expected"),
    (b"a FETCH 1: FLAGS", b"a", "A set of message numbers expected"),
    (b"a FETCH 1:2:3 FLAGS", b"a", "A set of message numbers expected"),
    (b"a FETCH 1,,2 FLAGS", b"a", "A set of message numbers expected"),
    (b"a FETCH 4294967296 FLAGS", b"a", "A set of message numbers expected"),
    (b"a FETCH 1", b"a", "A space expected"),
    (b"a FETCH 1 ", b"a", "A data item expected"),
    (b"a FETCH 1 ()", b"a", "A data item expected"),
    (b"a FETCH 1 (FLAGS", b"a", "A space expected"),
    (b"a FETCH 1 FLAGS UID", b"a", "Unexpected text at the end of the command"),
    (b"a FETCH 1 (ALL)", b"a", "Unknown data item"),
    (b"a FETCH 1 FOO", b"a", "Unknown data item"),
    (b"a FETCH 1 BODY[", b"a", "] expected"),
    (b"a FETCH 1 BODY[FOO]", b"a", "Unknown section"),
    (b"a FETCH 1 BODY[MIME]", b"a", "Unknown section"),
    (b"a FETCH 1 BODY[1.]", b"a", "Unknown section"),
    (b"a FETCH 1 BODY[0]", b"a", "Unknown section"),
    (b"a FETCH 1 BODY[HEADER.FIELDS]", b"a", "A space expected"),
    (b"a FETCH 1 BODY[HEADER.FIELDS ()]", b"a", "A header field name expected"),
    (b'a FETCH 1 BODY[HEADER.FIELDS ("a b")]', b"a", "A header field name has characters that no field name can have"),
    (b"a FETCH 1 BODY[]<0>", b"a", "A range such as <0.1024> expected"),
    (b"a FETCH 1 BODY[]<0.0>", b"a", "A range such as <0.1024> expected"),
    (b"a FETCH 1 BODY[" + b"1." * 64 + b"1]", b"a", "Too many levels of body parts"),
    (b"a STORE 1 FOO (x)", b"a", "FLAGS, +FLAGS or -FLAGS expected"),
    (b"a STORE 1 FLAGS", b"a", "FLAGS, +FLAGS or -FLAGS expected"),
    (b"a STORE 1 FLAGS (\\)", b"a", "A flag expected"),
    (b"a STORE 1 FLAGS (\\*)", b"a", "A flag expected"),
    (b"a STORE 1 FLAGS (a  b)", b"a", "A flag expected"),
    (b"a APPEND x y", b"a", "The message as a literal expected"),
    (b'a APPEND x "y" {1}', b"a", "A date such as 17-Jul-1996 02:44:25 -0700 expected"),
    (b'a APPEND x "31-Feb-1996 02:44:25 -0700" {1}', b"a", "A date such as 17-Jul-1996 02:44:25 -0700 expected"),
    (b'a APPEND x "17-Foo-1996 02:44:25 -0700" {1}', b"a", "A date such as 17-Jul-1996 02:44:25 -0700 expected"),
    (b'a APPEND x "17-Jul-1996 02:44:25 +9900" {1}', b"a", "A date such as 17-Jul-1996 02:44:25 -0700 expected"),
    (b"a ID x", b"a", "A string expected"),
    (b'a ID "x"', b"a", "A list or NIL expected"),
    (b"a ID (" + b" ".join([b'"a" "b"'] * 31) + b")", b"a", "Too much identification"),
    (b'a ID ("' + b"x" * 31 + b'" NIL)', b"a", "Too much identification"),
]


@pytest.mark.parametrize(("line", "tag", "reason"), BAD, ids=[repr(row[0][:40]) for row in BAD])
def test_ill_formed_commands(line, tag, reason):
    """What cannot be understood is answered with BAD and a reason, under its tag where that is known."""
    head, _, literal = line.partition(b"}\r\n")
    text, literals = (head + b"}\r\n", (literal,)) if literal else (line, ())
    with pytest.raises(CommandError) as caught:
        read_command(text, literals)
    assert (caught.value.tag, caught.value.reason) == (tag, reason)


FEW = ReadLimits(nesting=3, arguments=4, search_keys=5)


@pytest.mark.parametrize(
    "line",
    [
        b"a FETCH 1,2,3,4,5 FLAGS",
        b"a FETCH 1 (UID UID UID UID UID)",
        b"a FETCH 1 BODY[HEADER.FIELDS (a b c d e)]",
        b"a STORE 1 FLAGS (a b c d e)",
        b"a STORE 1 FLAGS a b c d e",
        b"a STATUS x (UNSEEN UNSEEN UNSEEN UNSEEN UNSEEN)",
        b"a APPEND x (a b c d e) {1}",
    ],
)
def test_too_many_arguments(line):
    """A list longer than the limit is refused."""
    with pytest.raises(CommandError, match="Too many arguments"):
        read_command(line, (), FEW)


def test_a_set_that_the_limit_allows():
    """As many members as the limit says are taken."""
    assert isinstance(read_command(b"a FETCH 1,2,3,4 (UID UID UID UID)", (), FEW), m.Fetch)
