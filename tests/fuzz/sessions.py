"""Whole sessions in memory: whatever a client sends, no bug is answered or logged, and nothing is left behind."""

from __future__ import annotations

import tempfile
from pathlib import Path

from cgpymail.model.flags import SEEN
from tests.fuzz.target import Target
from tests.support.world import World

_FOLDER = Path(tempfile.gettempdir()) / "no-spool-is-needed"
_MAIL = b"Subject: one\r\nFrom: a@b.c\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\none\r\n--x--\r\n"
_GREETINGS = {
    "IMAP": b"x LOGIN john secret\r\nx SELECT INBOX\r\n",
    "POP": b"USER john\r\nPASS secret\r\n",
    "LMTP": b"LHLO here\r\n",
}


def _session(module: str, data: bytes, greeting: bytes) -> None:
    world = World(_FOLDER)
    world.account("john")
    world.append(_MAIL, flags=SEEN)
    world.append(_MAIL)
    wire = world.connect(module)
    wire.feed(greeting)
    sent = wire.feed(data)
    for _ in range(20):
        world.clock.advance(0.001)
    sent += wire.take()
    wire.drop()
    world.run(world.manager.stop())
    assert b"[SERVERBUG]" not in sent
    assert not [line for line in world.runtime.logs.emit.__self__ if "Traceback" in line]  # type: ignore[attr-defined]
    left = [call for call in world.clock.getDelayedCalls() if call.active()]
    assert not left, left


def imap(data: bytes) -> None:
    """A client with a mailbox."""
    _session("IMAP", data, _GREETINGS["IMAP"])


def imap_login(data: bytes) -> None:
    """A client that nobody knows."""
    _session("IMAP", data, b"")


def pop(data: bytes) -> None:
    """A client with a maildrop."""
    _session("POP", data, _GREETINGS["POP"])


def pop_login(data: bytes) -> None:
    """A client that nobody knows."""
    _session("POP", data, b"")


def lmtp(data: bytes) -> None:
    """A mail transfer agent."""
    _session("LMTP", data, _GREETINGS["LMTP"])


TARGETS = (
    Target(
        "imap-session",
        imap,
        (
            b"1 UID FETCH 1:* (FLAGS BODY[])\r\n2 STORE 1 +FLAGS (x)\r\n3 APPEND INBOX {3+}\r\nabc\r\n4 EXPUNGE\r\n",
            b"1 IDLE\r\nDONE\r\n2 CREATE a/b\r\n3 RENAME a c\r\n4 COPY 1:2 c\r\n5 SEARCH OR TEXT one UNSEEN\r\n",
            b'1 ENABLE CONDSTORE\r\n2 CLOSE\r\n3 STATUS INBOX (MESSAGES)\r\n4 LIST (REMOTE) "" * RETURN (CHILDREN)\r\n',
            b"1 ENABLE QRESYNC\r\n2 SELECT INBOX (QRESYNC (1 1 1:9))\r\n3 SEARCH RETURN (SAVE COUNT) YOUNGER 9\r\n"
            b"4 SORT RETURN (PARTIAL 1:2) (SUBJECT DISPLAYFROM) UTF-8 $\r\n5 THREAD REFS UTF-8 ALL\r\n"
            b"6 NOTIFY SET (SELECTED (MessageNew (UID) MessageExpunge)) (PERSONAL (MailboxName))\r\n"
            b"7 STORE 1 (UNCHANGEDSINCE 1) FLAGS (x)\r\n8 REPLACE 1 INBOX ~{1+}\r\nx\r\n",
            b'1 SETMETADATA INBOX (/shared/comment "x" /private/specialuse NIL)\r\n'
            b'2 SETMETADATA "" (/private/a ~{1+}\r\n\0)\r\n'
            b"3 GETMETADATA INBOX (DEPTH 1) (/shared /private)\r\n4 LIST () * RETURN (METADATA (/shared/comment))\r\n",
            b"1 CREATE x (USE (\\Archive \\All))\r\n2 CREATE $Notes$\r\n3 SELECT $Sent$\r\n4 ENABLE X-CGPY-NONMAIL\r\n"
            b"5 RENAME $Trash$ $Junk$/a\r\n6 DELETE $Drafts$\r\n7 STATUS ~john/$Archive$ (SIZE)\r\n",
            b"7 UNSELECT\r\n8 ENABLE IMAP4rev2 UTF8=ACCEPT\r\n9 SELECT INBOX (CONDSTORE)\r\n"
            b"2 UID FETCH 1:* (PREVIEW EMAILID SAVEDATE BINARY[1]<0.9>) (PARTIAL -1:-9)\r\n"
            b'3 LIST (SUBSCRIBED RECURSIVEMATCH) "" (a %) RETURN (STATUS (SIZE APPENDLIMIT))\r\n'
            b"4 APPEND INBOX UTF8 (~{1+}\r\nx) {1+}\r\ny\r\n5 COMPRESS DEFLATE\r\n6 NOOP\r\n",
        ),
        2000,
    ),
    Target(
        "imap-login", imap_login, (b"1 AUTHENTICATE PLAIN AGpvaG4Ac2VjcmV0\r\n2 NOOP\r\n", b"1 STARTTLS\r\n2 NOOP\r\n")
    ),
    Target(
        "pop-session",
        pop,
        (b"UIDL\r\nTOP 1 0\r\nRETR 2\r\nDELE 1\r\nRSET\r\nLIST 7\r\nQUIT\r\n", b"STAT\r\nX\r\n"),
        2000,
    ),
    Target("pop-login", pop_login, (b"CAPA\r\nAUTH PLAIN AGpvaG4Ac2VjcmV0\r\nSTAT\r\n", b"STLS\r\nUSER x\r\n"), 2000),
    Target(
        "lmtp-session",
        lmtp,
        (b"MAIL FROM:<a@b>\r\nRCPT TO:<john@example.org>\r\nDATA\r\nSubject: x\r\n\r\n..\r\n.\r\nRSET\r\nQUIT\r\n",),
        2000,
    ),
)
