"""Bearer tokens that only their maker understands: it is asked over HTTP (token introspection, RFC 7662)."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import urlencode

from twisted.internet.defer import Deferred, succeed
from twisted.internet.protocol import Protocol, connectionDone
from twisted.python.failure import Failure
from twisted.web.client import Agent, ResponseDone
from twisted.web.http_headers import Headers
from twisted.web.iweb import IAgent, IBodyProducer
from zope.interface import implementer

from cgpymail.directory.tokens import TokenRules, read_object
from cgpymail.errors import AuthenticationFailed, Busy
from cgpymail.runtime.logs import PROBLEM
from cgpymail.runtime.runtime import Runtime

ASK_TIME = 10.0  # seconds for an answer
CONNECT_TIME = 5.0  # seconds
MAX_ANSWER = 64 * 1024  # octets
MAX_ASKED = 50  # questions at once
OK = 200


def http_agent(net: Any) -> IAgent:
    """What asks over the network; ``net`` is the reactor. Certificates are verified."""
    make: Any = Agent
    agent: IAgent = make(net, connectTimeout=CONNECT_TIME)
    return agent


class Introspection:
    """See TokenCheck. ``url``: of the end point; ``client`` and ``secret``: how we log in there, if not empty."""

    def __init__(self, runtime: Runtime, agent: IAgent, url: str, client: str, secret: str, rules: TokenRules) -> None:
        self._runtime = runtime
        self._agent = agent
        self._url = url.encode("ascii")
        self._rules = rules
        self._asked = 0
        self._log = runtime.logs.module("ACCOUNT")
        self._headers = {
            "Accept": ["application/json"],
            "Content-Type": ["application/x-www-form-urlencoded"],
            "User-Agent": ["cgpymail"],
        }
        if client:
            word = base64.b64encode(f"{client}:{secret}".encode()).decode("ascii")
            self._headers["Authorization"] = [f"Basic {word}"]

    def check(self, token: str) -> Deferred[str]:
        """See TokenCheck."""
        return Deferred.fromCoroutine(self._check(token))

    async def _check(self, token: str) -> str:
        if self._asked >= MAX_ASKED:
            raise Busy("Too many logins are waiting; try again later")
        self._asked += 1
        asking = Deferred.fromCoroutine(self._ask(token))
        timer = self._runtime.clock.callLater(ASK_TIME, asking.cancel)
        try:
            answer = read_object(await asking)
        except Exception as problem:  # a network has many ways to fail, and all mean that nobody can tell
            self._log.write(PROBLEM, f"the token introspection did not answer: {type(problem).__name__}")
            raise Busy("Logins by token are not possible at the moment; try again later") from problem
        finally:
            self._asked -= 1
            if timer.active():
                timer.cancel()
        if answer.get("active") is not True:
            raise AuthenticationFailed(detail="token refused: it is not active")
        return self._rules.account(answer, self._runtime.clock.seconds())

    async def _ask(self, token: str) -> bytes:
        body = _Body(urlencode({"token": token, "token_type_hint": "access_token"}).encode("ascii"))
        response: Any = await self._agent.request(b"POST", self._url, Headers(self._headers), body)
        answer = _Answer(response.code)
        response.deliverBody(answer)
        return await answer.done


@implementer(IBodyProducer)
class _Body:
    """The question."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.length = len(data)

    def startProducing(self, consumer: Any) -> Deferred[None]:
        """Twisted: all at once."""
        consumer.write(self._data)
        return succeed(None)

    def pauseProducing(self) -> None:
        """Twisted: nothing is left to pause."""

    def resumeProducing(self) -> None:
        """Twisted: nothing was paused."""

    def stopProducing(self) -> None:
        """Twisted: nothing is left to stop."""


class _Answer(Protocol):
    """The body of the answer, up to a bound."""

    def __init__(self, code: int) -> None:
        self.done: Deferred[bytes] = Deferred(lambda _: self._hang_up())
        self._code = code
        self._data = b""

    def dataReceived(self, data: bytes) -> None:
        """Twisted: a piece."""
        self._data += data
        if len(self._data) > MAX_ANSWER and not self.done.called:
            self.done.errback(ConnectionError("the answer is too long"))
            self._hang_up()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """Twisted: the end."""
        if self.done.called:
            return
        if isinstance(reason.value, ResponseDone) and self._code == OK:
            self.done.callback(self._data)
        else:
            self.done.errback(ConnectionError(f"status {self._code}"))

    def _hang_up(self) -> None:
        self._data = b""
        transport: Any = self.transport
        if transport is not None:
            getattr(transport, "abortConnection", transport.loseConnection)()
