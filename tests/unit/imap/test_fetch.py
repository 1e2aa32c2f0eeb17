"""FETCH: every data item, on whole and broken mail, small and large, present and gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from twisted.internet.defer import Deferred, fail

from cgpymail.errors import StorageFailed
from cgpymail.model.flags import SEEN
from cgpymail.stores.memory import MemoryStoredContent
from tests.support.imapclient import ImapClient
from tests.support.world import World

Connect = Callable[..., ImapClient]
PLAIN = b"Subject: one\r\nFrom: Ann <ann@example.org>\r\nX-Extra: y\r\n\r\nfirst line\r\nsecond\r\n"
INNER = b"Subject: inner\r\nFrom: bob@example.org\r\n\r\ninner text\r\n"
NESTED = (
    b"Subject: outer\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    b"--b\r\nContent-Type: text/plain\r\n\r\npart one\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + INNER + b"\r\n--b--\r\n"
)


@pytest.fixture
def reader(world: World, john: ImapClient) -> ImapClient:
    """A session on a mailbox with a plain and a nested message, the first of them Seen, none recent."""
    world.append(PLAIN, flags=SEEN)
    world.append(NESTED)
    john.do(b"SELECT INBOX")
    john.do(b"SELECT INBOX")
    return john


def octets(client: ImapClient, item: bytes, number: int = 1) -> bytes:
    """The value of one section, sent as a literal."""
    answer = client.raw(b"a FETCH %d %b\r\n" % (number, item))
    while not answer.endswith(b"completed\r\n"):
        client.world.clock.advance(0)
        answer += client.wire.take()
    head, _, rest = answer.partition(b"}\r\n")
    return rest[: int(head.rpartition(b"{")[2])]


def test_facts_from_the_columns(reader: ImapClient) -> None:
    """Each once, however often it was asked for."""
    answer = reader.do(b"FETCH 1 (RFC822.SIZE UID FLAGS INTERNALDATE UID)")
    size = len(PLAIN)
    assert answer == [
        b'* 1 FETCH (UID 1 FLAGS (\\Seen) INTERNALDATE "14-Nov-2023 22:13:20 +0000" RFC822.SIZE %d)' % size
    ]


def test_rows_in_bulk_are_the_same_as_single_ones(world: World, reader: ImapClient) -> None:
    """Thousands of rows are made another way than one."""
    world.append(*[PLAIN] * 30, flags=SEEN)
    reader.do(b"NOOP")
    bulk = reader.do(b"FETCH 1:* (UID FLAGS)")
    assert len(bulk) == 32
    assert bulk[:2] == [b"* 1 FETCH (UID 1 FLAGS (\\Seen))", b"* 2 FETCH (UID 2 FLAGS ())"]
    assert bulk[31] == b"* 32 FETCH (UID 32 FLAGS (\\Seen \\Recent))"
    assert reader.do(b"FETCH 31:* FLAGS")[-1] == b"* 32 FETCH (FLAGS (\\Seen \\Recent))"
    assert reader.do(b"UID FETCH 2,31:* UID") == [b"* %d FETCH (UID %d)" % (uid, uid) for uid in (2, 31, 32)]


def test_uid_fetch_always_has_the_uid(reader: ImapClient) -> None:
    """Asked for or not (RFC 3501 6.4.8); unknown UIDs are left out."""
    assert reader.do(b"UID FETCH 2,99 FLAGS") == [b"* 2 FETCH (UID 2 FLAGS ())"]
    assert reader.do(b"UID FETCH 50:60 FLAGS") == []


def test_a_sequence_number_that_does_not_exist_is_bad(reader: ImapClient) -> None:
    """The client lost count: it must not guess."""
    reader.refused(b"FETCH 3 FLAGS", b"BAD")
    reader.refused(b"STORE 3 FLAGS ()", b"BAD")
    reader.refused(b"COPY 3 INBOX", b"BAD")


def test_macros(reader: ImapClient) -> None:
    """ALL, FAST and FULL."""
    assert reader.do(b"FETCH 1 FAST")[0].startswith(b'* 1 FETCH (FLAGS (\\Seen) INTERNALDATE "')
    assert b' ENVELOPE (NIL "one" ' in reader.do(b"FETCH 1 ALL")[0]
    assert b' BODY ("text" "plain" ' in reader.do(b"FETCH 1 FULL")[0]


def test_envelope_and_structure_of_nested_mail(reader: ImapClient) -> None:
    """The envelope of the message inside is part of the structure; asked twice, the answer is the same."""
    for _ in range(2):
        answer = reader.do(b"FETCH 2 (ENVELOPE BODYSTRUCTURE BODY)")[0]
        assert answer.startswith(b'* 2 FETCH (ENVELOPE (NIL "outer" ')
        assert answer.count(b'(NIL "inner" ((NIL NIL "bob" "example.org"))') == 2
        assert b'"message" "rfc822"' in answer
        assert b'"mixed" ("boundary" "b")' in answer


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (b"BODY.PEEK[]", PLAIN),
        (b"BODY.PEEK[HEADER]", PLAIN.partition(b"first")[0]),
        (b"BODY.PEEK[TEXT]", b"first line\r\nsecond\r\n"),
        (b"BODY.PEEK[1]", b"first line\r\nsecond\r\n"),
        (b"BODY.PEEK[HEADER.FIELDS (subject)]", b"Subject: one\r\n\r\n"),
        (b"BODY.PEEK[HEADER.FIELDS.NOT (subject from)]", b"X-Extra: y\r\n\r\n"),
        (b"BODY.PEEK[]<9.3>", b"one"),
        (b"BODY.PEEK[TEXT]<6.1000>", b"line\r\nsecond\r\n"),
        (b"BODY.PEEK[]<5000.10>", b""),
        (b"BODY.PEEK[HEADER.FIELDS (subject)]<9.3>", b"one"),
        (b"RFC822.HEADER", PLAIN.partition(b"first")[0]),
        (b"RFC822.TEXT", b"first line\r\nsecond\r\n"),
        (b"RFC822", PLAIN),
    ],
)
def test_sections_of_a_plain_message(reader: ImapClient, item: bytes, value: bytes) -> None:
    """Octet for octet."""
    assert octets(reader, item) == value


@pytest.mark.parametrize(
    ("item", "value"),
    [
        (b"BODY.PEEK[1]", b"part one"),
        (b"BODY.PEEK[1.MIME]", b"Content-Type: text/plain\r\n\r\n"),
        (b"BODY.PEEK[2]", INNER),
        (b"BODY.PEEK[2.HEADER]", INNER.partition(b"inner text")[0]),
        (b"BODY.PEEK[2.TEXT]", b"inner text\r\n"),
        (b"BODY.PEEK[2.1]", b"inner text\r\n"),
        (b"BODY.PEEK[2.HEADER.FIELDS (From)]", b"From: bob@example.org\r\n\r\n"),
    ],
)
def test_sections_of_a_nested_message(reader: ImapClient, item: bytes, value: bytes) -> None:
    """Parts by number, and the message inside."""
    assert octets(reader, item, 2) == value


def test_a_part_that_is_not_there_is_nil(reader: ImapClient) -> None:
    """Instead of an error or somebody else's text."""
    assert reader.do(b"FETCH 1 BODY.PEEK[7.1]") == [b"* 1 FETCH (BODY[7.1] NIL)"]


