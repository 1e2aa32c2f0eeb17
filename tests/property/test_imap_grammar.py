"""The IMAP grammar against made-up input: what is written is read back, and garbage costs nothing but a BAD."""

from __future__ import annotations

import time

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from cgpymail.grammar.imap import aclcommands as a
from cgpymail.grammar.imap import commands as c
from cgpymail.grammar.imap import messagecommands as m
from cgpymail.grammar.imap import metadatacommands as meta
from cgpymail.grammar.imap import notifycommands as n
from cgpymail.grammar.imap import searchcommands as f
from cgpymail.grammar.imap.aclresponses import acl_line
from cgpymail.grammar.imap.dialect import PLAIN, Dialect
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.events import CommandText, MessageChunk, MessageLiteral, TooLong
from cgpymail.grammar.imap.readfetch import section_text
from cgpymail.grammar.imap.reading import read_command
from cgpymail.grammar.imap.rightsletters import element_letters
from cgpymail.grammar.imap.scanner import ScanLimits, Scanner
from cgpymail.grammar.imap.searchcommands import Returns
from cgpymail.grammar.imap.writing import astring, mailbox, string, unicode_string
from cgpymail.model import rights
from cgpymail.model.annotations import Wish
from cgpymail.model.paging import Page
from cgpymail.model.search import Numbers
from cgpymail.model.section import Section, Specifier
from cgpymail.model.sorting import Criterion, SortKey
from cgpymail.model.uidset import NumberSet
from cgpymail.model.watching import EVENT_NAMES, Filter, Interest
from tests.support.imapwire import read

octets = st.binary(max_size=60).filter(lambda value: b"\0" not in value)
numbers = st.integers(0, 0xFFFF_FFFF)
number_sets = st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8).map(lambda parts: NumberSet(tuple(parts)))
atoms = st.text("abcXYZ019-_.$", min_size=1, max_size=8)
names = st.text(min_size=1, max_size=20)
UTF8 = Dialect(utf8=True, charset=False)


@given(octets, octets)
def test_login_round_trip(user, password):
    """Any user name and password that can be written arrives as it was."""
    line = b"a LOGIN %b %b\r\n" % (astring(user), string(password))
    assert read(line) == c.Login(b"a", user, password)


@given(names)
def test_mailbox_round_trip(name):
    """Any name that the server shows can be given back to it."""
    command = read(b"a SELECT " + mailbox(name) + b"\r\n")
    assert isinstance(command, c.Select)
    head, slash, rest = name.partition("/")
    assert command.mailbox == (f"INBOX{slash}{rest}" if head.upper() == "INBOX" else name)


@given(names, st.lists(atoms.map("\\{}".format), min_size=1, max_size=4))
def test_create_round_trip(name, uses):
    """A name, and the uses that a new mailbox is to have."""
    words = " ".join(uses).encode()
    command = read(b"a CREATE %b (USE (%b))\r\n" % (mailbox(name), words))
    assert isinstance(command, c.Create)
    assert command.uses == tuple(uses)


@given(st.text(min_size=1, max_size=400).map(lambda text: text.replace("\0", "x")))
def test_mailbox_round_trip_in_utf8(name):
    """The same for a client that has enabled UTF-8; the name travels as it is."""
    command = read(b"a SELECT " + mailbox(name, UTF8) + b"\r\n", UTF8)
    head, slash, rest = name.partition("/")
    assert command.mailbox == (f"INBOX{slash}{rest}" if head.upper() == "INBOX" else name)


@given(number_sets, st.booleans())
def test_number_sets_round_trip(parts, uid):
    """A set of numbers is read as it is written."""
    verb = b"UID COPY" if uid else b"COPY"
    assert read(b"a %b %b x\r\n" % (verb, bytes(parts))) == m.Copy(b"a", parts, "x", uid)


places = st.integers(1, 2**32 - 1)
pages = st.builds(Page, places, places) | st.builds(lambda first, last: Page(-first, -last), places, places)
options = st.builds(Returns, *[st.booleans()] * 5) | st.builds(Returns, count=st.booleans(), partial=pages)
criteria = st.lists(st.builds(Criterion, st.sampled_from(SortKey), st.booleans()), min_size=1, max_size=5).map(tuple)


