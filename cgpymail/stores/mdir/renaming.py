"""The forced rewrite of an .mdir: its names made to say what memory says.

After a failed sync a mailbox is written anew from memory. In an .mdir every message file was synced on its own before
it was acknowledged, so what may be wrong is names, and a checkpoint of all of them puts that right.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from cgpymail.stores.mailfile import Location, Marking, Note, Rewrite

if TYPE_CHECKING:
    from cgpymail.stores.mdir.mailbox import MdirFile


class Renaming(Rewrite):
    """Nothing is copied; ``finish`` does it all."""

    def __init__(self, mailbox: MdirFile, survivors: Sequence[Marking]) -> None:
        self._mailbox = mailbox
        self._survivors = survivors

    def finish(self, added: Sequence[Marking], ghosts: Iterable[int], note: Note) -> list[Location]:
        """Rename everything, write the note, sync. Ghosts keep their files."""
        return self._mailbox.flush([*self._survivors, *added], note).locations

    def take_over(self) -> None:
        """The messages are where they were."""

    def close(self) -> None:
        """Nothing is held."""
