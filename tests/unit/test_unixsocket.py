"""UNIX sockets that a daemon finds where it wants to listen (runtime/unixsocket.py)."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from cgpymail.runtime.files import Files
from cgpymail.runtime.unixsocket import MAX_PATH, SocketTaken, peer_user, take_over, too_long


def test_what_a_killed_daemon_left_is_taken_over(tmp_path: Path) -> None:
    """A socket on which nobody listens goes."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as gone:
        gone.bind(path)
    assert os.path.exists(path)
    take_over(Files(), path)
    assert not os.path.exists(path)
    take_over(Files(), path)


def test_a_socket_in_use_is_left(tmp_path: Path) -> None:
    """Somebody listens: both stay, and the words say it."""
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as busy:
        busy.bind(path)
        busy.listen()
        with pytest.raises(SocketTaken, match="another process listens"):
            take_over(Files(), path)
        assert os.path.exists(path)


def test_what_is_no_socket_is_left(tmp_path: Path) -> None:
    """A file or a link there may be somebody's data."""
    file, link = tmp_path / "f", tmp_path / "l"
    file.write_text("precious")
    link.symlink_to(file)
    for path in (file, link):
        with pytest.raises(SocketTaken, match="is no socket"):
            take_over(Files(), str(path))
    assert file.read_text() == "precious" and link.is_symlink()


def test_paths(tmp_path: Path) -> None:
    """The length that we believe in is that of the system."""
    for octets in (MAX_PATH, MAX_PATH + 1):
        path = f"{tmp_path}/".ljust(octets, "x")
        with socket.socket(socket.AF_UNIX) as made:
            if too_long(path):
                with pytest.raises(OSError, match="too long"):
                    made.bind(path)
            else:
                made.bind(path)
    assert too_long("/" + "ü" * 54)


def test_the_peer() -> None:
    """The kernel says who is at the other end."""
    here, there = socket.socketpair(socket.AF_UNIX)
    with here, there:
        assert peer_user(here) == os.geteuid()
