"""SIGHUP from the first moment of the start to the last of the process (cgpymail/tap.py)."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from cgpymail.tap import Hangups


@pytest.fixture
def restored() -> Iterator[None]:
    """What SIGHUP does to the tests themselves."""
    former = signal.getsignal(signal.SIGHUP)
    yield
    signal.signal(signal.SIGHUP, former)


def hang_up() -> None:
    """To this process."""
    os.kill(os.getpid(), signal.SIGHUP)


@pytest.mark.usefixtures("restored")
def test_a_signal_that_comes_while_the_server_starts() -> None:
    """It ends nobody: the file is read again, once, as soon as that is possible."""
    calls: list[str] = []
    hangups = Hangups()
    hang_up()
    hang_up()
    hangups.lead(lambda: calls.append("reload"))
    assert calls == ["reload"]
    hang_up()
    assert calls == ["reload"] * 2


@pytest.mark.usefixtures("restored")
def test_a_signal_that_comes_while_the_server_stops() -> None:
    """It ends nobody who is writing still, and begins nothing."""
    calls: list[str] = []
    hangups = Hangups()
    hangups.lead(lambda: calls.append("reload"))
    hangups.lead(None)
    hang_up()
    assert calls == []
