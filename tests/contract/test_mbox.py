"""The contract, for .mbox (manual, Mailboxes, "TextMailbox")."""

from __future__ import annotations

from tests.contract.disk import DiskContract


class TestMbox(DiskContract):
    """Every store's contract over a text file."""

    format = "mbox"
