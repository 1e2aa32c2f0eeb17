"""Long commands tell that they still run (cgpymail/imap/running.py)."""

from __future__ import annotations

from collections.abc import Awaitable
from dataclasses import replace
from typing import Any

import pytest
from twisted.internet.defer import Deferred

from cgpymail.imap import fetchwriter
from cgpymail.manager.handle import Handle
from cgpymail.manager.user import User
from cgpymail.runtime.options import ImapOptions
from tests.support.imapclient import ImapClient
from tests.support.world import World

LINE = b'* OK [INPROGRESS ("a" NIL NIL)] Still running'


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Deferred[None]:
    """SUBSCRIBE takes until this is fired."""
    until: Deferred[None] = Deferred()

    async def subscribe(user: User, name: str) -> None:
        await until

    monkeypatch.setattr(User, "subscribe", subscribe)
    return until


def test_each_period_of_silence_gets_a_line(world: World, john: ImapClient, slow: Deferred[None]) -> None:
    """Fifteen seconds by default, counted from the beginning of the command; none after its end."""
    world.clock.advance(7)
    john.raw(b"a SUBSCRIBE x\r\n")
    world.clock.advance(14)
    assert john.told() == []
    world.clock.advance(1)
    assert john.told() == [LINE]
    world.clock.advance(15)
    assert john.told() == [LINE]
    slow.callback(None)
    assert john.told() == [b"a OK SUBSCRIBE completed"]
    world.clock.advance(60)
    assert john.told() == []


def test_one_timer_serves_many_commands(world: World, john: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A command that begins while the timer of the one before is still running has its own period."""
    untils: list[Deferred[None]] = [Deferred(), Deferred()]
    turns = iter(untils)

    async def subscribe(user: User, name: str) -> None:
        await next(turns)

    monkeypatch.setattr(User, "subscribe", subscribe)
    john.raw(b"b SUBSCRIBE x\r\n")
    world.clock.advance(10)
    untils[0].callback(None)
    john.raw(b"a SUBSCRIBE x\r\n")
    john.told()
    world.clock.advance(14)
    assert john.told() == []
    world.clock.advance(1)
    assert john.told() == [LINE]
    untils[1].callback(None)
    john.told()


def test_nothing_is_said_when_it_is_switched_off(world: World, slow: Deferred[None]) -> None:
    """0 in the configuration."""
    world.services = replace(world.services, imap=ImapOptions(running_every=0))
    john = ImapClient(world)
    john.raw(b"a SUBSCRIBE x\r\n")
    world.clock.advance(100)
    assert john.told() == []
    slow.callback(None)
    assert john.told() == [b"a OK SUBSCRIBE completed"]


def test_the_words_are_the_administrators(world: World, slow: Deferred[None]) -> None:
    """In a long command, and in IDLE, where the period begins anew and ends with DONE."""
    world.services = replace(world.services, imap=ImapOptions(5, 5, "Patience"))
    john = ImapClient(world)
    john.raw(b"a SUBSCRIBE x\r\n")
    world.clock.advance(5)
    assert john.told() == [b'* OK [INPROGRESS ("a" NIL NIL)] Patience']
    slow.callback(None)
    john.told()
    john.raw(b"b IDLE\r\n")
    world.clock.advance(5)
    assert john.told() == [b"* OK Patience"]
    john.raw(b"DONE\r\n")
    world.clock.advance(60)
    assert john.told() == []


def test_idle_with_a_client_that_does_not_read_or_answer(world: World, john: ImapClient) -> None:
    """Nothing is put on top of what it does not read; and the lines do not keep alive who never speaks."""
    john.raw(b"a IDLE\r\n")
    john.wire.full = True
    world.clock.advance(150)
    john.wire.full = False
    assert john.told() == []
    world.clock.advance(120)
    assert john.told() == [b"* OK Still running"]
    world.clock.advance(2_000)
    assert john.told()[-1].startswith(b"* BYE Autologout")


def test_a_link_that_breaks_leaves_no_timer(world: World, john: ImapClient, slow: Deferred[None]) -> None:
    """Nothing is left behind."""
    john.raw(b"a SUBSCRIBE x\r\n")
    john.wire.drop()
    slow.callback(None)
    world.turns()
    before = len(world.clock.getDelayedCalls())
    world.clock.advance(15)
    assert len(world.clock.getDelayedCalls()) == before
    assert john.told() == []


def gated(monkeypatch: pytest.MonkeyPatch, target: Any, name: str) -> list[Deferred[None]]:
    """Each call of an async function waits for a Deferred of its own, in this list."""
    gates: list[Deferred[None]] = []
    real = getattr(target, name)

    async def late(*arguments: Any) -> Any:
        gates.append(Deferred())
        await gates[-1]
        found: Awaitable[Any] = real(*arguments)
        return await found

    monkeypatch.setattr(target, name, late)
    return gates


def test_search_knows_how_far_it_is(world: World, john: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages read, and messages in all; a second key reads them again, so the numbers end."""
    world.append(*[b"Subject: x\r\n\r\nx\r\n"] * 3)
    john.do(b"SELECT INBOX")
    gates = gated(monkeypatch, Handle, "headers")
    john.raw(b"a SEARCH HEADER Subject x HEADER Subject x\r\n")
    world.clock.advance(15)
    assert john.told() == [b'* OK [INPROGRESS ("a" 0 3)] Still running']
    gates[0].callback(None)
    gates[1].callback(None)
    world.clock.advance(15)
    assert john.told() == [b'* OK [INPROGRESS ("a" 2 3)] Still running']
    gates[2].callback(None)
    world.clock.advance(15)
    assert john.told() == [LINE]
    while len(gates) < 6 or not gates[5].called:
        gates[-1].callback(None)
    assert john.told()[-1] == b"a OK SEARCH completed"
    john.do(b"NOOP")


def test_fetch_knows_how_far_it_is(world: World, john: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """In messages."""
    world.append(*[b"Subject: x\r\n\r\nx\r\n"] * 3)
    john.do(b"SELECT INBOX")
    gates = gated(monkeypatch, Handle, "headers")
    john.raw(b"a FETCH 1:3 ENVELOPE\r\n")
    gates[0].callback(None)
    john.told()
    world.clock.advance(15)
    assert john.told()[-1] == b'* OK [INPROGRESS ("a" 1 3)] Still running'
    gates[1].callback(None)
    john.told()
    gates[2].callback(None)
    assert john.told()[-1] == b"a OK FETCH completed"


def test_nothing_comes_into_a_literal(world: World, john: ImapClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body whose reading takes long arrives as it is, even when a piece of it ends with a line."""
    body = b"Subject: x\r\n\r\n" + b"x" * 62 + b"\r\n" + b"0123456\r\n" * 30_000
    world.append(body)
    john.do(b"SELECT INBOX")
    gates = gated(monkeypatch, fetchwriter, "read_piece")
    heard = john.raw(b"a FETCH 1 BODY.PEEK[]\r\n")
    while not heard.endswith(b"completed\r\n"):
        world.clock.advance(60)
        gates[-1].callback(None)
        world.clock.advance(0)
        heard += john.wire.take()
    assert heard == b"* 1 FETCH (BODY[] {%d}\r\n%b)\r\na OK FETCH completed\r\n" % (len(body), body)
