"""A mailbox for SEARCH without a manager: messages in a list, bodies read in small pieces."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from twisted.internet.defer import Deferred, succeed

from cgpymail.errors import MessageGone
from cgpymail.manager.objectids import email_id
from cgpymail.manager.searchview import Facts
from cgpymail.mime.structure import Part, StructureScanner
from cgpymail.model.keywords import KeywordTable
from cgpymail.model.uidset import UidSet
from cgpymail.runtime.limits import DEFAULTS


@dataclass(slots=True)
class Mail:
    """One message."""

    octets: bytes
    flags: int = 0
    keywords: int = 0
    date: int = 0
    uid: int = 0
    gone: bool = False
    saved: int = 0


class Pieces:
    """An IStoredContent that never gives more than ``most`` octets, every other time only by a Deferred."""

    def __init__(self, octets: bytes, most: int) -> None:
        self.size = len(octets)
        self.released = False
        self._octets = octets
        self._most = most
        self._reads = 0

    def read_now(self, offset: int, length: int) -> bytes | None:
        """The next piece, or None."""
        self._reads += 1
        return None if self._reads % 2 else self._piece(offset, length)

    def read(self, offset: int, length: int) -> Deferred[bytes]:
        """The next piece."""
        return succeed(self._piece(offset, length))

    def _piece(self, offset: int, length: int) -> bytes:
        return self._octets[offset : offset + min(length, self._most)]

    def chunks(self) -> Iterator[bytes]:
        """All of it."""
        yield self._octets

    def release(self) -> None:
        """Noted."""
        self.released = True


@dataclass(slots=True)
class Mailbox:
    """searchview.Searchable. UIDs not set are 10, 20, 30, ..."""

    mails: list[Mail]
    recent: UidSet = field(default_factory=UidSet)
    keywords: KeywordTable = field(default_factory=KeywordTable)
    piece: int = 1 << 16
    saved: UidSet = field(default_factory=UidSet)
    now: int = 0
    headers_read: list[int] = field(default_factory=list)
    contents: list[tuple[int, Pieces]] = field(default_factory=list)

    def __post_init__(self) -> None:
        for number, mail in enumerate(self.mails, 1):
            mail.uid = mail.uid or 10 * number

    @property
    def bodies_read(self) -> list[int]:
        """UIDs whose content was asked for."""
        return [uid for uid, _ in self.contents]

    def facts(self) -> Facts:
        """The columns."""
        mails = self.mails
        return Facts(
            range(1, len(mails) + 1),
            [mail.uid for mail in mails],
            [mail.flags for mail in mails],
            [mail.keywords for mail in mails],
            [len(mail.octets) for mail in mails],
            [mail.date for mail in mails],
            self.recent,
            self.saved,
            self.now,
            save_dates=[mail.saved for mail in mails],
        )

    def progress(self, done: int, all: int) -> None:
        """Nobody asks."""

    def keyword_mask(self, name: str) -> int:
        """The bit of a keyword."""
        return self.keywords.find(name)

    async def headers(self, uid: int) -> bytes:
        """The header block."""
        self.headers_read.append(uid)
        octets = self._find(uid).octets
        end = octets.find(b"\r\n\r\n")
        return octets if end < 0 else octets[: end + 4]

    async def structure(self, uid: int) -> Part:
        """The tree of parts."""
        scanner = StructureScanner(DEFAULTS)
        scanner.feed(self._find(uid).octets)
        return scanner.close()

    async def email_id(self, uid: int, pause: Callable[[int], Awaitable[object]]) -> str:
        """EMAILID."""
        octets = self._find(uid).octets
        await pause(len(octets))
        return email_id(hashlib.sha256(octets))

    def content(self, uid: int) -> Pieces:
        """The bytes."""
        content = Pieces(self._find(uid).octets, self.piece)
        self.contents.append((uid, content))
        return content

    def _find(self, uid: int) -> Mail:
        mail = next(mail for mail in self.mails if mail.uid == uid)
        if mail.gone:
            raise MessageGone
        return mail
