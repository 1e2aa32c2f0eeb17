"""The ports of the daemons that tests start."""

from __future__ import annotations

import socket

import pytest

from tests.support.daemon import free_ports


def test_nobody_else_gets_a_port() -> None:
    """Neither a server that asks for it, nor a connection that might get it by chance; only who may share it."""
    (port,) = free_ports(1)
    with socket.socket() as other, pytest.raises(OSError, match="in use"):
        other.bind(("127.0.0.1", port))
    with socket.socket() as early, pytest.raises(ConnectionRefusedError):
        early.connect(("127.0.0.1", port))
    with socket.socket() as daemon, socket.socket() as client:
        daemon.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        daemon.bind(("127.0.0.1", port))
        daemon.listen()
        client.connect(("127.0.0.1", port))
