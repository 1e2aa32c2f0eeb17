"""The IMAP commands on access control lists as values (RFC 4314 section 3; RFC 2086)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cgpymail.grammar.imap.commands import Command
from cgpymail.model.rights import RightsChange


@dataclass(frozen=True, slots=True)
class SetAcl(Command):
    """SETACL. ``identifier`` as sent."""

    name: ClassVar[str] = "SETACL"

    mailbox: str
    identifier: str
    change: RightsChange


@dataclass(frozen=True, slots=True)
class DeleteAcl(Command):
    """DELETEACL. ``identifier`` as sent."""

    name: ClassVar[str] = "DELETEACL"

    mailbox: str
    identifier: str


@dataclass(frozen=True, slots=True)
class GetAcl(Command):
    """GETACL."""

    name: ClassVar[str] = "GETACL"

    mailbox: str


@dataclass(frozen=True, slots=True)
class ListRights(Command):
    """LISTRIGHTS. ``identifier`` as sent, because the answer repeats it."""

    name: ClassVar[str] = "LISTRIGHTS"

    mailbox: str
    identifier: str


@dataclass(frozen=True, slots=True)
class MyRights(Command):
    """MYRIGHTS."""

    name: ClassVar[str] = "MYRIGHTS"

    mailbox: str
