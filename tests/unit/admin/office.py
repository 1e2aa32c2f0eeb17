"""A whole server without a reactor, its sessions, and an administrator who asks over the control protocol."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.defer import succeed
from twisted.internet.error import ConnectionDone
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure

from cgpymail.admin.control import Control, ControlSession
from cgpymail.assembly import assemble
from cgpymail.config import Settings
from cgpymail.grammar.control import Argument, Ended, ReplyReader, Request, write_request
from cgpymail.live import SESSIONS
from cgpymail.runtime.files import Files
from cgpymail.runtime.limits import DEFAULTS
from cgpymail.runtime.listening import ModuleFactory, Terms
from tests.support.results import result
from tests.support.runtime import memory_runtime
from tests.support.wire import MemoryWire

PEER = "127.0.0.1"


class Link(StringTransport):
    """The transport of a session: closing it is felt by the session at once, as long as the client reads."""

    reads = True
    stalls = False  # after the next piece of output
    ended = False
    protocol: Any = None
    bufferSize = 0

    def write(self, data: bytes) -> None:
        """Some output."""
        super().write(data)
        if self.stalls:
            self.stalls = False
            self.protocol.pauseProducing()

    def loseConnection(self) -> None:
        """All was sent."""
        self.disconnecting = True
        if self.reads:
            self._end()

    def abortConnection(self) -> None:
        """Cut off."""
        self._end()

    def setTcpNoDelay(self, on: bool) -> None:
        """As TCP has it."""

    def _end(self) -> None:
        if not self.ended:
            self.ended = True
            self.protocol.connectionLost(Failure(ConnectionDone()))


class Client:
    """One client of a module."""

    def __init__(self, office: Office, factory: ModuleFactory) -> None:
        self._office = office
        self.link = Link(hostAddress=IPv4Address("TCP", PEER, 143), peerAddress=IPv4Address("TCP", PEER, 5))
        self.protocol: Any = factory.buildProtocol(IPv4Address("TCP", PEER, 5))
        self.link.protocol = self.protocol
        self.protocol.makeConnection(self.link)
        self.hear()

    def hear(self) -> str:
        """What came since."""
        self._office.turns()
        data = self.link.value()
        self.link.clear()
        return data.decode()

    def ask(self, line: str) -> str:
        """Send a line; what came then."""
        self.protocol.dataReceived(line.encode() + b"\r\n")
        return self.hear()

    @property
    def id(self) -> str:
        """As sessions are called."""
        return self.protocol.id


class Office:
    """The server, with an account john whose password is ``secret``."""

    def __init__(self, path: Path, files: Files | None = None, **limits: int) -> None:
        (path / "base").mkdir(exist_ok=True)
        self.base = str(path / "base")
        self.runtime = memory_runtime(files)
        self.runtime.logs.levels.update(dict.fromkeys(("SYSTEM", "ACCOUNT", "IMAP", "POP", "LMTP", "MAILBOX"), 5))
        self.lines: list[str] = self.runtime.logs.emit.__self__  # type: ignore[attr-defined]
        settings = Settings(self.base, "example.org", "mail.example.org", limits=replace(DEFAULTS, **limits))
        self.server = assemble(settings, self.runtime)
        self.problems: list[str] = []
        self.control = Control(self.server, self.base, self._reload)
        self._modules = {name: self._module(name) for name in SESSIONS}
        self.server.sessions.attach(self._modules.values)
        self.create("john")

    @property
    def clock(self) -> Any:
        """The test's."""
        return self.runtime.clock

    def _module(self, name: str) -> ModuleFactory:
        make, words = SESSIONS[name]
        log = self.runtime.logs.module(name.upper())
        terms = Terms(partial(make, services=self.server.services), 100)
        return ModuleFactory(self.clock, log, self.server.limits, terms, words)

    def _reload(self) -> Awaitable[Sequence[str]]:
        return succeed(self.problems)

    def turns(self) -> None:
        """Let the reactor go round."""
        for _ in range(50):
            self.clock.advance(0)

    def create(self, name: str) -> None:
        """An account."""
        assert self("account create", name=name, password="secret") == (0, [f"created {name}@example.org"], [])

    def begin(self, verb: str, **arguments: Argument) -> Asking:
        """Ask, and do not wait for the answer."""
        asking = Asking(self)
        asking.send(write_request(Request(verb, arguments, self.base)))
        return asking

    def __call__(self, verb: str, **arguments: Argument) -> tuple[int, list[str], list[str]]:
        """Exit code, output, complaints."""
        asking = self.begin(verb, **arguments)
        for _ in range(200):
            if asking.answered:
                break
            self.clock.advance(0.1)
        return asking.answer()

    def imap(self, name: str = "john", *, mailbox: str = "INBOX") -> Client:
        """A session; without a name nobody is logged in, without a mailbox none is selected."""
        client = Client(self, self._modules["imap"])
        if name:
            assert "1 OK" in client.ask(f"1 LOGIN {name} secret")
        if name and mailbox:
            assert "2 OK" in client.ask(f"2 SELECT {mailbox}")
        return client

    def pop(self, name: str = "john") -> Client:
        """A session after login."""
        client = Client(self, self._modules["pop"])
        client.ask(f"USER {name}")
        assert client.ask("PASS secret").startswith("+OK")
        return client

    def lmtp(self) -> Client:
        """A session that has greeted."""
        client = Client(self, self._modules["lmtp"])
        assert client.ask("LHLO x").startswith("250")
        return client

    def append(self, client: Client, text: str, mailbox: str = "INBOX") -> None:
        """Put a message into a mailbox."""
        assert "9 OK" in client.ask(f"9 APPEND {mailbox} {{{len(text)}+}}\r\n{text}")

    def do(self, work: Callable[[], Any]) -> Any:
        """The outcome of something that need not wait."""
        return result(work())


class Asking:
    """One connection to the control socket."""

    def __init__(self, office: Office, user: int = 0) -> None:
        self.wire = MemoryWire(office.clock, "unix")
        log = office.runtime.logs.module("SYSTEM").numbered(1)
        self.wire.attach(lambda wire: ControlSession(wire, log, office.control, user))
        self._heard = b""

    def send(self, data: bytes) -> None:
        """Of the request."""
        self._heard += self.wire.feed(data)

    @property
    def answered(self) -> bool:
        """Whether the end was told."""
        self._heard += self.wire.take()
        return b'"exit"' in self._heard

    def answer(self) -> tuple[int, list[str], list[str]]:
        """Exit code, output, complaints."""
        assert self.answered, "no answer"
        *said, ended = ReplyReader().feed(self._heard)
        assert isinstance(ended, Ended)
        texts: dict[bool, list[str]] = {True: [], False: []}
        for each in said:
            assert not isinstance(each, Ended)
            texts[each.complaint].append(each.text)
        return ended.code, texts[False], texts[True]
