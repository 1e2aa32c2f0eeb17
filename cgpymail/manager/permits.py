"""Bytes of a mailbox that are read behind the back of a session: by the threads that store a copy of them.

The session itself ends when its user loses the right to read. A thread that copies for him reads on, unless somebody
stops it: so what it reads asks the session's permit before each piece. A copy all of whose bytes were read before that
moment is made; of any other nothing is kept (stores take back what they have begun).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cgpymail.errors import MailboxGone


class Permit:
    """One session's permission to read its mailbox. Once it ended it never comes back: the session ends too."""

    __slots__ = ("_ended",)

    def __init__(self) -> None:
        self._ended = False  # written on the reactor thread, read on others

    def end(self) -> None:
        """The right was withdrawn."""
        self._ended = True

    def check(self) -> None:
        """Raise MailboxGone if it has ended. From any thread."""
        if self._ended:
            raise MailboxGone


class Permitted:
    """A stored message to be copied (IContent), as long as ``permit`` lasts."""

    def __init__(self, content: Any, permit: Permit) -> None:
        self.size: int = content.size
        self._content = content
        self._permit = permit

    def chunks(self) -> Iterator[bytes]:
        """As of the content. Raises MailboxGone."""
        self._permit.check()
        for piece in self._content.chunks():
            self._permit.check()
            yield piece

    @property
    def shared_file(self) -> Any:
        """As of the content: what may be linked instead of being read (spec 5.6). Raises MailboxGone."""
        self._permit.check()
        return getattr(self._content, "shared_file", None)

    def release(self) -> None:
        """As of the content."""
        self._content.release()
