"""Handing a message to a program in the manner of sendmail: ``-f SENDER -- RECIPIENT ...``, the message on its
standard input with LF, its answer in its exit code (sysexits.h).

The program is started directly, without a shell, with a small environment; it reads from a file, so it can neither
hang on us nor we on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.protocol import ProcessProtocol
from twisted.python.failure import Failure

from cgpymail.errors import StorageFailed
from cgpymail.interfaces import IContent
from cgpymail.pop3.handover import UNKNOWN, Envelope, NotAccepted, NotAcceptedNow, shown
from cgpymail.pop3.outgoing import local_lines
from cgpymail.runtime.logs import PROBLEM, Log
from cgpymail.runtime.runtime import Runtime
from cgpymail.runtime.spool import Spool

ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"}
KILLED = -1
_KEPT = 2_000  # octets of the program's output
_PERMANENT = {
    64: "The program that sends mail was called in a wrong way",
    65: "The message was refused",
    67: "A recipient is unknown",
    68: "The domain of a recipient is unknown",
    77: "You may not send this message",
}


class SendmailWay:
    """``program``: its path and first arguments. ``seconds``: how long it may take."""

    def __init__(self, runtime: Runtime, spool: Spool, log: Log, program: Sequence[str], seconds: int) -> None:
        self._runtime = runtime
        self._spool = spool
        self._log = log
        self._program = program
        self._seconds = seconds

    async def send(self, envelope: Envelope, content: IContent) -> None:
        """See handover.Way."""
        pool = self._runtime.pools.sync
        try:
            path, fd = await pool.run(self._write, content)
        except OSError as problem:
            raise StorageFailed(detail=str(problem)) from problem
        try:
            await self._run(envelope, fd)
        finally:
            await pool.run(self._forget, path, fd)

    async def _run(self, envelope: Envelope, fd: int) -> None:
        arguments = [*self._program, "-f", envelope.sender, "--", *envelope.recipients]
        running = _Running()
        try:
            process = self._runtime.outside.spawnProcess(
                running, arguments[0], arguments, ENVIRONMENT, "/", childFDs={0: fd, 1: "r", 2: "r"}
            )
        except OSError as problem:
            self._log.write(PROBLEM, f"{arguments[0]} cannot be started: {problem}")
            raise NotAcceptedNow from problem
        late = self._runtime.clock.callLater(self._seconds, running.kill, process)
        code = await running.done
        if late.active():
            late.cancel()
        if code != 0:
            self._log.write(PROBLEM, f"{arguments[0]} ended with {code}: {shown(running.said)}")
            if code == KILLED:  # by us or by somebody else, maybe after it has taken the message
                raise NotAcceptedNow(UNKNOWN)
            raise NotAccepted(_PERMANENT[code]) if code in _PERMANENT else NotAcceptedNow()

    def _write(self, content: IContent) -> tuple[str, int]:
        """The message in a file, to be read from its beginning. Blocking."""
        files, path = self._spool.files, self._spool.next_path()
        fd = files.create(path)
        place = 0
        try:
            for piece in local_lines(content.chunks()):
                files.pwrite(fd, piece, place)
                place += len(piece)
        except BaseException:
            self._forget(path, fd)
            raise
        return path, fd

    def _forget(self, path: str, fd: int) -> None:
        self._spool.files.close(fd)
        self._spool.files.unlink(path)


class _Running(ProcessProtocol):
    """The program at work. ``done`` fires with its exit code; what ends by a signal has KILLED."""

    def __init__(self) -> None:
        self.done: Deferred[int] = Deferred()
        self.said = b""

    def outReceived(self, data: bytes) -> None:
        """Twisted: it says something."""
        self.said = (self.said + data)[:_KEPT]

    errReceived = outReceived

    def processExited(self, reason: Failure) -> None:
        """Twisted: it has ended; a child that it left behind may keep its output open for as long as it likes."""
        code = getattr(reason.value, "exitCode", None)
        transport: Any = self.transport
        transport.loseConnection()
        self.done.callback(KILLED if code is None else code)

    def kill(self, process: Any) -> None:
        """Its time is over."""
        process.signalProcess("KILL")
