"""The contract of IMailboxTree: what CREATE, DELETE, RENAME and LIST rest on."""

from __future__ import annotations

import pathlib
from typing import Any

import pytest
from twisted.internet.defer import succeed

from cgpymail.errors import CannotDo, MailboxExists, NoSuchMailbox, StorageFailed
from cgpymail.interfaces import IMailboxTree
from cgpymail.model.mailbox import MailboxHints, TreeEntry
from cgpymail.model.message import NewMessage
from cgpymail.runtime.runtime import Runtime
from cgpymail.runtime.spool import MemoryContent
from tests.contract.messages import PLAIN
from tests.support.processfiles import ProcessFiles
from tests.support.results import result
from tests.support.runtime import memory_runtime


class Trees:
    """One account's tree and short words for what tests do with it."""

    def __init__(self, tree: Any, format: str) -> None:
        self.tree = tree
        self.format = format

    def create(self, name: str, uidvalidity: int = 5) -> None:
        result(self.tree.create(name, self.format, uidvalidity))

    def directory(self, name: str) -> None:
        result(self.tree.create_directory(name))

    def rename(self, old: str, new: str, children: bool = True) -> None:
        result(self.tree.rename(old, new, children))

    def delete(self, name: str) -> None:
        result(self.tree.delete(name))

    def open(self, name: str, hints: MailboxHints = MailboxHints()) -> Any:  # noqa: B008
        return result(self.tree.open(name, hints, lambda: succeed(999)))

    def names(self) -> dict[str, str]:
        """Name to ``m`` for a storage entity, ``d`` for a directory entity, or both."""
        entries: dict[str, TreeEntry] = result(self.tree.scan())
        assert all(name == entry.name for name, entry in entries.items())
        assert {entry.format for entry in entries.values()} <= {"", self.format}
        return {
            name: ("m" if entry.format else "") + ("d" if entry.directory else "") for name, entry in entries.items()
        }

    def put(self, name: str, data: bytes = PLAIN) -> None:
        """One message into a mailbox that is not open."""
        store = self.open(name)
        result(store.append([NewMessage(MemoryContent(data), 1)]))
        result(store.close())

    def bodies(self, name: str) -> list[bytes]:
        """All messages of a mailbox that is not open."""
        store = self.open(name)
        found = [b"".join(store.content(uid).chunks()) for uid in store.columns.uid]
        result(store.close())
        return found


