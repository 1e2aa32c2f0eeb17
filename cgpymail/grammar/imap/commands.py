"""The IMAP commands on sessions and mailboxes as values (RFC 3501 section 6 and the extensions named at each class).

Every command has its ``tag`` as sent and the class attribute ``name``. Mailbox names are Unicode with INBOX folded.
The commands on messages are in messagecommands.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cgpymail.model.mailbox import PLAIN_LIST, ListChoice
from cgpymail.model.uidset import NumberSet


@dataclass(frozen=True, slots=True)
class Command:
    """What all have in common."""

    name: ClassVar[str] = ""

    tag: bytes


@dataclass(frozen=True, slots=True)
class Capability(Command):
    """CAPABILITY."""

    name: ClassVar[str] = "CAPABILITY"


@dataclass(frozen=True, slots=True)
class Noop(Command):
    """NOOP."""

    name: ClassVar[str] = "NOOP"


@dataclass(frozen=True, slots=True)
class Logout(Command):
    """LOGOUT."""

    name: ClassVar[str] = "LOGOUT"


@dataclass(frozen=True, slots=True)
class StartTls(Command):
    """STARTTLS."""

    name: ClassVar[str] = "STARTTLS"


@dataclass(frozen=True, slots=True)
class Authenticate(Command):
    """AUTHENTICATE. ``mechanism`` in capitals; ``initial``: the initial response (RFC 4959), decoded from base64,
    None if the client sent none, empty for ``=``."""

    name: ClassVar[str] = "AUTHENTICATE"

    mechanism: str
    initial: bytes | None


@dataclass(frozen=True, slots=True)
class Login(Command):
    """LOGIN. Both arguments as sent."""

    name: ClassVar[str] = "LOGIN"

    user: bytes
    password: bytes


@dataclass(frozen=True, slots=True)
class Resync:
    """What a client remembers of a mailbox (RFC 7162 3.2.5): ``known`` UIDs, None for all; ``match``: some sequence
    numbers and the UIDs they had."""

    uidvalidity: int
    modseq: int
    known: NumberSet | None = None
    match: tuple[NumberSet, NumberSet] | None = None


@dataclass(frozen=True, slots=True)
class Select(Command):
    """SELECT, with the parameters CONDSTORE and QRESYNC (RFC 7162)."""

    name: ClassVar[str] = "SELECT"

    mailbox: str
    condstore: bool = False
    resync: Resync | None = None


@dataclass(frozen=True, slots=True)
class Examine(Command):
    """EXAMINE, with the parameters of SELECT."""

    name: ClassVar[str] = "EXAMINE"

    mailbox: str
    condstore: bool = False
    resync: Resync | None = None


@dataclass(frozen=True, slots=True)
class Create(Command):
    """CREATE; the name may end in a slash (a directory entity only) or in the extension of a format. ``uses``: the
    attributes of the parameter USE, as spelled (RFC 6154)."""

    name: ClassVar[str] = "CREATE"

    mailbox: str
    uses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Delete(Command):
    """DELETE."""

    name: ClassVar[str] = "DELETE"

    mailbox: str


@dataclass(frozen=True, slots=True)
class Rename(Command):
    """RENAME."""

    name: ClassVar[str] = "RENAME"

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Subscribe(Command):
    """SUBSCRIBE."""

    name: ClassVar[str] = "SUBSCRIBE"

    mailbox: str


@dataclass(frozen=True, slots=True)
class Unsubscribe(Command):
    """UNSUBSCRIBE."""

    name: ClassVar[str] = "UNSUBSCRIBE"

    mailbox: str


@dataclass(frozen=True, slots=True)
class List(Command):
    """LIST, also in its extended form (RFC 5258). A single empty pattern asks for the separator only.

    ``choice``: the options; REMOTE and the return options CHILDREN and SPECIAL-USE are not in it, because what they ask
    for is always done. ``status``: the items of RETURN (STATUS (...)) (RFC 5819), empty if it is not asked
    for. ``rights``: MYRIGHTS of each is wanted (RFC 8440). ``entries``: the annotations of RETURN (METADATA
    (...)) (RFC 9590), as typed.
    """

    name: ClassVar[str] = "LIST"

    reference: str
    patterns: tuple[str, ...]
    choice: ListChoice = PLAIN_LIST
    status: tuple[str, ...] = ()
    rights: bool = False
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Lsub(Command):
    """LSUB."""

    name: ClassVar[str] = "LSUB"

    reference: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Status(Command):
    """STATUS. ``items`` in capitals and in the client's order; see responses.STATUS_FIELDS."""

    name: ClassVar[str] = "STATUS"

    mailbox: str
    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Check(Command):
    """CHECK."""

    name: ClassVar[str] = "CHECK"


@dataclass(frozen=True, slots=True)
class Close(Command):
    """CLOSE."""

    name: ClassVar[str] = "CLOSE"


@dataclass(frozen=True, slots=True)
class Unselect(Command):
    """UNSELECT (RFC 3691)."""

    name: ClassVar[str] = "UNSELECT"


@dataclass(frozen=True, slots=True)
class Idle(Command):
    """IDLE (RFC 2177); ends with the bare line DONE, which is not a command (Scanner.next_line)."""

    name: ClassVar[str] = "IDLE"


@dataclass(frozen=True, slots=True)
class Namespace(Command):
    """NAMESPACE (RFC 2342)."""

    name: ClassVar[str] = "NAMESPACE"


@dataclass(frozen=True, slots=True)
class Id(Command):
    """ID (RFC 2971). ``fields``: what the client says of itself; None as a value for NIL; empty for ID NIL."""

    name: ClassVar[str] = "ID"

    fields: tuple[tuple[str, str | None], ...]


@dataclass(frozen=True, slots=True)
class Compress(Command):
    """COMPRESS (RFC 4978); DEFLATE is the only way there is."""

    name: ClassVar[str] = "COMPRESS"


@dataclass(frozen=True, slots=True)
class Enable(Command):
    """ENABLE (RFC 5161). ``names`` in capitals, in the client's order; unknown ones are to be passed over."""

    name: ClassVar[str] = "ENABLE"

    names: tuple[str, ...]
