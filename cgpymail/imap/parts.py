"""Facts from inside a message, for FETCH: its ENVELOPE, its BODYSTRUCTURE, and the octets that a section names.

The finished texts of a message never change, so they are kept in the handle's cache. Everything is found out before
the first octet of a response is sent: an answer is whole, or there is none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cgpymail.errors import StorageFailed
from cgpymail.grammar.imap.fetchdata import envelope_text, structure_text
from cgpymail.grammar.imap.items import BodySection
from cgpymail.manager.handle import Handle
from cgpymail.mime.envelope import parse_envelope
from cgpymail.mime.section import choose_fields, section_range
from cgpymail.mime.structure import Part
from cgpymail.model.section import Section, Specifier
from cgpymail.runtime.limits import Limits

CHUNK = 64 * 1024
_HEADERS = frozenset({Specifier.HEADER, Specifier.FIELDS, Specifier.FIELDS_NOT})
_CHOICES = frozenset({Specifier.FIELDS, Specifier.FIELDS_NOT})


@dataclass(frozen=True, slots=True)
class Range:
    """Octets ``start`` to ``end`` of the message, still to be read."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """How many."""
        return self.end - self.start

    def cut(self, partial: tuple[int, int] | None) -> Range:
        """What ``<offset.length>`` leaves of it; nothing when it begins behind the end."""
        if partial is None:
            return self
        start = min(self.start + partial[0], self.end)
        return Range(start, min(start + partial[1], self.end))


class Parts:
    """Answers for the messages of one handle. Errors are those of handle.headers, structure and content."""

    def __init__(self, handle: Handle, limits: Limits) -> None:
        self._handle = handle
        self._limits = limits

    async def envelope(self, uid: int) -> bytes:
        """The value of ENVELOPE."""
        text = self._handle.cached(uid, "ENVELOPE")
        if text is None:
            text = envelope_text(parse_envelope(await self._handle.headers(uid), self._limits))
            self._handle.cache(uid, "ENVELOPE", text)
        return text

    async def structure(self, uid: int, *, extended: bool) -> bytes:
        """The value of BODYSTRUCTURE, or of BODY if not ``extended``."""
        kind = "BODYSTRUCTURE" if extended else "BODY"
        text = self._handle.cached(uid, kind)
        if text is None:
            root = await self._handle.structure(uid)
            text = structure_text(root, await self._envelopes(uid, root), extended=extended)
            self._handle.cache(uid, kind, text)
        return text

    async def _envelopes(self, uid: int, root: Part) -> dict[int, bytes]:
        """The finished ENVELOPE of every message inside, by where it begins."""
        messages = list(_messages(root))
        if not messages:
            return {}
        content = self._handle.content(uid)
        try:
            found: dict[int, bytes] = {}
            for message in messages:
                header = await self._header(content, Range(message.start, message.body))
                found[message.start] = envelope_text(parse_envelope(header, self._limits))
            return found
        finally:
            content.release()

    async def section(self, uid: int, item: BodySection, content: Any) -> bytes | Range | None:
        """What BODY[...] names, partial and all: octets at hand, a range to be read, or None (no such part: NIL)."""
        section = item.section
        where = await self._where(uid, section, content.size)
        if where is None:
            return None
        if section.specifier not in _CHOICES:
            return where.cut(item.partial)
        block = await self._block(uid, section, where, content)
        chosen = choose_fields(block, section, self._limits.header_fields)
        if item.partial is None:
            return chosen
        offset, length = item.partial
        return chosen[offset : offset + length]

    async def _where(self, uid: int, section: Section, size: int) -> Range | None:
        """Whole messages and short headers need no look at the structure."""
        if not section.path:
            if section.specifier is Specifier.WHOLE:
                return Range(0, size)
            header = len(await self._handle.headers(uid))
            if header < self._limits.header_size:
                return Range(0, header) if section.specifier in _HEADERS else Range(header, size)
        found = section_range(await self._handle.structure(uid), section)
        return None if found is None else Range(*found)

    async def _block(self, uid: int, section: Section, where: Range, content: Any) -> bytes:
        return await self._header(content, where) if section.path else await self._handle.headers(uid)

    async def _header(self, content: Any, where: Range) -> bytes:
        """The octets of a header, cut at the limit of those that are looked into."""
        block = bytearray()
        end = min(where.end, where.start + self._limits.header_size)
        while where.start + len(block) < end:
            block += await read_piece(content, where.start + len(block), end)
        return bytes(block)


async def read_piece(content: Any, start: int, end: int) -> bytes:
    """Some octets from ``start`` on, at least one: inline if it can be. Raises StorageFailed."""
    length = min(CHUNK, end - start)
    piece: bytes | None = content.read_now(start, length)
    if piece is None:
        piece = await content.read(start, length)
    if not piece:
        raise StorageFailed(detail="a message ended early")
    return piece


def _messages(part: Part) -> Iterator[Part]:
    """Every message inside, however deep."""
    if part.is_message and part.parts:
        yield part.parts[0]
    for child in part.parts:
        yield from _messages(child)
