"""FETCH responses (RFC 3501 7.4.2): rows of many messages in one piece, bodies in pieces as the client reads them.

Four ways, by what was asked for. Flags, UIDs, dates and sizes come from the columns: thousands of rows are one join. A
small message, asked for as it is, goes out in one piece. Other facts are put together message by message. The octets of
a large body never exist as a whole: they are pulled from the store in chunks, and a client that stops reading stops the
pulling.

When one message fails, the others are still answered, and the first failure is the answer to the command. What can
fail is done before the first octet of a response is sent: places are looked up, small sections are read. A failure in
the middle of a large body cannot be said any more, because its length was promised: the connection ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cgpymail.errors import MailboxGone, MailError, StorageFailed
from cgpymail.grammar.imap import items as data
from cgpymail.grammar.imap.fetchdata import flags_item, internal_date_item, section_start, size_item, uid_item
from cgpymail.grammar.imap.modseqs import modseq_item
from cgpymail.imap.binary import Binaries, Decoded
from cgpymail.imap.context import CONDSTORE, Context, ProtocolEnd
from cgpymail.imap.extras import Extra, Extras
from cgpymail.imap.parts import CHUNK, Parts, Range, is_choice, read_piece
from cgpymail.imap.texts import fetch_rows
from cgpymail.manager.handle import Handle, Selection
from cgpymail.model.columns import Columns, Row
from cgpymail.model.flags import SEEN
from cgpymail.model.section import Specifier
from cgpymail.runtime.logs import PROBLEM

_FROM_ROW: dict[type[data.FetchItem], Callable[[Row], bytes]] = {
    data.Uid: lambda row: uid_item(row.uid),
    data.InternalDate: lambda row: internal_date_item(row.date),
    data.Size: lambda row: size_item(row.size),
    data.ModSeq: lambda row: modseq_item(row.modseq),
}
_IN_ROWS = frozenset({data.InternalDate, data.Size, data.ModSeq})
_BULK = _IN_ROWS | {data.Flags, data.Uid}
_NO_ROWS = Columns()
_ROWS = 2_500  # in one piece; stays below the output buffer


@dataclass(frozen=True, slots=True)
class _Body:
    """One section of one message: its place (None: no such part) and, if it was small, its octets."""

    item: data.BodySection | data.BinarySection
    where: Range | Decoded | None
    value: bytes | None


class FetchWriter:
    """Answers one FETCH command."""

    def __init__(self, context: Context, handle: Handle, items: Sequence[data.FetchItem]) -> None:
        self._context = context
        self._handle = handle
        self._items = tuple(dict.fromkeys(items)) if len(items) > 1 else tuple(items)  # each once
        self._kinds = frozenset(map(type, self._items))
        self._sections = [item for item in self._items if isinstance(item, data.BodySection | data.BinarySection)]
        self._marks = any(not section.peek for section in self._sections)
        self._whole = _only_the_whole(self._items)
        self._parts = Parts(handle, context.services.limits, context.dialect)
        context.binaries = self._binaries = context.binaries or Binaries(handle, context.breathe)
        self._extras = Extras(handle, context.breathe)

    async def write(self, chosen: Selection) -> None:
        """All responses, in order. Raises the first MailError that a message met, after the other messages."""
        if self._kinds <= _BULK:
            await self._write_rows(chosen)
            return
        failed: MailError | None = None
        for place, (seq, uid) in enumerate(zip(chosen.seqs, chosen.uids, strict=True)):
            if place or self._context.crowded:
                await self._context.room()
            self._handle.progress = (place, len(chosen.uids))
            try:
                if self._whole is not None and self._write_whole(seq, uid, self._whole):
                    continue
                if self._sections:
                    await self._write_message(seq, uid)
                else:
                    words = await self._facts(self._handle.row(uid), newly_seen=False)
                    self._context.send(b"* %d FETCH (%b)\r\n" % (seq, b" ".join(words)))
            except MailboxGone:
                raise
            except MailError as problem:
                failed = failed or problem
        if failed is not None:
            raise failed

    async def _write_rows(self, chosen: Selection) -> None:
        wanted = self._kinds
        for start in range(0, len(chosen.uids), _ROWS):
            if start or self._context.crowded:
                await self._context.room()
            seqs, uids = chosen.seqs[start : start + _ROWS], chosen.uids[start : start + _ROWS]
            rows = self._handle.rows(uids) if wanted & _IN_ROWS else _NO_ROWS
            text = fetch_rows(
                seqs,
                uids=uids if data.Uid in wanted else None,
                flags=self._handle.flags(uids) if data.Flags in wanted else None,
                dates=rows.date if data.InternalDate in wanted else None,
                sizes=rows.size if data.Size in wanted else None,
                modseqs=rows.modseq if data.ModSeq in wanted else None,
            )
            self._context.send(text)

    def _write_whole(self, seq: int, uid: int, label: bytes) -> bool:
        """The short way for what is asked for most: a message as it is. False: too large for it, or not in memory."""
        if self._handle.row(uid).size > CHUNK:
            return False
        content = self._handle.content(uid)
        try:
            value = content.read_now(0, content.size)
        finally:
            content.release()
        if value is None or len(value) < content.size:
            return False
        self._context.send(b"* %d FETCH (%b%b)\r\n" % (seq, section_start(label, len(value)), value))
        return True

    async def _write_message(self, seq: int, uid: int) -> None:
        row = self._handle.row(uid)
        content = self._handle.content(uid)
        try:
            bodies = await self._find_bodies(uid, content)
            newly_seen = self._marks and not row.flags & SEEN and self._mark_seen(uid)
            row = self._handle.row(uid) if newly_seen else row
            words = await self._facts(row, newly_seen=newly_seen)
            self._context.midway = True
            self._context.send(b"* %d FETCH (%b" % (seq, b" ".join(words)))
            await self._write_bodies(content, bodies, first=not words)
            self._context.send(b")\r\n")
            self._context.midway = False
        finally:
            content.release()

    def _mark_seen(self, uid: int) -> bool:
        """Whether the message became Seen; a disk that takes no more flags does not keep anybody from reading."""
        try:
            return bool(self._handle.mark_seen([uid]))
        except StorageFailed as problem:
            self._context.log.write(PROBLEM, f"Seen was not stored: {problem}")
            return False

    async def _facts(self, row: Row, *, newly_seen: bool) -> list[bytes]:
        """The items that are no sections; the new flags are told when reading has changed them (RFC 3501 6.4.5)."""
        words: list[bytes] = []
        for item in self._items:
            make = _FROM_ROW.get(type(item))
            if make is not None:
                words.append(make(row))
            elif isinstance(item, data.Flags):
                words.append(flags_item(self._handle.flags([row.uid])[0]))
            elif isinstance(item, data.Envelope):
                words.append(b"ENVELOPE " + await self._parts.envelope(row.uid))
            elif isinstance(item, data.BodyStructure):
                name = b"BODYSTRUCTURE " if item.extended else b"BODY "
                words.append(name + await self._parts.structure(row.uid, extended=item.extended))
            elif isinstance(item, Extra):
                words.append(await self._extras.text(item, row))
            elif isinstance(item, data.BinarySize):
                words.append(b"%b %d" % (item.label, await self._binaries.size(row.uid, item.path)))
        if newly_seen and data.Flags not in self._kinds:
            words.append(flags_item(self._handle.flags([row.uid])[0]))
        if newly_seen and data.ModSeq not in self._kinds and CONDSTORE in self._context.enabled:
            words.append(modseq_item(row.modseq))
        return words

    async def _find_bodies(self, uid: int, content: Any) -> list[_Body]:
        """Every section with its place; as many as fit into one chunk together are read already."""
        bodies: list[_Body] = []
        left = CHUNK
        for place, item in enumerate(self._sections):
            if place:
                await self._context.breathe()  # a list of fields costs a look at the whole header
            body = await self._find_body(uid, item, content, left)
            left -= len(body.value or b"")
            bodies.append(body)
        return bodies

    async def _find_body(self, uid: int, item: data.BodySection | data.BinarySection, content: Any, room: int) -> _Body:
        """One section; it is read already if it has at most ``room`` octets."""
        value: bytes | None = None
        if isinstance(item, data.BinarySection):
            decoded = await self._binaries.find(uid, item, content)
            if decoded is not None and decoded.size <= room:
                value = await self._binaries.octets(decoded, content)
            return _Body(item, decoded, value)
        where = await self._parts.where(uid, item, content.size)
        if where is not None and where.size <= room:
            value = await self._parts.octets(item, where, content)
        return _Body(item, where, value)

    async def _write_bodies(self, content: Any, bodies: Sequence[_Body], *, first: bool) -> None:
        send = self._context.send
        for body in bodies:
            send(b"" if first else b" ")
            first = False
            if body.where is None:
                send(body.item.label + b" NIL")
            elif body.value is not None:
                binary = isinstance(body.where, Decoded) and body.where.nul
                send(section_start(body.item.label, len(body.value), binary=binary) + body.value)
            else:
                await self._write_late(content, body.item, body.where)

    async def _write_late(
        self, content: Any, item: data.BodySection | data.BinarySection, where: Range | Decoded
    ) -> None:
        """A section too large to have been read before."""
        try:
            if isinstance(where, Decoded):
                self._context.send(section_start(item.label, where.size, binary=where.nul))
                async for piece in self._binaries.pieces(where, content):
                    self._context.send(piece)
                    await self._context.room()
            elif isinstance(item, data.BodySection) and is_choice(item):
                value = await self._parts.octets(item, where, content)
                self._context.send(section_start(item.label, len(value)) + value)
                await self._context.room()
            else:
                self._context.send(section_start(item.label, where.size))
                await self._stream(content, where)
        except MailError as problem:
            raise ProtocolEnd(f"a message broke off while it was sent: {problem}") from problem

    async def _stream(self, content: Any, where: Range) -> None:
        """The octets of a section, as fast as the client reads them."""
        place = where.start
        while place < where.end:
            piece = await read_piece(content, place, where.end)
            self._context.send(piece)
            place += len(piece)
            await self._context.room()


def _only_the_whole(items: Sequence[data.FetchItem]) -> bytes | None:
    """The label, if BODY.PEEK[] is all that is asked for."""
    if len(items) == 1 and isinstance(items[0], data.BodySection) and items[0].peek and items[0].partial is None:
        section = items[0].section
        if not section.path and section.specifier is Specifier.WHOLE:
            return items[0].label
    return None
