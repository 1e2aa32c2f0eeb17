"""The configuration in force, and how another one takes its place while the daemon runs.

A reload reads and checks everything first (file, certificate, new ports), and only then changes anything, in one step
of the reactor: limits and log levels for everybody, terms for new connections, ports. A configuration that cannot be
used changes nothing. No session ends, and what a session took with it when it began stays as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred, DeferredList, DeferredLock

from cgpymail.assembly import Server
from cgpymail.config import ConfigError, Settings
from cgpymail.configfile import TokenMeans, read_settings, token_means, usable_certificate
from cgpymail.directory.trust import Trust
from cgpymail.doors import Doors
from cgpymail.imap import refusals as imap_words
from cgpymail.imap.session import ImapSession
from cgpymail.lmtp import replies as lmtp_words
from cgpymail.lmtp.session import LmtpSession
from cgpymail.pop3 import replies as pop_words
from cgpymail.pop3.session import PopSession
from cgpymail.runtime.listening import ModuleFactory, Terms
from cgpymail.runtime.logs import MAJOR
from cgpymail.trusting import trust_of

SESSIONS: dict[str, tuple[Callable[..., Any], Callable[[int], bytes]]] = {
    "imap": (ImapSession, imap_words.no_room),
    "pop": (PopSession, pop_words.no_room),
    "lmtp": (LmtpSession, lmtp_words.no_room),
}
FIXED = ("base", "domain", "control")  # of [server]: what the daemon is built on


class Live:
    """``net``: the reactor. ``path``: the configuration file, read at each reload. ``doors``: some may be open."""

    def __init__(self, net: Any, server: Server, settings: Settings, path: str, doors: Doors) -> None:
        self._net = net
        self._server = server
        self._settings = settings
        self._path = path
        self._runtime = server.services.runtime
        self._log = self._runtime.logs.module("SYSTEM")
        self._doors = doors
        self._turn = DeferredLock()
        self._ended = False
        self._factories = {
            name: ModuleFactory(
                self._runtime.clock,
                self._runtime.logs.module(name.upper()),
                server.limits,
                self._terms(name, None),
                words,
            )
            for name, (_, words) in SESSIONS.items()
        }
        server.sessions.attach(self._factories.values)

    def begin(self, tls: Any, means: TokenMeans) -> list[str]:
        """Listen, with that certificate and those means to check tokens. What cannot be had, in words; then nobody is
        let in."""
        problems = self._doors.open(list(self._settings.listeners()))
        if not problems:
            self._switch(self._settings, tls, trust_of(self._settings, means, self._runtime, self._net))
        return problems

    def reload(self) -> Deferred[Sequence[str]]:
        """Read the file anew and have it hold from now on.

        Fires with what is wrong with it, in words, one problem each; then nothing has changed. Both outcomes are
        logged. One reload at a time: those that are asked for meanwhile follow.
        """
        return self._turn.run(lambda: Deferred.fromCoroutine(self._reload()))

    async def _reload(self) -> Sequence[str]:
        if self._ended:
            return ["the server is going down"]
        problems: list[str] = []
        try:
            settings, tls, means = await self._runtime.pools.read.run(_read, self._path)
        except ConfigError as error:
            problems = [f"{self._path}: {problem}" for problem in error.problems]
        else:
            trust = trust_of(settings, means, self._runtime, self._net)
            problems = self._unchangeable(settings) or self._doors.open(list(settings.listeners()))
            if not problems:
                self._switch(settings, tls, trust)
        for problem in problems:
            self._log.write(MAJOR, f"the configuration stays as it was: {problem}")
        return problems

    def _unchangeable(self, settings: Settings) -> list[str]:
        """What keeps these settings from being used now."""
        if self._ended:
            return ["the server is going down"]
        return [
            f"{self._path}: server.{name}: cannot change while the server runs; restart it, or write "
            f'"{getattr(self._settings, name)}" again'
            for name in FIXED
            if getattr(settings, name) != getattr(self._settings, name)
        ]

    def _switch(self, settings: Settings, tls: Any, trust: Trust) -> None:
        """From here on nothing can fail."""
        self._settings = settings
        self._server.limits.take(settings.limits)
        self._runtime.logs.set_levels(settings.levels())
        self._server.directory.trust = trust
        for name, factory in self._factories.items():
            factory.terms = self._terms(name, tls)
        for text in self._doors.lead(list(settings.listeners()), self._factories):
            self._log.write(MAJOR, text)
        self._log.write(MAJOR, f"the configuration is that of {self._path}")

    def _terms(self, name: str, tls: Any) -> Terms:
        settings = self._settings
        services = replace(
            self._server.services,
            host=settings.host,
            trust_same_host=settings.trust_same_host,
            imap=settings.imap_options,
            pop=settings.pop_options,
        )
        return Terms(partial(SESSIONS[name][0], services=services), getattr(settings, name).channels, tls)

    async def close(self) -> None:
        """Listen no more."""
        self._ended = True
        await self._doors.close()

    def shut_down(self) -> Deferred[Any]:
        """Let every session say good-bye; fires when the last one has gone."""
        return DeferredList([factory.shut_down() for factory in self._factories.values()])


def _read(path: str) -> tuple[Settings, Any, TokenMeans]:
    """Settings, certificate, and means to check tokens. Blocking. Raises ConfigError."""
    settings = read_settings(path)
    return settings, usable_certificate(settings, path), token_means(settings, path)