def test_several_sections_in_one_answer(reader: ImapClient) -> None:
    """Facts first, then the sections in their order."""
    answer = reader.raw(b"a FETCH 1 (BODY.PEEK[TEXT]<0.5> UID BODY.PEEK[9] BODY.PEEK[]<0.3>)\r\n")
    assert answer == (
        b"* 1 FETCH (UID 1 BODY[TEXT]<0> {5}\r\nfirst BODY[9] NIL BODY[]<0> {3}\r\nSub)\r\na OK FETCH completed\r\n"
    )


def test_reading_sets_seen_and_says_so(reader: ImapClient, connect: Connect) -> None:
    """The new flags are in the answer, and every other session hears of them."""
    other = connect()
    other.do(b"SELECT INBOX")
    assert reader.raw(b"a FETCH 2 BODY[1]\r\n") == (
        b"* 2 FETCH (FLAGS (\\Seen) BODY[1] {8}\r\npart one)\r\na OK FETCH completed\r\n"
    )
    assert reader.do(b"NOOP") == []
    assert other.do(b"NOOP") == [b"* 2 FETCH (FLAGS (\\Seen))"]
    assert b"FLAGS" not in reader.raw(b"a FETCH 2 BODY[1]\r\n")


def test_peek_and_headers_leave_seen_alone(reader: ImapClient) -> None:
    """BODY.PEEK and RFC822.HEADER (RFC 3501 6.4.5)."""
    reader.do(b"FETCH 2 (BODY.PEEK[] RFC822.HEADER ENVELOPE BODYSTRUCTURE)")
    assert reader.do(b"FETCH 2 FLAGS") == [b"* 2 FETCH (FLAGS ())"]


