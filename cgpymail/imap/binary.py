"""BINARY (RFC 3516): parts of a message with their transfer encoding undone, never a whole large part in memory.

The size of what is sent must be known before its first octet, and whether there is a NUL in it decides how it is sent;
so a part is decoded once for measuring, and the result is kept in the handle's cache. What is then sent is decoded
again, piece by piece, as the client reads. Both passes work in pieces and give other sessions their turn.

A message as a whole, and whatever holds other parts, has no encoding to undo (RFC 2045 6.4): it comes as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from cgpymail.errors import UnknownEncoding
from cgpymail.grammar.imap.items import BinarySection
from cgpymail.imap.parts import Range, read_piece
from cgpymail.manager.handle import Handle
from cgpymail.mime.decode import is_known_encoding, transfer_decoder
from cgpymail.mime.part import find_part

_AS_IT_IS = "binary"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Octets ``start`` to ``end`` of what becomes of the encoded octets ``where``. ``nul``: there may be a NUL."""

    where: Range
    encoding: str
    start: int
    end: int
    nul: bool

    @property
    def size(self) -> int:
        """How many octets will be sent."""
        return self.end - self.start

    def cut(self, partial: tuple[int, int] | None) -> Decoded:
        """What ``<offset.length>`` leaves of it; nothing when it begins behind the end."""
        left = Range(self.start, self.end).cut(partial)
        return Decoded(self.where, self.encoding, left.start, left.end, self.nul)


class Binaries:
    """Decoded parts of the messages of one handle. ``breathe``: lets others have their turn in long work.

    Everything raises UnknownEncoding, and what handle.structure and handle.content raise.
    """

    def __init__(self, handle: Handle, breathe: Callable[[], Awaitable[None]]) -> None:
        self._handle = handle
        self._breathe = breathe

    async def find(self, uid: int, item: BinarySection, content: Any) -> Decoded | None:
        """What is to be sent; None if there is no such part (the answer is NIL)."""
        whole = await self._measure(uid, item.path, content)
        return None if whole is None else whole.cut(item.partial)

    async def size(self, uid: int, path: tuple[int, ...]) -> int:
        """The value of BINARY.SIZE; 0 if there is no such part, for which the grammar has no NIL."""
        content = self._handle.content(uid)
        try:
            whole = await self._measure(uid, path, content)
        finally:
            content.release()
        return 0 if whole is None else whole.size

    async def octets(self, decoded: Decoded, content: Any) -> bytes:
        """All of it, for small ones."""
        return b"".join([piece async for piece in self.pieces(decoded, content)])

    async def pieces(self, decoded: Decoded, content: Any) -> AsyncIterator[bytes]:
        """The octets in order."""
        place = 0  # in what the part decodes to
        async for piece in self._decode(decoded.where, decoded.encoding, content, decoded.end):
            first = max(decoded.start - place, 0)
            wanted = piece[first : max(decoded.end - place, 0)]
            place += len(piece)
            if wanted:
                yield wanted

    async def _measure(self, uid: int, path: tuple[int, ...], content: Any) -> Decoded | None:
        where, encoding = Range(0, content.size), _AS_IT_IS
        if path:
            part = find_part(await self._handle.structure(uid), path)
            if part is None:
                return None
            where = Range(part.body, part.end)
            encoding = _AS_IT_IS if part.parts else part.encoding
        if not is_known_encoding(encoding):
            raise UnknownEncoding
        kind = f"BINARY {path}"
        known = self._handle.cached(uid, kind)
        if known is None:
            size = nuls = 0
            async for piece in self._decode(where, encoding, content):
                size += len(piece)
                nuls += b"\0" in piece
            known = b"%d %d" % (size, bool(nuls))
            self._handle.cache(uid, kind, known)
        octets, _, nul = known.partition(b" ")
        return Decoded(where, encoding, 0, int(octets), nul == b"1")

    async def _decode(
        self, where: Range, encoding: str, content: Any, enough: int | None = None
    ) -> AsyncIterator[bytes]:
        """A part decoded from its beginning; it may stop after ``enough`` octets."""
        decoder = transfer_decoder(encoding)
        place, made = where.start, 0
        while place < where.end and (enough is None or made < enough):
            piece = await read_piece(content, place, where.end)
            place += len(piece)
            decoded = decoder.feed(piece)
            made += len(decoded)
            yield decoded
            await self._breathe()
        yield decoder.close()
