"""What the tree asks of a store that is open, beside IMailboxStore: to stand still while its files move, or go away.

The engine's module ``engine`` provides ``open_store(runtime, format, path, hints, draw) -> Deferred[OpenStore]``.
"""

from __future__ import annotations

from typing import Any, Protocol

from twisted.internet.defer import Deferred


class OpenStore(Protocol):
    """An open store, for the tree."""

    path: str  # of the mail file
    closed: bool
    listener: Any

    def hold(self) -> Deferred[None]:
        """Checkpoint, then keep back everything that writes until ``resume``. Fails with StorageFailed."""

    def relocate(self, path: str) -> None:
        """While held: the mail file is at ``path`` from now on, snapshot and journals beside it."""

    def resume(self) -> None:
        """Writing goes on. Idempotent."""

    def cut_off(self) -> Deferred[None]:
        """The mailbox is about to be removed: finish what is under way, close without a checkpoint, refuse the rest.

        Contents that are pinned stay readable where an open descriptor makes it possible.
        """

    def close(self) -> Deferred[None]:
        """As in IMailboxStore."""
