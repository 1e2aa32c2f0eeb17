"""A Runtime without reactor, threads or waiting."""

from __future__ import annotations

from twisted.internet.task import Clock

from cgpymail.runtime.files import Files
from cgpymail.runtime.logs import Logs
from cgpymail.runtime.pool import InlinePool
from cgpymail.runtime.runtime import Pools, Runtime


def memory_runtime(files: Files | None = None, start: float = 1_700_000_000.0) -> Runtime:
    """Clock under the test's control, pools that run inline, log lines in ``runtime.logs.emit.__self__``."""
    clock = Clock()
    clock.rightNow = start
    lines: list[str] = []
    return Runtime(clock, Pools(InlinePool(), InlinePool(), InlinePool()), files or Files(), Logs(lines.append))
