"""Reading a stored message for its header block or its structure, without waiting for the disk on the reactor thread.

What is in memory is read at once, the rest on a thread; after some pieces the reactor gets its turn, so that a large
message does not hold up the other sessions.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from twisted.internet.defer import Deferred

from cgpymail.errors import StorageFailed
from cgpymail.manager.mailbox import Mailbox
from cgpymail.mime.structure import Part, StructureScanner
from cgpymail.runtime.limits import KB
from cgpymail.runtime.runtime import Clock

PIECE = 64 * KB
PIECES_PER_TURN = 4
PART_OCTETS = 700  # of memory, for one parsed part

BLANK_LINE = b"\r\n\r\n"


async def pieces(content: Any, clock: Clock) -> AsyncIterator[bytes]:
    """The wire form of an IStoredContent, piece by piece. Raises StorageFailed."""
    offset = 0
    count = 0
    while offset < content.size:
        length = min(PIECE, content.size - offset)
        piece = content.read_now(offset, length)
        if piece is None:
            piece = await content.read(offset, length)
        if not piece:
            raise StorageFailed(detail="a message ended early")
        yield piece
        offset += len(piece)
        count += 1
        if count % PIECES_PER_TURN == 0:
            await next_turn(clock)


def next_turn(clock: Clock) -> Deferred[None]:
    """Fires when the reactor has done what else is due."""
    later: Deferred[None] = Deferred()
    clock.callLater(0, later.callback, None)
    return later


async def read_headers(mailbox: Mailbox, uid: int) -> bytes:
    """The header block with its blank line; all there is if there is none; cut at ``limits.header_size``.

    Raises MessageGone, StorageFailed.
    """
    facts = mailbox.facts
    block: bytes | None = facts.get(mailbox.number, uid, "headers")
    if block is None:
        block = await header_block(mailbox, uid)
        facts.put(mailbox.number, uid, "headers", block, len(block))
    return block


async def header_block(mailbox: Mailbox, uid: int) -> bytes:
    """The same, not kept: for many messages. Raises as ``read_headers``."""
    content = mailbox.store.content(uid)
    try:
        return await _header_block(content, mailbox.runtime.clock, mailbox.limits.header_size)
    finally:
        content.release()


async def _header_block(content: Any, clock: Clock, limit: int) -> bytes:
    block = bytearray()
    searched = 0
    async for piece in pieces(content, clock):
        block += piece
        if block.startswith(b"\r\n"):
            return b"\r\n"
        end = block.find(BLANK_LINE, searched)
        if end >= 0:
            del block[end + len(BLANK_LINE) :]
            break
        searched = max(0, len(block) - len(BLANK_LINE) + 1)
        if len(block) >= limit:
            break
    return bytes(block[:limit])


async def read_structure(mailbox: Mailbox, uid: int) -> Part:
    """The parsed tree of the whole message. Raises MessageGone, StorageFailed."""
    facts = mailbox.facts
    part: Part | None = facts.get(mailbox.number, uid, "structure")
    if part is None:
        content = mailbox.store.content(uid)
        scanner = StructureScanner(mailbox.limits)
        try:
            async for piece in pieces(content, mailbox.runtime.clock):
                scanner.feed(piece)
        finally:
            content.release()
        part = scanner.close()
        facts.put(mailbox.number, uid, "structure", part, PART_OCTETS * _count_parts(part))
    return part


def _count_parts(part: Part) -> int:
    return 1 + sum(_count_parts(child) for child in part.parts)
