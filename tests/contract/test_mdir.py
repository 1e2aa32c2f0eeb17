"""The .mdir keeps the contract; and what its directory looks like (manual, "MailDirMailbox"; spec section 5)."""

from __future__ import annotations

import os
import pathlib

import pytest

from cgpymail.errors import StorageFailed
from cgpymail.model import flags
from cgpymail.model.mailbox import MailboxHints
from cgpymail.model.message import NewMessage
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.tree import DiskTree
from tests.contract.box import DATE, Box
from tests.contract.disk import DiskContract
from tests.contract.messages import PLAIN, SHAPES
from tests.support.processfiles import ProcessFiles
from tests.support.results import result

ON_DISK = PLAIN.replace(b"\r\n", b"\n")


class TestMdir(DiskContract):
    """Directories of message files."""

    format = "mdir"


def make_tree(runtime: Runtime, path: pathlib.Path) -> DiskTree:
    """On disk."""
    return DiskTree(runtime, str(path))


@pytest.fixture
def box(tmp_path: pathlib.Path):
    """An empty .mdir."""
    box = Box(make_tree, "mdir", tmp_path)
    yield box
    box.files.end_process()


def listed(box: Box) -> list[str]:
    """Names in the mailbox's directory, without the note."""
    return sorted(path.name for path in (box.path / "box.mdir").iterdir() if path.name != ".note")


def put(box: Box, name: str, data: bytes = ON_DISK) -> None:
    """A file as another program writes it."""
    (box.path / "box.mdir" / name).write_bytes(data)


def test_file_of_a_message(box: Box) -> None:
    """One file per message, lines ending in LF, all facts in its name."""
    [uid] = box.append(PLAIN, flags=flags.SEEN)
    assert listed(box) == [f"{uid}-O{uid}-S-20200913122640-6"]
    assert (box.path / "box.mdir" / listed(box)[0]).read_bytes() == ON_DISK


