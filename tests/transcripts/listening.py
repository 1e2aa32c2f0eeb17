"""One client of a transcript: what it hears, cut into lines."""

from __future__ import annotations

import re
from typing import Protocol

_LITERAL = re.compile(rb"\{(\d+)\}\Z")


class Link(Protocol):
    """One connection of a world."""

    def send(self, data: bytes) -> None:
        """Send to the server."""

    def receive(self, patient: bool) -> bytes:
        """What the server said since; b"" when it says nothing more for now. ``patient``: something is expected."""

    @property
    def closed(self) -> bool:
        """Whether the server has closed it and everything was received."""

    def drop(self) -> None:
        """Break it."""

    def handshake(self) -> None:
        """Begin TLS, from the client's side."""

    def deflate(self) -> None:
        """Compress what is sent, and expect what comes to be compressed."""


class World(Protocol):
    """A server and its clients."""

    def password(self, account: str) -> str:
        """Of one of the accounts."""

    def connect(self, protocol: str) -> Link:
        """A new connection: imap, pop or lmtp."""

    def advance(self, seconds: float) -> None:
        """Let time pass."""

    def slow_down(self, seconds: float) -> None:
        """From now on each write to the disk takes so long."""

    def tool(self, *words: str) -> None:
        """Have the administrator's tool do something."""

    def close(self) -> None:
        """End the server; nothing is left behind."""


class Listener:
    """Lines from a link; with ``literals`` (IMAP) a line holds its literals as quoted strings."""

    def __init__(self, link: Link, literals: bool) -> None:
        self.link = link
        self._literals = literals
        self._buffer = b""

    def line(self) -> str | None:
        """The next line; None when there is none."""
        while (line := self._take()) is None:
            data = self.link.receive(True)
            if not data:
                return None
            self._buffer += data
        return line

    def pending(self) -> list[str]:
        """All whole lines that are there, left unread."""
        while data := self.link.receive(False):
            self._buffer += data
        kept, lines = self._buffer, []
        while (line := self._take()) is not None:
            lines.append(line)
        self._buffer = kept
        return lines

    def _take(self) -> str | None:
        text, place = "", 0
        while True:
            end = self._buffer.find(b"\r\n", place)
            if end < 0:
                return None
            piece = self._buffer[place:end]
            place = end + 2
            literal = _LITERAL.search(piece) if self._literals else None
            if literal is None:
                text += _shown(piece)
                self._buffer = self._buffer[place:]
                return text
            size = int(literal[1])
            if len(self._buffer) < place + size:
                return None
            content = self._buffer[place : place + size]
            place += size
            text += _shown(piece[: literal.start()]) + '"' + _shown(content) + '"'


def _shown(octets: bytes) -> str:
    text = octets.decode("utf-8", "backslashreplace")
    return text.replace("\r", "\\r").replace("\n", "\\n").replace("\0", "\\0")
