"""Tokens that only their maker understands (RFC 7662)."""

import json
from urllib.parse import parse_qs

import pytest
from twisted.internet.defer import Deferred, succeed
from twisted.python.failure import Failure
from twisted.web.client import ResponseDone

from cgpymail.directory import introspection
from cgpymail.directory.introspection import ASK_TIME, MAX_ANSWER, MAX_ASKED, Introspection
from cgpymail.directory.tokens import TokenRules
from cgpymail.errors import AuthenticationFailed, Busy
from tests.support.results import result
from tests.support.runtime import memory_runtime

GOOD = {"active": True, "username": "john", "scope": "imap"}


class Consumer:
    def __init__(self):
        self.data = b""

    def write(self, data):
        self.data += data


class Transport:
    def loseConnection(self):
        """Nothing to lose."""


class Response:
    def __init__(self, code, body):
        self.code = code
        self._body = body

    def deliverBody(self, protocol):
        protocol.makeConnection(Transport())
        protocol.dataReceived(self._body[:5])
        protocol.dataReceived(self._body[5:])
        protocol.connectionLost(Failure(ResponseDone()))


class Agent:
    """Answers what the test wants, at once or when it says so."""

    def __init__(self, answer=GOOD, code=200, slow=False):
        self.body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.code = code
        self.slow = slow
        self.asked = []

    def request(self, method, uri, headers=None, bodyProducer=None):
        consumer = Consumer()
        bodyProducer.startProducing(consumer)
        self.asked.append((method, uri, headers, consumer.data))
        return Deferred() if self.slow else succeed(Response(self.code, self.body))


def made(agent, client="", rules=None, runtime=None):
    rules = rules or TokenRules(claim="username", scope="imap")
    runtime = runtime or memory_runtime()
    return Introspection(runtime, agent, "https://issuer.example/introspect", client, "s3cret", rules)


def test_an_active_token():
    """It stands for the account that the answer names; we say who asks."""
    agent = Agent()
    assert result(made(agent, "cgpymail").check("to+ken")) == "john"
    method, uri, headers, body = agent.asked[0]
    assert (method, uri) == (b"POST", b"https://issuer.example/introspect")
    assert headers.getRawHeaders("authorization") == ["Basic Y2dweW1haWw6czNjcmV0"]
    assert parse_qs(body.decode())["token"] == ["to+ken"]


@pytest.mark.parametrize(
    "answer",
    [
        {"active": False},
        {},
        GOOD | {"active": "true"},
        GOOD | {"scope": "x"},
        GOOD | {"username": 5},
        GOOD | {"exp": 1},
    ],
)
def test_a_token_that_does_not_count(answer):
    """Not active, or not what is configured."""
    with pytest.raises(AuthenticationFailed):
        result(made(Agent(answer)).check("token"))


@pytest.mark.parametrize(
    "agent",
    [
        Agent(code=500),
        Agent(code=401),
        Agent(b"<html>"),
        Agent(b"[]"),
        Agent(b"[" * 9999),
        Agent(b" " * (MAX_ANSWER + 1)),
    ],
)
def test_nobody_can_tell(agent):
    """An end point that fails is a temporary failure, and the log has no token."""
    runtime = memory_runtime()
    with pytest.raises(Busy):
        result(made(agent, runtime=runtime).check("the-token"))
    lines = runtime.logs.emit.__self__
    assert lines and "the-token" not in "".join(lines)


def test_an_answer_that_does_not_come():
    """The client is told after a while, and no question stays behind."""
    agent, runtime = Agent(slow=True), memory_runtime()
    asked = made(agent, runtime=runtime).check("token")
    runtime.clock.advance(ASK_TIME - 0.1)
    assert not asked.called
    runtime.clock.advance(0.2)
    with pytest.raises(Busy):
        result(asked)
    assert runtime.clock.getDelayedCalls() == []


def test_questions_at_once_are_bounded():
    """Those beyond are refused for the moment."""
    agent, runtime = Agent(slow=True), memory_runtime()
    check = made(agent, runtime=runtime)
    for _ in range(MAX_ASKED):
        check.check("token").addErrback(lambda _: None)
    with pytest.raises(Busy):
        result(check.check("token"))
    assert len(agent.asked) == MAX_ASKED
    runtime.clock.advance(ASK_TIME)
    agent.slow = False
    assert result(check.check("token")) == "john"


def test_the_agent_is_made_for_the_reactor():
    """With a time to connect that is shorter than that for the answer."""
    assert introspection.CONNECT_TIME < ASK_TIME
    assert introspection.http_agent(memory_runtime().clock) is not None
