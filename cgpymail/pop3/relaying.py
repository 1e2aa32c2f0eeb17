"""Handing a message to a mail server near by, in SMTP or LMTP (RFC 5321, RFC 2033).

All recipients are asked for before the message is sent; if one of them is refused, nothing is sent to anybody, so that
a client that sends again sends nothing twice. LMTP answers for each recipient once more after the message: then the
text names those who did not get it.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import HostnameEndpoint, UNIXClientEndpoint, connectProtocol
from twisted.internet.error import ConnectError, ConnectionLost
from twisted.internet.protocol import Protocol
from twisted.python.failure import Failure

from cgpymail.grammar.dots import DotStuffer
from cgpymail.interfaces import IContent
from cgpymail.pop3.handover import UNKNOWN, Envelope, NotAccepted, NotAcceptedNow, shown
from cgpymail.runtime.logs import PROBLEM, Log
from cgpymail.runtime.runtime import Runtime

GO_ON = 354  # the answer to DATA
CONNECT_TIME = 30  # seconds
_MOST = 64 * 1024  # octets of replies that were not read
_REPLY = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?")


@dataclass(frozen=True, slots=True)
class Reply:
    """Code and lines of one reply."""

    code: int
    lines: tuple[bytes, ...]

    @property
    def good(self) -> bool:
        """Whether it was done (RFC 5321 4.2.1)."""
        return 200 <= self.code < 300

    def __str__(self) -> str:
        return f"{self.code} {shown(b' '.join(self.lines))}"


class RelayWay:
    """``address``: ``smtp:host:port``, ``lmtp:host:port`` or ``lmtp:/path``; ``host``: our name."""

    def __init__(self, runtime: Runtime, log: Log, address: str, host: str, seconds: int) -> None:
        self._runtime = runtime
        self._log = log
        self._kind, _, self._where = address.partition(":")
        self._host = host
        self._seconds = seconds

    async def send(self, envelope: Envelope, content: IContent) -> None:
        """See handover.Way."""
        peer = Peer()
        try:
            await connectProtocol(self._endpoint(), peer)  # type: ignore[no-untyped-call]
        except (ConnectError, OSError) as problem:
            self._log.write(PROBLEM, f"{self._where} cannot be reached: {problem}")
            raise NotAcceptedNow from problem
        late = self._runtime.clock.callLater(self._seconds, peer.abort)
        conversation = _Conversation(peer, self._runtime, self._kind == "lmtp", self._host)
        try:
            await conversation.send(envelope, content)
        except ConnectionLost as problem:
            self._log.write(PROBLEM, f"{self._where} broke off the conversation")
            raise NotAcceptedNow(UNKNOWN if conversation.ended else None) from problem
        except NotAccepted as problem:
            self._log.write(PROBLEM, f"{self._where}: {problem}")
            raise
        finally:
            if late.active():
                late.cancel()
            peer.close()

    def _endpoint(self) -> Any:
        outside = self._runtime.outside
        if self._where.startswith("/"):
            return UNIXClientEndpoint(outside, self._where, CONNECT_TIME)  # type: ignore[no-untyped-call]
        host, _, port = self._where.rpartition(":")
        return HostnameEndpoint(outside, host.strip("[]"), int(port), CONNECT_TIME)


class _Conversation:
    """One transaction. ``ended``: the message was sent whole, and the answer is still to come."""

    def __init__(self, peer: Peer, runtime: Runtime, each: bool, host: str) -> None:
        self._peer = peer
        self._runtime = runtime
        self._each = each  # a reply for each recipient (LMTP)
        self._host = host
        self.ended = False

    async def send(self, envelope: Envelope, content: IContent) -> None:
        """All of it. Raises ConnectionLost, NotAccepted, NotAcceptedNow."""
        _expect(await self._peer.reply())
        hello = await self._say(f"{'LHLO' if self._each else 'EHLO'} {self._host}")
        words = {line.split(b" ")[0].upper() for line in hello.lines}
        options = ""
        if b"SIZE" in words:
            options += f" SIZE={content.size}"
        if b"8BITMIME" in words:
            options += " BODY=8BITMIME"
        if not all(address.isascii() for address in (envelope.sender, *envelope.recipients)):
            if b"SMTPUTF8" not in words:
                raise NotAccepted("An address has letters that the next mail server does not take")
            options += " SMTPUTF8"
        await self._say(f"MAIL FROM:<{envelope.sender}>{options}")
        for recipient in envelope.recipients:
            await self._say(f"RCPT TO:<{recipient}>", f"<{recipient}> was refused")
        self._peer.write(b"DATA\r\n")
        reply = await self._peer.reply()
        if reply.code != GO_ON:
            raise _refusal(reply)
        await self._stream(content)
        failed = [
            f"<{recipient}>: {reply}"
            for recipient in (envelope.recipients if self._each else ("",))
            if not (reply := await self._peer.reply()).good
        ]
        if failed and self._each and len(failed) < len(envelope.recipients):
            raise NotAccepted(f"Sent to the others, but not to {'; '.join(failed)}"[:400])
        if failed:
            raise _refusal(reply)
        self._peer.write(b"QUIT\r\n")

    async def _say(self, line: str, refused: str = "") -> Reply:
        self._peer.write(line.encode() + b"\r\n")
        reply = await self._peer.reply()
        _expect(reply, refused)
        return reply

    async def _stream(self, content: IContent) -> None:
        chunks: Iterator[bytes] = content.chunks()
        stuffer = DotStuffer()
        while (chunk := await self._runtime.pools.read.run(next, chunks, None)) is not None:
            self._peer.write(stuffer.feed(chunk))
            await self._peer.room()
        self._peer.write(stuffer.end())
        self.ended = True


def _expect(reply: Reply, refused: str = "") -> None:
    """Raises NotAccepted, NotAcceptedNow unless the reply is good."""
    if not reply.good:
        raise _refusal(reply, refused)


def _refusal(reply: Reply, refused: str = "") -> NotAccepted:
    kind = NotAccepted if reply.code >= 500 else NotAcceptedNow
    return kind(f"{refused or 'The message was refused'}: {reply}")


class Peer(Protocol):
    """The other side of a conversation: replies in, bytes out no faster than they are taken."""

    def __init__(self) -> None:
        self._buffer = b""
        self._lines: list[bytes] = []
        self._replies: deque[Reply] = deque()
        self._awaiting: Deferred[Reply] | None = None
        self._waiting: Deferred[None] | None = None  # for room
        self._full = False
        self._lost = False

    def reply(self) -> Deferred[Reply]:
        """The next one. Fails with ConnectionLost."""
        waiter = self._awaiting = Deferred()
        self._wake()
        return waiter

    def room(self) -> Deferred[None]:
        """Fires when more can be written. Fails with ConnectionLost."""
        waiter = self._waiting = Deferred()
        self._wake()
        return waiter

    def _wake(self) -> None:
        """Tell those who wait what they can be told."""
        if self._awaiting is not None and (self._replies or self._lost):
            awaiting, self._awaiting = self._awaiting, None
            if self._replies:
                awaiting.callback(self._replies.popleft())
            else:
                awaiting.errback(ConnectionLost())
        if self._waiting is not None and (self._lost or not self._full):
            waiting, self._waiting = self._waiting, None
            if self._lost:
                waiting.errback(ConnectionLost())
            else:
                waiting.callback(None)

    def write(self, data: bytes) -> None:
        """Send."""
        transport: Any = self.transport
        transport.write(data)

    def close(self) -> None:
        """Nothing more is to be said."""
        transport: Any = self.transport
        transport.loseConnection()

    def abort(self) -> None:
        """Its time is over."""
        transport: Any = self.transport
        transport.abortConnection()

    def connectionMade(self) -> None:
        """Twisted: the link is up."""
        transport: Any = self.transport
        transport.registerProducer(self, True)

    def pauseProducing(self) -> None:
        """Twisted: the output buffer is full."""
        self._full = True

    def resumeProducing(self) -> None:
        """Twisted: it is empty."""
        self._full = False
        self._wake()

    def stopProducing(self) -> None:
        """Twisted: nothing is taken any more; connectionLost follows."""

    def dataReceived(self, data: bytes) -> None:
        """Twisted: bytes came in."""
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        if len(self._buffer) + sum(map(len, self._lines)) > _MOST or len(self._replies) > _MOST // 64:
            self.abort()
        for line in lines:
            found = _REPLY.fullmatch(line.rstrip(b"\r"))
            if found is None:
                self.abort()
                return
            self._lines.append(found[3] or b"")
            if found[2] != b"-":
                self._replies.append(Reply(int(found[1]), tuple(self._lines)))
                self._lines = []
        self._wake()

    def connectionLost(self, reason: Failure | None = None) -> None:
        """Twisted: the link is gone."""
        self._lost = True
        self._wake()