@given(options, criteria, number_sets, st.booleans())
def test_sorted_searches_round_trip(returns, wanted, named, uid):
    """Result options and sort keys are read as they are written."""
    words = [name.upper() for name in ("min", "max", "all", "count", "save") if getattr(returns, name)]
    words += [f"PARTIAL {bytes(returns.partial).decode()}"] if returns.partial else []
    keys = " ".join(("REVERSE " if criterion.reverse else "") + criterion.key.value for criterion in wanted)
    verb = "UID SORT" if uid else "SORT"
    line = f"a {verb} RETURN ({' '.join(words)}) ({keys}) UTF-8 UID ".encode() + bytes(named) + b"\r\n"
    expected = returns if words else Returns(all=True)
    assert read(line) == f.Sort(b"a", wanted, Numbers(named, True), uid, expected)


groups = st.lists(
    st.tuples(
        st.sampled_from(Filter), st.sampled_from([0, 3, 7, 8, 16, 27, 96, 127]), st.lists(names, min_size=1, max_size=3)
    ),
    max_size=4,
)


@given(groups, st.booleans(), st.booleans())
def test_notify_round_trip(wanted, status, delayed):
    """Groups of events are read as they are written."""
    text, expected = b"", []
    for kind, events, named in wanted:
        has_names = kind in (Filter.SUBTREE, Filter.MAILBOXES)
        places = b" (%b)" % b" ".join(map(mailbox, named)) if has_names else b""
        words = " ".join(name for name, bit in EVENT_NAMES.items() if bit & events).encode()
        text += b" (%b%b %b)" % (kind.value.lower().encode(), places, b"(%b)" % words if words else b"NONE")
        folded = [f"INBOX{rest}" if name.upper() == "INBOX" else f"{name}{rest}" for name, rest in map(top, named)]
        expected.append(Interest(kind, events, tuple(folded) if has_names else ()))
    form = b"SELECTED-DELAYED" if delayed else b"SELECTED"
    line = b"a NOTIFY SET%b%b (%b (MessageNew MessageExpunge))\r\n" % (b" STATUS" if status else b"", text, form)
    assert read(line) == n.Notify(b"a", tuple(expected), n.Selected(3, (), delayed), True, status)


identifiers = st.text("abzäß-#@.' \"\\\\", min_size=1, max_size=9)
masks = st.integers(0, rights.ALL)


@given(names, identifiers, st.sampled_from(rights.Change), masks, st.sampled_from([PLAIN, UTF8]))
def test_access_lists_round_trip(name, identifier, kind, mask, dialect):
    """What ACL shows can be set again, in every dialect."""
    assume("\0" not in name)
    words = b" ".join([mailbox(name, dialect), unicode_string(identifier, dialect)])
    letters = kind.value.encode() + element_letters(mask)
    first, rest = top(name)
    named = ("INBOX" if first.upper() == "INBOX" else first) + rest
    expected = a.SetAcl(b"a", named, identifier, rights.RightsChange(kind, mask))
    assert read(b"a SETACL %b %b\r\n" % (words, astring(letters)), dialect) == expected
    assert read(b"a LISTRIGHTS %b\r\n" % words, dialect) == a.ListRights(b"a", named, identifier)
    assert acl_line(name, {identifier: mask}, dialect) == b"* ACL %b %b\r\n" % (words, element_letters(mask))


def top(name):
    """The first level of a name, and the rest."""
    first, slash, rest = name.partition("/")
    return first, slash + rest


levels = st.lists(st.text("abXY019 !#$&'()+,-.:;<=>?@[]^_`{|}~\"\\", min_size=1, max_size=8), min_size=1, max_size=3)
entry_names = st.tuples(st.sampled_from(["/shared", "/Private", "/shared/vendor/cmu"]), levels).map(
    lambda parts: "/".join([parts[0], *parts[1]])
)
annotations = st.dictionaries(entry_names, st.none() | st.binary(max_size=60), min_size=1, max_size=4)
options = st.sampled_from(
    [(b"", 0, None), (b" (DEPTH infinity)", None, None), (b" (maxsize 7 DEPTH 1)", 1, 7), (b" (MAXSIZE 0)", 0, 0)]
)