class TreeContract:
    """Subclass it with ``format`` and ``make_tree``."""

    format = "mbox"

    def make_tree(self, runtime: Runtime, path: pathlib.Path, *, fold: bool) -> IMailboxTree:
        """A tree over an empty directory, which folds case if asked."""
        raise NotImplementedError

    def make_files(self, path: pathlib.Path, *, fold: bool) -> ProcessFiles:
        """The file system for it."""
        return ProcessFiles()

    @pytest.fixture(params=[False, True], ids=["exact", "folding"])
    def trees(self, tmp_path: pathlib.Path, request: pytest.FixtureRequest):
        """An empty tree, over a file system of either kind."""
        yield from self._trees(tmp_path, request.param)

    @pytest.fixture
    def folding(self, tmp_path: pathlib.Path):
        """An empty tree over a file system that folds case."""
        yield from self._trees(tmp_path, True)

    @pytest.fixture
    def exact(self, tmp_path: pathlib.Path):
        """An empty tree over a file system that does not."""
        yield from self._trees(tmp_path, False)

    def _trees(self, path: pathlib.Path, fold: bool):
        files = self.make_files(path, fold=fold)
        yield Trees(self.make_tree(memory_runtime(files), path, fold=fold), self.format)
        files.end_process()

    def test_empty(self, trees: Trees) -> None:
        """A new account's directory has no mailboxes."""
        assert trees.names() == {}

    def test_create(self, trees: Trees) -> None:
        """A mailbox is listed, and its ancestors are made as directory entities (spec 1.8)."""
        trees.create("a/b/c")
        assert trees.names() == {"a": "d", "a/b": "d", "a/b/c": "m"}

    def test_two_entities(self, trees: Trees) -> None:
        """``CREATE NAME/`` makes the directory entity only; NAME adds the storage to the same name (spec 1.6)."""
        trees.directory("a")
        assert trees.names() == {"a": "d"}
        with pytest.raises(NoSuchMailbox):
            trees.open("a")
        trees.create("a")
        assert trees.names() == {"a": "md"}

    def test_directory_of_a_mailbox(self, trees: Trees) -> None:
        """A mailbox can get a directory entity later, once."""
        trees.create("a")
        trees.directory("a")
        assert trees.names() == {"a": "md"}
        with pytest.raises(MailboxExists):
            trees.directory("a")

    def test_create_again(self, trees: Trees) -> None:
        """A second CREATE of a name is refused and changes nothing."""
        trees.create("a")
        trees.put("a")
        with pytest.raises(MailboxExists):
            trees.create("a", 6)
        assert trees.bodies("a") == [PLAIN]
        assert trees.open("a").uidvalidity == 5

    @pytest.mark.parametrize(
        "name",
        [
            "INBOX",
            "INBOX/sub",
            "with space",
            "gr\u00fc\u00dfe/\u65e5\u672c",
            "a.b",
            "a&b",
            "a*b%c",
            'quo"te\\',
            "-",
            "x" * 200,
            "log.1",
        ],
    )
    def test_names(self, trees: Trees, name: str) -> None:
        """Every permitted name comes back as it was, whatever its file is called."""
        trees.create(name)
        trees.put(name)
        assert name in trees.names()
        assert trees.bodies(name) == [PLAIN]

    def test_create_takes_the_given_uidvalidity(self, trees: Trees) -> None:
        """A new mailbox has the UIDVALIDITY that was drawn for it."""
        trees.create("a", 123_456)
        assert trees.open("a").uidvalidity == 123_456

    def test_delete(self, trees: Trees) -> None:
        """DELETE takes the storage entity away, and its mail with it; the children stay (spec 1.1.3)."""
        trees.create("a")
        trees.create("a/b")
        trees.put("a")
        trees.put("a/b")
        trees.delete("a")
        assert trees.names() == {"a": "d", "a/b": "m"}
        assert trees.bodies("a/b") == [PLAIN]
        with pytest.raises(NoSuchMailbox):
            trees.delete("a")

    def test_create_never_adopts(self, trees: Trees) -> None:
        """A mailbox of a former name begins empty, with its own UIDVALIDITY, nothing of the old one in it."""
        trees.create("a", 5)
        trees.put("a")
        store = trees.open("a")
        store.define_keyword("Old")
        result(store.close())
        trees.delete("a")
        trees.create("a", 6)
        store = trees.open("a")
        assert (store.uidvalidity, len(store.columns), len(store.keywords)) == (6, 0, 0)
        result(store.close())

    def test_delete_open_mailbox(self, trees: Trees) -> None:
        """A store whose mailbox is deleted refuses every change from then on."""
        trees.create("a")
        store = trees.open("a")
        result(store.append([NewMessage(MemoryContent(PLAIN), 1)]))
        trees.delete("a")
        with pytest.raises(StorageFailed):
            result(store.append([NewMessage(MemoryContent(PLAIN), 1)]))
        with pytest.raises(StorageFailed):
            store.set_recent_mark(1)
        result(store.close())
        assert trees.names() == {}

    def test_delete_directory(self, trees: Trees) -> None:
        """An empty directory entity can be taken away; one with mailboxes in it cannot."""
        trees.create("a/b")
        with pytest.raises(CannotDo):
            result(trees.tree.delete_directory("a"))
        trees.delete("a/b")
        assert trees.names() == {"a": "d"}
        result(trees.tree.delete_directory("a"))
        assert trees.names() == {}
        with pytest.raises(NoSuchMailbox):
            result(trees.tree.delete_directory("a"))

    def test_rename(self, trees: Trees) -> None:
        """RENAME keeps mail and UIDVALIDITY and makes the ancestors of the new name."""
        trees.create("a", 7)
        trees.put("a")
        trees.rename("a", "x/y")
        assert trees.names() == {"x": "d", "x/y": "m"}
        assert trees.bodies("x/y") == [PLAIN]
        assert trees.open("x/y").uidvalidity == 7

    def test_rename_with_children(self, trees: Trees) -> None:
        """Inferiors move along, at any depth; those of other names do not."""
        for name in ("a", "a/b", "a/b/c", "ab", "ab/c"):
            trees.create(name)
            trees.put(name, name.encode() + b"\r\n")
        trees.rename("a", "x")
        assert trees.names() == {"x": "md", "x/b": "md", "x/b/c": "m", "ab": "md", "ab/c": "m"}
        assert trees.bodies("x/b/c") == [b"a/b/c\r\n"]
        assert trees.bodies("ab/c") == [b"ab/c\r\n"]

    def test_rename_without_children(self, trees: Trees) -> None:
        """The administrative form for one mailbox only leaves the children where they are (spec 1.1.1)."""
        trees.create("a")
        trees.create("a/b")
        trees.rename("a", "x", children=False)
        assert trees.names() == {"a": "d", "a/b": "m", "x": "m"}

    def test_rename_directory_only(self, trees: Trees) -> None:
        """A name without storage can be renamed with what is in it, and not without."""
        trees.create("a/b")
        with pytest.raises(NoSuchMailbox):
            trees.rename("a", "x", children=False)
        trees.rename("a", "x")
        assert trees.names() == {"x": "d", "x/b": "m"}

    def test_rename_onto_a_directory_entity(self, trees: Trees) -> None:
        """The storage joins a name that has a directory entity only."""
        trees.create("a")
        trees.put("a")
        trees.create("x/y")
        trees.rename("a", "x")
        assert trees.names() == {"x": "md", "x/y": "m"}
        assert trees.bodies("x") == [PLAIN]

    def test_rename_below_its_old_name(self, trees: Trees) -> None:
        """A mailbox without inferiors can move below its own old name; one with them cannot."""
        trees.create("a")
        trees.rename("a", "a/b")
        assert trees.names() == {"a": "d", "a/b": "m"}
        with pytest.raises(CannotDo):
            trees.rename("a", "a/b/c")

    def test_rename_to_a_taken_name(self, trees: Trees) -> None:
        """RENAME never replaces a mailbox, nor mixes two directory entities."""
        for name in ("a", "b", "c/d", "e/f"):
            trees.create(name)
            trees.put(name, name.encode() + b"\r\n")
        for old, new in (("a", "b"), ("c", "e"), ("a", "a")):
            with pytest.raises(MailboxExists):
                trees.rename(old, new)
        assert trees.bodies("b") == [b"b\r\n"]
        assert trees.names() == {"a": "m", "b": "m", "c": "d", "c/d": "m", "e": "d", "e/f": "m"}

    def test_rename_of_nothing(self, trees: Trees) -> None:
        """A name that is not there cannot be renamed."""
        with pytest.raises(NoSuchMailbox):
            trees.rename("a", "b")
        assert trees.names() == {}

    def test_rename_of_open_mailboxes(self, trees: Trees) -> None:
        """Stores that are open, the renamed one and those below it, go on under their new names."""
        stores = {}
        for name in ("a", "a/b", "z"):
            trees.create(name)
            stores[name] = trees.open(name)
            result(stores[name].append([NewMessage(MemoryContent(PLAIN), 1)]))
        trees.rename("a", "x/y")
        for store in stores.values():
            result(store.append([NewMessage(MemoryContent(b"after\r\n"), 1)]))
            assert b"".join(store.content(1).chunks()) == PLAIN
            result(store.checkpoint())
            result(store.close())
        assert trees.names() == {"x": "d", "x/y": "md", "x/y/b": "m", "z": "m"}
        for name in ("x/y", "x/y/b", "z"):
            assert trees.bodies(name) == [PLAIN, b"after\r\n"]

    def test_open_of_nothing(self, trees: Trees) -> None:
        """A name that is not there cannot be opened."""
        with pytest.raises(NoSuchMailbox):
            trees.open("a")
        with pytest.raises(NoSuchMailbox):
            trees.open("a/b")

    def test_case_matters(self, exact: Trees) -> None:
        """Names that differ in case are different mailboxes, where the file system can keep them apart (spec 1.9)."""
        exact.create("box")
        exact.create("Box")
        exact.put("box")
        assert exact.names() == {"box": "m", "Box": "m"}
        assert exact.bodies("Box") == []

    def test_case_folded(self, folding: Trees) -> None:
        """On a file system that folds case a second CREATE that differs in case only is refused; look-up is exact."""
        folding.create("box")
        folding.create("dir/sub")
        folding.put("box")
        for name in ("Box", "BOX", "Dir", "Dir/other", "dir/SUB"):
            with pytest.raises(MailboxExists):
                folding.create(name)
            with pytest.raises(NoSuchMailbox):
                folding.open(name)
            with pytest.raises(NoSuchMailbox):
                folding.delete(name)
        with pytest.raises(MailboxExists):
            folding.directory("Dir")
        with pytest.raises(MailboxExists):
            folding.rename("box", "DIR/x")
        assert folding.bodies("box") == [PLAIN]
        assert folding.names() == {"box": "m", "dir": "d", "dir/sub": "m"}

    def test_case_of_a_name_can_be_changed(self, trees: Trees) -> None:
        """RENAME may change nothing but the case, on any file system."""
        trees.create("box")
        trees.create("box/sub")
        trees.put("box")
        trees.rename("box", "BOX")
        assert trees.names() == {"BOX": "md", "BOX/sub": "m"}
        assert trees.bodies("BOX") == [PLAIN]
