"""What a session is to be told of the changes that others made to its mailbox."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cgpymail.manager.view import NOBODY, NOTHING, Selection
from cgpymail.model.uidset import UidSet


@dataclass(frozen=True, slots=True)
class Updates:
    """To be told in this order."""

    expunged: Sequence[int] = ()
    """Numbers in the order in which to send ``* n EXPUNGE``."""
    expunged_uids: UidSet = NOBODY
    """The same messages by UID."""
    exists: int | None = None
    """The new number of messages, if messages arrived; told after the expunges."""
    recent: int | None = None
    """The new number of \\Recent messages, if it changed."""
    flags: Selection = NOTHING
    """Messages whose flags are to be told, by the numbering that results."""
    flag_names_changed: bool = False
    """A keyword was defined since, or the user may change other flags: FLAGS and PERMANENTFLAGS come first."""
    read_only: bool | None = None
    """Whether the user can change nothing any more, or something again, if that is new to the session."""
    gone: bool = False
    """The mailbox was deleted or the right to read it withdrawn; nothing else is set."""


QUIET = Updates()
GONE = Updates(gone=True)
