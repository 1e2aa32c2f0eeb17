"""The contract of IMailboxStore: one suite, subclassed once per format (docs/howto-add-a-format.md).

Every test opens the mailbox again after its steps, in three ways: closed in order; killed; and closed with snapshot and
journals deleted, after which everything up to the last checkpoint has to be there.
"""

from __future__ import annotations

import pathlib

import pytest
from zope.interface.verify import verifyObject

from cgpymail.interfaces import IMailboxStore, IMailboxTree, IStoredContent
from cgpymail.runtime.runtime import Runtime
from tests.contract.appending import AppendContract
from tests.contract.box import RETURNS, Box
from tests.contract.expunging import ExpungeContract
from tests.contract.flagging import FlagContract
from tests.contract.messages import PLAIN
from tests.contract.mixing import MixContract
from tests.contract.numbering import NumberContract


class StoreContract(AppendContract, FlagContract, ExpungeContract, NumberContract, MixContract):
    """What every store does. Formats on disk subclass tests.contract.disk.DiskContract."""

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
