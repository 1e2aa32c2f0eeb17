"""The IMAP commands on messages as values (RFC 3501 sections 6.3.11 and 6.4, and the extensions named at each class).

Flags are spelled as the client spelled them. The searches are in searchcommands.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from cgpymail.grammar.imap.commands import Command
from cgpymail.grammar.imap.items import FetchItem
from cgpymail.model.paging import Page
from cgpymail.model.uidset import MessageSet, NumberSet


@dataclass(frozen=True, slots=True)
class Message:
    """What is said of a message before its ``size`` octets: ``date`` in seconds since the epoch, None if not given.

    ``binary``: it comes as a literal8 (RFC 3516), so it may be in binary encoding; ``utf8``: in ``UTF8 (...)``
    (RFC 6855), so its header may be in UTF-8.
    """

    flags: tuple[str, ...]
    date: int | None
    size: int
    binary: bool = False
    utf8: bool = False


@dataclass(frozen=True, slots=True)
class Append(Command):
    """APPEND up to its first message; more may follow (RFC 3502)."""

    name: ClassVar[str] = "APPEND"

    mailbox: str
    message: Message


@dataclass(frozen=True, slots=True)
class Replace(Command):
    """REPLACE and UID REPLACE (RFC 8508) up to the new message; ``number``: that of the message that will go."""

    name: ClassVar[str] = "REPLACE"

    number: NumberSet
    mailbox: str
    message: Message
    uid: bool


@dataclass(frozen=True, slots=True)
class Expunge(Command):
    """EXPUNGE, and UID EXPUNGE (RFC 4315), which names the UIDs that may go."""

    name: ClassVar[str] = "EXPUNGE"

    uids: MessageSet | None = None


@dataclass(frozen=True, slots=True)
class Fetch(Command):
    """FETCH and UID FETCH; for the latter ``items`` has Uid, put in front if the client left it out.

    ``changed_since``: only messages with a MODSEQ above it, None for all; ``vanished``: tell those that went since too
    (RFC 7162 3.1.4.1, 3.2.6). ``page``: only this part of the messages that would be told (RFC 9394 section 3.3).
    """

    name: ClassVar[str] = "FETCH"

    numbers: MessageSet
    items: tuple[FetchItem, ...]
    uid: bool
    changed_since: int | None = None
    vanished: bool = False
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class Store(Command):
    """STORE and UID STORE. ``unchanged_since``: only messages whose MODSEQ is not above it (RFC 7162 3.1.3)."""

    name: ClassVar[str] = "STORE"

    numbers: MessageSet
    action: Literal["set", "add", "remove"]
    silent: bool
    flags: tuple[str, ...]
    uid: bool
    unchanged_since: int | None = None


@dataclass(frozen=True, slots=True)
class Copy(Command):
    """COPY and UID COPY."""

    name: ClassVar[str] = "COPY"

    numbers: MessageSet
    mailbox: str
    uid: bool


@dataclass(frozen=True, slots=True)
class Move(Command):
    """MOVE and UID MOVE (RFC 6851)."""

    name: ClassVar[str] = "MOVE"

    numbers: MessageSet
    mailbox: str
    uid: bool
