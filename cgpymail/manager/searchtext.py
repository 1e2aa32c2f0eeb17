"""Looking for a text in headers and bodies, piece by piece (the reading half of manager/search.py).

A body is never joined: each piece is decoded (transfer encoding, charset), and the end of what came before is kept
only as far as a match over the border can reach.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from typing import Any

from cgpymail.errors import StorageFailed
from cgpymail.manager.searchview import Searchable
from cgpymail.mime.charsets import fold_text, text_decoder
from cgpymail.mime.decode import transfer_decoder
from cgpymail.mime.headers import decode_words, first_values, split_fields, unfold
from cgpymail.mime.parameters import parameter
from cgpymail.mime.structure import Part
from cgpymail.runtime.limits import KB, Limits

PIECE = 64 * KB  # octets read and decoded at a time
TURN = 256 * KB  # octets of text worked on before the reactor gets its turn: a few milliseconds
MESSAGE_COST = 4 * KB  # what opening any message costs, in such octets
_FIELD_COST = 256  # what one header field costs, in such octets
_DECODE_COST = 32  # what an octet costs where there may be encoded words
# Folding joins letters and their marks, so a match may have been longer before: keep some more of it.
_STRETCH = 4
_SLACK = 32


class Work:
    """How much was done since the reactor had its turn."""

    def __init__(self, pause: Callable[[], Awaitable[object]]) -> None:
        self._pause = pause
        self._done = 0

    async def charge(self, octets: int) -> None:
        """So much text was, or is about to be, worked on; pauses when it is time to."""
        self._done += octets
        if self._done >= TURN:
            self._done = 0
            await self._pause()


class Finder:
    """Whether a folded text occurs in text that comes in pieces."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted
        self.kept = _STRETCH * len(wanted) + _SLACK  # characters that are looked at again with the next piece
        self._tail = ""

    def feed(self, text: str) -> bool:
        """Whether it occurs in what came so far and ends in this piece."""
        text = self._tail + text
        self._tail = text[-self.kept :]
        return self._wanted in fold_text(text)


async def field_has(header: bytes, name: bytes, wanted: str, limit: int, work: Work) -> bool:
    """Whether a field called ``name`` (lower case) contains a folded text; an empty text asks for the field only."""
    for value in first_values(header, (name,), limit).get(name, ()):
        await work.charge(_FIELD_COST + _DECODE_COST * len(value))
        if _value_has(value, wanted):
            return True
    return False


async def header_has(header: bytes, wanted: str, limit: int, work: Work) -> bool:
    """Whether a folded text occurs in some field, its name or its value."""
    if b"=?" not in header and header.isascii():  # nothing to decode: the whole block at once
        block = header.replace(b"\r\n ", b" ").replace(b"\r\n\t", b"\t")
        return wanted in fold_text(block.decode("ascii"))
    for field in split_fields(header, limit):
        value = unfold(field.value)
        await work.charge(_FIELD_COST + _DECODE_COST * len(value))
        if field.name and wanted in fold_text(f"{field.name.decode('ascii')}: {decode_words(value)}"):
            return True
        if _value_has(value, wanted):
            return True
    return False


def _value_has(value: bytes, wanted: str) -> bool:
    """In an unfolded value decoded, or as it was sent."""
    if wanted in fold_text(decode_words(value)):
        return True
    return b"=?" in value and wanted in fold_text(value.decode("latin-1"))


async def body_has(mailbox: Searchable, uid: int, wanted: str, limits: Limits, work: Work) -> bool:
    """Whether a folded text occurs in a text part, or in the header of a message inside the message.

    Raises MessageGone, NotPermitted, StorageFailed.
    """
    root = await mailbox.structure(uid)
    content = mailbox.content(uid)
    try:
        await work.charge(MESSAGE_COST)
        for part in _leaves(root):
            if part.is_message:
                inner = part.parts[0]
                if await _inner_header_has(content, inner, wanted, limits, work):
                    return True
            elif part.type == "text" and await _text_has(content, part, wanted, work):
                return True
        return False
    finally:
        content.release()


def _leaves(part: Part) -> Iterator[Part]:
    """Parts without parts, and messages inside the message, in the order of the message."""
    if not part.parts or part.is_message:
        yield part
    for child in part.parts:
        yield from _leaves(child)


async def _inner_header_has(content: Any, inner: Part, wanted: str, limits: Limits, work: Work) -> bool:
    end = min(inner.body, inner.start + limits.header_size)
    block = bytearray()
    while inner.start + len(block) < end:
        block += await _read(content, inner.start + len(block), end)
    await work.charge(len(block))
    return await header_has(bytes(block), wanted, limits.header_fields, work)


async def _text_has(content: Any, part: Part, wanted: str, work: Work) -> bool:
    transfer = transfer_decoder(part.encoding)
    text = text_decoder((parameter(part.params, "charset") or "").lower())
    finder = Finder(wanted)
    offset = part.body
    while offset < part.end:
        piece = await _read(content, offset, part.end)
        offset += len(piece)
        await work.charge(len(piece) + finder.kept)
        if finder.feed(text.decode(transfer.feed(piece))):
            return True
    return finder.feed(text.decode(transfer.close(), True))


async def _read(content: Any, start: int, end: int) -> bytes:
    length = min(PIECE, end - start)
    piece: bytes | None = content.read_now(start, length)
    if piece is None:
        piece = await content.read(start, length)
    if not piece:
        raise StorageFailed(detail="a message ended early")
    return piece
