"""What clients send: commands, literals, search programs, mailbox names, lines of POP and LMTP, settings."""

from __future__ import annotations

from contextlib import suppress

from cgpymail.errors import IllegalName
from cgpymail.grammar import lmtp, pop3, settings
from cgpymail.grammar.dots import DotReader
from cgpymail.grammar.imap.errors import CommandError
from cgpymail.grammar.imap.events import CommandText, MessageChunk, MessageLiteral, TooLong
from cgpymail.grammar.imap.messagecommands import Message
from cgpymail.grammar.imap.reading import read_command
from cgpymail.grammar.imap.readmessage import read_next_message
from cgpymail.grammar.imap.scanner import ScanLimits, Scanner
from cgpymail.grammar.imap.tokens import ReadLimits
from cgpymail.model import names
from tests.fuzz.target import Target

LIMITS = ScanLimits(line=2000, literal=1000, command=4000, swallow=8000)


def imap_stream(data: bytes) -> None:
    """Bytes cut at a place that they name themselves: bounded, and every complete command is read or refused."""
    cut = data[0] if data else 0
    scanner = Scanner(LIMITS)
    for piece in (data[:cut], data[cut:]):
        scanner.receive(piece)
        while (event := scanner.next()) is not None:
            if isinstance(event, MessageLiteral):
                _read_offer(event)
                scanner.accept() if event.size % 2 else scanner.refuse()
            elif isinstance(event, CommandText):
                assert len(event.text) + sum(map(len, event.literals)) <= LIMITS.command + 2 * len(event.literals)
                _read(event.text, event.literals)
            elif isinstance(event, MessageChunk):
                assert event.data
            elif isinstance(event, TooLong) and event.fatal:
                assert scanner.buffered == 0
        assert scanner.buffered <= max(LIMITS.line, LIMITS.literal) + 2


def _read_offer(event: MessageLiteral) -> None:
    if not event.more:
        _read(event.text, event.literals)
        return
    with suppress(CommandError):
        message = read_next_message(event.text, Message((), None, 1, utf8=event.text.startswith(b")")), ReadLimits())
        assert (message.size, message.utf8) == (event.size, event.utf8)


def imap_command(data: bytes) -> None:
    """One line with its literals behind NUL."""
    text, *literals = data.split(b"\0")
    _read(b"a " + text, tuple(literals))


def imap_search(data: bytes) -> None:
    """A search program."""
    _read(b"a UID SEARCH " + data, ())


def imap_fetch(data: bytes) -> None:
    """Data items."""
    _read(b"a FETCH 1 " + data, ())


def _read(text: bytes, literals: tuple[bytes, ...]) -> None:
    try:
        command = read_command(text, literals)
    except CommandError:
        return
    assert command.tag and text.startswith(command.tag)


def mailbox_name(data: bytes) -> None:
    """Modified UTF-7: what is understood is written back so that it is understood again."""
    try:
        name = names.decode(data)
    except IllegalName:
        return
    assert names.decode(names.encode(name)) == name
    try:
        names.check_new(names.canonical(name))
    except IllegalName:
        pass


def pop_line(data: bytes) -> None:
    """A command line."""
    try:
        pop3.parse(data)
    except pop3.BadCommand as problem:
        assert b"\n" not in pop3.err(problem.text)[:-1]


def lmtp_line(data: bytes) -> None:
    """A command line and the paths in it."""
    try:
        command = lmtp.parse(data)
        for keyword in (b"FROM", b"TO"):
            try:
                lmtp.parse_path(command.rest, keyword)
            except lmtp.BadCommand:
                pass
    except lmtp.BadCommand:
        pass


def dotted_text(data: bytes) -> None:
    """A message in dots, whole and cut: the same text and the same end."""
    whole, finished = _undotted([data])
    cut = _undotted([data[place : place + 1] for place in range(len(data))])
    assert cut == (whole, finished) or (not finished and whole.startswith(cut[0]))


