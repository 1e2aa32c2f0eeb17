"""The tree contract for formats on disk."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.mailfile import Format
from cgpymail.stores.registry import FORMATS
from cgpymail.stores.tree import DiskTree
from tests.contract.trees import TreeContract
from tests.support.foldingfiles import FoldingFiles
from tests.support.processfiles import ProcessFiles


class DiskTreeContract(TreeContract):
    """Subclass it with ``format``, and with ``formats`` if the registry lacks it."""

    formats: Mapping[str, Format] = FORMATS

    def make_files(self, path: pathlib.Path, *, fold: bool) -> ProcessFiles:
        """The real file system, or one that folds case."""
        return FoldingFiles(str(path)) if fold else ProcessFiles()

    def make_tree(self, runtime: Runtime, path: pathlib.Path, *, fold: bool) -> DiskTree:
        """On disk."""
        return DiskTree(runtime, str(path), self.formats)
