"""How a client comes to work with MODSEQs, and what it may not do before (RFC 7162)."""

from __future__ import annotations

import pytest

from cgpymail.imap import condstore
from cgpymail.imap.context import Context
from cgpymail.model import flags
from cgpymail.model.identity import AccountName
from cgpymail.model.uidset import UidSet
from cgpymail.stores.memory import MemoryStore
from tests.support.imapclient import ImapClient
from tests.support.world import DOMAIN, World

MAIL = b"Subject: s\r\n\r\ntext\r\n"


def told_with_modseq(world: World, client: ImapClient) -> bool:
    """Whether a flag that another client sets is told with its MODSEQ."""
    other = ImapClient(world)
    other.do(b"SELECT INBOX")
    other.do(b"STORE 1 +FLAGS.SILENT (\\Flagged)")
    (line,) = [line for line in client.do(b"NOOP") if b"FETCH" in line]
    return b"MODSEQ (" in line


@pytest.mark.parametrize(
    ("command", "enables"),
    [
        (b"SELECT INBOX (CONDSTORE)", True),
        (b"EXAMINE INBOX (CONDSTORE)", True),
        (b"STATUS INBOX (HIGHESTMODSEQ)", True),
        (b'LIST "" INBOX RETURN (STATUS (HIGHESTMODSEQ))', True),
        (b"FETCH 1 MODSEQ", True),
        (b"UID FETCH 1 FLAGS (CHANGEDSINCE 1)", True),
        (b"SEARCH OR MODSEQ 1 ALL", True),
        (b"SORT (DATE) UTF-8 MODSEQ 1", True),
        (b"STORE 1 (UNCHANGEDSINCE 0) FLAGS ()", True),
        (b"ENABLE CONDSTORE", True),
        (b"ENABLE QRESYNC", True),
        (b"SELECT INBOX", False),
        (b"STATUS INBOX (MESSAGES)", False),
        (b"FETCH 1 FLAGS", False),
    ],
)
def test_enabling_commands(world: World, command: bytes, enables: bool) -> None:
    """From then on flags are told with their MODSEQ; nobody else is bothered with them."""
    world.append(MAIL)
    client = ImapClient(world)
    client.do(b"SELECT INBOX")
    answer = client.do(command)
    assert told_with_modseq(world, client) is enables
    if b"SELECT" not in command and b"EXAMINE" not in command:
        assert any(b"OK [HIGHESTMODSEQ " in line for line in answer) is enables


def test_qresync_must_be_enabled(world: World) -> None:
    """BAD, and the mailbox stays selected."""
    world.append(MAIL)
    client = ImapClient(world)
    client.do(b"SELECT INBOX")
    client.refused(b"SELECT INBOX (QRESYNC (1 1))", b"BAD")
    client.refused(b"UID FETCH 1 FLAGS (CHANGEDSINCE 1 VANISHED)", b"BAD")
    assert client.do(b"FETCH 1 UID") == [b"* 1 FETCH (UID 1)"]


def test_condstore_alone_keeps_expunge(world: World) -> None:
    """VANISHED is for those who asked for it; so is HIGHESTMODSEQ after an EXPUNGE."""
    world.append(MAIL)
    client = ImapClient(world)
    client.do(b"SELECT INBOX (CONDSTORE)")
    client.do(b"STORE 1 +FLAGS (\\Deleted)")
    answer = client.lines(b"e EXPUNGE")
    assert answer[0] == b"* 1 EXPUNGE"
    assert answer[-1] == b"e OK EXPUNGE completed"


def test_a_select_that_fails_closes_the_mailbox_before(world: World) -> None:
    """CLOSED comes first, and only when there was one."""
    client = ImapClient(world)
    assert client.lines(b"a SELECT nothing")[0].startswith(b"a NO ")
    client.do(b"SELECT INBOX")
    first, second = client.lines(b"b SELECT nothing")
    assert first.startswith(b"* OK [CLOSED] ")
    assert second.startswith(b"b NO ")


def test_many_changes_are_told_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """All of them, in order."""
    monkeypatch.setattr(condstore, "_ROWS", 2)
    world.append(*[MAIL] * 5)
    client = ImapClient(world)
    client.do(b"ENABLE QRESYNC")
    validity = next(line for line in client.do(b"SELECT INBOX") if b"UIDVALIDITY" in line).split()[3].strip(b"]")
    told = [line for line in client.do(b"SELECT INBOX (QRESYNC (%b 1))" % validity) if b" FETCH " in line]
    assert [line.split()[1] for line in told] == [b"1", b"2", b"3", b"4", b"5"]


