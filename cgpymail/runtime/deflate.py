"""Compression of one connection (RFC 4978: raw deflate, RFC 1951), between the transport and the session.

Output: each write is compressed and flushed to an octet border, so that the client can read all of it. Level 3 with a
window of 8 KB: replies shrink to between an eighth and a half for 8 to 40 microseconds a KB; the largest window and
level 6 save a sixth more of mail texts and cost twice the time and four times the memory.

Input: a KB may become a MB, so it is inflated in pieces, and after each piece the others have their turn. While there
is more to inflate, or the session wants no more, nothing is read from the client: what waits here is at most what one
read of the transport gave.

Memory of a session with compression, idle or not: 64 KB to deflate (the settings below), 7 KB to inflate and up to 32
for the window that the client chooses. Measured: 50 KB more than without after a first short command, 105 at most.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Any

from cgpymail.runtime.runtime import Clock

LEVEL = 3
WINDOW = 13  # bits: 8 KB
MEMORY = 6  # zlib's memLevel: 32 KB of hash tables beside 32 KB of window
PIECE = 16 * 1024  # octets inflated in one go


class Compression:
    """Both directions. ``deliver`` takes what the client said; ``reading`` switches reading from it on and off;
    ``fail`` is called, once, when what came is no deflate stream, or goes on behind its end."""

    def __init__(
        self,
        clock: Clock,
        deliver: Callable[[bytes], None],
        reading: Callable[[bool], None],
        fail: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._deliver = deliver
        self._reading = reading
        self._fail = fail
        self._deflater = zlib.compressobj(LEVEL, zlib.DEFLATED, -WINDOW, MEMORY)
        self._inflater = zlib.decompressobj(-zlib.MAX_WBITS)
        self._rest = b""  # compressed, not inflated yet
        self._more = False  # there is something to inflate
        self._paused = False  # the session wants no more for now
        self._reads = True
        self._ended = False
        self._turn: Any = None

    def deflate(self, data: bytes) -> bytes:
        """Output as it goes over the line."""
        return self._deflater.compress(data) + self._deflater.flush(zlib.Z_SYNC_FLUSH)

    def received(self, data: bytes) -> None:
        """Input as it came over the line."""
        if not self._ended:
            self._rest += data
            self._more = True
            self._go_on()

    def pause(self) -> None:
        """Deliver no more."""
        self._paused = True
        self._balance()

    def resume(self) -> None:
        """Deliver again, not before the caller is done."""
        self._paused = False
        self._balance()

    def close(self) -> None:
        """The link is gone."""
        self._ended = True
        self._more = False
        self._rest = b""
        if self._turn is not None:
            self._turn.cancel()
            self._turn = None

    def _go_on(self) -> None:
        """Inflate a piece, if one may be delivered now."""
        if self._turn is not None or self._paused or not self._more:
            return
        try:
            piece = self._inflater.decompress(self._rest, PIECE)
        except zlib.error:
            self._broken()
            return
        self._rest = self._inflater.unconsumed_tail
        if self._inflater.unused_data:
            self._broken()
            return
        self._more = bool(self._rest) or len(piece) == PIECE  # what is full may have more behind it, without new input
        self._balance()
        if piece:
            self._deliver(piece)

    def _balance(self) -> None:
        """See to the next turn, and whether the client is read."""
        if self._more and not self._paused and self._turn is None:
            self._turn = self._clock.callLater(0, self._next_turn)
        wanted = not self._more and not self._paused
        if wanted != self._reads:
            self._reads = wanted
            self._reading(wanted)

    def _next_turn(self) -> None:
        self._turn = None
        self._go_on()

    def _broken(self) -> None:
        self.close()
        self._fail()