def test_a_disk_that_takes_no_flags_does_not_keep_anybody_from_reading(
    world: World, reader: ImapClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The body comes, the flag stays as it was."""
    context = reader.wire.session._context  # type: ignore[union-attr]

    def broken(uids: Any) -> Any:
        raise StorageFailed

    monkeypatch.setattr(type(context.handle), "mark_seen", lambda handle, uids: broken(uids))
    assert reader.raw(b"a FETCH 2 BODY[1]\r\n") == b"* 2 FETCH (BODY[1] {8}\r\npart one)\r\na OK FETCH completed\r\n"


def test_a_message_that_cannot_be_read_does_not_hide_the_others(
    reader: ImapClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The rest is answered, then NO; nothing is invented."""
    read_now = MemoryStoredContent.read_now

    def broken(content: MemoryStoredContent, offset: int, length: int) -> bytes | None:
        if content.size == len(PLAIN):
            raise StorageFailed(detail="bad sector")
        return read_now(content, offset, length)

    monkeypatch.setattr(MemoryStoredContent, "read_now", broken)
    lines = reader.lines(b"a FETCH 1:2 BODY.PEEK[TEXT]<0.3>")
    assert lines[0] == b"* 2 FETCH (BODY[TEXT]<0> {3}"
    assert lines[-1] == b"a NO [UNAVAILABLE] The mailbox storage failed; try again later"


def test_a_body_that_breaks_off_ends_the_connection(world: World, reader: ImapClient, monkeypatch: Any) -> None:
    """The length was promised: anything else that is sent would be taken for the body."""
    world.append(b"Subject: x\r\n\r\n" + b"x" * 200_000 + b"\r\n")
    reader.do(b"NOOP")
    read_now = MemoryStoredContent.read_now

    def broken(content: MemoryStoredContent, offset: int, length: int) -> bytes | None:
        return read_now(content, offset, length) if offset < 100_000 else None

    monkeypatch.setattr(MemoryStoredContent, "read_now", broken)
    monkeypatch.setattr(MemoryStoredContent, "read", lambda *_: fail(StorageFailed()))
    reader.raw(b"a FETCH 3 BODY.PEEK[]\r\n")
    assert reader.wire.aborted


def test_a_cold_body_is_read_on_a_thread(reader: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is not in memory is waited for, and other sessions go on meanwhile."""
    waiting: list[Deferred[bytes]] = []

    def read(content: MemoryStoredContent, offset: int, length: int) -> Deferred[bytes]:
        waiting.append(Deferred())
        return waiting[-1]

    monkeypatch.setattr(MemoryStoredContent, "read_now", lambda *_: None)
    monkeypatch.setattr(MemoryStoredContent, "read", read)
    assert reader.raw(b"a FETCH 1 BODY.PEEK[]\r\n") == b""
    ImapClient(reader.world, login="mary").do(b"NOOP")
    waiting[0].callback(PLAIN)
    assert reader.wire.take() == b"* 1 FETCH (BODY[] {%d}\r\n%b)\r\na OK FETCH completed\r\n" % (len(PLAIN), PLAIN)


def test_a_large_body_waits_for_a_slow_reader(world: World, reader: ImapClient) -> None:
    """A client that stops reading costs a bounded amount, whatever it asked for; its neighbour does not notice."""
    body = b"Subject: x\r\n\r\n" + b"0123456789abcdef" * 200_000 + b"\r\n"
    world.append(body)
    reader.do(b"NOOP")
    neighbour = ImapClient(world)
    reader.wire.hold()
    sent = reader.raw(b"a FETCH 3 BODY.PEEK[]\r\nb NOOP\r\n")
    assert 0 < len(sent) < 200_000
    neighbour.do(b"NOOP")
    while not sent.endswith(b"b OK NOOP completed\r\n"):
        more = reader.wire.read_some()
        assert len(more) < 200_000
        sent += more
    assert sent == b"* 3 FETCH (BODY[] {%d}\r\n%b)\r\na OK FETCH completed\r\nb OK NOOP completed\r\n" % (
        len(body),
        body,
    )


def test_who_leaves_in_the_middle_of_a_body_leaves_nothing_behind(
    world: World, reader: ImapClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bytes are let go, so that the store can forget them."""
    released: list[int] = []
    monkeypatch.setattr(MemoryStoredContent, "release", lambda content: released.append(content.size))
    world.append(b"Subject: x\r\n\r\n" + b"x" * 500_000 + b"\r\n")
    reader.do(b"NOOP")
    reader.wire.hold()
    reader.raw(b"a FETCH 3 BODY.PEEK[]\r\n")
    assert not released
    reader.wire.drop()
    assert len(released) == 1
    assert not world.manager._accounts._sessions  # type: ignore[attr-defined]


def test_a_header_over_the_limit_is_still_served_whole(world: World, reader: ImapClient) -> None:
    """Only the looking into it is limited, not the reading of it."""
    header = b"X-Long: " + b"y" * 1_500_000 + b"\r\nSubject: late\r\n\r\n"
    world.append(header + b"body\r\n")
    reader.do(b"NOOP")
    assert octets(reader, b"BODY.PEEK[HEADER]", 3) == header
    assert octets(reader, b"BODY.PEEK[TEXT]", 3) == b"body\r\n"


def test_small_sections_may_come_in_pieces(reader: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store gives as much at a time as it likes; an empty section needs no reading."""
    monkeypatch.setattr("cgpymail.stores.memory.PIECE", 5)
    assert octets(reader, b"BODY.PEEK[]") == PLAIN
    assert octets(reader, b"BODY.PEEK[TEXT]<500.5>") == b""


def test_a_message_shorter_than_it_should_be_is_not_padded(reader: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """NO, instead of invented octets."""
    monkeypatch.setattr(MemoryStoredContent, "read_now", lambda *_: b"")
    assert reader.refused(b"FETCH 1 BODY.PEEK[]").startswith(b"[UNAVAILABLE] ")
