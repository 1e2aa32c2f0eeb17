"""The world outside of the server, without a reactor: programs that are started, mail servers that are connected to."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from typing import Any

from twisted.internet.address import UNIXAddress
from twisted.internet.error import ProcessDone, ProcessTerminated
from twisted.internet.protocol import ProcessProtocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure


class Outside:
    """Takes everything, unless the test says otherwise. ``messages``: (sender, recipients, octets) in order."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.messages: list[tuple[str, tuple[str, ...], bytes]] = []
        self.started: list[tuple[str, ...]] = []
        self.codes: dict[str, int] = {}  # exit codes by recipient
        self.said = b""  # by the program
        self.hangs = False
        self.processes: list[Process] = []
        self.answers: dict[str, str] = {}  # replies by the beginning of what they answer; "." is the end of the message
        self.conversations: list[list[str]] = []
        self.breaks_at = ""

    # programs

    def spawnProcess(
        self, protocol: ProcessProtocol, path: str, words: Sequence[str], env: Any, folder: str, childFDs: Any
    ) -> Process:
        """A program that reads its input from a file."""
        if not path.startswith("/"):
            raise OSError(2, "No such file or directory")
        self.started.append(tuple(words))
        process = Process(protocol)
        self.processes.append(process)
        protocol.makeConnection(process)  # type: ignore[arg-type]
        octets = os.pread(childFDs[0], 1 << 24, os.lseek(childFDs[0], 0, os.SEEK_CUR))
        recipients = tuple(words[words.index("--") + 1 :])
        code = max((self.codes.get(recipient, 0) for recipient in recipients), default=0)
        if self.hangs:
            return process
        if self.said:
            protocol.errReceived(self.said)
        if not code:
            self.messages.append((words[words.index("-f") + 1], recipients, octets))
        process.end(code)
        return process

    # mail servers

    def connectUNIX(self, path: str, factory: Any, timeout: float, checkPID: bool) -> None:
        """A mail server behind a socket; at /nowhere there is none."""
        if path == "/nowhere":
            factory.clientConnectionFailed(None, Failure(ConnectionRefusedError(111, "refused")))
            return
        protocol = factory.buildProtocol(UNIXAddress(path))
        protocol.makeConnection(MailServer(self, protocol, path))


class Process:
    """A program at work."""

    def __init__(self, protocol: ProcessProtocol) -> None:
        self._protocol = protocol

    def end(self, code: int | None, number: int | None = None) -> None:
        """It ends."""
        status = ProcessDone(0) if code == 0 else ProcessTerminated(code, number)  # type: ignore[arg-type]
        self._protocol.processExited(Failure(status))

    def signalProcess(self, name: str) -> None:
        """It is killed."""
        self.end(None, getattr(signal, f"SIG{name}"))

    def loseConnection(self) -> None:
        """Its output is not read any more."""


class MailServer(StringTransport):
    """What the client's protocol has as its transport: answers in SMTP, or in LMTP where the path says so."""

    def __init__(self, outside: Outside, protocol: Any, path: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._outside = outside
        self._protocol = protocol
        self._lmtp = "lmtp" in path
        self._buffer = b""
        self._recipients: list[str] = []
        self._in_message = False
        self._said: list[str] = []
        outside.conversations.append(self._said)
        self._later("220 here")

    def _later(self, reply: str) -> None:
        self._outside.clock.callLater(0, self._answer, reply)

    def _answer(self, reply: str) -> None:
        if not self.disconnecting:
            self._protocol.dataReceived(reply.encode() + b"\r\n")

    def write(self, data: bytes) -> None:
        """The client says something."""
        self._buffer += data
        while True:
            mark = b"\r\n.\r\n" if self._in_message else b"\r\n"
            head, found, rest = self._buffer.partition(mark)
            if not found:
                return
            self._buffer = rest
            if self._in_message:
                self._end(head + b"\r\n")
            else:
                self._line(head.decode())

    def _line(self, line: str) -> None:
        self._said.append(line)
        if self._outside.breaks_at and line.startswith(self._outside.breaks_at):
            self.abortConnection()
            return
        if line.startswith("RCPT TO:<"):
            self._recipients.append(line[9:-1])
        reply = next((text for start, text in self._outside.answers.items() if line.startswith(start)), "")
        self._in_message = line == "DATA" and not reply
        self._later(reply or ("354 go on" if self._in_message else "250-here\r\n250 SMTPUTF8"))

    def _end(self, message: bytes) -> None:
        self._in_message = False
        if self._outside.breaks_at == ".":
            self.abortConnection()
            return
        sender = next(line for line in self._said if line.startswith("MAIL FROM:<"))[11:].partition(">")[0]
        self._outside.messages.append((sender, tuple(self._recipients), message))
        for recipient in self._recipients if self._lmtp else [""]:
            self._later(self._outside.answers.get(f".{recipient}", "250 taken"))

    def abortConnection(self) -> None:
        """The link breaks."""
        self.disconnecting = True
        self._outside.clock.callLater(0, self._protocol.connectionLost, Failure(ConnectionResetError()))