@given(names, annotations, options, st.booleans())
def test_metadata_round_trip(name, values, options, before):
    """Annotations with any octets in them are read as they are written, and can be asked for by any of their names."""
    folded = "".join(("INBOX", top(name)[1]) if top(name)[0].upper() == "INBOX" else top(name))
    wanted = {entry.lower(): value for entry, value in values.items()}
    pairs = [string(entry.encode()) + b" " + written(value) for entry, value in wanted.items()]
    line = b"a SETMETADATA %b (%b)\r\n" % (mailbox(name), b" ".join(pairs))
    assert read(line) == meta.SetMetadata(b"a", folded, tuple(wanted.items()))
    text, depth, largest = options
    words = (text, b" " + mailbox(name)) if before else (b" " + mailbox(name), text)
    line = b"a GETMETADATA%b%b (%b)\r\n" % (*words, b" ".join(string(entry.encode()) for entry in values))
    assert read(line) == meta.GetMetadata(b"a", folded, Wish(tuple(values), depth, largest))


def written(value):
    """An nstring or literal8."""
    if value is None:
        return b"NIL"
    return b"~{%d+}\r\n%b" % (len(value), value) if b"\0" in value or len(value) > 30 else string(value)


paths = st.lists(st.integers(1, 999), max_size=5).map(tuple)
plain_sections = st.builds(
    Section, paths, st.sampled_from([Specifier.WHOLE, Specifier.HEADER, Specifier.TEXT]), st.just(())
)
field_sections = st.builds(
    Section,
    paths,
    st.sampled_from([Specifier.FIELDS, Specifier.FIELDS_NOT]),
    st.lists(st.text('abXY-()"{%*]', min_size=1, max_size=8), min_size=1, max_size=4).map(tuple),
)


@given(plain_sections | field_sections, st.booleans())
def test_sections_round_trip(section, peek):
    """The label of an answer names the section that was asked for."""
    verb = b"BODY.PEEK" if peek else b"BODY"
    text = section_text(section)
    command = read(b"a FETCH 1 %b[%b]\r\n" % (verb, text))
    assert isinstance(command, m.Fetch)
    (item,) = command.items
    assert (item.section, item.peek, item.label) == (section, peek, b"BODY[" + text + b"]")


VERBS = [
    *b"NOOP LOGIN SELECT LIST STATUS APPEND REPLACE COMPRESS FETCH STORE COPY SEARCH SORT THREAD ID".split(),
    *b"SETACL DELETEACL LISTRIGHTS MYRIGHTS".split(),
    *(b"AUTHENTICATE", b"UID FETCH", b"UID REPLACE", b"NOTIFY", b"NOTIFY SET", b"GETMETADATA", b"SETMETADATA"),
]
fragments = st.sampled_from(
    b'( ) " \\ { } {3} {3+} ~{3} ~{3+} UTF8 [ ] < > * % : , 1 1:* BODY[ BODY.PEEK[ HEADER.FIELDS OR NOT '
    b"CHARSET UTF-8 FLAGS NIL "
    b"+lrswiteda -kx MYRIGHTS "
    b"(SELECTED (MAILBOXES MessageNew MessageExpunge) NONE) "
    b"(/shared/comment (DEPTH MAXSIZE METADATA (METADATA "
    b"BINARY[ BINARY.SIZE[ PREVIEW EMAILID SAVEDON "
    b"RETURN (MIN) $ (REVERSE SUBJECT) REFS YOUNGER "
    b"\\Seen +FLAGS.SILENT 1-Feb-1994 SINCE RETURN STATUS SUBSCRIBED RECURSIVEMATCH".split(b" ")
) | st.binary(max_size=6)
garbage = st.builds(
    lambda verb, parts, glue: b"a " + verb + b" " + glue.join(parts),
    st.sampled_from(VERBS),
    st.lists(fragments, max_size=12),
    st.sampled_from([b" ", b""]),
)


@given(garbage | st.binary(max_size=80), st.lists(octets, max_size=3), st.sampled_from([PLAIN, UTF8]))
@settings(max_examples=500)
def test_only_the_declared_error_escapes(text, literals, dialect):
    """Whatever a client sends is a command or gets BAD with a printable reason."""
    try:
        command = read_command(text, tuple(literals), dialect=dialect)
    except CommandError as problem:
        assert problem.reason.isprintable()
        assert problem.reason.isascii()
    else:
        assert command.tag == text.partition(b" ")[0]


