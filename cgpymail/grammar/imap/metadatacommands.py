"""GETMETADATA and SETMETADATA as values (RFC 5464)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cgpymail.grammar.imap.commands import Command
from cgpymail.model.annotations import Wish


@dataclass(frozen=True, slots=True)
class GetMetadata(Command):
    """GETMETADATA. An empty ``mailbox``: the account itself."""

    name: ClassVar[str] = "GETMETADATA"

    mailbox: str
    wish: Wish


@dataclass(frozen=True, slots=True)
class SetMetadata(Command):
    """SETMETADATA. An empty ``mailbox``: the account itself. ``values``: canonical names, each once, with what is to be
    their value; None removes it."""

    name: ClassVar[str] = "SETMETADATA"

    mailbox: str
    values: tuple[tuple[str, bytes | None], ...]
