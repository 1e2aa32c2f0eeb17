"""BINARY (RFC 3516): parts of a message with their transfer encoding undone, never a whole large part in memory.

The size of what is sent must be known before its first octet, and whether there is a NUL in it decides how it is sent;
so a part is decoded once for measuring, and the result is kept in the handle's cache. What is then sent is decoded
again, piece by piece, as the client reads. Both passes work in pieces and give other sessions their turn. Clients fetch
large parts range by range: each range is decoded from where the one before ended, not from the beginning.

A message as a whole, and whatever holds other parts, has no encoding to undo (RFC 2045 6.4): it comes as it is.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from copy import copy
from dataclasses import dataclass, replace
from typing import Any

from cgpymail.errors import UnknownEncoding
from cgpymail.grammar.imap.items import BinarySection
from cgpymail.imap.parts import Range, read_piece
from cgpymail.manager.handle import Handle
from cgpymail.mime.decode import TransferDecoder, is_known_encoding, transfer_decoder
from cgpymail.mime.part import find_part

_AS_IT_IS = "binary"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Octets ``start`` to ``end`` of what becomes of the encoded octets ``where`` of message ``uid``. ``nul``: there
    may be a NUL."""

    uid: int
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
        return replace(self, start=left.start, end=left.end)


@dataclass(slots=True)
class _Progress:
    """How far a part is decoded: where the encoded octets go on, and how many decoded ones came out."""

    decoder: TransferDecoder
    place: int
    made: int = 0

    def copy(self) -> _Progress:
        """Another one, to go on from here later."""
        return _Progress(copy(self.decoder), self.place, self.made)

    def feed(self, piece: bytes, end: int) -> bytes:
        """What becomes of the next encoded octets; the last ones end at ``end``."""
        self.place += len(piece)
        decoded = self.decoder.feed(piece)
        if self.place == end:
            decoded += self.decoder.close()
        self.made += len(decoded)
        return decoded


class Binaries:
    """Decoded parts of the messages of one handle. ``breathe``: lets others have their turn in long work.

    Everything raises UnknownEncoding, and what handle.structure and handle.content raise.
    """

    def __init__(self, handle: Handle, breathe: Callable[[], Awaitable[None]]) -> None:
        self._handle = handle
        self._breathe = breathe
        self._left_off: tuple[tuple[int, Range, str], _Progress] | None = None  # before the last piece of a range

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
        end = decoded.where.end
        progress = self._resume(decoded)
        while progress.place < end and progress.made < decoded.end:
            self._left_off = (decoded.uid, decoded.where, decoded.encoding), progress.copy()
            before = progress.made
            piece = progress.feed(await read_piece(content, progress.place, end), end)
            wanted = piece[max(decoded.start - before, 0) : decoded.end - before]
            if wanted:
                yield wanted
            await self._breathe()

    def _resume(self, decoded: Decoded) -> _Progress:
        """Where the last range of the part ended, if that helps; else its beginning."""
        if self._left_off is not None:
            part, progress = self._left_off
            if part == (decoded.uid, decoded.where, decoded.encoding) and progress.made <= decoded.start:
                return progress.copy()
        return _Progress(transfer_decoder(decoded.encoding), decoded.where.start)

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
            known = await self._count(where, encoding, content)
            self._handle.cache(uid, kind, known)
        octets, _, nul = known.partition(b" ")
        return Decoded(uid, where, encoding, 0, int(octets), nul == b"1")

    async def _count(self, where: Range, encoding: str, content: Any) -> bytes:
        """How many octets a part decodes to, and whether there is a NUL, as text for the cache."""
        progress = _Progress(transfer_decoder(encoding), where.start)
        nul = False
        while progress.place < where.end:
            piece = await read_piece(content, progress.place, where.end)
            nul = b"\0" in progress.feed(piece, where.end) or nul
            await self._breathe()
        return b"%d %d" % (progress.made, nul)
