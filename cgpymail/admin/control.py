"""The daemon's side of the control socket: the ``cgpymail`` tool asks, the running server does it.

Whoever connects must be root or the user that the daemon runs as, which the kernel tells (SO_PEERCRED); the socket's
mode says the same. A connection carries one request (grammar/control.py), bounded in size and in the time it may take
to arrive. A command that has begun is done to its end, whether the tool still listens or not; the server does not stop
before. Who asked for what is logged, without passwords, as arguments other than names are not.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress
from twisted.internet.protocol import Factory
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from cgpymail.admin import exits
from cgpymail.admin.commands import execute
from cgpymail.admin.job import Job, Reload, Server
from cgpymail.grammar.control import BadRequest, Ended, Request, RequestReader, Said, write_reply
from cgpymail.runtime.listening import Refusal
from cgpymail.runtime.logs import MAJOR, PROBLEM, Log
from cgpymail.runtime.sessions import SessionFacts
from cgpymail.runtime.unixsocket import peer_user
from cgpymail.runtime.wire import Connection, Session, Wire

ROOT = 0


def refusal(text: str, code: int) -> bytes:
    """A whole reply: a complaint and the exit code."""
    return write_reply(Said(text, complaint=True)) + write_reply(Ended(code))


class ControlSession:
    """One request and its reply; a runtime.wire.Session."""

    def __init__(self, wire: Wire, log: Log, service: Control, user: int) -> None:
        self._wire = wire
        self._log = log
        self._service = service
        self._user = user
        self._reader = RequestReader(service.limits.control_request)
        self._asked = False
        self._timer: Any = None

    def connected(self) -> None:
        """The time that the request has begins. The client speaks first."""
        clock = self._service.server.services.runtime.clock
        self._timer = clock.callLater(self._service.limits.control_time, self.timed_out)

    def received(self, data: bytes) -> None:
        """A piece of the request; what comes behind it is nobody's business."""
        if self._asked:
            return
        try:
            request = self._reader.feed(data)
            if request is not None:
                self._begin(request)
        except BadRequest as problem:
            self._log.write(PROBLEM, f"refused: {problem}")
            self._end(refusal(str(problem), exits.USAGE))

    def secured(self) -> None:
        """There is no TLS here."""
        raise AssertionError("TLS is never begun on this socket")

    def timed_out(self) -> None:
        """The request did not come in time."""
        self._log.write(PROBLEM, "closed: the request took too long")
        self._end(refusal("The request took too long", exits.TRY_AGAIN))

    def shut_down(self) -> None:
        """The server is stopping: what has begun goes on."""
        if not self._asked:
            self._end(refusal("The server is going down; try again", exits.TRY_AGAIN))

    def describe(self) -> SessionFacts:
        """Nobody is logged in."""
        return SessionFacts()

    def kill(self, reason: str) -> None:
        """An administrator ends it, as if the server stopped."""
        self.shut_down()

    def disconnected(self) -> None:
        """The link is gone; a command goes on."""
        self._asked = True
        self._stop_timer()

    def _begin(self, request: Request) -> None:
        self._asked = True
        self._stop_timer()
        job = self._service.job(request, self._say, self._complain)
        if job is None:
            self._end(refusal(self._service.not_mine(request), exits.CONFIG))
            return
        self._log.write(MAJOR, f"user {self._user}: {request.verb} {_subject(request)}".rstrip())
        done = self._service.run(job)
        done.addCallback(lambda code: self._end(write_reply(Ended(code))))
        done.addErrback(lambda failure: self._log.failure("the reply could not be sent", failure))

    def _say(self, text: str) -> None:
        self._wire.write(write_reply(Said(text)))

    def _complain(self, text: str) -> None:
        self._wire.write(write_reply(Said(text, complaint=True)))

    def _end(self, last: bytes) -> None:
        self._asked = True
        self._stop_timer()
        self._wire.write(last)
        self._wire.close()

    def _stop_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()


def _subject(request: Request) -> str:
    """What may be logged of the arguments: the account, and the mailbox or the new name."""
    shown = [request.arguments.get(key) for key in ("name", "account", "mailbox", "new")]
    return " ".join(value for value in shown if isinstance(value, str) and value)


class ControlConnection(Connection):
    """Lets in whom the kernel calls root or our own user; others hear why not, and are cut off."""

    def __init__(self, control: Control, log: Log) -> None:
        clock = control.server.services.runtime.clock
        super().__init__(clock, None, self._make_own_session, control.limits.output_buffer)
        self._control = control
        self._log = log
        self._user = -1

    def _make_own_session(self, wire: Wire) -> Session:
        return ControlSession(wire, self._log, self._control, self._user)

    def connectionMade(self) -> None:
        """Twisted: the link is up."""
        transport: Any = self.transport
        self._user = peer_user(transport.getHandle())
        if self._user in (ROOT, os.geteuid()):
            super().connectionMade()
            return
        self._log.write(PROBLEM, f"user {self._user} refused")
        self._closed = True  # nothing that comes is looked at
        transport.write(refusal("Only root and the user that the server runs as may do that", exits.NOT_PERMITTED))
        transport.loseConnection()


class Control(Factory):
    """The service behind the socket. ``base``: the base directory that the server has, symbolic links resolved."""

    noisy = False

    def __init__(self, server: Server, base: str, reload: Reload) -> None:
        self.server = server
        self.limits = server.services.limits
        self._base = base
        self._domain = server.directory.domains.main.name
        self._reload = reload
        self._log = server.services.runtime.logs.module("SYSTEM")
        self._connections: set[Connection] = set()
        self._running = 0
        self._serial = 0
        self._stopping = False
        self._idle: list[Deferred[None]] = []

    def buildProtocol(self, addr: IAddress | None) -> TwistedProtocol | None:
        """Twisted: somebody connects."""
        if self._stopping or len(self._connections) >= self.limits.control_connections:
            busy = refusal("The server is busy with other commands; try again", exits.TRY_AGAIN)
            return Refusal(self.server.services.runtime.clock, busy)
        self._serial += 1
        connection = ControlConnection(self, self._log.numbered(self._serial))
        connection.on_end = self._connections.discard
        self._connections.add(connection)
        return connection

    def job(self, request: Request, say: Callable[[str], None], complain: Callable[[str], None]) -> Job | None:
        """The work that a request asks for; None if it means another base directory or main domain."""
        mine = request.base == self._base and request.domain in ("", self._domain)
        return Job(request, self.server, say, complain, self._reload) if mine else None

    def not_mine(self, request: Request) -> str:
        """Why there is no job."""
        meant = f"{request.base} with the main domain {request.domain}" if request.domain else request.base
        return f"The server at this socket has {self._base} with the main domain {self._domain}, not {meant}"

    def run(self, job: Job) -> Deferred[int]:
        """Do it, whoever still listens; fires with the exit code."""
        self._running += 1
        return Deferred.fromCoroutine(execute(job)).addBoth(self._done)

    def _done(self, outcome: int | Failure) -> int | Failure:
        self._running -= 1
        if not self._running:
            waiters, self._idle = self._idle, []
            for waiter in waiters:
                waiter.callback(None)
        return outcome

    def stop(self) -> Deferred[None]:
        """Begin nothing more; fires when what has begun is done."""
        self._stopping = True
        for connection in list(self._connections):
            connection.shut_down()
        done: Deferred[None] = Deferred()
        if self._running:
            self._idle.append(done)
        else:
            done.callback(None)
        return done
