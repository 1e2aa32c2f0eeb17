"""One client connection, for every protocol: the part that knows Twisted's transport.

A *session* (imap, pop3, lmtp) is sans-IO: it is fed bytes and answers through its *wire*. The wire knows whether the
link is encrypted, when the client stops reading (``full`` and ``drained``: nobody keeps unbounded output), and how
long it has been silent. A session that streams a large body writes a chunk, then waits for ``drained`` when ``full``.

STARTTLS: the session discards what it holds and calls ``start_tls``; bytes still in the kernel at that moment reach
the TLS layer, which cannot take them for a handshake. So nothing sent in clear behind the command is ever executed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer, ISSLTransport
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from cgpymail.model.identity import Link, TlsFacts
from cgpymail.runtime.deflate import Compression
from cgpymail.runtime.runtime import Clock
from cgpymail.runtime.sending import has_unsent, lowest, sender
from cgpymail.runtime.sessions import LiveSession, SessionFacts
from cgpymail.runtime.tls import tls_facts

LOOPBACK_PREFIX = "127."
LOOPBACKS = frozenset({"::1", "::ffff:127.0.0.1", "unix"})


class Session(Protocol):
    """What a protocol gives the wire."""

    def connected(self) -> None:
        """The link is up (before any TLS handshake of its own): greet."""

    def received(self, data: bytes) -> None:
        """Bytes of the client, never empty."""

    def secured(self) -> None:
        """The handshake begun with start_tls is over."""

    def timed_out(self) -> None:
        """Nothing moved for the time set: say so and close."""

    def shut_down(self) -> None:
        """The server is stopping: say so and close."""

    def describe(self) -> SessionFacts:
        """Who is logged in, and where."""

    def kill(self, reason: str) -> None:
        """An administrator ends it: say why and close, as soon as the words can be told from a reply under way."""

    def disconnected(self) -> None:
        """The link is gone; called exactly once."""


class Wire(Protocol):
    """What the wire gives a session."""

    peer: str
    local: str

    @property
    def encrypted(self) -> bool:
        """Whether TLS is on."""

    @property
    def tls(self) -> TlsFacts | None:
        """What the TLS handshake has shown; None without TLS, and until it is over."""

    @property
    def can_start_tls(self) -> bool:
        """Whether start_tls is possible: a certificate is there and TLS is not on yet."""

    @property
    def full(self) -> bool:
        """Whether the client does not read as fast as we write: wait for drained."""

    @property
    def closed(self) -> bool:
        """Whether close or abort was called, or the link is gone: writes go nowhere."""

    @property
    def unsent(self) -> bool:
        """Whether some output has not been handed to the system yet."""

    def write(self, data: bytes) -> None:
        """Send; one call for each batch of replies."""

    def drained(self) -> Deferred[None]:
        """Fires when the client has read enough; at once if not full; also when the link is gone."""

    def start_tls(self) -> None:
        """Begin the server's side of a handshake, after what was written so far."""

    @property
    def compressed(self) -> bool:
        """Whether start_compression was called."""

    def start_compression(self) -> None:
        """Deflate what is written, and inflate what is received, from here on (RFC 4978)."""

    def pause(self) -> None:
        """Read no more from the client."""

    def resume(self) -> None:
        """Read again."""

    def set_timeout(self, seconds: float) -> None:
        """Call timed_out when nothing is received or drained for so long; 0 = never."""

    def close(self) -> None:
        """Disconnect after all output is sent."""

    def abort(self) -> None:
        """Disconnect now."""


def link_of(wire: Wire, service: str, trust_same_host: bool) -> Link:
    """What a login needs to know of the connection (spec section 9.1.6: the same host counts as protected)."""
    secure = wire.encrypted or (trust_same_host and is_same_host(wire))
    return Link(service, wire.peer, wire.local, secure, wire.encrypted, wire.tls)


