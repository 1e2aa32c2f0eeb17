"""GETMETADATA and SETMETADATA (RFC 5464): octets of any kind, slow and overfed listeners, disks that fail."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from twisted.internet.defer import Deferred, fail

from cgpymail.errors import StorageFailed
from cgpymail.manager.watch import Watch
from cgpymail.manager.watched import Key
from cgpymail.runtime.limits import DEFAULTS
from tests.support.imapclient import ImapClient
from tests.support.records import MemoryAnnotations
from tests.support.world import World
from tests.transcripts.memoryworld import settle


class Pair:
    """Two sessions of john: one works, one listens."""

    def __init__(self, folder: Path, **limits: int) -> None:
        self.world = World(folder, replace(DEFAULTS, **limits))
        self.record = self.world.account("john")
        self.work = ImapClient(self.world)
        self.other = ImapClient(self.world)

    def note(self, *entries: bytes, mailbox: bytes = b"INBOX") -> None:
        """Set private entries."""
        self.work.do(b"SETMETADATA %b (%b)" % (mailbox, b" ".join(b'/private/%b "x"' % entry for entry in entries)))
        settle(self.world.clock)

    def told(self) -> list[bytes]:
        """What the listener heard by itself."""
        settle(self.world.clock)
        return self.other.told()


@pytest.fixture
def pair(tmp_path: Path) -> Pair:
    """The two of them."""
    return Pair(tmp_path)


def test_any_octets(pair: Pair) -> None:
    """NUL and the like come as a literal8, and go as one."""
    assert pair.work.raw(b"a SETMETADATA INBOX (/shared/a ~{4+}\r\n\0\xff\r\n /shared/b {1+}\r\n\xe9)\r\n").startswith(
        b"a OK"
    )
    answer = pair.other.raw(b"b GETMETADATA INBOX (/shared/a /shared/b)\r\n")
    assert answer.startswith(b'* METADATA "INBOX" (/shared/a ~{4}\r\n\0\xff\r\n /shared/b {1}\r\n\xe9)\r\nb OK')


@pytest.mark.parametrize("entry", [b"class", b"own-seen"])
def test_what_must_be_text(pair: Pair, entry: bytes) -> None:
    """Entries that mean something to the server take nothing else."""
    line = b"SETMETADATA INBOX (/shared/vendor/cgpymail/%b {1+}\r\n\xff)" % entry
    assert pair.work.refused(line) == b"[CANNOT] This value must be text in UTF-8"


def test_changes_wait_for_a_client_that_does_not_read(pair: Pair) -> None:
    """Then each entry is told once, with what was changed while the line was on its way."""
    pair.other.do(b"ENABLE METADATA")
    pair.other.wire.hold()
    pair.other.wire.full = True
    pair.note(b"a", b"b")
    pair.note(b"b", b"c")
    assert pair.told() == []
    pair.other.wire.release()
    assert pair.told() == [b'* METADATA "INBOX" /private/a /private/b /private/c']


def test_a_client_that_stops_reading_just_then(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """What could not be told after all is told later, before what happened meanwhile."""
    slow: Deferred[bool] = Deferred()

    async def may_tell(watch: Watch, key: Key) -> bool:
        return await slow

    monkeypatch.setattr(Watch, "may_tell", may_tell)
    pair.other.do(b"ENABLE METADATA")
    pair.note(b"b")
    pair.other.wire.hold()
    pair.other.wire.full = True
    pair.note(b"a")
    monkeypatch.undo()
    slow.callback(True)
    pair.other.wire.release()
    assert pair.told() == [b'* METADATA "INBOX" /private/b /private/a']


def test_too_many_changes_for_who_enabled_them(tmp_path: Path) -> None:
    """Nothing more is told of annotations, and everything else as before: it never was a matter of NOTIFY."""
    pair = Pair(tmp_path, notify_events=2)
    pair.other.do(b"SELECT INBOX")
    pair.other.do(b"ENABLE METADATA")
    pair.note(b"a", b"b", b"c")
    pair.note(b"a")
    assert pair.told() == []
    pair.work.do(b"APPEND INBOX {1+}\r\nx")
    assert b"* 1 EXISTS" in pair.other.do(b"NOOP")


def test_enabling_changes_nothing_of_what_notify_said(pair: Pair) -> None:
    """Who has said what he wants to hear hears that."""
    pair.other.do(b"NOTIFY SET (PERSONAL (MailboxName))")
    pair.other.do(b"ENABLE METADATA")
    pair.note(b"a")
    assert pair.told() == []
    pair.work.do(b"CREATE Box")
    assert pair.told() == [b'* LIST (\\HasNoChildren) "/" Box']


def test_of_a_mailbox_that_is_gone_nothing_is_told(pair: Pair) -> None:
    """By the time it could be told there is nothing to ask for any more."""
    pair.work.do(b"CREATE Box")
    pair.other.do(b"ENABLE METADATA")
    pair.other.wire.hold()
    pair.other.wire.full = True
    pair.note(b"a", mailbox=b"Box")
    pair.work.do(b"DELETE Box")
    pair.other.wire.release()
    assert pair.told() == []


def test_a_disk_that_fails(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither command says why in public; LIST leaves out what it cannot read."""

    def broken() -> Deferred[MemoryAnnotations]:
        return fail(StorageFailed(detail="/secret/path"))

    monkeypatch.setattr(pair.record, "annotations", broken)
    text = b"[UNAVAILABLE] The mailbox storage failed; try again later"
    assert pair.work.refused(b"GETMETADATA INBOX /shared/comment") == text
    assert pair.work.refused(b'SETMETADATA "" (/private/a "x")') == text
    listed = pair.work.do(b'LIST "" INBOX RETURN (METADATA (/shared/comment))')
    assert listed == [b'* LIST (\\HasNoChildren) "/" INBOX']
