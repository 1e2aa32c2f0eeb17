"""The IMAP commands on messages as values (RFC 3501 sections 6.3.11 and 6.4, and the extensions named at each class).

Flags are spelled as the client spelled them. The searches are in searchcommands.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.items import FetchItem
from cgpymail.model.uidset import NumberSet


@dataclass(frozen=True, slots=True)
class Append(Command):
    """APPEND up to the message: ``date`` in seconds since the epoch, None if not given; ``size`` octets follow."""

    name: ClassVar[str] = "APPEND"

    mailbox: str
    flags: tuple[str, ...]
    date: int | None
    size: int


@dataclass(frozen=True, slots=True)
class Expunge(Command):
    """EXPUNGE, and UID EXPUNGE (RFC 4315), which names the UIDs that may go."""

    name: ClassVar[str] = "EXPUNGE"

    uids: NumberSet | None = None


@dataclass(frozen=True, slots=True)
class Fetch(Command):
    """FETCH and UID FETCH; for the latter ``items`` has Uid, put in front if the client left it out."""

    name: ClassVar[str] = "FETCH"

    numbers: NumberSet
    items: tuple[FetchItem, ...]
    uid: bool


@dataclass(frozen=True, slots=True)
class Store(Command):
    """STORE and UID STORE."""

    name: ClassVar[str] = "STORE"

    numbers: NumberSet
    action: Literal["set", "add", "remove"]
    silent: bool
    flags: tuple[str, ...]
    uid: bool


@dataclass(frozen=True, slots=True)
class Copy(Command):
    """COPY and UID COPY."""

    name: ClassVar[str] = "COPY"

    numbers: NumberSet
    mailbox: str
    uid: bool


@dataclass(frozen=True, slots=True)
class Move(Command):
    """MOVE and UID MOVE (RFC 6851)."""

    name: ClassVar[str] = "MOVE"

    numbers: NumberSet
    mailbox: str
    uid: bool
