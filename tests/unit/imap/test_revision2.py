"""IMAP4rev2 (RFC 9051): the points of its appendix E, "Changes from RFC 3501 / IMAP4rev1", and what shows each.

1. 64-bit sizes: numbers of 19 digits are read (grammar/imap/tokens.py), sizes are Python integers.
2. Folded in: NAMESPACE, UNSELECT, UIDPLUS, ESEARCH, SEARCHRES, ENABLE, IDLE, SASL-IR, LIST-EXTENDED, LIST-STATUS, MOVE,
   LITERAL- (as LITERAL+), the FETCH side of BINARY, the attributes of SPECIAL-USE, the response codes of RFC 5530: each
   has its own transcripts; `test_everything_that_is_included_is_announced`.
3. STATUS SIZE and DELETED: transcript status-items.
4. SEARCH is answered by ESEARCH: transcript imap4rev2, step 6.
5. Substring search: nothing to change.
6. RFC 2231 continuations in BODYSTRUCTURE: mime/parameters.py, tests/unit/mime/test_parameters.py.
7. COPYUID for MOVE too: transcript uidplus.
8. COPY and MOVE make no mailbox, and say TRYCREATE: `test_trycreate`.
9. CLOSED: transcript imap4rev2, step 12.
10. LIST at SELECT and EXAMINE: transcript imap4rev2, steps 2 and 12.
11. No UNSEEN code, 12. no RECENT and no \\Recent: transcript imap4rev2, step 2; `test_nothing_is_recent`.
13. A new keyword need not be told by PERMANENTFLAGS: it is, which is allowed.
14. tagged-ext-simple: nothing that we send.
15. $MDNSent, $Forwarded, $Junk, $NonJunk, $Phishing: `test_keywords_of_the_registry`.
16. Names in UTF-8: transcripts utf8 and imap4rev2; tests/unit/grammar/test_imap_dialect.py.
17. CHECK, 18. RFC822, RFC822.HEADER, RFC822.TEXT and 19. LSUB are gone: still answered, for IMAP4rev1.
20. IDLE may tell more: nothing to change.
21. FETCH that nobody asked for has the UID: transcript imap4rev2, step 4.
22. Unknown response codes, 24. UTF-8 in texts: up to clients; our texts are ASCII.
23. Empty resp-text: our texts are never empty.
25. to 28. TLS, ALERT, PREAUTH, SCRAM: tests/system/test_libraries.py, tests/unit/directory.
Besides, 6.3.9.7: OLDNAME (transcript imap4rev2, steps 8, 10, 12); 7.5.2: `test_international_messages`; 6.3.5:
`test_a_name_with_children`.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cgpymail.imap.capabilities import capabilities
from cgpymail.imap.state import State
from tests.support.imapclient import ImapClient
from tests.support.world import World

INCLUDED = (
    "NAMESPACE UNSELECT UIDPLUS ESEARCH SEARCHRES ENABLE IDLE LIST-EXTENDED LIST-STATUS MOVE LITERAL+ BINARY CHILDREN"
    " SPECIAL-USE STATUS=SIZE"
)
GLOBAL = (
    b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: message/global\r\n\r\n"
    b"Subject: \xc3\xbc\r\n\r\ninside\r\n--b--\r\n"
)


@pytest.fixture
def rev2(connect: Callable[..., ImapClient]) -> ImapClient:
    """A client that has enabled IMAP4rev2."""
    client = connect()
    client.do(b"ENABLE IMAP4rev2")
    return client


def test_everything_that_is_included_is_announced() -> None:
    """Who says IMAP4rev2 has all that it folded in (RFC 9051 appendix E.2)."""
    said = capabilities(State.AUTHENTICATED).decode().split()
    assert "IMAP4rev2" in said
    assert set(INCLUDED.split()) <= set(said)
    assert {"IMAP4rev2", "SASL-IR"} <= set(capabilities(State.NOT_AUTHENTICATED).decode().split())


def test_nothing_is_recent(world: World, rev2: ImapClient) -> None:
    """Neither in flags nor by number nor to SEARCH, also when mail comes; others may still find it recent."""
    world.append(b"Subject: x\r\n\r\nx\r\n")
    assert not any(b"RECENT" in line.upper() for line in rev2.do(b"SELECT INBOX"))
    world.append(b"Subject: x\r\n\r\nx\r\n")
    assert rev2.do(b"NOOP") == [b"* 2 EXISTS"]
    assert rev2.do(b"FETCH 1:2 FLAGS") == [b"* 1 FETCH (FLAGS ())", b"* 2 FETCH (FLAGS ())"]
    assert not any(b" 1" in line.partition(b")")[2] for line in rev2.do(b"SEARCH RECENT"))
    assert b"* 2 RECENT" in ImapClient(world).do(b"SELECT INBOX")


def test_international_messages(world: World, connect: Callable[..., ImapClient]) -> None:
    """BODYSTRUCTURE shows what is in a message/global to those who know that it can (RFC 9051 7.5.2)."""
    world.append(GLOBAL)
    old, new = connect(), connect()
    new.do(b"ENABLE IMAP4rev2")
    for client in (old, new):
        client.do(b"EXAMINE INBOX")
    before = b"".join(old.do(b"FETCH 1 BODY"))
    after = b"".join(new.do(b"FETCH 1 BODY"))
    assert b'(("message" "global" NIL NIL NIL "7bit" 21) "mixed")' in before
    assert b'("message" "global" NIL NIL NIL "7bit" 21 (NIL {2}\xc3\xbc NIL' in after.replace(b"{2}\r\n", b"{2}")
    assert b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 0) 2) "mixed")' in after
    assert b"".join(new.do(b"FETCH 1 BODY")) == after
    assert new.do(b"FETCH 1 BODY.PEEK[1.TEXT]") == [b"* 1 FETCH (BODY[1.TEXT] {6}", b"inside)"]


def test_a_name_with_children(rev2: ImapClient) -> None:
    """What holds others, and no mail, goes last (RFC 9051 6.3.5)."""
    rev2.do(b"CREATE a/b")
    assert rev2.refused(b"DELETE a").startswith(b"[HASCHILDREN] ")
    rev2.do(b"DELETE a/b")
    rev2.do(b"DELETE a")


def test_trycreate(world: World, rev2: ImapClient) -> None:
    """No mailbox is made by COPY, MOVE or APPEND; the client hears that it could make it."""
    world.append(b"Subject: x\r\n\r\nx\r\n")
    rev2.do(b"SELECT INBOX")
    for command in (b"COPY 1 Nowhere", b"MOVE 1 Nowhere", b"UID MOVE 1 Nowhere"):
        assert rev2.refused(command).startswith(b"[TRYCREATE] ")


def test_keywords_of_the_registry(world: World, rev2: ImapClient) -> None:
    """They are kept like any keyword."""
    world.append(b"Subject: x\r\n\r\nx\r\n")
    rev2.do(b"SELECT INBOX")
    rev2.do(b"STORE 1 FLAGS.SILENT ($MDNSent $Forwarded $Junk $NonJunk $Phishing)")
    (line,) = (line for line in rev2.do(b"FETCH 1 FLAGS") if b"FETCH" in line)
    assert set(line.partition(b"(FLAGS (")[2].rstrip(b")").split()) == {
        b"$MDNSent", b"$Forwarded", b"$Junk", b"$NonJunk", b"$Phishing"
    }  # fmt: skip


def test_the_old_commands_are_still_answered(world: World, rev2: ImapClient) -> None:
    """CHECK, LSUB and the items named RFC822 belong to IMAP4rev1, which is there too."""
    world.append(b"Subject: x\r\n\r\nx\r\n")
    rev2.do(b"SUBSCRIBE INBOX")
    assert rev2.do(b'LSUB "" *') == [b'* LSUB () "/" INBOX']
    rev2.do(b"SELECT INBOX")
    assert rev2.ok(b"CHECK")
    assert rev2.do(b"FETCH 1 RFC822.SIZE") == [b"* 1 FETCH (RFC822.SIZE 17)"]


def test_levels_do_not_exist_in_any_list(world: World, rev2: ImapClient) -> None:
    """With IMAP4rev2 every LIST has the attributes of the extended one (RFC 9051 6.3.9)."""
    mary, mine = world.user("mary"), ImapClient(world)
    world.run(mary.create("A/B"))
    record = world.directory.records[world.directory.route("mary", "")]  # type: ignore[index]
    record.infos.setdefault("A/B", {})["Access"] = {"john": "lr"}
    assert mine.do(b'LIST "" ~mary/%') == [b'* LIST (\\Noselect \\HasChildren) "/" ~mary/A']
    assert rev2.do(b'LIST "" ~mary/%') == [b'* LIST (\\NonExistent \\HasChildren) "/" ~mary/A']
