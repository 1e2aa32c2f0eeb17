"""Daemons forked from a process that has imported everything already: for transcripts, which need many of them.

What a daemon does from there on is what ``twistd`` does; that it starts from nothing is for the system tests to show.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from typing import Any

COMMAND = "from tests.support.nursery import serve; serve()"


class Nursling:
    """A daemon that is the child of another process; the part of subprocess.Popen that Daemon uses."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._ended = os.pidfd_open(pid)

    def poll(self) -> int | None:
        """0 when it has ended; its exit code is known to its parent only."""
        return 0 if select.select([self._ended], [], [], 0)[0] else None

    def send_signal(self, number: int) -> None:
        """Does nothing if it has ended."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._ended, number)

    def kill(self) -> None:
        """SIGKILL."""
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Raises subprocess.TimeoutExpired."""
        if not select.select([self._ended], [], [], timeout)[0]:
            raise subprocess.TimeoutExpired("twistd", timeout or 0.0)
        os.close(self._ended)
        return 0


class Nursery:
    """The process that they are forked from."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", COMMAND], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment
        )

    def start(self, command: list[str], log: str, folder: str) -> Nursling:
        """``twistd`` with these arguments, speaking into the file ``log``."""
        asked, answer = self._process.stdin, self._process.stdout
        assert asked is not None and answer is not None
        asked.write(json.dumps([command, log, folder]).encode() + b"\n")
        asked.flush()
        return Nursling(int(answer.readline()))

    def close(self) -> None:
        """No more of them."""
        self._process.communicate()


def serve() -> None:
    """Fork a daemon for each line on standard input."""
    from twisted.scripts import twistd

    import cgpymail.assembly
    import cgpymail.doors
    import cgpymail.live  # noqa: F401 - imported before the first fork

    assert "twisted.internet.reactor" not in sys.modules, "each daemon makes its own"
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system forgets the children that have ended
    for line in iter(sys.stdin.readline, ""):
        pid = os.fork()
        if not pid:
            _become(*json.loads(line))
            twistd.run()
            return
        print(pid, flush=True)


def _become(command: list[str], log: str, folder: str) -> Any:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    sys.argv = ["twistd", *command]
