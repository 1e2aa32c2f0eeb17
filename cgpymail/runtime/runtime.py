"""What the process lends to every layer, in ONE object handed down from tap.py: clock, threads, files, random, logs.

Nobody else calls time.time(), starts a thread, opens a file for writing or imports the reactor, so a test replaces
all of it by replacing this object.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred

if TYPE_CHECKING:
    from cgpymail.runtime.files import Files
    from cgpymail.runtime.logs import Logs

P = ParamSpec("P")
T = TypeVar("T")


class DelayedCall(Protocol):
    """A call that waits; what callLater returns."""

    def cancel(self) -> None:
        """Give it up."""

    def active(self) -> bool:
        """Whether it is still to come."""

    def reset(self, secondsFromNow: float) -> None:
        """Count anew from now."""


class Clock(Protocol):
    """The part of a Twisted clock that we use. ``seconds`` is the time of day since the epoch."""

    def seconds(self) -> float:
        """Now, in seconds since the epoch."""

    def callLater(self, delay: float, callable: Callable[..., object], *args: object, **kw: object) -> Any:
        """Call once, ``delay`` seconds from now, on the reactor thread; gives a DelayedCall."""


class Pool(Protocol):
    """A small pool of threads for calls that wait for the disk or that release the GIL."""

    def run(self, function: Callable[P, T], *args: P.args, **kw: P.kwargs) -> Deferred[T]:
        """Run it on a thread; fires on the reactor thread with the result or the failure."""

    def stop(self) -> None:
        """Finish what is queued and end the threads."""


@dataclass(slots=True)
class Pools:
    """Separate pools, so that one kind of waiting never delays another (architecture, section 5)."""

    sync: Pool  # commits: write, fsync, rename
    read: Pool  # cold reads, directory scans
    hash: Pool  # password hashing


@dataclass(slots=True)
class Runtime:
    """Handed down; see the module's text. ``random`` is cryptographic."""

    clock: Clock
    pools: Pools
    files: Files
    logs: Logs
    random: Callable[[int], bytes] = field(default=secrets.token_bytes)
    outside: Any = None  # to connect and to start programs with (the reactor); a tool has none

    def now(self) -> int:
        """Whole seconds since the epoch."""
        return int(self.clock.seconds())