def is_same_host(wire: Wire) -> bool:
    """Whether the client is on this machine."""
    return wire.peer.startswith(LOOPBACK_PREFIX) or wire.peer in LOOPBACKS or wire.peer == wire.local


@implementer(IPushProducer)
class Connection(TwistedProtocol):
    """The Wire over a Twisted transport. It is ``full`` when more than ``output_buffer`` octets wait to be sent."""

    def __init__(self, clock: Clock, tls: Any, make_session: Callable[[Wire], Session], output_buffer: int) -> None:
        self._clock = clock
        self._tls = tls  # IOpenSSLServerConnectionCreator or None
        self._make_session = make_session
        self._output_buffer = output_buffer
        self._session: Session | None = None
        self._waiters: list[Deferred[None]] = []
        self._encrypted = False
        self._tls_facts: TlsFacts | None = None
        self._full = False
        self._closed = False
        self._handshake = False
        self._timeout = 0.0
        self._active = 0.0
        self._timer: Any = None
        self._send: Callable[[bytes], None] = _nowhere
        self._compression: Compression | None = None
        self._cutter: Any = None  # the timer of kill
        self.peer = ""
        self.local = ""
        self.id = ""  # of the session, as in the log
        self.since = 0.0
        self.on_end: Callable[[Connection], None] = lambda connection: None

    # -- Twisted's side ------------------------------------------------------------------------------------------

    def connectionMade(self) -> None:
        """Twisted: the link is up."""
        transport: Any = self.transport
        self.peer = _host(transport.getPeer())
        self.local = _host(transport.getHost())
        self._encrypted = ISSLTransport.providedBy(transport)
        self._active = self.since = self._clock.seconds()
        if self.peer != "unix" and hasattr(transport, "setTcpNoDelay"):  # UNIX sockets of 22.4 do, and fail
            transport.setTcpNoDelay(True)
        lowest(transport).bufferSize = self._output_buffer
        self._send = sender(transport)
        transport.registerProducer(self, True)
        self._session = self._make_session(self)
        self._session.connected()

    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes came in."""
        self._active = self._clock.seconds()
        if self._session is None or self._closed:
            return
        if self._handshake:
            self._handshake = False
            self._session.secured()
        (self._compression or self._session).received(data)

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Twisted: the link is gone."""
        self._closed = True
        self._full = False
        self._cancel_timer()
        if self._compression is not None:
            self._compression.close()
        if self._cutter is not None:
            self._cutter.cancel()
            self._cutter = None
        session, self._session = self._session, None
        if session is not None:
            session.disconnected()
        self._wake()
        self.on_end(self)

    def pauseProducing(self) -> None:
        """Twisted: the output buffer is full."""
        self._full = True

    def resumeProducing(self) -> None:
        """Twisted: the output buffer is empty."""
        self._active = self._clock.seconds()
        self._full = False
        self._wake()

    def stopProducing(self) -> None:
        """Twisted: no more output will be taken."""
        self._closed = True
        self._full = False
        self._wake()

    # -- the session's side --------------------------------------------------------------------------------------

    @property
    def encrypted(self) -> bool:
        """Whether TLS is on."""
        return self._encrypted

    @property
    def tls(self) -> TlsFacts | None:
        """What the handshake has shown, once it is over."""
        if self._encrypted and self._tls_facts is None and not self._closed:
            transport: Any = self.transport
            self._tls_facts = tls_facts(transport.getHandle())
        return self._tls_facts

    @property
    def can_start_tls(self) -> bool:
        """Whether there is a certificate and TLS is not on yet."""
        return self._tls is not None and not self._encrypted

    @property
    def full(self) -> bool:
        """Whether to wait for drained before writing more."""
        return self._full

    @property
    def closed(self) -> bool:
        """Whether writes go nowhere."""
        return self._closed

    @property
    def unsent(self) -> bool:
        """Whether some output waits here, or in the layers of TLS."""
        return has_unsent(self.transport)

    def write(self, data: bytes) -> None:
        """Send."""
        if not self._closed:
            self._send(data if self._compression is None else self._compression.deflate(data))

    def drained(self) -> Deferred[None]:
        """Fires when there is room for output, or no link any more."""
        waiter: Deferred[None] = Deferred()
        if self._full and not self._closed:
            self._waiters.append(waiter)
        else:
            waiter.callback(None)
        return waiter

    def start_tls(self) -> None:
        """Begin the handshake."""
        transport: Any = self.transport
        transport.startTLS(self._tls)
        self._send = sender(transport)
        self._encrypted = True
        self._handshake = True

    @property
    def compressed(self) -> bool:
        """Whether start_compression was called."""
        return self._compression is not None

    def start_compression(self) -> None:
        """Deflate and inflate from here on."""
        self._compression = Compression(self._clock, self._inflated, self._read, self.abort)

    def _inflated(self, data: bytes) -> None:
        if self._session is not None and not self._closed:
            self._session.received(data)
        elif self._compression is not None:
            self._compression.close()

    def _read(self, on: bool) -> None:
        if not self._closed:
            transport: Any = self.transport
            (transport.resumeProducing if on else transport.pauseProducing)()

    def pause(self) -> None:
        """Read no more."""
        if self._compression is None:
            self._read(False)
        else:
            self._compression.pause()

    def resume(self) -> None:
        """Read again."""
        if self._compression is None:
            self._read(True)
        else:
            self._compression.resume()

    def set_timeout(self, seconds: float) -> None:
        """The timer is not moved at every byte: when it rings, what happened meanwhile decides."""
        if self._closed:
            return  # the timer is the one of close
        self._timeout = seconds
        self._active = self._clock.seconds()
        self._cancel_timer()
        if seconds > 0:
            self._timer = self._clock.callLater(seconds, self._ring)

    def close(self) -> None:
        """Disconnect after all output is sent; a client that never reads it is cut off by the timer."""
        if self._closed:
            return
        self._closed = True
        transport: Any = self.transport
        transport.unregisterProducer()
        transport.loseConnection()
        self._cancel_timer()
        self._timer = self._clock.callLater(CLOSE_TIME, transport.abortConnection)

    def abort(self) -> None:
        """Disconnect now."""
        self._closed = True
        transport: Any = self.transport
        transport.abortConnection()

    def shut_down(self) -> None:
        """The server stops: let the session say good-bye."""
        if self._session is not None and not self._closed:
            self._session.shut_down()

    # -- the administrator's side --------------------------------------------------------------------------------

    def facts(self) -> LiveSession | None:
        """What is known of the session; None when it is over."""
        if self._session is None or self._closed:
            return None
        own = self._session.describe()
        return LiveSession(self.id, own.account, self.peer, self.since, own.mailbox, self._encrypted)

    def kill(self, reason: str) -> None:
        """End the session; the link of a client that does not take the last words is cut."""
        if self._session is not None and not self._closed:
            if self._cutter is None:
                self._cutter = self._clock.callLater(KILL_TIME, self._cut)
            self._session.kill(reason)

    def _cut(self) -> None:
        """What was to end has not: the client does not read, or a command takes its time."""
        self._cutter = None
        if self._session is not None and not self._closed:
            self.abort()

    # -- inside --------------------------------------------------------------------------------------------------

    def _ring(self) -> None:
        self._timer = None
        if self._session is None or self._closed:
            return
        left = self._active + self._timeout - self._clock.seconds()
        if left > 0:
            self._timer = self._clock.callLater(left, self._ring)
        else:
            self._session.timed_out()

    def _cancel_timer(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _wake(self) -> None:
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            waiter.callback(None)


CLOSE_TIME = 10.0  # seconds to send the rest after close
KILL_TIME = 5.0  # seconds that a session may go on with the reply it is in when it is ended


def _nowhere(data: bytes) -> None:
    """Before the link is up there is nobody to send to."""


def _host(address: Any) -> str:
    return str(getattr(address, "host", "unix"))
