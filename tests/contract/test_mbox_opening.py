"""What other programs, crashes and administrators do to a .mbox, and what becomes of it when it is opened."""

from __future__ import annotations

import pathlib

import pytest

from cgpymail.errors import StorageFailed
from cgpymail.model.flags import FLAGGED, SEEN
from cgpymail.model.mailbox import MailboxHints
from cgpymail.stores.tree import DiskTree
from tests.contract.box import Box
from tests.contract.messages import HEADER, PLAIN
from tests.support.results import result

BSD = b"From joe@example.org Thu Jan  1 00:00:00 2015\n"
TEXT = HEADER.replace(b"\r\n", b"\n") + b"by another program\n"
WIRE = TEXT.replace(b"\n", b"\r\n")


@pytest.fixture
def box(tmp_path: pathlib.Path):
    """An empty .mbox."""
    box = Box(lambda runtime, path: DiskTree(runtime, str(path)), "mbox", tmp_path)
    yield box
    box.files.end_process()


def path(box: Box) -> pathlib.Path:
    """The mail file."""
    return box.path / "box.mbox"


def add(box: Box, *messages: bytes) -> None:
    """Another program appends to the file while the mailbox is closed."""
    with path(box).open("ab") as target:
        for message in messages:
            target.write(BSD + message + b"\n")


def close(box: Box) -> None:
    """Close in order."""
    result(box.store.close())


def test_delivered_by_another_program(box: Box) -> None:
    """Mail that another program appended is there, behind our own, with a new UID."""
    [own] = box.append(PLAIN)
    close(box)
    add(box, TEXT)
    box.open()
    assert len(box.uids) == 2 and box.uids[0] == own
    assert box.body(box.uids[1]) == WIRE


def test_no_comment_after_an_orderly_close(box: Box) -> None:
    """Without comment: flags are lost after reopening and the UID is another one; the mail is there (spec 15.7)."""
    close(box)
    add(box, TEXT)
    box.open()
    [first] = box.uids
    box.set(first, SEEN)
    box.reopen("close")
    [second] = box.uids
    assert second > first
    assert box.row(second).flags == 0
    assert box.body(second) == WIRE
    gone, complete = box.store.expunged_since(1)
    assert first in gone or not complete


def test_no_comment_after_a_kill(box: Box) -> None:
    """Without comment, killed: what was answered OK holds, flags and removal, whichever message had the UID."""
    close(box)
    add(box, TEXT, TEXT + b"two\n", TEXT + b"three\n")
    box.open()
    _, second, third = box.uids
    box.set(third, FLAGGED)
    assert box.expunge(second) == [second]
    box.reopen("kill")
    assert [box.body(uid) for uid in box.uids] == [WIRE, WIRE + b"three\r\n"]
    assert [box.row(uid).flags for uid in box.uids] == [0, FLAGGED]
    assert min(box.uids) > third


@pytest.mark.parametrize("way", ["close", "kill", "no-index"])
def test_no_comment_expunged(box: Box, way) -> None:
    """A message without comment that was expunged does not come back, even without snapshot and journal."""
    close(box)
    add(box, TEXT, TEXT, TEXT + b"three\n")
    box.open()
    box.expunge(box.uids[0])
    box.reopen(way)
    assert [box.body(uid) for uid in box.uids] == [WIRE, WIRE + b"three\r\n"]
    box.reopen(way)
    assert len(box.uids) == 2


def test_repeated_message(box: Box) -> None:
    """A copy of one of our messages, pasted in by somebody, is another message and gets another UID."""
    [own] = box.append(PLAIN)
    close(box)
    data = path(box).read_bytes()
    path(box).write_bytes(data + data)
    box.open()
    assert len(box.uids) == 2 and box.uids[0] == own
    assert all(box.body(uid) == PLAIN for uid in box.uids)


def test_old_copy_of_an_expunged_message(box: Box) -> None:
    """A message that was expunged and is pasted in again from a backup does not get its old UID."""
    first, second = box.append(PLAIN, PLAIN + b"two\r\n")
    old = path(box).read_bytes()
    start, end = old.index(b"From <sender"), old.rindex(b"From <sender")
    box.expunge(first)
    result(box.store.checkpoint())
    close(box)
    with path(box).open("ab") as target:
        target.write(old[start:end])
    box.open()
    assert first not in box.uids and box.uids[0] == second
    assert [box.body(uid) for uid in box.uids] == [PLAIN + b"two\r\n", PLAIN]


def test_rewritten_by_another_program(box: Box) -> None:
    """Another program took a message out of the middle: the others keep UID, flags and keywords."""
    uids = box.append(PLAIN, PLAIN + b"two\r\n", PLAIN + b"three\r\n")
    box.set(uids[2], SEEN, box.store.define_keyword("later"))
    close(box)
    data = path(box).read_bytes()
    start = data.index(b"-%010d-" % uids[1])
    start = data.rindex(b"\nFrom ", 0, start) + 1
    end = data.index(b"\n\nFrom ", start) + 2
    path(box).write_bytes(data[:start] + data[end:])
    box.open()
    assert box.uids == [uids[0], uids[2]]
    assert box.row(uids[2]).flags == SEEN and box.keywords_of(uids[2]) == {"later"}
    gone, _ = box.store.expunged_since(1)
    assert uids[1] in gone


