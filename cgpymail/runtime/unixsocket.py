"""UNIX sockets as the daemon listens on them and the tool calls them: paths, leftovers, and who is at the other end."""

from __future__ import annotations

import os
import socket
import stat
import struct
from typing import Any

from twisted.internet import tcp
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.python.failure import Failure

from cgpymail.runtime.files import Files

MAX_PATH = 107  # octets of a path in sockaddr_un, less the final zero
_CREDENTIALS = struct.Struct("3i")  # struct ucred: process, user, group
CALL_TIME = 5.0  # seconds


class SocketTaken(Exception):
    """Something else is where a socket is to be; the text is for people."""


def too_long(path: str) -> bool:
    """Whether no socket can be at that path."""
    return len(os.fsencode(path)) > MAX_PATH


def take_over(files: Files, path: str) -> None:
    """Remove the socket that a killed daemon left behind. Blocking.

    Raises SocketTaken when somebody listens there, or when it is no socket; OSError.
    """
    try:
        found = files.stat(path)
    except FileNotFoundError:
        return
    if not stat.S_ISSOCK(found.st_mode):
        raise SocketTaken(f"{path} is there already and is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.settimeout(CALL_TIME)
        try:
            probe.connect(path)
        except ConnectionRefusedError:
            files.unlink(path)
        except OSError as problem:
            raise SocketTaken(f"{path} is there already: {problem.strerror or problem}") from None
        else:
            raise SocketTaken(f"another process listens on {path}")


def stop_listening(port: Any) -> Deferred[Any]:
    """Close a port of Twisted's, TCP or UNIX; fires when it is closed, and never fails.

    Twisted removes the path of a UNIX socket first; where somebody else has done that it goes no further and leaves
    the socket open, so the rest is done here.
    """
    return maybeDeferred(port.stopListening).addErrback(_close_pathless, port)


def _close_pathless(problem: Failure, port: Any) -> None:
    problem.trap(OSError)  # type: ignore[no-untyped-call]
    tcp.Port.connectionLost(port, problem)  # type: ignore[no-untyped-call]


def peer_user(connected: socket.socket) -> int:
    """The user id of the process at the other end, when it connected or began to listen. Raises OSError."""
    data = connected.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    _, user, _ = _CREDENTIALS.unpack(data)
    return int(user)