LIMITS = ScanLimits(line=100, literal=50, command=200, swallow=500)
messages = st.builds(
    lambda head, parts: head + b"".join(parts) + b"\r\n",
    st.sampled_from([b"a APPEND x", b"a REPLACE 1 x", b"a UID REPLACE 1 {1+}\r\nx"]),
    st.lists(
        st.builds(
            lambda before, octets: before + b"{%d+}\r\n%b" % (len(octets), octets),
            st.sampled_from([b" ", b" ~", b" (\\Seen) ", b" UTF8 (~", b") UTF8 (~", b")"]),
            st.binary(max_size=70),
        ),
        max_size=4,
    ),
)
stream = st.lists(
    garbage.map(lambda text: text + b"\r\n")
    | messages
    | st.binary(max_size=150)
    | st.just(b"{60+}\r\n")
    | st.just(b"\r\n"),
    max_size=12,
).map(b"".join)


@given(stream, st.lists(st.integers(1, 40), min_size=1, max_size=5))
@settings(max_examples=300)
def test_any_stream_stays_within_its_limits(data, sizes):
    """However it is cut, a stream gives the same events, and the scanner keeps no more than its limits say."""
    whole = _run(data, [len(data) or 1])
    assert _run(data, sizes) == whole


def _run(data: bytes, sizes: list[int]) -> list[object]:
    scanner = Scanner(LIMITS)
    events: list[object] = []
    place = turn = 0
    while place < len(data):
        size = sizes[turn % len(sizes)]
        scanner.receive(data[place : place + size])
        place, turn = place + size, turn + 1
        while (event := scanner.next()) is not None:
            if isinstance(event, MessageLiteral):
                scanner.accept() if event.size % 2 else scanner.refuse()
            if isinstance(event, CommandText):
                assert len(event.text) <= LIMITS.line + 2 * len(event.literals)
                assert len(event.text) + sum(map(len, event.literals)) <= LIMITS.command + 2 * len(event.literals)
            if isinstance(event, MessageChunk):
                events += list(event.data)
            else:
                events.append(event)
        assert scanner.buffered <= max(LIMITS.line, LIMITS.literal) + 2
    if any(isinstance(event, TooLong) and event.fatal for event in events):
        assert scanner.buffered == 0
    return events


FLOODS = [
    b"a SEARCH " + b"(" * 60_000,
    b"a SEARCH " + b"NOT " * 15_000 + b"ALL",
    b"a FETCH " + b"1," * 30_000 + b"1 FLAGS",
    b"a FETCH " + b"1:*," * 15_000 + b"x",
    b"a FETCH 1 BODY[" + b"1." * 30_000 + b"]",
    b"a FETCH 1 BODY[HEADER.FIELDS (" + b"x " * 30_000,
    b"a SEARCH RETURN (" + b"MIN " * 15_000,
    b"a SEARCH RETURN (" + b"MIN " * 15_000 + b"MIN) ALL",
    b"a SORT (" + b"REVERSE " * 8_000,
    b"a SORT (" + b"DATE " * 12_000 + b"DATE) UTF-8 ALL",
    b"a FETCH 1 (" + b"FLAGS " * 10_000,
    b'a LOGIN "' + b"\\\\" * 30_000,
    b'a LOGIN x "' + b'\\"' * 30_000 + b'"',
    b"a STORE 1 FLAGS (" + b"x " * 30_000,
    b"a STATUS x (" + b"UNSEEN " * 9_000,
    b"a LIST (" + b"SUBSCRIBED " * 5_000,
    b'a LIST "" (' + b"% " * 30_000,
    b'a LIST "" * RETURN (' + b"STATUS (UNSEEN) " * 4_000,
    b"a SETMETADATA x (" + b"/shared/a NIL " * 4_000,
    b"a GETMETADATA x (" + b"/shared/a " * 6_000,
    b"a GETMETADATA x /shared" + b"/a" * 30_000,
    b"a NOOP" + b" " * 60_000 + b"x",
    b"a FETCH 1 ALL" + b" " * 60_000 + b"x",
    b"a SELECT " + b"&" * 60_000,
    b"a SELECT " + b"&AOk-" * 12_000,
    b"a ID (" + b'"a" NIL ' * 8_000,
    b"a" * 60_000,
    b"a " + b"X" * 60_000,
]


@pytest.mark.parametrize("text", FLOODS, ids=[repr(text[:16] + b".." + text[-4:]) for text in FLOODS])
def test_floods_cost_linear_time(text):
    """The longest line a client may send costs little CPU time, whatever it says."""
    start = time.thread_time()
    try:
        read_command(text)
    except CommandError:
        pass
    assert time.thread_time() - start < 2.0
