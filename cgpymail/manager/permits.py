"""The bytes of a message for as long as somebody may read it, and no longer (spec 2.8, 14.3.1e).

A session asks what its user may do before it takes the bytes of a message, and sends them piece by piece, for minutes
maybe. So each piece is asked for again, if anything has changed since: a message that is hidden meanwhile breaks off.

Where the right to read is withdrawn, the session itself ends. A thread that copies for it would read on, unless
somebody stops it: before each piece it looks whether the session's permit for that message was taken back. A copy all
of whose bytes were read before that moment is made; of any other nothing is kept (stores take back what they have
begun).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from twisted.internet.defer import Deferred
from zope.interface import implementer

from cgpymail.errors import MailboxGone, MailError, NotPermitted
from cgpymail.interfaces import IContent, IStoredContent
from cgpymail.manager.access import Standing
from cgpymail.manager.mailbox import Mailbox
from cgpymail.model import rights
from cgpymail.model.columns import Row


@implementer(IStoredContent)
class Guarded:
    """A message of ``mailbox`` for a session; ``ask`` gives its user's standing now. Of a mailbox that was deleted what
    was begun may be read to its end (spec 14.3.1d)."""

    __slots__ = ("_ask", "_content", "_mailbox", "_seen", "_uid", "size")

    def __init__(self, content: Any, mailbox: Mailbox, uid: int, ask: Callable[[], Standing]) -> None:
        self.size: int = content.size
        self._content = content
        self._mailbox = mailbox
        self._uid = uid
        self._ask = ask
        self._seen = mailbox.version  # as long as it is the same, nothing has changed

    def read_now(self, offset: int, length: int) -> bytes | None:
        """As of the content. Raises MailboxGone, NotPermitted too."""
        if self._seen != self._mailbox.version:
            self._check()
        piece: bytes | None = self._content.read_now(offset, length)
        return piece

    def read(self, offset: int, length: int) -> Deferred[bytes]:
        """As of the content; what it was read for may be forbidden when it is there."""
        reading: Deferred[bytes] = self._content.read(offset, length)
        return reading.addCallback(self._checked)

    def chunks(self) -> Iterator[bytes]:
        """As of the content; for worker threads, which cannot ask."""
        chunks: Iterator[bytes] = self._content.chunks()
        return chunks

    def release(self) -> None:
        """As of the content."""
        self._content.release()

    def _checked(self, piece: bytes) -> bytes:
        self._check()
        return piece

    def _check(self) -> None:
        """Raise MailboxGone, NotPermitted."""
        mailbox = self._mailbox
        if not mailbox.gone:
            standing, row = self._ask(), mailbox.row(self._uid)
            if not standing.rights & rights.READ:
                raise MailboxGone
            if row is not None and row.flags & standing.hides:
                raise NotPermitted
        self._seen = mailbox.version


class Permit:
    """One session's permission to read its mailbox. ``lent``: the messages that are being copied by it."""

    __slots__ = ("lent",)

    def __init__(self) -> None:
        self.lent: set[Permitted] = set()

    def review(self, standing: Standing, row: Callable[[int], Row | None]) -> None:
        """The user has this standing now. ``row`` gives a message by its UID."""
        for content in self.lent:
            found = row(content.uid)
            if not standing.rights & rights.READ:
                content.refusal = MailboxGone
            elif found is not None and found.flags & standing.hides:
                content.refusal = NotPermitted


@implementer(IContent)
class Permitted:
    """A stored message to be copied, as long as ``permit`` is not taken back, for which it gives a ``refusal``."""

    def __init__(self, content: Any, permit: Permit, uid: int) -> None:
        self.size: int = content.size
        self.uid = uid
        self.refusal: type[MailError] | None = None  # written on the reactor thread, read on others
        self._content = content
        self._permit = permit
        permit.lent.add(self)

    def chunks(self) -> Iterator[bytes]:
        """As of the content. Raises MailboxGone, NotPermitted."""
        self._check()
        for piece in self._content.chunks():
            self._check()
            yield piece

    @property
    def shared_file(self) -> Any:
        """As of the content: what may be linked instead of being read (spec 5.6). Raises MailboxGone, NotPermitted."""
        self._check()
        return getattr(self._content, "shared_file", None)

    def release(self) -> None:
        """As of the content."""
        self._permit.lent.discard(self)
        self._content.release()

    def _check(self) -> None:
        if self.refusal is not None:
            raise self.refusal
