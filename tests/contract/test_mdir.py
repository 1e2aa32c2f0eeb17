"""The .mdir keeps the contract."""

from __future__ import annotations

from tests.contract.disk import DiskContract


class TestMdir(DiskContract):
    """Directories of message files."""

    format = "mdir"
