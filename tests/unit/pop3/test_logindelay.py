"""The least time between two logins (cgpymail/pop3/logindelay.py)."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cgpymail.pop3.logindelay import SETTING
from cgpymail.runtime.options import PopOptions
from cgpymail.runtime.popstate import PopState
from tests.support.wire import MemoryWire
from tests.support.world import World


def enter(world: World, name: str = "john") -> tuple[MemoryWire, bytes]:
    """A session, and what its login was answered with."""
    link = world.connect("POP")
    link.take()
    link.feed(b"USER %b\r\n" % name.encode())
    return link, link.feed(b"PASS secret\r\n")


@pytest.mark.parametrize(("setting", "seconds"), [("30", 30), ("0", 0), ("", 60), ("often", 60), ("-5", 60)])
def test_the_account_goes_before_the_server(setting: str, seconds: int) -> None:
    """POPLoginDelay of the account or its domain; what is no number counts as not set."""
    world = World()
    world.services = replace(world.services, pop=PopOptions(login_delay=60))
    world.account().settings[SETTING] = setting
    link, _ = enter(world)
    said = f"LOGIN-DELAY {seconds}\r\n".encode()
    assert (said in link.feed(b"CAPA\r\n")) == bool(seconds)
    if seconds:
        world.clock.advance(seconds - 1)
        assert enter(world)[1].startswith(b"-ERR [LOGIN-DELAY] ")
        world.clock.advance(1)
    assert enter(world)[1].startswith(b"+OK")


def test_coming_too_early_is_no_failed_login_and_costs_no_time() -> None:
    """However often a client tries, the connection stays, and the wait does not grow."""
    world = World()
    world.account().settings[SETTING] = "30"
    enter(world)
    link, answer = enter(world)
    for _ in range(20):
        world.clock.advance(1)
        assert answer.startswith(b"-ERR [LOGIN-DELAY] ")
        link.feed(b"USER john\r\n")
        answer = link.feed(b"PASS secret\r\n")
    world.clock.advance(10)
    link.feed(b"USER john\r\n")
    assert link.feed(b"PASS secret\r\n").startswith(b"+OK")


@pytest.mark.parametrize("name", ["inbox#john", "INBOX/#john", "~john/INBOX#john", "Mine#john@EXAMPLE.org"])
def test_other_names_of_the_mailbox_do_not_help(name: str) -> None:
    """Case, ``~account`` and mailbox aliases lead to the same mailbox, and so to the same wait."""
    world = World()
    account = world.account()
    account.settings[SETTING] = "30"
    account.alias_table = {"Mine": "INBOX"}
    enter(world)
    assert b"-ERR [LOGIN-DELAY] " in enter(world, name)[1]


def test_a_wrong_password_hears_nothing_of_it() -> None:
    """Whether somebody logged in a moment ago is nobody else's business."""
    world = World()
    world.account().settings[SETTING] = "30"
    enter(world)
    link = world.connect("POP")
    link.take()
    link.feed(b"USER john\r\n")
    assert link.feed(b"PASS wrong\r\n").startswith(b"-ERR [AUTH] ")


def test_what_is_remembered_is_bounded() -> None:
    """Those who came longest ago are forgotten first."""
    state = PopState()
    for number, name in enumerate(("a", "b", "a", "c")):
        state.enter(name, "INBOX", float(number + 1), 2)
    assert [state.entered(name, "INBOX") for name in "abc"] == [3.0, 0.0, 4.0]
