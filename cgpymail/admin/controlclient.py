"""The tool's side of the control socket, blocking: one request, and what the running daemon says to it."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Iterator

from cgpymail.grammar.control import BadReply, Ended, Reply, ReplyReader, Request, Said, write_request
from cgpymail.runtime.unixsocket import CALL_TIME, peer_user

REPLY_TIME = 600.0  # seconds between two pieces of a reply: an account with much mail takes its time to go
PIECE = 65536


class Unreachable(Exception):
    """Nobody answers there, so nothing was asked."""


class Broken(Exception):
    """The daemon was asked and has not told the end: nobody knows whether it did what it was asked for. Says why."""


def ask(path: str, owner: int, request: Request, say: Callable[[str], None], complain: Callable[[str], None]) -> int:
    """The exit code. ``owner``: the user id that the daemon may have besides ours and root's.

    Raises Unreachable, Broken, BadRequest.
    """
    data = write_request(request)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as link:
        link.settimeout(CALL_TIME)
        try:
            link.connect(path)
            user = peer_user(link)
        except OSError as problem:
            raise Unreachable(f"{path}: {problem.strerror or problem}") from problem
        if user not in (0, os.geteuid(), owner):
            raise Unreachable(f"{path}: a process of user {user} listens there, who is not the server's")
        link.settimeout(REPLY_TIME)
        _send(link, data)
        return _tell(_replies(link), say, complain)


def _tell(replies: Iterator[Reply], say: Callable[[str], None], complain: Callable[[str], None]) -> int:
    """All of it when the end has come: the daemon does not wait for somebody who reads page by page."""
    told: list[Said] = []
    try:
        for reply in replies:
            if isinstance(reply, Ended):
                return reply.code
            told.append(reply)
        raise Broken("it hung up")
    finally:
        for line in told:
            (complain if line.complaint else say)(line.text)


def _send(link: socket.socket, data: bytes) -> None:
    """A daemon that refuses a request does not wait for the end of it: its reply is there to be read."""
    try:
        link.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        return
    except OSError as problem:
        raise Broken(str(problem)) from problem


def _replies(link: socket.socket) -> Iterator[Reply]:
    """As they come, until it hangs up. Raises Broken."""
    reader = ReplyReader()
    while True:
        try:
            piece = link.recv(PIECE)
            replies = reader.feed(piece)
        except (OSError, BadReply) as problem:
            raise Broken(str(problem)) from problem
        except KeyboardInterrupt:
            raise Broken("interrupted; it goes on with what it was asked for") from None
        yield from replies
        if not piece:
            return
