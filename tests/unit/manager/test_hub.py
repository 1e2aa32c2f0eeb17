"""The fan-out: everybody once, nobody in the way of anybody."""

from __future__ import annotations

from typing import Any

from twisted.internet.task import Clock

from cgpymail.manager.hub import SLICE_MEMBERS, Hub
from cgpymail.runtime.runtime import Runtime
from tests.support.runtime import memory_runtime


class Listener:
    """A session that counts how often it was told."""

    def __init__(self) -> None:
        self.told = 0

    def notice(self) -> None:
        """Told."""
        self.told += 1


class Broken:
    """A session whose transport fails."""

    def notice(self) -> None:
        """Fails."""
        raise OSError("gone")


class Box:
    """A mailbox with these sessions."""

    def __init__(self, *members: Any) -> None:
        self.sessions = list(members)

    def members(self) -> list[Any]:
        """A list of its own."""
        return list(self.sessions)


def turn(runtime: Runtime) -> None:
    """One turn of the reactor."""
    assert isinstance(runtime.clock, Clock)
    runtime.clock.advance(0)


def test_many_changes_in_one_turn_are_one_round() -> None:
    """A thousand changes do not wake an idle client a thousand times."""
    runtime = memory_runtime()
    hub, listener = Hub(runtime), Listener()
    box = Box(listener)
    for _ in range(1_000):
        hub.publish(box)
    assert listener.told == 0
    turn(runtime)
    assert listener.told == 1
    turn(runtime)
    assert listener.told == 1


def test_a_later_change_is_another_round() -> None:
    """Nothing is swallowed."""
    runtime = memory_runtime()
    hub, listener = Hub(runtime), Listener()
    box = Box(listener)
    hub.publish(box)
    turn(runtime)
    hub.publish(box)
    turn(runtime)
    assert listener.told == 2


def test_thousands_of_sessions_are_told_in_slices() -> None:
    """What else the reactor has to do comes in between."""
    runtime = memory_runtime()
    hub = Hub(runtime)
    listeners = [Listener() for _ in range(SLICE_MEMBERS * 2 + 1)]
    told_before: list[int] = []
    hub.publish(Box(*listeners))
    runtime.clock.callLater(0, lambda: told_before.append(sum(listener.told for listener in listeners)))
    turn(runtime)
    assert told_before == [SLICE_MEMBERS]
    assert [listener.told for listener in listeners] == [1] * len(listeners)


def test_a_change_during_a_round_is_told_to_all_again() -> None:
    """Those told early in the round must hear of it too."""
    runtime = memory_runtime()
    hub = Hub(runtime)
    listeners = [Listener() for _ in range(SLICE_MEMBERS + 1)]
    box = Box(*listeners)
    hub.publish(box)
    runtime.clock.callLater(0, lambda: hub.publish(box))
    turn(runtime)
    assert {listener.told for listener in listeners} == {2}


def test_mailboxes_take_turns() -> None:
    """All that have something new are told."""
    runtime = memory_runtime()
    hub, one, other = Hub(runtime), Listener(), Listener()
    hub.publish(Box(one))
    hub.publish(Box(other))
    turn(runtime)
    assert (one.told, other.told) == (1, 1)


def test_a_session_that_fails_does_not_stop_the_others() -> None:
    """The failure goes to the log."""
    runtime = memory_runtime()
    hub, listener = Hub(runtime), Listener()
    hub.publish(Box(Broken(), listener))
    turn(runtime)
    assert listener.told == 1
    lines = runtime.logs.emit.__self__  # type: ignore[attr-defined]
    assert any("OSError" in line for line in lines)
