"""Applying journals to a mailbox that was loaded from its snapshot, or found again by a scan.

Values in the journal are absolute, so a record may be applied again. A record that carries a MODSEQ which the snapshot
covers is left out: without that, a journal whose end was torn off would take a newer snapshot back to an older state.
Append records are not applied here: recovery.py matches them with the bytes found, before the replay.

Messages without comment have UIDs only while the mailbox is in memory. Their bind records tell which message a UID
meant, so that what was done to it is not lost: the replay gives it that UID again until the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from cgpymail.model.keywords import MAX_KEYWORDS
from cgpymail.stores.journal import APPENDED, FLAGS, Kind, Record
from cgpymail.stores.mailfile import Stored
from cgpymail.stores.state import State


class Replay:
    """One pass over the records. ``unbound``: messages without comment that no row of the state is yet."""

    def __init__(self, state: State, covered: int, unbound: Sequence[Stored] = ()) -> None:
        self._state = state
        self._covered = covered
        self.unbound = list(unbound)
        self.doomed: list[tuple[int, int]] = []  # to be expunged, but not seen to be gone
        self._candidates: Candidates | None = None
        self._parts: list[bytes] = []

    def run(self, records: Iterable[Record]) -> None:
        """Apply them in order."""
        for record in records:
            self._state.modseq = max(self._state.modseq, record.modseq)
            if record.modseq and record.modseq <= self._covered:
                continue
            self._apply(record)

    def _apply(self, record: Record) -> None:
        state = self._state
        match record.kind:
            case Kind.FLAGS:
                flags, keywords = FLAGS.unpack_from(record.data)
                if not keywords or not keywords & ~self._defined():
                    state.set_flags(record.first, record.last, flags, keywords, record.modseq)
            case Kind.PUBLISH:
                self._publish(record)
            case Kind.EXPUNGE:
                self.doomed.append((record.first, record.last))
            case Kind.GONE:
                state.remove([(record.first, record.last)], record.modseq)
            case Kind.KEYWORD:
                self._keyword(record)
            case Kind.RECENT:
                state.recent_mark = max(state.recent_mark, record.first)
            case Kind.APPEND:
                state.use(record.first)
            case Kind.BURN:
                state.use(record.last)
            case Kind.OPEN:
                self._candidates = None
            case Kind.BIND:
                self._bind(record)
            case Kind.RENEW:
                state.renew(record.modseq, restart=bool(record.part))
            case _:
                pass  # an orderly close changes nothing

    def _publish(self, record: Record) -> None:
        modseqs = self._state.columns.modseq
        for place in range(*self._state.rows(record.first, record.last)):
            modseqs[place] = max(modseqs[place], record.modseq)

    def _defined(self) -> int:
        """The bits that mean something. A record with another one, whose definition was lost, is not understood."""
        mask = 0
        for place, _ in self._state.keywords:
            mask |= 1 << place
        return mask

    def _keyword(self, record: Record) -> None:
        """A part of a name; the last one makes it known. A run with a part missing, or for a bit that there is not,
        defines nothing."""
        place, length = record.first, record.last
        if place >= MAX_KEYWORDS:
            return
        if record.part == 0:
            self._parts = []
        elif len(self._parts) != record.part:
            return
        self._parts.append(record.data)
        name = b"".join(self._parts)
        if len(name) >= length:
            self._state.define(place, name[:length].decode("utf-8", "surrogateescape"))

    def _bind(self, record: Record) -> None:
        """Find the message that a UID meant: at its place, or by its bytes if the file was rewritten meanwhile."""
        offset, length, crc, _, _, _ = APPENDED.unpack(record.data)
        self._state.use(record.first)
        if self._candidates is None:
            self._candidates = Candidates([*self._foreign_rows(), *self.unbound])
        stored = self._candidates.take(offset, length, crc)
        if stored is None:
            return
        if stored.uid == 0:
            self.unbound = [other for other in self.unbound if other is not stored]
            self._state.insert(replace(stored, uid=record.first), 0, 0, record.modseq)
        elif stored.uid != record.first:
            self._state.rename(stored.uid, record.first, record.modseq)

    def _foreign_rows(self) -> list[Stored]:
        state = self._state
        return [state.stored(state.columns.find(uid)) for uid in state.foreign()]


class Candidates:
    """Messages without comment that no bind record has named yet since the mailbox was opened last."""

    def __init__(self, messages: Iterable[Stored]) -> None:
        self._exact: dict[tuple[int, int, int], Stored] = {}
        self._alike: dict[tuple[int, int], list[Stored]] = {}
        for stored in messages:
            place = stored.location
            self._exact[place.offset, place.length, place.crc] = stored
            self._alike.setdefault((place.length, place.crc), []).append(stored)

    def take(self, offset: int, length: int, crc: int) -> Stored | None:
        """The message at that place with those bytes, else any other with them; not given again."""
        alike = self._alike.get((length, crc))
        if not alike:
            return None
        chosen = self._exact.pop((offset, length, crc), alike[0])
        if all(chosen is not other for other in alike):
            chosen = alike[0]
        self._alike[length, crc] = [other for other in alike if other is not chosen]
        return chosen
