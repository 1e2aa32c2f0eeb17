"""The store and tree contracts over single-mailbox accounts: INBOX is a mail file among those of others (spec 1.2)."""

from __future__ import annotations

import os
import pathlib

import pytest
from twisted.internet.defer import succeed
from zope.interface.verify import verifyObject

from cgpymail.directory.places import Belonging
from cgpymail.errors import CannotDo, MailboxExists, NoSuchMailbox, OneMailboxOnly
from cgpymail.interfaces import IMailboxTree
from cgpymail.model.mailbox import MailboxHints
from cgpymail.model.message import NewMessage
from cgpymail.model.names import INBOX
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.memorytree import MemoryTree
from cgpymail.stores.singletree import SingleTree
from cgpymail.stores.tree import DiskTree
from tests.contract.box import NAME, Box
from tests.contract.messages import PLAIN
from tests.contract.suite import MailboxContract
from tests.contract.trees import Trees
from tests.support.crashfiles import KEPT, CrashFiles, Kept, PowerCut
from tests.support.results import result
from tests.support.runtime import memory_runtime

# Files of accounts with names like this one's.
NEIGHBOURS = (
    "box.x.mbox",
    "box.x.log.1",
    "box.log.mbox",
    "box.log.log.1",
    "box.bdx.bdx",
    ".box.x.mbox.new",
    "ox.log.1",
)


class SingleContract(MailboxContract):
    """What every store does. After each test the neighbours' files are as they were, and all others are known to be
    those of this account, which go where it goes."""

    def make_tree(self, runtime: Runtime, path: pathlib.Path) -> SingleTree:
        """Among its neighbours."""
        for name in NEIGHBOURS:
            (path / name).write_text(name)
        return SingleTree(runtime, f"{path}/{NAME}")

    @pytest.fixture
    def box(self, tmp_path: pathlib.Path):
        """The INBOX of an account, which comes back after its process was killed."""
        box = Box(self.make_tree, self.format, tmp_path, "kill", name=INBOX)
        yield box
        box.files.end_process()
        assert {name: (box.path / name).read_text() for name in NEIGHBOURS} == {name: name for name in NEIGHBOURS}
        assert {name for name in os.listdir(box.path) if name not in Belonging(NAME)} == set(NEIGHBOURS)


class TestSingleMbox(SingleContract):
    """A text file."""

    format = "mbox"


class TestSingleMdir(SingleContract):
    """A directory of message files."""

    format = "mdir"


class TreeOfOne:
    """The contract of a tree that can have INBOX only. Subclass it with ``format`` and ``make_tree``."""

    format = "mbox"

    def make_tree(self, path: pathlib.Path) -> IMailboxTree:
        """A tree without mail file."""
        return SingleTree(memory_runtime(), f"{path}/{NAME}")

    @pytest.fixture
    def trees(self, tmp_path: pathlib.Path) -> Trees:
        """The tree of a new account."""
        return Trees(self.make_tree(tmp_path), self.format)

    def test_inbox(self, trees: Trees) -> None:
        """INBOX can be made, once, takes mail, and is all there is."""
        assert verifyObject(IMailboxTree, trees.tree)
        assert trees.names() == {}
        with pytest.raises(NoSuchMailbox):
            trees.open(INBOX)
        trees.create(INBOX, 123)
        with pytest.raises(MailboxExists):
            trees.create(INBOX, 124)
        trees.put(INBOX)
        assert trees.names() == {INBOX: "m"}
        assert trees.bodies(INBOX) == [PLAIN]
        assert trees.open(INBOX).uidvalidity == 123

    def test_nothing_else(self, trees: Trees) -> None:
        """No other mailbox can be made, and INBOX neither goes nor gets another name or a level below it."""
        trees.create(INBOX)
        trees.put(INBOX)
        for name in ("a", "INBOX/a"):
            with pytest.raises(OneMailboxOnly):
                trees.create(name)
            with pytest.raises(OneMailboxOnly):
                trees.directory(name)
            with pytest.raises(OneMailboxOnly):
                trees.rename(INBOX, name)
            for call in (trees.open, trees.delete, lambda name: trees.rename(name, "b")):
                with pytest.raises(NoSuchMailbox):
                    call(name)
            with pytest.raises(NoSuchMailbox):
                result(trees.tree.delete_directory(name))
        for call in (trees.directory, trees.delete):
            with pytest.raises(OneMailboxOnly):
                call(INBOX)
        assert trees.names() == {INBOX: "m"}
        assert trees.bodies(INBOX) == [PLAIN]


