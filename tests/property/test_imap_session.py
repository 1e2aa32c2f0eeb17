"""Whatever a client sends, an IMAP session answers in an orderly way, and however the network cuts it, the same."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from cgpymail.model.flags import SEEN
from tests.support.imapclient import ImapClient
from tests.support.world import World

MAIL = (
    b"Subject: =?utf-8?q?b=C3=BCcher?=\r\nFrom: a@b.c\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\n\r\none\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\ntwo\r\n--x--\r\n"
)
NAMES = st.sampled_from(
    [b"INBOX", b"box", b"box/sub", b"nothing", b'"Sent Items"', b"~mary/INBOX", b"&-", b'""', b"$Trash$"]
)
NUMBERS = st.sampled_from([b"1", b"2", b"1:*", b"*", b"3,1", b"77", b"4294967295:*", b"0"])
FLAGS = st.sampled_from([b"\\Seen", b"(\\Deleted)", b"(\\Flagged word)", b"()", b"(\\Recent)", b"(\\Seen \\Deleted)"])
SECTIONS = st.sampled_from(
    [b"", b"HEADER", b"TEXT", b"1", b"2.HEADER", b"2.1.MIME", b"HEADER.FIELDS (Subject)", b"9", b"1.MIME", b"2.TEXT"]
)
ITEMS = st.one_of(
    st.sampled_from([b"ALL", b"FULL", b"FLAGS", b"(UID FLAGS)", b"(ENVELOPE BODYSTRUCTURE)", b"RFC822", b"BODY"]),
    SECTIONS.map(lambda section: b"BODY[%b]" % section),
    SECTIONS.map(lambda section: b"BODY.PEEK[%b]<3.7>" % section),
)
KEYS = st.sampled_from(
    [
        b"ALL",
        b"UNSEEN",
        b"SUBJECT b",
        b"OR BODY one TEXT two",
        b"NOT DELETED",
        b"UID 1:*",
        b"SINCE 1-Feb-2020",
        b"KEYWORD word",
    ]
)
UID = st.sampled_from([b"", b"UID "])


def joined(*parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """The parts one after the other."""
    return st.tuples(*parts).map(b"".join)


def words(*parts: bytes) -> st.SearchStrategy[bytes]:
    """One of these."""
    return st.sampled_from(parts)


COMMANDS = st.one_of(
    words(b"NOOP", b"CHECK", b"CLOSE", b"UNSELECT", b"EXPUNGE", b"UID EXPUNGE 1:*", b"CAPABILITY", b"NAMESPACE"),
    words(b"LOGIN john secret", b"LOGIN john wrong", b"AUTHENTICATE PLAIN AGpvaG4Ac2VjcmV0", b"AUTHENTICATE LOGIN"),
    words(b"IDLE\r\nDONE", b"IDLE\r\nx", b'LIST "" *', b'LIST "" ""', b'LSUB "" %', b"", b"()", b"{3}", b"LOGOUT now"),
    words(b"APPEND INBOX {6+}\r\na\r\n\r\nb", b"APPEND nothing (\\Seen) {3+}\r\nabc", b"APPEND INBOX {0+}\r\n"),
    words(b"ID NIL", b"APPEND box (x) {3+}\r\nabc", b"*"),
    joined(words(b"SELECT ", b"EXAMINE ", b"CREATE ", b"DELETE ", b"SUBSCRIBE ", b"UNSUBSCRIBE "), NAMES),
    joined(words(b"RENAME "), NAMES, words(b" "), NAMES),
    joined(words(b"STATUS "), NAMES, words(b" (MESSAGES UNSEEN UIDNEXT)")),
    joined(UID, words(b"FETCH "), NUMBERS, words(b" "), ITEMS),
    joined(UID, words(b"STORE "), NUMBERS, words(b" FLAGS ", b" +FLAGS ", b" -FLAGS.SILENT "), FLAGS),
    joined(UID, words(b"COPY ", b"MOVE "), NUMBERS, words(b" "), NAMES),
    joined(UID, words(b"SEARCH "), KEYS),
    joined(
        words(b"NOTIFY SET (SELECTED ", b"NOTIFY SET STATUS (PERSONAL NONE) (SELECTED-DELAYED "),
        words(b"NONE)", b"(MessageNew (FLAGS BODY[]) MessageExpunge))", b"(MessageNew MessageExpunge FlagChange))"),
    ),
    joined(words(b"SETMETADATA "), NAMES, words(b" (/private/a x)", b' (/shared/a "x" /private/a ~{1+}\r\n\0)')),
    joined(words(b"GETMETADATA "), NAMES, words(b" (/shared/a)", b" (DEPTH infinity) (/shared /private)")),
    words(b"ENABLE QRESYNC", b"ENABLE CONDSTORE", b"STATUS INBOX (HIGHESTMODSEQ)", b"SEARCH MODSEQ 1"),
    joined(words(b"SELECT INBOX (QRESYNC (1700000000 1"), words(b"", b" 1:9", b" 2 (1:3 1:3)"), words(b"))")),
    joined(UID, words(b"FETCH "), NUMBERS, words(b" FLAGS (CHANGEDSINCE 1)", b" UID (CHANGEDSINCE 1 VANISHED)")),
    joined(
        UID,
        words(b"STORE "),
        NUMBERS,
        words(b" (UNCHANGEDSINCE "),
        words(b"0", b"9000000000000000"),
        words(b") +FLAGS (\\Seen)"),
    ),
    st.binary(max_size=30),
)
SCRIPTS = st.lists(COMMANDS, max_size=12).map(lambda script: b"".join(b"t " + line + b"\r\n" for line in script))
FOLDER = Path(tempfile.gettempdir()) / "no-spool-is-needed"


def session(*, login: bool) -> ImapClient:
    """A connection to a fresh server with a few messages."""
    world = World(FOLDER)
    world.runtime.random = bytes  # no two runs differ by what is drawn
    world.account("john")
    world.account("mary")
    world.append(MAIL, flags=SEEN)
    world.append(MAIL, MAIL)
    client = ImapClient(world, login="john" if login else "")
    if login:
        client.raw(b"s SELECT INBOX\r\n")
    return client


def answers(client: ImapClient, pieces: list[bytes]) -> bytes:
    """Everything that is answered, work in slices included."""
    sent = b""
    for piece in pieces:
        sent += client.wire.feed(piece)
    client.world.clock.advance(0)
    return sent + client.wire.take()


@settings(max_examples=150, deadline=None)
@given(script=SCRIPTS, login=st.booleans())
def test_no_input_is_a_bug(script: bytes, login: bool) -> None:
    """Never [SERVERBUG], never a session that breaks; and a neighbour goes on."""
    client = session(login=login)
    neighbour = ImapClient(client.world)
    sent = answers(client, [script])
    assert b"[SERVERBUG]" not in sent
    assert not client.wire.aborted
    lines: list[str] = client.world.runtime.logs.emit.__self__  # type: ignore[attr-defined]
    assert not [line for line in lines if "Traceback" in line]
    neighbour.do(b"NOOP")


@settings(max_examples=60, deadline=None)
@given(script=SCRIPTS, login=st.booleans(), cuts=st.lists(st.integers(0, 400), max_size=10))
def test_the_answers_do_not_depend_on_packets(script: bytes, login: bool, cuts: list[int]) -> None:
    """Whole, or cut anywhere."""
    places = [0, *sorted(cut for cut in cuts if cut < len(script)), len(script)]
    pieces = [script[first:last] for first, last in pairwise(places)]
    assert answers(session(login=login), pieces) == answers(session(login=login), [script])
