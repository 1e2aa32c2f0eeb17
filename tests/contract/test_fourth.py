"""The contract over a format that the registry does not know (docs/howto-add-a-format.md)."""

from __future__ import annotations

from cgpymail.stores.registry import FORMATS
from tests.contract.disk import DiskContract
from tests.contract.disktrees import DiskTreeContract
from tests.support.fourthformat.format import RecordFormat

WITH_FOURTH = FORMATS | {"rec": RecordFormat()}


class TestFourth(DiskContract):
    """Records in a file."""

    format = "rec"
    formats = WITH_FOURTH


class TestFourthTree(DiskTreeContract):
    """Its mailboxes in a tree."""

    format = "rec"
    formats = WITH_FOURTH
