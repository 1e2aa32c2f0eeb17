"""The twistd plugin's side: options, and the service that listens. The only module that imports the reactor.

``twistd cgpymail --config FILE``. What can be known before the start (configuration, ports, the base directory's
lock) is checked before anything is changed, and refused in plain words.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sys
from collections.abc import Iterator
from functools import partial
from typing import Any

from twisted.application.service import Service
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList, maybeDeferred
from twisted.python import log as twisted_log
from twisted.python import usage

from cgpymail import configfile
from cgpymail.assembly import Server, assemble
from cgpymail.config import ConfigError, Listener, Settings
from cgpymail.configfile import certificate_options
from cgpymail.grammar.lmtp import reply as lmtp_reply
from cgpymail.grammar.pop3 import err
from cgpymail.imap.session import ImapSession
from cgpymail.lmtp.session import LmtpSession
from cgpymail.pop3.session import PopSession
from cgpymail.runtime.files import Files
from cgpymail.runtime.listening import ModuleFactory
from cgpymail.runtime.logs import MAJOR, Logs
from cgpymail.runtime.pool import ThreadedPool
from cgpymail.runtime.runtime import Pools, Runtime

SWITCH_INTERVAL = 0.0005  # seconds; keeps the reactor quick beside a busy thread (architecture, section 3.6)
GOODBYE_TIME = 5.0  # seconds that sessions get to read their last words
DEFAULT_CONFIG = "/etc/cgpymail.toml"


class Options(usage.Options):
    """Options of ``twistd cgpymail``."""

    optParameters = [["config", "c", DEFAULT_CONFIG, "The configuration file."]]

    def postOptions(self) -> None:
        """Read and check the configuration; all that is wrong is told at once."""
        path = os.path.abspath(self["config"])
        self["settings"] = read_settings(path)
        check_ports(self["settings"], path)


def read_settings(path: str) -> Settings:
    """The settings in a file, with a certificate that can be used. Raises SystemExit with every error in words."""
    try:
        settings = configfile.read_settings(path)
        configfile.check_certificate(settings, path)
        return settings
    except ConfigError as problem:
        raise SystemExit(str(problem)) from None


def check_ports(settings: Settings, path: str) -> None:
    """Raise SystemExit that names every port that cannot be had, with the remedy."""
    problems = []
    for name, listener in listeners(settings):
        if listener.socket:
            continue
        family = socket.AF_INET6 if ":" in listener.address else socket.AF_INET
        with contextlib.closing(socket.socket(family, socket.SOCK_STREAM)) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((listener.address, listener.port))
            except OSError as problem:
                problems.append(
                    f"{name.upper()}: port {listener.port} of {listener.address}: {problem.strerror}; "
                    f"stop the program that uses it, or change port or address in [[{name}.listeners]] of {path}"
                )
    if problems:
        raise SystemExit("\n".join(problems))


def listeners(settings: Settings) -> Iterator[tuple[str, Listener]]:
    """Every listener with the name of its module."""
    for name in ("imap", "pop", "lmtp"):
        for listener in getattr(settings, name).listeners:
            yield name, listener


def makeService(options: Options) -> Service:
    """Twisted's entry: the service, not yet started."""
    return MailService(options["settings"])


class MailService(Service):
    """The running daemon."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._server: Server | None = None
        self._factories: list[ModuleFactory] = []
        self._ports: list[Any] = []
        self._pools: Pools | None = None
        self._clock: Any = reactor

    def startService(self) -> None:
        """Take the base directory, then listen. Raises SystemExit in words when another process has it."""
        Service.startService(self)
        sys.setswitchinterval(SWITCH_INTERVAL)
        os.umask(0o077)
        pools = Pools(
            sync=ThreadedPool(reactor, 8, "sync"),
            read=ThreadedPool(reactor, 4, "read"),
            hash=ThreadedPool(reactor, 2, "hash"),
        )
        logs = Logs(lambda text: twisted_log.msg(text), self._levels())
        self._pools = pools
        self._server = assemble(self._settings, Runtime(self._clock, pools, Files(), logs))
        self._listen(self._server, logs)

    def _levels(self) -> dict[str, int]:
        settings = self._settings
        levels = dict(settings.log_levels)
        levels.update({name.upper(): getattr(settings, name).log_level for name in ("imap", "pop", "lmtp")})
        return levels

    def _listen(self, server: Server, logs: Logs) -> None:
        services, clock = server.services, self._clock
        limits, tls = self._settings.limits, certificate_options(self._settings) if self._settings.certificate else None
        refusals = {
            "imap": b"* BYE [UNAVAILABLE] Too many connections, try again later\r\n",
            "pop": err("Too many connections, try again later", "SYS/TEMP"),
            "lmtp": lmtp_reply(421, "4.3.2", "Too many connections, try again later"),
        }
        sessions: dict[str, Any] = {"imap": ImapSession, "pop": PopSession, "lmtp": LmtpSession}
        factories: dict[str, ModuleFactory] = {}
        for name, listener in listeners(self._settings):
            if name not in factories:
                log, make = logs.module(name.upper()), partial(sessions[name], services=services)
                factories[name] = ModuleFactory(clock, log, limits, make, refusals[name], tls)
            self._ports.append(_bind(listener, factories[name], tls))
            where = listener.socket or f"{listener.address}:{listener.port}"
            logs.module(name.upper()).write(MAJOR, f"listening on {where}{' (TLS)' if listener.tls else ''}")
        self._factories = list(factories.values())

    def stopService(self) -> Deferred[None]:
        """Stop listening, say good-bye to every session, checkpoint and close every mailbox."""
        Service.stopService(self)
        return Deferred.fromCoroutine(self._stop())

    async def _stop(self) -> None:
        for port in self._ports:
            await maybeDeferred(port.stopListening)
        gone: Any = DeferredList([factory.shut_down() for factory in self._factories])
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


def _bind(listener: Listener, factory: ModuleFactory, tls: Any) -> Any:
    net: Any = reactor
    if listener.socket:
        return net.listenUNIX(listener.socket, factory, mode=0o660, wantPID=True)
    if listener.tls:
        return net.listenSSL(listener.port, factory, tls, interface=listener.address)
    return net.listenTCP(listener.port, factory, interface=listener.address)
