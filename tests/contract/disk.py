"""The contract of a format on disk: that of every store, and what only files can show."""

from __future__ import annotations

import pathlib
from collections.abc import Mapping

from zope.interface.verify import verifyObject

from cgpymail.interfaces import IFormat
from cgpymail.runtime.runtime import Runtime
from cgpymail.stores.mailfile import Format
from cgpymail.stores.registry import FORMATS
from cgpymail.stores.tree import DiskTree
from tests.contract.suite import StoreContract


class DiskContract(StoreContract):
    """Subclass it as ``TestMyFormat`` with ``format``, the extension, and with ``formats`` if the registry lacks it."""

    formats: Mapping[str, Format] = FORMATS

    def make_tree(self, runtime: Runtime, path: pathlib.Path) -> DiskTree:
        """The tree that a process finds in a directory."""
        return DiskTree(runtime, str(path), self.formats)

    def test_format(self) -> None:
        """The format says what it is."""
        format = self.formats[self.format]
        assert verifyObject(IFormat, format)
        assert format.extension == self.format