def test_unfinished_append_is_moved_aside(box: Box) -> None:
    """Bytes of an append that was never acknowledged are kept beside the mailbox, and do not appear in it."""
    [own] = box.append(PLAIN)
    box.files.end_process()
    data = path(box).read_bytes()
    line = b"From <x@y>(%s-%010d-%010d) Thu Jan  1 00:00:00 2015\n" % (b"_" * 24, own + 1, own + 1)
    path(box).write_bytes(data + line + TEXT + b"\n" + b"From <torn@exam")
    box.open()
    assert box.uids == [own]
    asides = [entry for entry in box.path.iterdir() if entry.name.startswith(".")]
    assert any(TEXT in entry.read_bytes() for entry in asides if entry.is_file())
    [new] = box.append(PLAIN)
    box.reopen("kill")
    assert box.uids == [own, new] and box.body(new) == PLAIN


def test_note_and_directory_disagree(box: Box) -> None:
    """A mail file from a backup of another time: a new UIDVALIDITY, all mail kept."""
    box.append(PLAIN)
    close(box)
    box.hints = MailboxHints(uidvalidity=4_711)
    box.open()
    assert box.store.uidvalidity == 5_001
    assert [box.body(uid) for uid in box.uids] == [PLAIN]
    close(box)
    box.hints = MailboxHints(uidvalidity=5_001)
    box.open()
    assert box.store.uidvalidity == 5_001 and len(box.uids) == 1


def test_file_from_elsewhere(box: Box) -> None:
    """A .mbox put into place by hand, known to nobody: it opens with a new UIDVALIDITY."""
    close(box)
    path(box).write_bytes(BSD + TEXT + b"\n" + BSD + TEXT + b"two\n")
    box.lose_index()
    box.hints = MailboxHints()
    box.open()
    assert box.store.uidvalidity == 5_001
    assert [box.body(uid) for uid in box.uids] == [WIRE, WIRE + b"two\r\n"]


@pytest.mark.parametrize("first", [b"", b"\n", b"\n\n"])
def test_not_a_mailbox(box: Box, first: bytes) -> None:
    """A file that is no .mbox is refused and left as it is, also where it begins with empty lines."""
    close(box)
    box.lose_index()
    path(box).write_bytes(first + b"\x89PNG\r\n\x1a\n" * 100)
    with pytest.raises(StorageFailed):
        box.open()
    assert path(box).read_bytes() == first + b"\x89PNG\r\n\x1a\n" * 100


def test_damaged_snapshot(box: Box) -> None:
    """A snapshot that makes no sense costs nothing but the time to make another."""
    uids = box.append(PLAIN, PLAIN + b"two\r\n")
    box.set(uids[0], SEEN)
    result(box.store.checkpoint())
    close(box)
    snapshot = box.path / "box.bdx"
    data = bytearray(snapshot.read_bytes())
    data[len(data) // 2] ^= 255
    snapshot.write_bytes(bytes(data))
    box.open()
    assert box.uids == uids and box.row(uids[0]).flags == SEEN


def test_damaged_journal(box: Box) -> None:
    """One bad record: the changes before and after it are there, and the journal is kept for who wants to look."""
    uids = box.append(PLAIN, PLAIN + b"two\r\n")
    for uid in uids:
        box.set(uid, SEEN)
    box.files.end_process()
    [journal] = box.path.glob("box.log.*")
    data = bytearray(journal.read_bytes())
    used = len(bytes(data).rstrip(b"\0"))
    data[(used - 65) // 64 * 64 + 10] ^= 255  # the last but one
    journal.write_bytes(bytes(data))
    box.open()
    assert box.row(uids[1]).flags == SEEN and box.row(uids[0]).flags == 0
    assert list(box.path.glob(".box.log.*.damaged"))


@pytest.mark.parametrize("back", [1, 2])
def test_damaged_record_of_an_append(box: Box, back: int) -> None:
    """One bad record never takes away a message that was acknowledged, not even the last of the file."""
    [uid] = box.append(PLAIN)
    box.files.end_process()
    [journal] = box.path.glob("box.log.*")
    data = bytearray(journal.read_bytes())
    used = -(-len(bytes(data).rstrip(b"\0")) // 64) * 64
    data[used - back * 64 + 10] ^= 255  # the publication, or the append before it
    journal.write_bytes(bytes(data))
    box.open()
    assert box.uids == [uid] and box.body(uid) == PLAIN
    assert not list(box.path.glob(".box.mbox.aside-*"))


def test_damaged_message(box: Box) -> None:
    """A message whose bytes were damaged later stays where it is, under its UID."""
    [uid] = box.append(PLAIN)
    box.files.end_process()
    path(box).write_bytes(path(box).read_bytes().replace(b"two", b"tWo"))
    box.open()
    assert box.uids == [uid] and box.body(uid) == PLAIN.replace(b"two", b"tWo")


def test_pasted_copy_after_its_twin_is_gone(box: Box) -> None:
    """A pasted copy does not take over the UID of the expunged original, even when only the file is left."""
    [own] = box.append(PLAIN)
    close(box)
    data = path(box).read_bytes()
    path(box).write_bytes(data + data[data.index(b"From <sender") :])
    box.open()
    box.expunge(own)
    result(box.store.compact())
    box.reopen("no-index")
    assert own not in box.uids
    assert [box.body(uid) for uid in box.uids] == [PLAIN]


def test_opening_reads_little(box: Box) -> None:
    """A mailbox that nobody else touched is opened from its snapshot: its messages are not read."""
    box.append(*[PLAIN] * 50)
    result(box.store.checkpoint())
    close(box)
    read: list[int] = []
    usual = box.files.pread
    box.files.pread = lambda fd, length, offset: read.append(length) or usual(fd, length, offset)  # type: ignore
    box.open()
    assert len(box.uids) == 50
    assert len(read) < 15
