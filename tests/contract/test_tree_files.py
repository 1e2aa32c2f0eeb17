"""What a tree makes of files: other people's, half-done ones, and those that a power cut left."""

from __future__ import annotations

import pathlib
from collections.abc import Callable

import pytest
from twisted.internet.defer import succeed

from cgpymail.errors import CannotDo, IllegalName, MailboxExists, StorageFailed, StorageFull
from cgpymail.model.mailbox import MailboxHints
from cgpymail.runtime.files import Files
from cgpymail.stores.tree import DiskTree
from tests.contract.messages import PLAIN
from tests.contract.trees import Trees
from tests.support.crashfiles import KEPT, CrashFiles, Kept, PowerCut
from tests.support.processfiles import ProcessFiles
from tests.support.results import result
from tests.support.runtime import memory_runtime

FORMAT = "mdir"


def trees_over(path: pathlib.Path, files: Files | None = None) -> Trees:
    """A tree over a directory, as a new process finds it."""
    return Trees(DiskTree(memory_runtime(files), str(path)), FORMAT)


def lines(trees: Trees) -> list[str]:
    """What the server log says."""
    logged: list[str] = trees.tree._runtime.logs.emit.__self__
    return logged


@pytest.fixture
def trees(tmp_path: pathlib.Path):
    """An empty tree over the real file system."""
    files = ProcessFiles()
    yield trees_over(tmp_path, files)
    files.end_process()


def test_file_names(trees: Trees, tmp_path: pathlib.Path) -> None:
    """The names on disk are those of the manual: readable, in modified UTF-7, folders beside."""
    trees.create("Sent Items")
    trees.create("Sent Items/Entw\u00fcrfe")
    assert (tmp_path / "Sent Items.mdir").is_dir()
    assert (tmp_path / "Sent Items.folder" / "Entw&APw-rfe.mdir").is_dir()


def test_strangers_are_left_alone(trees: Trees, tmp_path: pathlib.Path) -> None:
    """Files that are no mailboxes are neither listed nor touched; the log names each once."""
    (tmp_path / "account.info").write_text("{}")
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / "&bad.mdir").mkdir()
    (tmp_path / "inbox.mdir").mkdir()
    (tmp_path / "..mdir").mkdir()
    (tmp_path / "file.mdir").write_text("not a directory")
    (tmp_path / "link.mdir").symlink_to(tmp_path)
    (tmp_path / "loop.folder").symlink_to(tmp_path)
    (tmp_path / "\udcff.mdir").mkdir()
    (tmp_path / "orphan.bdx").write_text("x")
    (tmp_path / ".hidden").write_text("x")
    before = sorted(tmp_path.iterdir())
    trees.create("real")
    for _ in range(2):
        assert trees.names() == {"real": "m"}
    assert sorted(tmp_path.iterdir()) == sorted([*before, tmp_path / "real.mdir"])
    told = "\n".join(lines(trees))
    for name in ("notes.txt", "&bad.mdir", "inbox.mdir", "file.mdir", "link.mdir", "loop.folder"):
        assert told.count(f"/{name}") == 1, name
    assert "account.info" not in told
    assert "orphan" not in told


def test_two_mail_files_of_one_name(trees: Trees, tmp_path: pathlib.Path) -> None:
    """The file of another format under a name that is taken is not opened and not lost."""
    trees.create("a")
    trees.put("a")
    (tmp_path / "a.zzz").write_text("x")
    assert trees.names() == {"a": "m"}
    assert trees.bodies("a") == [PLAIN]


def test_copied_mailbox_is_found(trees: Trees, tmp_path: pathlib.Path) -> None:
    """The extension decides: an empty directory that somebody made is a mailbox (spec 5.9)."""
    (tmp_path / "new.mdir").mkdir()
    assert trees.names() == {"new": "m"}
    store = trees.open("new")
    assert (store.uidvalidity, len(store.columns)) == (999, 0)
    result(store.close())


@pytest.mark.parametrize("name", ["../escape", "a/../../escape", "", ".", "~x", "/etc", "x.mbox"])
def test_no_name_leaves_the_directory(trees: Trees, tmp_path: pathlib.Path, name: str) -> None:
    """Even a caller that did not check the name gets nothing outside the account's directory."""
    for call in (
        lambda: trees.create(name),
        lambda: trees.directory(name),
        lambda: trees.open(name),
        lambda: trees.delete(name),
        lambda: trees.rename("a", name),
    ):
        with pytest.raises(IllegalName):
            call()
    assert list(tmp_path.iterdir()) == []
    assert not (tmp_path.parent / "escape.mdir").exists()


