"""Facts from inside a message, for FETCH: its ENVELOPE, its BODYSTRUCTURE, and the octets that a section names.

The finished texts of a message never change, so they are kept in the handle's cache.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from cgpymail.errors import StorageFailed
from cgpymail.grammar.imap.dialect import Dialect
from cgpymail.grammar.imap.fetchdata import ALL_MESSAGES, MESSAGES, envelope_text, structure_text
from cgpymail.grammar.imap.items import BodySection
from cgpymail.manager.handle import Handle
from cgpymail.mime.addresses import Allowance
from cgpymail.mime.envelope import parse_envelope
from cgpymail.mime.section import choose_fields, section_range
from cgpymail.mime.structure import Part
from cgpymail.model.section import Section, Specifier
from cgpymail.runtime.limits import Limits

CHUNK = 64 * 1024
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

    def __init__(self, handle: Handle, limits: Limits, dialect: Dialect) -> None:
        self._handle = handle
        self._limits = limits
        self._revision2 = dialect.revision2

    async def envelope(self, uid: int) -> bytes:
        """The value of ENVELOPE."""
        text = self._handle.cached(uid, "ENVELOPE")
        if text is None:
            text = envelope_text(parse_envelope(await self._handle.headers(uid), self._limits))
            self._handle.cache(uid, "ENVELOPE", text)
        return text

    async def structure(self, uid: int, *, extended: bool) -> bytes:
        """The value of BODYSTRUCTURE, or of BODY if not ``extended``."""
        kind = ("BODYSTRUCTURE" if extended else "BODY") + ("/2" if self._revision2 else "")
        text = self._handle.cached(uid, kind)
        if text is None:
            root = await self._handle.structure(uid)
            messages = ALL_MESSAGES if self._revision2 else MESSAGES
            text = structure_text(root, await self._envelopes(uid, root), extended=extended, messages=messages)
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
            allowance = Allowance(self._limits.addresses)
            for message in messages:
                header = await self._header(content, Range(message.start, message.body))
                found[message.start] = envelope_text(parse_envelope(header, self._limits, allowance))
            return found
        finally:
            content.release()

    async def where(self, uid: int, item: BodySection, size: int) -> Range | None:
        """Where in the message (of ``size`` octets) the octets are, None if there is no such part (the answer is NIL).

        For a list of header fields it is the whole header, of which ``octets`` makes the choice.
        """
        found = await self._find(uid, item.section, size)
        return found if found is None or is_choice(item) else found.cut(item.partial)

    async def _find(self, uid: int, section: Section, size: int) -> Range | None:
        """Whole messages and short headers need no look at the structure."""
        if not section.path:
            if section.specifier is Specifier.WHOLE:
                return Range(0, size)
            header = len(await self._handle.headers(uid))
            if header < self._limits.header_size:
                return Range(header, size) if section.specifier is Specifier.TEXT else Range(0, header)
        found = section_range(await self._handle.structure(uid), section)
        return None if found is None else Range(*found)

    async def octets(self, item: BodySection, where: Range, content: Any) -> bytes:
        """The value itself, of a small section or a list of header fields."""
        if not is_choice(item):
            return await _read_all(content, where)
        chosen = choose_fields(await self._header(content, where), item.section, self._limits.header_fields)
        if item.partial is None:
            return chosen
        offset, length = item.partial
        return chosen[offset : offset + length]

    async def _header(self, content: Any, where: Range) -> bytes:
        """The octets of a header, cut at the limit of those that are looked into."""
        return await _read_all(content, Range(where.start, min(where.end, where.start + self._limits.header_size)))


def is_choice(item: BodySection) -> bool:
    """Whether a section is not one piece of the message but some fields of a header."""
    return item.section.specifier in _CHOICES


async def read_piece(content: Any, start: int, end: int) -> bytes:
    """Some octets from ``start`` on, at least one: inline if it can be. Raises StorageFailed."""
    length = min(CHUNK, end - start)
    piece: bytes | None = content.read_now(start, length)
    if piece is None:
        piece = await content.read(start, length)
    if not piece:
        raise StorageFailed(detail="a message ended early")
    return piece


async def _read_all(content: Any, where: Range) -> bytes:
    if not where.size:
        return b""
    first = await read_piece(content, where.start, where.end)
    if len(first) == where.size:
        return first
    block = bytearray(first)
    while len(block) < where.size:
        block += await read_piece(content, where.start + len(block), where.end)
    return bytes(block)


def _messages(part: Part) -> Iterator[Part]:
    """Every message inside, however deep."""
    if part.is_message and part.parts:
        yield part.parts[0]
    for child in part.parts:
        yield from _messages(child)