def _undotted(pieces: list[bytes]) -> tuple[bytes, bool]:
    reader = DotReader()
    text = b""
    for piece in pieces:
        if reader.finished:
            break
        text += reader.feed(piece)
    return text, reader.finished


def settings_file(data: bytes) -> None:
    """The dictionary syntax: refused with a place, or read and written back to the same value."""
    try:
        value = settings.read(data)
    except settings.SettingsError as problem:
        assert problem.line >= 1 and problem.column >= 1
    else:
        assert settings.read(settings.write(value)) == value


_COMMANDS = (
    b'LOGIN "john" {3}\0abc',
    b"UID FETCH 1:*,7 (FLAGS BODY.PEEK[1.2.HEADER.FIELDS (Subject)]<0.7>)",
    b"STORE 1,2:4 +FLAGS.SILENT (\\Seen word)",
    b"SEARCH CHARSET UTF-8 OR NOT SINCE 1-Feb-2020 (SUBJECT {3}\0abc LARGER 7)",
    b'STATUS "INBOX" (MESSAGES UNSEEN)',
    b'LIST "" "a/%"',
    b'ID ("name" NIL)',
    b'APPEND x (\\Seen) "17-Jul-1996 02:44:25 -0700" {5}',
    b"SELECT INBOX (QRESYNC (67890007 20050715194045000 41,43:211))",
    b"FETCH 1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)",
    b'LIST (SUBSCRIBED) "" ("a" %) RETURN (STATUS (MESSAGES))',
    b"SEARCH RETURN (MIN MAX COUNT SAVE) WITHIN YOUNGER 7 $",
    b"SORT (REVERSE DATE) UTF-8 ALL",
    b"THREAD REFERENCES UTF-8 TEXT a",
    b"SETMETADATA a (/shared/comment NIL /private/vendor/x/y ~{3}\0abc)",
    b"GETMETADATA (DEPTH infinity MAXSIZE 7) INBOX (/shared /private/comment)",
    b'SETACL a "#team@example.org" +lrswipkxtea',
    b"LISTRIGHTS INBOX {4}\0-\xc3\xbcx",
    b'LIST "" % RETURN (MYRIGHTS STATUS (UNSEEN))',
    b"NOTIFY SET (mailboxes a (MessageNew (FLAGS) MessageExpunge))",
)
TARGETS = (
    Target(
        "imap-stream",
        imap_stream,
        tuple(b"\x09a " + text.replace(b"\0", b"\r\n") + b"\r\nb NOOP\r\n" for text in _COMMANDS),
    ),
    Target("imap-command", imap_command, _COMMANDS),
    Target("imap-search", imap_search, (b"UNSEEN", b"OR (FROM a BCC b) NOT 1:*,3", b'HEADER X "y\\"" KEYWORD z')),
    Target("imap-fetch", imap_fetch, (b"FULL", b"(UID RFC822.SIZE BODY[TEXT]<3.7>)", b"BODY.PEEK[1.MIME]")),
    Target("mailbox-name", mailbox_name, (b"INBOX", b"&AOk-/&2D3eAA-", b"a&-b", b"~john/x")),
    Target("pop-line", pop_line, (b"USER john", b"TOP 1 7", b"APOP a 0123"), 600),
    Target("lmtp-line", lmtp_line, (b"MAIL FROM:<a@b> SIZE=7 BODY=8BITMIME", b'RCPT TO:<"a b"@c>', b"LHLO x"), 2100),
    Target("dotted-text", dotted_text, (b"a\r\n..b\r\n.\r\n", b".\r\n", b"\r\n.\n.\r\n")),
    Target(
        "settings",
        settings_file,
        (b'{A=1;B=("x","y");C={D=[YWJj];};}', b"#T22-10-2009_15:24:45", b'"\\e\\"\\065"', b"<a b='c'/>", b"#NULL#"),
    ),
)