def test_unknown_format(trees: Trees) -> None:
    """A format that the server does not know is refused."""
    with pytest.raises(CannotDo):
        result(trees.tree.create("a", "mslc", 5))
    assert trees.names() == {}


def test_something_in_the_way(trees: Trees, tmp_path: pathlib.Path) -> None:
    """What lies where a mailbox should go is not overwritten."""
    (tmp_path / "a.mdir").write_text("mine")
    with pytest.raises(MailboxExists):
        trees.create("a")
    assert (tmp_path / "a.mdir").read_text() == "mine"


def test_leftovers_of_a_former_mailbox(trees: Trees, tmp_path: pathlib.Path) -> None:
    """Snapshot and journals that an unfinished deletion left are removed, not adopted."""
    (tmp_path / "a.bdx").write_text("old")
    (tmp_path / "a.log.7").write_text("old")
    (tmp_path / "ab.log.7").write_text("other")
    trees.create("a")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.mdir", "ab.log.7"]


def test_unfinished_deletions_are_finished(trees: Trees, tmp_path: pathlib.Path) -> None:
    """A scan removes what a crash left of a deletion, and nothing that has the name since."""
    trees.create("a")
    trees.put("a")
    trees.create("b")
    trees.put("b")
    for name in ("a", "b"):
        (tmp_path / f"{name}.mdir").rename(tmp_path / f".deleted-{name}.mdir")
    trees.create("b")
    trees.put("b", b"new\r\n")
    assert trees.names() == {"b": "m"}
    assert not [path.name for path in tmp_path.iterdir() if path.name.startswith((".deleted", "a."))]
    assert trees.bodies("b") == [b"new\r\n"]


def test_folder_with_other_files_stays(trees: Trees, tmp_path: pathlib.Path) -> None:
    """A directory entity that holds somebody's file is not removed, and the file stays."""
    trees.create("a/b")
    (tmp_path / "a.folder" / "mine.txt").write_text("x")
    trees.delete("a/b")
    with pytest.raises(CannotDo):
        result(trees.tree.delete_directory("a"))
    (tmp_path / "a.folder" / "mine.txt").unlink()
    (tmp_path / "a.folder" / "b.bdx").write_text("left over")
    result(trees.tree.delete_directory("a"))
    assert trees.names() == {}


def test_index_follows_a_rename(trees: Trees, tmp_path: pathlib.Path) -> None:
    """Snapshot and journals move with the mail file; nothing of the old name stays."""
    trees.create("a")
    trees.put("a")
    before = {path.name for path in tmp_path.iterdir()}
    trees.rename("a", "b")
    assert {path.name for path in tmp_path.iterdir()} == {"b" + name[1:] for name in before}


class BrokenFiles(ProcessFiles):
    """Refuses to make or move names, with a given error."""

    def __init__(self, problem: OSError) -> None:
        super().__init__()
        self.problem: OSError | None = problem

    def _refuse(self) -> None:
        if self.problem:
            raise self.problem

    def mkdir(self, path: str, mode: int = 0o700) -> None:
        self._refuse()
        super().mkdir(path, mode)

    def rename(self, old: str, new: str) -> None:
        self._refuse()
        super().rename(old, new)


def test_disk_errors_are_told(tmp_path: pathlib.Path) -> None:
    """A full disk and a broken one are temporary failures, told apart; the tree works on afterwards."""
    files = BrokenFiles(OSError(28, "No space left on device"))
    trees = trees_over(tmp_path, files)
    with pytest.raises(StorageFull):
        trees.create("a")
    files.problem = OSError(5, "Input/output error")
    with pytest.raises(StorageFailed):
        trees.create("a")
    files.problem = None
    trees.create("a")
    files.problem = OSError(5, "Input/output error")
    with pytest.raises(StorageFailed):
        trees.rename("a", "b")
    files.problem = None
    assert trees.names() == {"a": "m"}