@pytest.mark.parametrize("at_once", [True, False])
def test_a_message_is_read_at_once_if_its_file_can_be_opened_at_once(
    box: Box, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    """No thread for what is in memory; a file that would have to be waited for is opened on a thread, at the read."""
    [uid] = box.append(PLAIN)
    monkeypatch.setattr(box.files, "open_now", box.files.open_read if at_once else lambda path: None)
    content = box.store.content(uid)
    before = len(box.files.descriptors)
    assert (content.read_now(0, content.size) == PLAIN) is at_once
    assert len(box.files.descriptors) == before + at_once
    assert result(content.read(0, content.size)) == PLAIN
    content.release()
    assert len(box.files.descriptors) == before


def test_flags_are_renames(box: Box) -> None:
    """A checkpoint writes flags by renaming; the file itself is the same."""
    [uid] = box.append(PLAIN)
    inode = os.stat(box.path / "box.mdir" / listed(box)[0]).st_ino
    box.set(uid, flags.SEEN | flags.FLAGGED)
    result(box.store.checkpoint())
    assert listed(box) == ["1-O1-SF-20200913122640-6"]
    assert os.stat(box.path / "box.mdir" / listed(box)[0]).st_ino == inode


def test_keywords_are_attribute_files(box: Box) -> None:
    """Keywords lie in the file O<origuid>, and it goes with the last of them."""
    [uid] = box.append(PLAIN, keywords=("Later",))
    result(box.store.checkpoint())
    assert "O1" in listed(box)
    assert (box.path / "box.mdir" / "O1").read_bytes() == b"{Keywords=(Later);}"
    box.set(uid, 0, 0)
    result(box.store.checkpoint())
    assert listed(box) == ["1-O1--20200913122640-6"]


def test_expunged_files_go(box: Box) -> None:
    """A message that somebody may still read is renamed at the checkpoint, and unlinked when it is forgotten."""
    [uid] = box.append(PLAIN, keywords=("Later",))
    result(box.store.checkpoint())
    result(box.store.expunge([uid]))
    result(box.store.checkpoint())
    assert ".x-1-O1--20200913122640-6" in listed(box)
    assert box.body(uid) == PLAIN
    box.store.forget([uid])
    assert listed(box) == []


def test_expunged_files_are_not_missed(box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    """When many messages were expunged and forgotten, the next checkpoint looks for none of them, and says nothing."""
    uids = box.append(*[PLAIN] * 20)
    result(box.store.checkpoint())
    result(box.store.expunge(uids))
    box.store.forget(uids)
    looks: list[str] = []
    look = box.files.listdir
    monkeypatch.setattr(box.files, "listdir", lambda path: looks.append(path) or look(path))
    result(box.store.checkpoint())
    assert len(looks) <= 2
    assert not [line for line in box.runtime.logs.emit.__self__ if "missing" in line]  # type: ignore[attr-defined]
    box.reopen()
    assert box.uids == []


def test_index_lies_beside(box: Box) -> None:
    """Snapshot and journal are beside the directory, never inside."""
    box.append(PLAIN)
    result(box.store.checkpoint())
    assert {path.name.partition(".")[2].partition(".")[0] for path in box.path.iterdir()} == {"mdir", "bdx", "log"}


def test_strays_are_left_alone(box: Box) -> None:
    """Other files in the directory are ignored, named in the log, and not touched."""
    box.append(PLAIN)
    put(box, "README", b"mine")
    put(box, "1-x", b"mine")
    (box.path / "box.mdir" / "9-O9--20200913122640-6").mkdir()
    box.reopen("no-index")
    assert box.uids == [1]
    logged = "\n".join(box.runtime.logs.emit.__self__)  # type: ignore[attr-defined]
    assert "README" in logged
    assert {"README", "1-x", "9-O9--20200913122640-6"} <= set(listed(box))


def test_temporary_files_of_a_dead_process_go(box: Box) -> None:
    """Half-written messages were never acknowledged; those expunged have no reader; their UIDs stay used."""
    box.append(PLAIN)
    put(box, ".new-2", b"half")
    put(box, ".x-7-O7-S-20200913122640-6")
    box.reopen("no-index")
    assert listed(box) == ["1-O1--20200913122640-6"]
    assert box.append(PLAIN) == [8]
    box.reopen("no-index")
    assert box.uids == [1, 8]


def test_mail_of_another_program_without_index(box: Box) -> None:
    """A directory that another server left is taken as it is, in the forms that its names may have."""
    put(box, "3-O3-SA-20200913122640-6")
    put(box, "07--20200913122641-6")
    put(box, "12-O12-SZ-20200913122642-6")
    put(box, "13-O2-X-20200913122643-6")
    box.reopen("no-index")
    assert box.uids == [3, 7, 12, 13]
    assert [box.row(uid).flags for uid in box.uids] == [flags.SEEN | flags.ANSWERED, 0, flags.SEEN, 0]
    assert [box.row(uid).date for uid in box.uids] == [DATE, DATE + 1, DATE + 2, DATE + 3]
    assert all(box.body(uid) == PLAIN for uid in box.uids)
    for uid in box.uids:
        box.set(uid, flags.FLAGGED)
    box.reopen()
    result(box.store.checkpoint())
    assert "12-O12-FZ-20200913122642-6" in listed(box)
    assert all(box.body(uid) == PLAIN for uid in box.uids)
    box.reopen("no-index")
    assert [(uid, box.row(uid).flags) for uid in box.uids] == [(uid, flags.FLAGGED) for uid in (3, 7, 12, 13)]


@pytest.mark.parametrize("shape", ["8-bit", "nul", "lone-cr"])
def test_foreign_line_ends(box: Box, shape: str) -> None:
    """Files that are not ours may end their lines in CRLF, or not at all: they are served in wire form all the same."""
    data = SHAPES[shape]
    put(box, "1--20200913122640-0", data)
    put(box, "2--20200913122640-0", data.replace(b"\r\n", b"\n")[:-1])
    box.reopen("no-index")
    assert [box.body(uid) for uid in box.uids] == [data, data]


def test_files_that_come_while_we_know_the_mailbox(box: Box) -> None:
    """A message file that nobody announced is accepted with its flags, and has one UID from then on."""
    box.append(PLAIN, PLAIN)
    result(box.store.close())
    put(box, "40-O40-S-20200913122640-6")
    put(box, "1-O1-S-20200913122640-6", b"other\n")
    box.open()
    known = {uid: (box.row(uid).flags, box.body(uid)) for uid in box.uids}
    assert len(known) == 4
    assert sorted(mask for mask, _ in known.values()) == [0, 0, flags.SEEN, flags.SEEN]
    assert sorted(body for _, body in known.values()) == sorted([PLAIN, PLAIN, PLAIN, b"other\r\n"])
    [late] = [uid for uid in known if known[uid] == (flags.SEEN, PLAIN)]
    box.set(late, flags.SEEN | flags.FLAGGED)
    for way in ("close", "kill", "no-index"):
        box.reopen(way)
        assert box.uids == list(known)
        assert box.row(late).flags == flags.SEEN | flags.FLAGGED


def test_files_that_go_while_we_are_away(box: Box) -> None:
    """A message whose file somebody removed is expunged; one whose flags somebody changed is still there."""
    uids = box.append(PLAIN, PLAIN, PLAIN)
    result(box.store.close())
    directory = box.path / "box.mdir"
    (directory / "2-O2--20200913122640-6").unlink()
    (directory / "3-O3--20200913122640-6").rename(directory / "3-O3-S-20200913122640-6")
    box.open()
    assert box.uids == [uids[0], uids[2]]
    assert box.body(3) == PLAIN
    box.set(3, flags.DELETED)
    box.reopen("no-index")
    assert box.row(3).flags == flags.DELETED


def test_file_that_goes_under_a_reader(box: Box) -> None:
    """A body that somebody removed cannot be read: an error for that message, the others are served."""
    first, second = box.append(PLAIN, PLAIN)
    (box.path / "box.mdir" / "1-O1--20200913122640-6").unlink()
    with pytest.raises(StorageFailed):
        box.body(first)
    assert box.body(second) == PLAIN
    box.set(first, flags.SEEN)
    result(box.store.checkpoint())


def test_one_content_many_mailboxes(box: Box) -> None:
    """One message delivered to three .mdir mailboxes is one file with three names (spec 5.6)."""
    stores = [box.store]
    for name in ("two", "three"):
        result(box.tree.create(name, "mdir", 5))
        stores.append(result(box.tree.open(name, MailboxHints(), box._draw)))
    message = box.message(SHAPES["noise"])
    for store in stores:
        result(store.append([message]))
    message.content.release()
    paths = sorted(box.path.glob("*.mdir/1-*"))
    assert len(paths) == 3
    assert {os.stat(path).st_nlink for path in paths} == {3}
    for store in stores:
        assert b"".join(store.content(1).chunks()) == SHAPES["noise"]


def test_copy_is_a_link(box: Box) -> None:
    """COPY between .mdir mailboxes writes no bytes; what becomes of one name does not touch the other."""
    [uid] = box.append(SHAPES["nul"])
    content = box.store.content(uid)
    [copy] = result(box.store.append([NewMessage(content, DATE)]))
    content.release()
    assert {os.stat(path).st_nlink for path in (box.path / "box.mdir").glob("[0-9]*")} == {2}
    box.expunge(uid)
    result(box.store.checkpoint())
    box.reopen("no-index")
    assert box.uids == [copy]
    assert box.body(copy) == SHAPES["nul"]


class NoLinks(ProcessFiles):
    """A file system without hard links."""

    def link(self, old: str, new: str) -> None:
        raise OSError(18, "Invalid cross-device link")


def test_without_links(tmp_path: pathlib.Path) -> None:
    """Where links fail the bytes are written again."""
    box = Box(make_tree, "mdir", tmp_path, "close", NoLinks())
    message = box.message(PLAIN)
    uids = [result(box.store.append([message]))[0] for _ in range(2)]
    assert [box.body(uid) for uid in uids] == [PLAIN, PLAIN]
    assert {os.stat(path).st_nlink for path in (box.path / "box.mdir").glob("[0-9]*")} == {1}
    result(box.tree.rename("box", "other", True))
    box.files.end_process()


def test_word_of_a_file_that_is_another_by_now(box: Box) -> None:
    """A link is made only to the very file that holds the content, whoever has its name since."""
    message = box.message(PLAIN)
    result(box.store.append([message]))
    path = box.path / "box.mdir" / "1-O1--20200913122640-6"
    path.unlink()
    path.write_bytes(b"another message\n")
    [uid] = result(box.store.append([message]))
    assert box.body(uid) == PLAIN


def test_file_instead_of_directory(box: Box) -> None:
    """A plain file with the name of an .mdir is no mailbox of that format: an error, and it stays."""
    result(box.store.close())
    (box.path / "plain.mdir").write_bytes(b"mine")
    with pytest.raises(StorageFailed):
        result(box.tree.open("plain", MailboxHints(), box._draw))
    assert (box.path / "plain.mdir").read_bytes() == b"mine"
    box.open()
