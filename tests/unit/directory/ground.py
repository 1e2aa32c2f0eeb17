"""A base directory, a clock and pools that the tests control."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from cgpymail.directory.directory import Directory
from cgpymail.model.identity import AccountName, Link
from cgpymail.runtime.files import Files
from cgpymail.runtime.limits import DEFAULTS, Limits
from cgpymail.runtime.runtime import Pools, Runtime
from tests.support.crashfiles import CrashFiles, Kept, PowerCut
from tests.support.results import result
from tests.support.runtime import memory_runtime

MAIN = "example.org"
JOHN = AccountName("john", MAIN)
SECURE = Link("IMAP", "192.0.2.1", "192.0.2.100", True)
CLEAR = Link("IMAP", "192.0.2.1", "192.0.2.100", False)


class SlowPool:
    """Work waits until the test lets it happen, oldest first."""

    def __init__(self) -> None:
        self.waiting: list[Callable[[], None]] = []

    def run(self, function: Any, *args: Any, **kw: Any) -> Deferred[Any]:
        """Queue it."""
        done: Deferred[Any] = Deferred()

        def work() -> None:
            try:
                value = function(*args, **kw)
            except Exception:
                done.errback()
            else:
                done.callback(value)

        self.waiting.append(work)
        return done

    def step(self) -> None:
        """Do one."""
        self.waiting.pop(0)()

    def stop(self) -> None:
        """Nothing to end."""


class TimedPool:
    """``size`` workers that take ``seconds`` of the test's clock for each piece of work, first come first served."""

    def __init__(self, clock: Any, size: int, seconds: float) -> None:
        self._clock = clock
        self._free = [0.0] * size
        self._seconds = seconds
        self.busiest = 0
        self._now = 0

    def run(self, function: Any, *args: Any, **kw: Any) -> Deferred[Any]:
        """Fires when a worker would have done it."""
        now = self._clock.seconds()
        worker = min(range(len(self._free)), key=self._free.__getitem__)
        self._free[worker] = max(now, self._free[worker]) + self._seconds
        self._now += 1
        self.busiest = max(self.busiest, self._now)
        done: Deferred[Any] = Deferred()

        def finish() -> None:
            self._now -= 1
            done.callback(function(*args, **kw))

        self._clock.callLater(self._free[worker] - now, finish)
        return done

    def stop(self) -> None:
        """Nothing to end."""


class Ground:
    """A directory over ``path``."""

    def __init__(self, path: Path, files: Files | None = None, limits: Limits = DEFAULTS) -> None:
        self.path = path
        self.runtime: Runtime = memory_runtime(files)
        self.limits = limits
        self.lines: list[str] = self.runtime.logs.emit.__self__  # type: ignore[attr-defined]
        self.directory: Directory
        self.start()

    @property
    def clock(self) -> Any:
        """Twisted's clock for tests."""
        return self.runtime.clock

    def start(self) -> None:
        """A new process over the same files."""
        self.directory = Directory(self.runtime, str(self.path), MAIN, self.limits)
        self.directory.load()

    def pools(self, **pools: Any) -> None:
        """Other pools from now on."""
        now = self.runtime.pools
        self.runtime.pools = Pools(
            pools.get("sync", now.sync), pools.get("read", now.read), pools.get("hash", now.hash)
        )

    def write(self, name: str, text: str | bytes) -> Path:
        """A file below the base directory, with its folders."""
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(text.encode() if isinstance(text, str) else text)
        return place

    def create(self, name: str = "john", password: str = "secret", domain: str = MAIN, encryption: str = "") -> Any:
        """An account; its record."""
        return self.do(self.directory.create(name, domain, password, encryption))

    def record(self, name: AccountName = JOHN) -> Any:
        """As the manager gets it."""
        return result(self.directory.find(name))

    def do(self, work: Any) -> Any:
        """The outcome of a coroutine that does not have to wait."""
        return result(Deferred.fromCoroutine(work))


def cut(
    tmp_path: Path,
    kept: Kept,
    furnish: Callable[[Ground], object],
    change: Callable[[Ground], object],
    check: Callable[[Ground, bool], None],
) -> None:
    """Cut the power before every operation of ``change`` to what ``furnish`` made; ``check`` looks at what is there
    after the restart, and hears whether the change was done."""
    steps, done = 0, False
    while not done:
        place = tmp_path / f"base-{steps}"
        place.mkdir()
        files = CrashFiles(str(tmp_path / f"attic-{steps}"))
        ground = Ground(place, files)
        furnish(ground)
        files.settle()
        files.limit = files.operations + steps
        try:
            change(ground)
        except PowerCut:
            pass
        done = not files.off
        files.restart(kept)
        ground.start()
        check(ground, done)
        assert not (place / ".renaming").exists()
        steps += 1
    assert steps > 12
