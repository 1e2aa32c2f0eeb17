"""Where the daemon listens: one open port or socket per listener, which can change while the others stay as they are.

A change has two steps, so that it happens as a whole or not at all: ``open`` binds what is not bound yet, and if one
of them cannot be had, gives the others back; ``lead`` then lets every door lead to its module and closes those that
are no longer wanted. Between the two the reactor does not run, so nobody finds a door that leads nowhere. A port that
is wanted before and after is never given up, even when it begins with TLS now or belongs to another module.
"""

from __future__ import annotations

import errno
from collections.abc import Mapping, Sequence
from typing import Any

from twisted.internet.defer import DeferredList
from twisted.internet.error import CannotListenError

from cgpymail.config import Listener
from cgpymail.runtime.files import Files
from cgpymail.runtime.listening import Door, ModuleFactory
from cgpymail.runtime.unixsocket import SocketTaken, stop_listening, take_over

Place = tuple[str, int, str]  # address and port, or the path of a UNIX socket
Wanted = Sequence[tuple[str, Listener]]  # with the names of their modules


class Doors:
    """All of them. ``net``: the reactor's listenTCP and listenUNIX; ``path``: the configuration, for complaints."""

    def __init__(self, net: Any, path: str, files: Files) -> None:
        self._net = net
        self._files = files
        self._path = path
        self._open: dict[Place, tuple[Door, Any]] = {}
        self._led: dict[Place, tuple[str, Listener]] = {}

    def open(self, wanted: Wanted) -> list[str]:
        """Listen where we do not yet. What cannot be had, in words; if anything, nothing has changed."""
        made: dict[Place, tuple[Door, Any]] = {}
        problems = []
        for name, listener in wanted:
            if _place(listener) in self._open:
                continue
            door = Door()
            try:
                made[_place(listener)] = door, self._bind(listener, door)
            except CannotListenError as problem:
                remedy = self._own_remedy(listener, problem.socketError)
                problems.append(complaint(name, listener, problem.socketError, self._path, remedy))
            except (SocketTaken, OSError) as problem:  # of a UNIX socket that is there already
                problems.append(complaint(name, listener, problem, self._path))
        if not problems:
            self._open.update(made)
        else:
            for _, port in made.values():
                stop_listening(port)
        return problems

    def lead(self, wanted: Wanted, modules: Mapping[str, ModuleFactory]) -> list[str]:
        """Every open door to the module that wants it; the others are closed. What is different now, in words."""
        told = []
        led = {_place(listener): (name, listener) for name, listener in wanted}
        for place, (name, listener) in self._led.items():
            if place not in led:
                _, port = self._open.pop(place)
                stop_listening(port)
                told.append(f"{name.upper()}: no longer listening on {_shown(listener)}")
        for place, (name, listener) in led.items():
            if self._led.get(place) != (name, listener):
                self._open[place][0].lead(modules[name], listener.tls)
                told.append(f"{name.upper()}: listening on {_shown(listener)}")
        self._led = led
        return told

    def _own_remedy(self, listener: Listener, problem: object) -> str:
        """What to do when it is this server that has the port, at another address that this one would include."""
        if getattr(problem, "errno", 0) != errno.EADDRINUSE:
            return ""
        ours = [address for address, port, _ in self._open if port == listener.port]
        own = (
            f"this server has it at {', '.join(ours)}; take that listener away, reload, then add the new one, or change"
        )
        return own if ours else ""

    async def close(self) -> None:
        """Nobody comes in any more."""
        ports = [port for _, port in self._open.values()]
        self._open, self._led = {}, {}
        await DeferredList([stop_listening(port) for port in ports])

    def _bind(self, listener: Listener, door: Door) -> Any:
        if listener.socket:
            take_over(self._files, listener.socket)
            return self._net.listenUNIX(listener.socket, door, mode=0o660)
        return self._net.listenTCP(listener.port, door, interface=listener.address)


def complaint(name: str, listener: Listener, problem: object, path: str, own_remedy: str = "") -> str:
    """Why a listener cannot be had, with the remedy (``own_remedy`` if that is known better)."""
    reason = getattr(problem, "strerror", None) or str(problem)
    remedy = own_remedy or "stop the program that uses it, or change"
    if getattr(problem, "errno", 0) in (errno.EACCES, errno.EPERM):
        remedy = "start the server anew with the right to use it, or change"
    where = f"socket {listener.socket}" if listener.socket else f"port {listener.port} of {listener.address}"
    what = "its path" if listener.socket else "port or address"
    return f"{name.upper()}: {where}: {reason}; {remedy} {what} in [[{name}.listeners]] of {path}"


def _place(listener: Listener) -> Place:
    return listener.address, listener.port, listener.socket


def _shown(listener: Listener) -> str:
    return listener.socket or f"{listener.address}:{listener.port}{' (TLS)' if listener.tls else ''}"
