"""What a storage format is to the engine: the bytes of one mailbox, and nothing else.

The engine (engine.py) owns all that formats have in common: UIDs, MODSEQs, the columns, journal and snapshot, group
commit, visibility, recovery. A format stores message bytes, finds them again, and writes flags through at a
checkpoint. A new format is one folder with one subclass each of ``Format`` and ``MailFile``.

Threads. Every method is blocking and called on a worker thread, one at a time for a mailbox, except ``content`` (the
reactor thread, at any time) and the copying of a ``Rewrite``, beside which ``write`` and ``sync`` go on.
OSError is what goes wrong; ``scan`` and ``open`` may raise StorageFailed for a file that cannot be understood (which
is left as it is). What a power cut leaves behind is the engine's concern: it decides from its journal.

Disk form. Lines end in LF. ``Location.crc`` is the CRC-32 of the message's bytes as they lie on disk (after a .mbox's
From-line); a message is recognised by UID and CRC, wherever it lies.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from cgpymail.interfaces import IContent, IStoredContent
from cgpymail.model.columns import Columns, cut
from cgpymail.runtime.files import Files
from cgpymail.runtime.runtime import Runtime

# Facts in ``Location.disk`` beside flags and the marks of model.flags; never on disk in this form.
FOREIGN = 1 << 24  # no comment of ours: the UID holds while the mailbox is in memory, flags are not kept (spec 4.4)
AS_IS = 1 << 25  # lines end in CRLF on disk already: served without conversion (other programs' messages only)


class Location(NamedTuple):
    """Where a message lies and what the disk says of it; a format leaves at 0 what it does not need.

    ``offset``: first byte in the file; ``head``: bytes before the message proper (the From-line); ``length``: bytes of
    the message on disk; ``header``: octets of the header in wire form, with the empty line; ``lines``: lines in wire
    form; ``disk``: flags and marks as on disk; ``origuid``: permanent UID, 0 if none.
    """

    offset: int
    head: int
    length: int
    header: int
    lines: int
    crc: int
    disk: int
    origuid: int


class Locations:
    """The location of every message, parallel to the rows of model.columns.Columns."""

    __slots__ = ("crc", "disk", "head", "header", "length", "lines", "offset", "origuid")

    def __init__(self) -> None:
        self.offset = array("Q")
        self.head = array("I")
        self.length = array("Q")
        self.header = array("I")
        self.lines = array("I")
        self.crc = array("I")
        self.disk = array("I")
        self.origuid = array("I")

    def __len__(self) -> int:
        return len(self.offset)

    def at(self, place: int) -> Location:
        """The location at a row number."""
        return Location(
            self.offset[place],
            self.head[place],
            self.length[place],
            self.header[place],
            self.lines[place],
            self.crc[place],
            self.disk[place],
            self.origuid[place],
        )

    def insert(self, place: int, location: Location) -> None:
        """Put one in before row ``place``."""
        for name, value in zip(Location._fields, location, strict=True):
            getattr(self, name).insert(place, value)

    def put(self, place: int, location: Location) -> None:
        """Replace the one at row ``place``."""
        for name, value in zip(Location._fields, location, strict=True):
            getattr(self, name)[place] = value

    def remove(self, places: list[int]) -> None:
        """Take out the rows with these ascending numbers."""
        for name in self.__slots__:
            cut(getattr(self, name), places)

    def copy(self) -> Locations:
        """A copy that later changes do not touch."""
        other = Locations()
        for name in self.__slots__:
            setattr(other, name, getattr(self, name)[:])
        return other


@dataclass(frozen=True, slots=True)
class Note:
    """The mailbox's own record of UIDVALIDITY and UIDNEXT inside the mail file (spec section 14.1.4)."""

    uidvalidity: int
    uidnext: int


@dataclass(frozen=True, slots=True)
class Stored:
    """A message in the mail file. ``date``: seconds since the epoch; ``size``: octets in wire form."""

    uid: int
    date: int
    size: int
    location: Location


@dataclass(frozen=True, slots=True)
class Found(Stored):
    """A message that a scan met. ``uid`` is 0 (and ``FOREIGN`` set) when the disk gives none that can be believed.

    ``own``: exactly in the form this program writes, so that without a journal record it was never acknowledged.
    """

    own: bool = False


