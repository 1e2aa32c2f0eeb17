"""COPY and MOVE."""

from __future__ import annotations

import pytest

from cgpymail.manager.handle import CopyResult, Handle
from tests.support.imapclient import ImapClient
from tests.support.world import World

MAIL = b"Subject: x\r\n\r\ntext\r\n"


@pytest.fixture
def reader(world: World, john: ImapClient) -> ImapClient:
    """A session on a mailbox with three messages, none recent; another mailbox is called box."""
    world.append(MAIL, MAIL, MAIL)
    john.do(b"CREATE box")
    john.do(b"SELECT INBOX")
    john.do(b"SELECT INBOX")
    return john


def uidvalidity(client: ImapClient, name: bytes) -> bytes:
    """As STATUS tells it."""
    return client.do(b"STATUS %b (UIDVALIDITY)" % name)[0].split()[-1].rstrip(b")")


def test_copy_says_where_the_copies_are(reader: ImapClient) -> None:
    """COPYUID (RFC 4315)."""
    value = uidvalidity(reader, b"box")
    assert reader.ok(b"COPY 2:3 box") == b"[COPYUID %b 2:3 1:2] COPY completed" % value
    assert reader.ok(b"UID COPY 1,99 box") == b"[COPYUID %b 1 3] COPY completed" % value


def test_copy_into_the_selected_mailbox(reader: ImapClient) -> None:
    """The copies are told before the tagged reply."""
    assert reader.do(b"COPY 1 INBOX") == [b"* 4 EXISTS", b"* 1 RECENT"]


def test_move_says_where_before_the_numbers_change(reader: ImapClient) -> None:
    """An untagged OK with COPYUID, then EXPUNGE, then the tagged reply (RFC 6851 3.3)."""
    value = uidvalidity(reader, b"box")
    assert reader.do(b"MOVE 1,3 box") == [b"* OK [COPYUID %b 1,3 1:2] Moved" % value, b"* 1 EXPUNGE", b"* 2 EXPUNGE"]
    assert reader.do(b"STATUS INBOX (MESSAGES)") == [b"* STATUS INBOX (MESSAGES 1)"]


@pytest.mark.parametrize("command", [b"COPY", b"MOVE", b"UID COPY", b"UID MOVE"])
def test_a_missing_target_may_be_created(reader: ImapClient, command: bytes) -> None:
    """[TRYCREATE], and nothing was done."""
    assert reader.refused(command + b" 1:2 nothing").startswith(b"[TRYCREATE] ")
    assert reader.do(b"STATUS INBOX (MESSAGES)") == [b"* STATUS INBOX (MESSAGES 3)"]


@pytest.mark.parametrize("command", [b"UID COPY", b"UID MOVE"])
def test_nothing_named_is_no_error(reader: ImapClient, command: bytes) -> None:
    """Unknown UIDs are left out (RFC 3501 6.4.8), also when none remains."""
    assert b"COPYUID" not in reader.ok(command + b" 77 box")


def test_nothing_moved_is_said_without_uids(reader: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """COPYUID cannot name nothing."""

    async def nothing(handle: Handle, uids: list[int], target: str) -> CopyResult:
        return CopyResult(1, [], [])

    monkeypatch.setattr(Handle, "move", nothing)
    assert reader.lines(b"a MOVE 1 box") == [b"a OK MOVE completed"]
