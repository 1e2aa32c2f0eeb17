"""A real ``twistd cgpymail`` process on loopback, with accounts, for system tests and transcripts over sockets."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import subprocess
import sys
import time
from collections import deque
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from unittest import mock

from cgpymail import tool
from cgpymail.demodata import self_signed
from tests.support.nursery import Nursery, Nursling

ROOT = Path(__file__).parents[2]
DOMAIN = "example.org"
START_TIME = 30.0
RESERVED_PORTS = 100  # the last so many: few daemons run at the same time, and those that do have their ports

_reserved: deque[socket.socket] = deque()


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody else gets before a server listens there.

    They stay bound meanwhile, as Linux lets a socket with SO_REUSEADDR, as every server's is, listen at such a port.
    Without that the kernel may give one to another program between this and the start of the server: it is a
    candidate for every connection that anybody makes.
    """
    reserved = [socket.socket() for _ in range(count)]
    for one in reserved:
        one.bind(("127.0.0.1", 0))
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    _reserved.extend(reserved)
    while len(_reserved) > RESERVED_PORTS:
        _reserved.popleft().close()
    return [one.getsockname()[1] for one in reserved]


def answers(port: int) -> bool:
    """Whether somebody listens at a port of 127.0.0.1."""
    try:
        socket.create_connection(("127.0.0.1", port), 5).close()
    except OSError:
        return False
    return True


def environment() -> dict[str, str]:
    """The environment for a child that runs the checkout's code."""
    return os.environ | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}


def untraced() -> dict[str, str]:
    """The same for a daemon: it ends by a signal, as twistd does, so what coverage found in it would be lost."""
    return {name: value for name, value in environment().items() if not name.startswith("COVERAGE_PROCESS")}


class Daemon:
    """Start, stop, kill and start again over one base directory. ``nursery``: fork it from there, which is faster."""

    def __init__(
        self,
        folder: Path,
        *,
        limits: dict[str, int] | None = None,
        log_level: str = "low-level",
        nursery: Nursery | None = None,
    ) -> None:
        self.folder = folder
        self.base = folder / "base"
        self.log = folder / "log"
        self.imap, self.imaps, self.pop, self.pops, self.lmtp = free_ports(5)
        self.lmtp_socket = folder / "lmtp.socket"
        self.passwords: dict[str, str] = {}
        self._process: subprocess.Popen[bytes] | Nursling | None = None
        self._nursery = nursery
        self.base.mkdir(parents=True, exist_ok=True)
        key, certificate = self_signed()
        (folder / "key.pem").write_bytes(key)
        (folder / "cert.pem").write_bytes(certificate)
        self.config = folder / "cgpymail.toml"
        self.config.write_text(self._configuration(limits or {}, log_level))

    def _configuration(self, limits: dict[str, int], log_level: str) -> str:
        ports = {"imap": (self.imap, self.imaps), "pop": (self.pop, self.pops), "lmtp": (self.lmtp, 0)}
        lines = [
            f'[server]\nbase = "base"\ndomain = "{DOMAIN}"\nhost = "localhost"',
            '[tls]\ncertificate = "cert.pem"\nkey = "key.pem"',
            "[limits]",
            *(f"{name} = {value}" for name, value in limits.items()),
        ]
        for name, (port, tls_port) in ports.items():
            lines.append(f'[{name}]\nlog_level = "{log_level}"\n[[{name}.listeners]]\nport = {port}')
            if tls_port:
                lines.append(f"[[{name}.listeners]]\nport = {tls_port}\ntls = true")
        lines.append(f'[[lmtp.listeners]]\nsocket = "{self.lmtp_socket}"')
        return "\n".join(lines) + "\n"

    def tool(self, *arguments: str, data: bytes = b"", check: bool = True) -> subprocess.CompletedProcess[bytes]:
        """Run the ``cgpymail`` tool with this daemon's configuration."""
        command = [sys.executable, "-m", "cgpymail.tool", "--config", str(self.config), *arguments]
        done = subprocess.run(command, input=data, capture_output=True, env=environment(), timeout=120, check=False)
        if check and done.returncode:
            raise AssertionError(f"{arguments}: {done.stdout.decode()}{done.stderr.decode()}")
        return done

    def create(self, *names: str, clear: Iterable[str] = (), single: bool = False) -> None:
        """Make accounts while the daemon is stopped; ``clear`` ones keep a recoverable password, for APOP."""
        for name in names:
            password = f"secret of {name}"
            options = ["--recoverable"] * (name in clear) + ["--single"] * single
            with mock.patch("sys.stdin", io.StringIO(password + "\n")):
                self.command("account", "create", name, "--password-stdin", *options)
            self.passwords[name] = password

    def command(self, *words: str) -> str:
        """Run the tool in this process, which costs less than ``tool``; what it said. Anything but success fails."""
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            code = tool.run(["--config", str(self.config), *words])
        assert code == 0, f"{words}: {said.getvalue()}"
        return said.getvalue()

    def start(self) -> None:
        """Start and wait until it answers on every port and can be administered, which comes last."""
        arguments = ["-n", "--pidfile=", "cgpymail", "--config", str(self.config)]
        logged = len(self.log_text())
        if self._nursery is not None:
            self._process = self._nursery.start(arguments, str(self.log), str(self.folder))
        else:
            command = [sys.executable, "-c", "from twisted.scripts.twistd import run; run()", *arguments]
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, env=untraced())
        end = time.monotonic() + START_TIME
        ports = [self.imap, self.imaps, self.pop, self.pops, self.lmtp]
        while ports or "Control starting" not in self.log_text()[logged:]:
            if ports and answers(ports[0]):
                del ports[0]
                continue
            if self._process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"the daemon did not start:\n{self.log_text()}")
            time.sleep(0.05)

    @property
    def pid(self) -> int:
        """Of the running process."""
        assert self._process is not None
        return self._process.pid

    def log_text(self) -> str:
        """Everything the daemon said."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def stop(self, number: int = signal.SIGTERM) -> int:
        """End it and wait; the exit code."""
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        try:
            return process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise AssertionError(f"the daemon did not stop:\n{self.log_text()[-4000:]}") from None

    def kill(self) -> None:
        """SIGKILL, and wait."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()
        self._process = None

    def __enter__(self) -> Daemon:
        self.start()
        return self

    def __exit__(self, *error: Any) -> None:
        if self._process is not None:
            self.stop()