@dataclass(frozen=True, slots=True)
class Attributes:
    """Attributes of a message that a scan met; for one ``origuid`` the last one counts."""

    origuid: int
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message to be written. ``flags``: without marks. ``return_path``: without brackets, maybe empty."""

    uid: int
    date: int
    flags: int
    return_path: bytes
    content: IContent


@dataclass(frozen=True, slots=True)
class Known:
    """What the snapshot says of the mail file: rows, their locations, and the ``memo`` of that time.

    ``seal``: the memo taken at a clean end later than the snapshot, or empty.
    """

    columns: Columns
    locations: Locations
    memo: bytes
    seal: bytes = b""


@dataclass(frozen=True, slots=True)
class Marking:
    """What the disk is to say of a message from now on.

    ``flags``: without marks (``Location.disk`` tells the present ones). ``keywords``: names, or None when the disk has
    the right ones. ``expunged``: the message is gone and its bytes may be needed by a reader still.
    """

    stored: Stored
    flags: int
    keywords: tuple[str, ...] | None = None
    expunged: bool = False


@dataclass(slots=True)
class Flushed:
    """What ``MailFile.flush`` made of its markings: the new location of each, in order.

    ``stuck``: places of markings that cannot be written where the message lies (no comment, or a field too narrow);
    the engine has the mail file rewritten then.
    """

    locations: list[Location] = field(default_factory=list)
    stuck: list[int] = field(default_factory=list)


# (length on disk, CRC) of the message with that UID as snapshot or journal have it, or None.
Expected = Callable[[int], tuple[int, int] | None]


class Rewrite(ABC):
    """A new generation of the mail file that is being made beside the old one.

    ``finish`` makes it durable, ``take_over`` makes it the one that is read and written, ``close`` ends it.
    """

    @abstractmethod
    def finish(self, added: Sequence[Marking], ghosts: Iterable[int], note: Note) -> list[Location]:
        """Add what was appended meanwhile, make it durable and give it the name of the old one.

        ``ghosts``: UIDs of expunged messages that may still be read (from the old generation) until ``forget``.
        Returns the new locations: those of the survivors in order, then of ``added``. When it fails after it gave
        away the name it raises an OSError with EIO: nothing may be written until another rewrite has succeeded.
        """

    @abstractmethod
    def take_over(self) -> None:
        """``content``, ``write`` and the rest use the new generation from now on.

        Reactor thread, in the moment in which the engine takes the new locations: never waits for the disk.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the old generation if the new one took over, else of the new one. Idempotent."""


class MailFile(ABC):
    """The message bytes of one mailbox.

    ``path``: of the mail file or directory; the engine sets it anew after a rename. ``note``: what ``open`` and
    ``scan`` found inside, the last valid one, or None.
    """

    path: str
    note: Note | None
    adopts: bool = False  # whether ``flush`` can give a message without comment its UID; then it is asked to, at once

    @abstractmethod
    def open(self, known: Known | None) -> bool:
        """Open, and check cheaply whether every known location still holds its message; False: scan everything.

        Also reads the note if ``known`` tells where it is. ``known`` is not kept: its columns change later. May be
        called again, with None. Raises StorageFailed, OSError.
        """

    @abstractmethod
    def scan(self, tail: bool, expected: Expected) -> Iterator[Found | Attributes]:
        """Everything in the mail file, or with ``tail`` only what is not in ``known`` (after ``open`` gave True).

        In file order. Expunged (X) and invisible messages are left out; of a repeated UID the second has uid 0.
        ``expected`` tells how long a message is by our own records, so that what a power cut left behind it is not
        taken for a part of it. Raises StorageFailed for a file that is not of this format; sets ``note``.
        """

    @abstractmethod
    def set_aside(self, unwanted: Sequence[Stored]) -> str:
        """Take messages, and torn bytes at the end, out of the mail file into a file beside it; returns its path.

        For what a power cut left that was never acknowledged. Empty string when there was nothing to keep.
        """

    @abstractmethod
    def write(self, batch: Sequence[Outgoing]) -> list[Stored]:
        """Write messages behind the others, not synced yet. On an error takes back what it wrote and raises OSError."""

    @abstractmethod
    def sync(self) -> None:
        """Everything written is on disk, also by a process that was killed before it came to this.

        After an OSError nothing of it may be trusted, and ``rewrite`` follows.
        """

    @abstractmethod
    def undo(self) -> None:
        """Take back what was written since the last ``sync``."""

    @abstractmethod
    def flush(self, markings: Sequence[Marking], note: Note) -> Flushed:
        """Checkpoint: write flags, marks, keywords and the note through, and sync them. Never moves message bytes."""

    @abstractmethod
    def rewrite(self, survivors: Sequence[Marking], *, least: float) -> Rewrite | None:
        """Copy the surviving messages into a new generation, beside which ``write`` and ``sync`` go on.

        ``survivors`` makes its items anew each time; their ``keywords`` are never None. None when the format never
        needs it, or not more than the share ``least`` of the mail file would be given back, or readers pin too many
        generations; with a negative ``least`` only when the format never needs it.
        """

    @abstractmethod
    def content(self, stored: Stored) -> IStoredContent:
        """The bytes of a message, pinned until released: also one expunged and not forgotten. Never blocks."""

    @abstractmethod
    def forget(self, messages: Sequence[Stored], note: Note) -> None:
        """Nobody needs the bytes of these expunged messages any more; they may go (write the note first if needed)."""

    @abstractmethod
    def memo(self) -> bytes:
        """At most 40 bytes by which ``open`` sees later whether somebody else was here.

        Kept in snapshot and journal; comes back in ``Known`` filled up to 40 with zeros.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of descriptors that no reader pins. Idempotent."""


class Format(ABC):
    """A storage format: what stores/registry.py lists (interfaces.IFormat)."""

    extension: str
    name: str
    is_directory: bool

    @abstractmethod
    def create(self, files: Files, path: str, note: Note) -> None:
        """Make an empty mailbox, crash-safe and synced with its directory. Blocking. Raises FileExistsError."""

    @abstractmethod
    def mail_file(self, runtime: Runtime, path: str) -> MailFile:
        """The mailbox at ``path``, not opened yet. Does not touch the disk."""

    @abstractmethod
    def destroy(self, files: Files, path: str) -> None:
        """Remove a mail file that was renamed to a dot-name before. Blocking; may be called again after a crash."""
