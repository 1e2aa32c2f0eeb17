"""NOTIFY as a value (RFC 5465)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.items import FetchItem
from cgpymail.model.watching import Interest


@dataclass(frozen=True, slots=True)
class Selected:
    """What is wanted of the selected mailbox: ``events`` is a mask of model.watching; ``items``: what is to be fetched
    of new messages; ``delayed``: EXPUNGE only when a command allows it (SELECTED-DELAYED)."""

    events: int = 0
    items: tuple[FetchItem, ...] = ()
    delayed: bool = False


SILENT = Selected()
"""Nothing is wanted."""


@dataclass(frozen=True, slots=True)
class Notify(Command):
    """NOTIFY SET (``set``), or NOTIFY NONE, which has no ``interests`` and a silent ``selected``.

    ``status``: the numbers of all mailboxes named are wanted first. ``unknown``: an event was named that there is not.
    """

    name: ClassVar[str] = "NOTIFY"

    interests: tuple[Interest, ...] = ()
    selected: Selected = SILENT
    set: bool = False
    status: bool = False
    unknown: bool = False
