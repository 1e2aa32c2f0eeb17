"""The contract of IMailboxStore: one suite, subclassed once per format (docs/howto-add-a-format.md).

Every test opens the mailbox again after its steps, in three ways: closed in order; killed; and closed with snapshot and
journals deleted, after which everything up to the last checkpoint has to be there.
"""

from __future__ import annotations

import pathlib

import pytest
from zope.interface.verify import verifyObject

from cgpymail.interfaces import IMailboxStore, IMailboxTree, IStoredContent
from cgpymail.model import flags
from cgpymail.model.mailbox import MailboxHints
from cgpymail.runtime.runtime import Runtime
from tests.contract.appending import AppendContract
from tests.contract.box import RETURNS, Box
from tests.contract.expunging import ExpungeContract
from tests.contract.flagging import FlagContract
from tests.contract.messages import PLAIN, SHAPES
from tests.contract.mixing import MixContract
from tests.contract.numbering import NumberContract
from tests.contract.seeing import SeenContract, SeenNameContract
from tests.support.results import result


class MailboxContract(AppendContract, FlagContract, ExpungeContract, NumberContract, MixContract, SeenContract):
    """What every store does, whatever else there is in its account."""

    format = ""

    def make_tree(self, runtime: Runtime, path: pathlib.Path) -> IMailboxTree:
        """The tree that a process finds in a directory."""
        raise NotImplementedError

    @pytest.fixture(params=RETURNS)
    def box(self, tmp_path: pathlib.Path, request: pytest.FixtureRequest):
        """An empty mailbox of the format, and a way in which it is opened again."""
        box = Box(self.make_tree, self.format, tmp_path, request.param)
        yield box
        box.files.end_process()

    def test_interfaces(self, box: Box) -> None:
        """Store, tree, content and format have every method and attribute of their interfaces."""
        [uid] = box.append(PLAIN)
        assert verifyObject(IMailboxStore, box.store)
        assert verifyObject(IMailboxTree, box.tree)
        assert verifyObject(IStoredContent, box.store.content(uid))


class StoreContract(SeenNameContract, MailboxContract):
    """What every store does that is one of several. Formats on disk subclass tests.contract.disk.DiskContract."""

    def test_uidvalidity_follows_a_rename(self, box: Box) -> None:
        """RENAME keeps UIDVALIDITY, UIDs, flags and keywords, of an open mailbox too."""
        [uid] = box.append(PLAIN, keywords=("Kept",))
        box.set(uid, flags.FLAGGED, box.store.keywords.find("Kept"))
        result(box.tree.rename(box.name, "other", True))
        [second] = box.append(SHAPES["nul"])
        assert box.body(uid) == PLAIN
        result(box.store.close())
        store = result(box.tree.open("other", MailboxHints(77), box._draw))
        assert store.uidvalidity == 77
        assert list(store.columns.uid) == [uid, second]
        assert store.columns.flags[0] == flags.FLAGGED
        assert store.keywords.names(store.columns.keywords[0]) == ["Kept"]
        assert b"".join(store.content(second).chunks()) == SHAPES["nul"]
        result(store.close())
