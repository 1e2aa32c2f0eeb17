"""Opening and leaving a mailbox."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from cgpymail.errors import NotPermitted
from cgpymail.manager.handle import Handle
from cgpymail.model.flags import DELETED, SEEN
from tests.support.imapclient import ImapClient
from tests.support.world import World

MAIL = b"Subject: x\r\n\r\ntext\r\n"
Connect = Callable[..., ImapClient]


def test_select_tells_everything_a_client_needs(world: World, john: ImapClient) -> None:
    """FLAGS, counts, the first unseen message, UIDs, MODSEQ (RFC 3501 6.3.1; HIGHESTMODSEQ always)."""
    world.append(MAIL, flags=SEEN)
    world.append(MAIL)
    answers = john.lines(b"a SELECT INBOX")
    assert answers[0].startswith(b"* FLAGS (\\Seen \\Answered ")
    assert answers[1].startswith(b"* OK [PERMANENTFLAGS (\\Seen ")
    assert b"\\*)]" in answers[1]
    assert answers[2:5] == [b"* 2 EXISTS", b"* 2 RECENT", b"* OK [UNSEEN 2] First unseen message"]
    assert answers[5].startswith(b"* OK [UIDVALIDITY ")
    assert answers[6] == b"* OK [UIDNEXT 3] Predicted next UID"
    assert answers[7].startswith(b"* OK [HIGHESTMODSEQ ")
    assert answers[8].startswith(b"* OK [MAILBOXID (F")
    assert answers[9] == b"a OK [READ-WRITE] Opened"


def test_an_empty_mailbox_has_a_valid_modseq(john: ImapClient) -> None:
    """Zero would not be one (RFC 7162 3.1.2.1)."""
    modseq = next(line for line in john.lines(b"a SELECT INBOX") if b"HIGHESTMODSEQ" in line)
    assert int(modseq.split()[3].rstrip(b"]")) > 0


def test_examine_changes_nothing(world: World, john: ImapClient) -> None:
    """Reading leaves Seen and Recent alone, and changes are refused."""
    world.append(MAIL)
    assert john.ok(b"EXAMINE INBOX") == b"[READ-ONLY] Opened"
    assert b"FLAGS (\\Recent)" in john.raw(b"a FETCH 1 (FLAGS BODY[])\r\n")
    assert john.refused(b"STORE 1 +FLAGS (\\Deleted)").startswith(b"[NOPERM] ")
    assert john.refused(b"EXPUNGE").startswith(b"[NOPERM] ")
    john.do(b"CLOSE")
    assert b"* 1 RECENT" in john.do(b"SELECT INBOX")
    assert john.do(b"FETCH 1 FLAGS") == [b"* 1 FETCH (FLAGS (\\Recent))"]


def test_a_failed_select_leaves_no_mailbox_selected(john: ImapClient) -> None:
    """As RFC 3501 6.3.1 has it."""
    john.do(b"SELECT INBOX")
    john.refused(b"SELECT nothing")
    john.refused(b"CHECK", b"BAD")


def test_close_expunges_without_a_word(world: World, john: ImapClient) -> None:
    """CLOSE removes what is marked Deleted; no EXPUNGE is told."""
    world.append(MAIL, flags=DELETED)
    world.append(MAIL)
    john.do(b"SELECT INBOX")
    assert john.do(b"CLOSE") == []
    john.refused(b"CHECK", b"BAD")
    assert b"* 1 EXISTS" in john.do(b"SELECT INBOX")


def test_unselect_and_another_select_expunge_nothing(world: World, john: ImapClient) -> None:
    """RFC 3691; and leaving one mailbox for another is no CLOSE either."""
    world.append(MAIL, flags=DELETED)
    john.do(b"SELECT INBOX")
    assert john.do(b"UNSELECT") == []
    john.do(b"SELECT INBOX")
    john.do(b"EXAMINE INBOX")
    john.do(b"CLOSE")
    assert b"* 1 EXISTS" in john.do(b"SELECT INBOX")


def test_recent_goes_to_one_session(world: World, connect: Connect) -> None:
    """The first that selects read-write (spec 14.3.2)."""
    world.append(MAIL)
    first, second = connect(), connect()
    assert b"* 1 RECENT" in first.do(b"SELECT INBOX")
    assert b"* 0 RECENT" in second.do(b"SELECT INBOX")


def test_check_is_answered(world: World, john: ImapClient) -> None:
    """CHECK also tells what happened."""
    john.do(b"SELECT INBOX")
    world.append(MAIL)
    assert john.do(b"CHECK") == [b"* 1 EXISTS", b"* 1 RECENT"]


def test_close_without_the_right_to_delete_only_closes(
    world: World, john: ImapClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else's mailbox can be left with CLOSE like any."""
    world.append(MAIL, flags=DELETED)
    john.do(b"SELECT INBOX")

    async def refused(handle: Handle) -> None:
        raise NotPermitted

    monkeypatch.setattr(Handle, "expunge", refused)
    assert john.do(b"CLOSE") == []
    assert b"* 1 EXISTS" in john.do(b"SELECT INBOX")
