"""What can happen to an open mailbox: published once by the store, told to every view as its protocol allows."""

from __future__ import annotations

from dataclasses import dataclass, field

from cgpymail.model.columns import Columns


@dataclass(frozen=True, slots=True)
class Arrived:
    """Messages became visible; ``uids`` ascending, all above every UID published before unless ``late``."""

    uids: tuple[int, ...]
    modseq: int


@dataclass(frozen=True, slots=True)
class FlagsChanged:
    """Flags or keywords of ``uids`` (ascending) were set; the columns hold the new values."""

    uids: tuple[int, ...]
    modseq: int


@dataclass(frozen=True, slots=True)
class Expunged:
    """``uids`` (ascending) are gone from the columns; the store keeps their bytes until ``forget``.

    ``rows`` are those messages as they were last (what ``Columns.remove`` returned): sessions that have not been told
    yet still read them. Every store gives them; two changes are compared without them.
    """

    uids: tuple[int, ...]
    modseq: int
    rows: Columns = field(default_factory=Columns, compare=False)


Change = Arrived | FlagsChanged | Expunged
