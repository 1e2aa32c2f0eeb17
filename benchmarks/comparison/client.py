"""A client that costs little: raw sockets, one command under way on each of many connections, every answer checked."""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable, Sequence

PIECE = 256 * 1024
PATIENCE = 60.0  # seconds that an answer may take

Check = Callable[[bytes], bool]
"""Whether an answer is right: everything from the first untagged line on, the tagged line included."""


class Wrong(AssertionError):
    """A server answered something else than it should, or not at all."""


class Connection:
    """One IMAP connection. A request is a command without tag and CRLF."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._serial = 0
        self._tag = b""
        self._received = bytearray()
        if not self._line().startswith(b"* OK"):
            raise Wrong("no greeting")

    def send(self, request: bytes) -> None:
        """Say it; the answer is collected by ``receive``."""
        self._serial += 1
        self._tag = b"t%d " % self._serial
        self._received.clear()
        self.socket.sendall(self._tag + request + b"\r\n")

    def receive(self) -> bytes | None:
        """Take what came; the whole answer if it is complete, its tag cut off."""
        data = self.socket.recv(PIECE)
        if not data:
            raise Wrong(f"connection closed: {bytes(self._received[-200:])!r}")
        received = self._received
        received += data
        last = _last_line(received)
        if not received.endswith(b"\r\n") or not received.startswith(self._tag, last):
            return None
        return bytes(received[:last] + received[last + len(self._tag) :])

    def ask(self, request: bytes) -> bytes:
        """Send, and wait for the answer. Raises Wrong unless it is OK."""
        self.send(request)
        answer = None
        while answer is None:
            answer = self.receive()
        if not is_ok(answer):
            raise Wrong(f"{request[:80]!r}: {answer[-300:]!r}")
        return answer

    def log_in(self, name: str, password: str) -> None:
        """LOGIN."""
        self.ask(f"LOGIN {name} {password}".encode())

    def close(self) -> None:
        """LOGOUT, and the end of the link as the server makes it."""
        self.send(b"LOGOUT")
        while self.socket.recv(PIECE):
            pass
        self.socket.close()

    def _line(self) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            octets = self.socket.recv(PIECE)
            if not octets:
                raise Wrong("no greeting")
            line += octets
        return line


def is_ok(answer: bytes) -> bool:
    """Whether the tagged line is OK."""
    return answer.startswith(b"OK ", _last_line(answer))


def _last_line(answer: bytes | bytearray) -> int:
    """Where it begins."""
    before = answer.rfind(b"\r\n", 0, -2)
    return 0 if before < 0 else before + 2


def drive(connections: Sequence[Connection], requests: Sequence[tuple[bytes, Check]]) -> list[float]:
    """Send all requests, each to whatever connection is free; the seconds that each answer took.

    Raises Wrong at the first answer that its check does not accept.
    """
    poll = select.epoll()
    by_file = {connection.socket.fileno(): connection for connection in connections}
    waiting = iter(requests)
    under_way: dict[int, tuple[Check, bytes, float]] = {}
    seconds: list[float] = []

    def next_request(number: int) -> None:
        for request, check in waiting:
            under_way[number] = check, request, time.perf_counter()
            by_file[number].send(request)
            return

    for number in by_file:
        poll.register(number, select.EPOLLIN)
        next_request(number)
    while under_way:
        events = poll.poll(PATIENCE)
        if not events:
            raise Wrong(f"no answer within {PATIENCE} seconds: {next(iter(under_way.values()))[1][:80]!r}")
        for number, _ in events:
            answer = by_file[number].receive()
            if answer is not None:
                check, request, began = under_way.pop(number)
                seconds.append(time.perf_counter() - began)
                if not check(answer):
                    raise Wrong(f"{request[:80]!r}: {answer[:200]!r} ... {answer[-200:]!r}")
                next_request(number)
    poll.close()
    return seconds
