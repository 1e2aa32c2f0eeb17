"""The tree contract over memory and over the disk in every format."""

from __future__ import annotations

import pathlib

from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.memorytree import MemoryTree
from tests.contract.disktrees import DiskTreeContract
from tests.contract.trees import TreeContract


class TestMemoryTree(TreeContract):
    """The reference."""

    def make_tree(self, runtime: Runtime, path: pathlib.Path, *, fold: bool) -> MemoryTree:
        """In memory."""
        return MemoryTree(runtime, fold=fold)


class TestMdirTree(DiskTreeContract):
    """Directories of message files."""

    format = "mdir"


class TestMboxTree(DiskTreeContract):
    """Text files."""

    format = "mbox"
