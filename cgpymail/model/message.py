"""A message on its way into a mailbox, and the change of flags of one that is there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cgpymail.interfaces import IContent


@dataclass(frozen=True, slots=True)
class NewMessage:
    """What is to be stored.

    ``content``: the wire form, released by the caller. ``date``: internal date, seconds since the epoch (UTC).
    ``flags``: mask of model.flags without marks. ``keywords``: names as the client wrote them.
    ``return_path``: envelope sender without brackets, for the From-line of a .mbox; empty for unknown or null.
    """

    content: IContent
    date: int
    flags: int = 0
    keywords: tuple[str, ...] = ()
    return_path: bytes = b""


@dataclass(frozen=True, slots=True)
class FlagUpdate:
    """New absolute values for one message: flags (all of them, Hidden and Service included) and keyword bits."""

    uid: int
    flags: int
    keywords: int
