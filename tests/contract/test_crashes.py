"""Power cuts and kills between any two operations, in every format on disk."""

from __future__ import annotations

from tests.contract.crashing import CrashContract
from tests.contract.test_fourth import WITH_FOURTH


class TestMboxCrash(CrashContract):
    """One text file."""

    format = "mbox"


class TestMdirCrash(CrashContract):
    """Directories of message files."""

    format = "mdir"


class TestFourthCrash(CrashContract):
    """Records in a file."""

    format = "rec"
    formats = WITH_FOURTH