def test_failed_rename_of_open_mailbox(tmp_path: pathlib.Path) -> None:
    """When the disk refuses a rename, the open mailbox goes on under its old name."""
    files = BrokenFiles(OSError(5, "Input/output error"))
    files.problem = None
    trees = trees_over(tmp_path, files)
    trees.create("a")
    store = trees.open("a")
    files.problem = OSError(5, "Input/output error")
    with pytest.raises(StorageFailed):
        trees.rename("a", "b")
    files.problem = None
    store.set_recent_mark(1)
    result(store.close())
    assert trees.names() == {"a": "m"}


# -- power cuts ----------------------------------------------------------------------------------------------------


def after_every_cut(
    path: pathlib.Path,
    kept: Kept,
    prepare: Callable[[Trees], None],
    work: Callable[[Trees], None],
    check: Callable[[Trees, bool], None],
) -> None:
    """Do ``work`` with the power cut before its first operation, its second ... until it runs through.

    ``check`` sees the tree of the next process, and whether the work was answered.
    """
    for limit in range(500):
        root = path / f"run{limit}"
        root.mkdir()
        files = CrashFiles(str(path / f"attic{limit}"))
        prepare(trees_over(root, files))
        files.restart("all")
        files.operations, files.limit = 0, limit
        done = True
        try:
            work(trees_over(root, files))
        except PowerCut:
            done = False
        files.restart(kept)
        next_files = ProcessFiles()
        check(trees_over(root, next_files), done)
        next_files.end_process()
        if done:
            assert limit > 1
            return
    raise AssertionError("the work never ended")


@pytest.mark.parametrize("kept", KEPT)
def test_power_cut_in_create(tmp_path: pathlib.Path, kept: Kept) -> None:
    """CREATE makes a whole, empty mailbox with its UIDVALIDITY, or none; what was answered is there."""

    def check(trees: Trees, done: bool) -> None:
        names = trees.names()
        assert set(names) <= {"a", "a/b"}
        assert not done or names == {"a": "d", "a/b": "m"}
        if "a/b" in names:
            store = trees.open("a/b")
            assert (store.uidvalidity, list(store.columns.uid)) == (5, [])
            result(store.close())
        else:
            trees.create("a/b", 6)
        trees.put("a/b")
        assert trees.bodies("a/b") == [PLAIN]

    after_every_cut(tmp_path, kept, lambda trees: None, lambda trees: trees.create("a/b", 5), check)


def prepare_two(trees: Trees) -> None:
    """``a`` with a message and a child with one, and ``other``."""
    for name in ("a", "a/b", "other"):
        trees.create(name, 5)
        trees.put(name, name.encode() + b"\r\n")


@pytest.mark.parametrize("kept", KEPT)
def test_power_cut_in_delete(tmp_path: pathlib.Path, kept: Kept) -> None:
    """DELETE removes a mailbox whole or not at all; a new one of that name is empty; the others are as they were."""

    def check(trees: Trees, done: bool) -> None:
        names = trees.names()
        assert names in ({"a": "md", "a/b": "m", "other": "m"}, {"a": "d", "a/b": "m", "other": "m"})
        assert trees.bodies("a/b") == [b"a/b\r\n"]
        if names["a"] == "md":
            assert not done
            assert trees.bodies("a") == [b"a\r\n"]
        else:
            trees.create("a", 6)
            assert trees.bodies("a") == []

    after_every_cut(tmp_path, kept, prepare_two, lambda trees: trees.delete("a"), check)


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("opened", [False, True], ids=["closed", "open"])
def test_power_cut_in_rename(tmp_path: pathlib.Path, kept: Kept, opened: bool) -> None:
    """RENAME leaves mail and UIDVALIDITY whole under the old or the new name, of the mailbox and of its children."""

    def work(trees: Trees) -> None:
        if opened:
            trees.open("a")
            trees.open("a/b")
        trees.rename("a", "x/y")

    def check(trees: Trees, done: bool) -> None:
        names = trees.names()
        for old, new in (("a", "x/y"), ("a/b", "x/y/b")):
            [place] = [name for name in (old, new) if "m" in names.get(name, "")]
            assert not done or place == new
            store = result(trees.tree.open(place, MailboxHints(5), lambda: succeed(999)))
            assert (store.uidvalidity, list(store.columns.uid)) == (5, [1])
            assert b"".join(store.content(1).chunks()) == old.encode() + b"\r\n"
            result(store.close())
        assert trees.bodies("other") == [b"other\r\n"]

    after_every_cut(tmp_path, kept, prepare_two, work, check)
