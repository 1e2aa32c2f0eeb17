"""The reference store keeps its own contract."""

from __future__ import annotations

import pathlib

from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.memorytree import MemoryTree
from tests.contract.suite import StoreContract


class TestMemory(StoreContract):
    """Mailboxes that live as long as their tree."""

    format = "mbox"
    has_no_index = True

    def make_tree(self, runtime: Runtime, path: pathlib.Path) -> MemoryTree:
        """The same mailboxes at every opening of one test."""
        self.__dict__["tree"] = self.tree.again(runtime) if "tree" in self.__dict__ else MemoryTree(runtime)
        return self.tree

    tree: MemoryTree