class TestMemoryTreeOfOne(TreeOfOne):
    """The reference."""

    def make_tree(self, path: pathlib.Path) -> MemoryTree:
        """In memory."""
        return MemoryTree(memory_runtime(), single=True)


class TestMboxOfOne(TreeOfOne):
    """A text file."""


class TestMdirOfOne(TreeOfOne):
    """A directory."""

    format = "mdir"


def test_what_is_no_mailbox(tmp_path: pathlib.Path) -> None:
    """A directory in place of a text file, or a link, is left alone and told once; of two mail files one counts."""
    tree = SingleTree(memory_runtime(), f"{tmp_path}/mary")
    os.symlink(tmp_path, tmp_path / "mary.mdir")
    (tmp_path / "mary.mbox").mkdir()
    for _ in range(2):
        assert result(tree.scan()) == {}
    with pytest.raises(MailboxExists):
        result(tree.create(INBOX, "mbox", 5))
    with pytest.raises(CannotDo):
        result(tree.create(INBOX, "mslc", 5))
    logged = "\n".join(tree._runtime.logs.emit.__self__)  # type: ignore[attr-defined]
    assert [logged.count(f"/mary.{format}") for format in ("mbox", "mdir")] == [1, 1]
    (tmp_path / "mary.mbox").rmdir()
    (tmp_path / "mary.mbox").touch()
    assert result(tree.scan())[INBOX].format == "mbox"


def test_no_index_is_inherited(tmp_path: pathlib.Path) -> None:
    """An index that lies about without its mail file goes before there is a new one."""
    for name in ("mary.bdx", "mary.log.3", "mary.x.bdx"):
        (tmp_path / name).write_text("old")
    result(SingleTree(memory_runtime(), f"{tmp_path}/mary").create(INBOX, "mbox", 5))
    assert sorted(os.listdir(tmp_path)) == ["mary.mbox", "mary.x.bdx"]


def test_hard_links(tmp_path: pathlib.Path) -> None:
    """A message for accounts of both kinds is one file with a name in each of their mailboxes (spec 5.6)."""
    runtime = memory_runtime()
    (tmp_path / "john.macnt").mkdir()
    trees = [SingleTree(runtime, f"{tmp_path}/mary"), DiskTree(runtime, f"{tmp_path}/john.macnt")]
    box = Box(lambda runtime, path: trees[0], "mdir", tmp_path, name=INBOX)
    content = box.message(PLAIN).content
    result(trees[1].create(INBOX, "mdir", 5))
    other = result(trees[1].open(INBOX, MailboxHints(), lambda: succeed(5)))
    for store in (box.store, other):
        result(store.append([NewMessage(content, 1)]))
        result(store.close())
    content.release()
    assert [os.stat(path).st_nlink for path in tmp_path.glob("**/*.mdir/[0-9]*")] == [2, 2]


@pytest.mark.parametrize("kept", KEPT)
@pytest.mark.parametrize("format", ["mbox", "mdir"])
def test_power_cut_at_creation(tmp_path: pathlib.Path, format: str, kept: Kept) -> None:
    """Wherever the power is cut, INBOX is whole or can be made."""
    steps, done = 0, False
    while not done:
        place = tmp_path / f"{steps}"
        place.mkdir()
        files = CrashFiles(str(tmp_path / f"attic-{steps}"), steps)
        try:
            result(SingleTree(memory_runtime(files), f"{place}/mary").create(INBOX, format, 5))
        except PowerCut:
            pass
        done = not files.off
        files.restart(kept)
        trees = Trees(SingleTree(memory_runtime(files), f"{place}/mary"), format)
        if not trees.names():
            assert not done
            trees.create(INBOX)
        assert trees.open(INBOX).uidvalidity == 5
        assert {name.partition(".")[0] for name in os.listdir(place)} == {"mary"}
        files.end_process()
        steps += 1
    assert steps > 3