def test_a_saved_result_can_be_asked_for_what_vanished(world: World) -> None:
    """``$`` as the UIDs of a FETCH with VANISHED."""
    world.append(*[MAIL] * 3)
    client = ImapClient(world)
    client.do(b"ENABLE QRESYNC")
    client.do(b"SELECT INBOX")
    client.do(b"SEARCH RETURN (SAVE) 1:2")
    client.do(b"STORE 2:3 +FLAGS (\\Deleted)")
    client.do(b"EXPUNGE")
    (vanished, _) = client.do(b"UID FETCH $ (UID) (CHANGEDSINCE 1 VANISHED)")
    assert vanished == b"* VANISHED (EARLIER) 2"


def test_many_that_vanished_are_told_in_pieces(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, the client may read them slowly."""
    monkeypatch.setattr(condstore, "_RANGES", 1)
    world.append(*[MAIL] * 6)
    client = ImapClient(world)
    client.do(b"ENABLE QRESYNC")
    client.do(b"SELECT INBOX")
    client.do(b"STORE 2,4:5 +FLAGS (\\Deleted)")
    client.do(b"EXPUNGE")
    first, second, *_ = client.do(b"UID FETCH 1:* (UID) (CHANGEDSINCE 1 VANISHED)")
    assert (first, second) == (b"* VANISHED (EARLIER) 2", b"* VANISHED (EARLIER) 4:5")


def knowing(world: World, login: str = "john", mailbox: bytes = b"INBOX") -> tuple[ImapClient, bytes, bytes]:
    """A client with QRESYNC in a mailbox, UIDVALIDITY and HIGHESTMODSEQ."""
    client = ImapClient(world, login=login)
    client.do(b"ENABLE QRESYNC")
    told = b" ".join(client.do(b"SELECT %b" % mailbox))
    return client, told.split(b"UIDVALIDITY ")[1].split(b"]")[0], told.split(b"HIGHESTMODSEQ ")[1].split(b"]")[0]


def test_a_modseq_of_the_future_is_not_believed(world: World) -> None:
    """The files came back from a backup: the flags of every message are told, as what vanished is."""
    world.append(*[MAIL] * 3)
    client, validity, _ = knowing(world)
    client.do(b"STORE 2 +FLAGS (\\Deleted)")
    client.do(b"EXPUNGE")
    future = (1 << 63) - 1
    told = client.do(b"SELECT INBOX (QRESYNC (%b %d))" % (validity, future))
    assert b"* VANISHED (EARLIER) 2" in told
    assert [line.split()[1] for line in told if b" FETCH " in line] == [b"1", b"2"]
    told = client.do(b"UID FETCH 1:* (UID) (CHANGEDSINCE %d VANISHED)" % future)
    assert [line.split(b" (")[0] for line in told] == [b"* VANISHED", b"* 1 FETCH", b"* 2 FETCH"]


def test_who_may_see_a_hidden_message_again_is_told_of_it(world: World) -> None:
    """Rights have no MODSEQ: what was told to have vanished for lack of a right comes back with the right."""
    world.append(MAIL, MAIL)
    world.append(MAIL, flags=flags.HIDDEN)
    record = world.directory.records[AccountName("john", DOMAIN)]
    access = record.infos.setdefault("INBOX", {})["Access"] = {"mary": "lra"}
    client, validity, highest = knowing(world, "mary", b"~john/INBOX")
    again = b"SELECT ~john/INBOX (QRESYNC (%b %b))" % (validity, highest)
    access["mary"] = "lr"
    assert b"* VANISHED (EARLIER) 3" in client.do(again)
    access["mary"] = "lra"
    assert [line[:18] for line in client.do(again) if b" FETCH " in line] == [b"* 3 FETCH (UID 3 F"]


def test_a_message_not_told_yet_has_not_vanished(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """It came while the client was busy, and the store has forgotten what was expunged."""
    monkeypatch.setattr(MemoryStore, "expunged_since", lambda store, modseq: (UidSet(), False))
    world.append(*[MAIL] * 3)
    client, _, _ = knowing(world)
    world.append(MAIL)
    told = client.do(b"UID FETCH 1:9 (UID) (CHANGEDSINCE 1 VANISHED)")
    assert [line for line in told if b"VANISHED" in line] == []
    assert b"* 4 EXISTS" in told


def test_what_changed_is_looked_for_in_slices(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """However large the mailbox is, others have their turn; numbers stay those that the client knows meanwhile."""
    monkeypatch.setattr(condstore, "_STRIDE", 2)
    world.append(*[MAIL] * 5)
    client, _, _ = knowing(world)
    turns: list[None] = []

    async def breathe(context: Context) -> None:
        turns.append(None)

    monkeypatch.setattr(Context, "breathe", breathe)
    told = client.do(b"FETCH 2:5 (UID) (CHANGEDSINCE 1)")
    assert [line.split()[1] for line in told] == [b"2", b"3", b"4", b"5"]
    assert len(turns) == 2
