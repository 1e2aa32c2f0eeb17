"""Sending at once: what the kernel takes now need not wait for the reactor's next round.

Twisted puts all output into a buffer, asks the kernel to tell when the socket can be written (it nearly always can),
goes once around, writes, and takes the request back: four system calls and a turn of the reactor for a reply of one
line. Here the socket is tried first. Only what it does not take goes into Twisted's buffer, and while something waits
there everything goes behind it, so order, the pausing of producers, closing and errors are Twisted's as ever. TLS has
layers and buffers of its own and is left alone.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet import tcp

AT_ONCE = True  # False: everything through Twisted's buffer


def sender(transport: Any) -> Callable[[bytes], None]:
    """The quickest way to write to a transport; to be asked for anew when TLS begins."""
    if AT_ONCE and isinstance(transport, tcp.Connection) and not transport.TLS:
        return _AtOnce(transport).write
    write: Callable[[bytes], None] = transport.write
    return write


class _AtOnce:
    """``write`` of a plain socket. Of Twisted's inside it knows where unsent output is kept (FileDescriptor)."""

    __slots__ = ("_send", "_transport")

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self._send = transport.socket.send

    def write(self, data: bytes) -> None:
        """As the transport's. An error of the socket is left for Twisted to meet again, and to act on."""
        transport = self._transport
        if transport.connected and not (
            transport.dataBuffer or transport._tempDataBuffer or transport.disconnecting or transport._writeDisconnected
        ):
            try:
                sent = self._send(data)
            except OSError:
                sent = 0
            if sent == len(data):
                return
            data = data[sent:]
        transport.write(data)


def lowest(transport: Any) -> Any:
    """What is below the layers of TLS: it keeps the output that the client has not taken yet."""
    while hasattr(transport, "wrappedProtocol"):
        transport = transport.transport
    return transport


def has_unsent(transport: Any) -> bool:
    """Whether a transport has output that the system was not given. After STARTTLS the layer of TLS stands beside the
    socket, else above it; each keeps what the one below could not take, and newer ones what came in this turn."""
    while hasattr(transport, "wrappedProtocol"):
        if _waits_in(transport):
            return True
        transport = transport.transport
    if getattr(transport, "TLS", False) and _waits_in(getattr(transport, "protocol", None)):
        return True
    return bool(getattr(transport, "dataBuffer", b"") or getattr(transport, "_tempDataBuffer", ()))


def _waits_in(layer: Any) -> bool:
    gathered = getattr(getattr(layer, "_aggregator", None), "_buffer", ())
    return bool(getattr(layer, "_appSendBuffer", ()) or gathered)
