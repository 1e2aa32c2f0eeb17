"""The twistd plugin's side: options, and the service that listens. The only module that imports the reactor.

``twistd cgpymail --config FILE``. What can be known before the start (configuration, ports, the base directory's
lock) is checked before anything is changed, and refused in plain words. SIGHUP reads the configuration again.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import Any

from twisted.application.service import Service
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.error import CannotListenError
from twisted.python import log as twisted_log
from twisted.python import usage

from cgpymail import configfile
from cgpymail.admin.control import Control
from cgpymail.assembly import Server, assemble
from cgpymail.config import ConfigError, Settings
from cgpymail.doors import Doors, complaint
from cgpymail.live import Live
from cgpymail.runtime.files import Files
from cgpymail.runtime.logs import Logs
from cgpymail.runtime.pool import ThreadedPool
from cgpymail.runtime.runtime import Pools, Runtime
from cgpymail.runtime.unixsocket import SocketTaken, stop_listening, take_over

SWITCH_INTERVAL = 0.0005  # seconds; keeps the reactor quick beside a busy thread (architecture, section 3.6)
GOODBYE_TIME = 5.0  # seconds that sessions get to read their last words
DEFAULT_CONFIG = "/etc/cgpymail.toml"
HASH_THREADS = 32  # at most; limits.hashes says how many are at work


class Hangups:
    """SIGHUP, which must not end us, from before the configuration is read until the process ends."""

    def __init__(self) -> None:
        self._came = False
        self._reload: Callable[[], None] | None = None
        signal.signal(signal.SIGHUP, self._hung_up)

    def lead(self, reload: Callable[[], None] | None) -> None:
        """Call this for each from now on, and at once if one came before there was anything to call."""
        self._reload = reload
        if self._came and reload is not None:
            reload()

    def _hung_up(self, *_: Any) -> None:
        self._came = True
        if self._reload is not None:
            self._reload()


class Options(usage.Options):
    """Options of ``twistd cgpymail``."""

    optParameters = [["config", "c", DEFAULT_CONFIG, "The configuration file."]]

    def postOptions(self) -> None:
        """Read and check the configuration; all that is wrong is told at once.

        Here the process may still have rights that it gives up later (twistd --uid), so the key is read here.
        """
        self["hangups"] = Hangups()
        path = self["path"] = os.path.abspath(self["config"])
        try:
            self["settings"] = configfile.read_settings(path)
            self["certificate"] = configfile.usable_certificate(self["settings"], path)
            self["tokens"] = configfile.token_means(self["settings"], path)
        except ConfigError as problem:
            raise SystemExit(str(problem)) from None
        check_ports(self["settings"], path)


def check_ports(settings: Settings, path: str) -> None:
    """Raise SystemExit that names every port that cannot be had, with the remedy."""
    problems = []
    for name, listener in settings.listeners():
        if listener.socket:
            continue
        family = socket.AF_INET6 if ":" in listener.address else socket.AF_INET
        with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((listener.address, listener.port))
            except OSError as problem:
                problems.append(complaint(name, listener, problem, path))
    if problems:
        raise SystemExit("\n".join(problems))


def makeService(options: Options) -> Service:
    """Twisted's entry: the service, not yet started."""
    return MailService(
        options["settings"], options["certificate"], options["tokens"], options["path"], options["hangups"]
    )


class MailService(Service):
    """The running daemon. ``certificate``: CertificateOptions or None; ``tokens``: what the files in [oauth] hold;
    ``path``: of the configuration file."""

    def __init__(
        self, settings: Settings, certificate: Any, tokens: configfile.TokenMeans, path: str, hangups: Hangups
    ) -> None:
        self._settings = settings
        self._certificate = certificate
        self._tokens = tokens
        self._path = path
        self._hangups = hangups
        self._server: Server | None = None
        self._doors = Doors(reactor, path, Files())
        self._live: Live | None = None
        self._pools: Pools | None = None
        self._control: Control | None = None
        self._control_port: Any = None
        self._clock: Any = reactor

    def privilegedStartService(self) -> None:
        """Have the TCP ports while twistd still has all its rights; sockets are made later, by the user who keeps them.

        Raises SystemExit in words.
        """
        Service.privilegedStartService(self)
        ports = [(name, listener) for name, listener in self._settings.listeners() if not listener.socket]
        if problems := self._doors.open(ports):
            raise SystemExit("\n".join(problems))

    def startService(self) -> None:
        """Take the base directory, then listen.

        Raises SystemExit in words when another process has the one, or something of the other.
        """
        Service.startService(self)
        sys.setswitchinterval(SWITCH_INTERVAL)
        os.umask(0o077)
        pools = Pools(
            sync=ThreadedPool(reactor, 8, "sync"),
            read=ThreadedPool(reactor, 4, "read"),
            hash=ThreadedPool(reactor, HASH_THREADS, "hash"),
        )
        logs = Logs(lambda text: twisted_log.msg(text), self._settings.levels())
        self._pools = pools
        self._server = assemble(self._settings, Runtime(self._clock, pools, Files(), logs, outside=reactor))
        self._live = Live(self._clock, self._server, self._settings, self._path, self._doors)
        if problems := self._live.begin(self._certificate, self._tokens):
            raise SystemExit("\n".join(problems))
        self._control = Control(self._server, os.path.realpath(self._settings.base), self._live.reload)
        self._control_port = self._listen_control(self._control)
        self._hangups.lead(self._hung_up)

    def _listen_control(self, control: Control) -> Any:
        """Where the cgpymail tool asks. What a killed server left there is taken over: the base directory is ours.

        Raises SystemExit in words.
        """
        path = self._settings.control
        try:
            take_over(Files(), path)
            net: Any = self._clock
            return net.listenUNIX(path, control, mode=0o600)
        except (SocketTaken, CannotListenError, OSError) as problem:
            raise SystemExit(f"The control socket cannot be had: {problem}; change control in [server]") from None

    def _hung_up(self) -> None:
        """The signal may come in the middle of anything: the reactor does it when it comes round."""
        self._clock.callFromThread(self._reload)

    def _reload(self) -> None:
        if self._live is not None and self._server is not None:
            log = self._server.services.runtime.logs.module("SYSTEM")
            self._live.reload().addErrback(lambda failure: log.failure("reloading the configuration failed", failure))

    def stopService(self) -> Deferred[None]:
        """Stop listening, say good-bye to every session, checkpoint and close every mailbox."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        self._hangups.lead(None)
        if self._control_port is not None:
            await stop_listening(self._control_port)
        if self._live is not None:
            await self._live.close()
        if self._control is not None:
            await self._control.stop()
        if self._live is not None:
            gone = self._live.shut_down()
            late = self._clock.callLater(GOODBYE_TIME, gone.cancel)
            with contextlib.suppress(Exception):
                await gone
            if late.active():
                late.cancel()
        if self._server is not None:
            await self._server.stop()
        if self._pools is not None:
            for pool in (self._pools.sync, self._pools.read, self._pools.hash):
                pool.stop()
