"""An IMAP client for tests: speaks over a MemoryWire, whole lines at a time or byte by byte."""

from __future__ import annotations

from typing import Any

from tests.support.wire import MemoryWire
from tests.support.world import World

LOGIN = b"login LOGIN john secret"


class ImapClient:
    """One connection to the IMAP module of a World. ``bytewise``: everything is sent one byte at a time."""

    def __init__(self, world: World, *, login: str = "john", bytewise: bool = False, **wire: Any) -> None:
        self.world = world
        self.bytewise = bytewise
        self.wire: MemoryWire = world.connect("IMAP", **wire)
        self.greeting = self.wire.take()
        self._serial = 0
        if login:
            assert self.raw(b"login LOGIN %b secret\r\n" % login.encode()).startswith(b"login OK ")

    def raw(self, data: bytes) -> bytes:
        """Send octets; everything that is answered."""
        return self.wire.feed(data, bytewise=self.bytewise)

    def lines(self, *commands: bytes) -> list[bytes]:
        """Send commands, tags included, in one piece; the lines of the answer, without line ends."""
        return self.raw(b"".join(command + b"\r\n" for command in commands)).split(b"\r\n")[:-1]

    def do(self, command: bytes) -> list[bytes]:
        """Send one command with a tag of our own, which must be answered with OK; the untagged lines."""
        lines, final = self._answered(command)
        assert final.startswith(b"OK "), (command, final)
        return lines

    def refused(self, command: bytes, kind: bytes = b"NO") -> bytes:
        """Send one command that must be answered with NO (or ``kind``); the rest of the tagged line."""
        _, final = self._answered(command)
        assert final.startswith(kind + b" "), (command, final)
        return final[len(kind) + 1 :]

    def ok(self, command: bytes) -> bytes:
        """Send one command that must be answered with OK; the rest of the tagged line."""
        _, final = self._answered(command)
        assert final.startswith(b"OK "), (command, final)
        return final[3:]

    def _answered(self, command: bytes) -> tuple[list[bytes], bytes]:
        self._serial += 1
        tag = b"t%d" % self._serial
        answer = self.raw(tag + b" " + command + b"\r\n")
        *lines, final = answer.split(b"\r\n")[:-1]
        assert final.startswith(tag + b" "), (command, answer)
        return lines, final[len(tag) + 1 :]

    def told(self) -> list[bytes]:
        """What came by itself, after the server did what was due."""
        self.world.clock.advance(0)
        return self.wire.take().split(b"\r\n")[:-1]
