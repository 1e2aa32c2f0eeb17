"""A mailbox at one moment, for work on a thread: copies of its columns, and the messages as a format wants them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import overload

from cgpymail.model.keywords import KeywordTable
from cgpymail.stores.core import Core
from cgpymail.stores.mailfile import FOREIGN, Marking, Stored


class Capture:
    """The state when it was made. Takes over what is dirty and unmarked; ``give_back`` if it could not be done."""

    def __init__(self, core: Core) -> None:
        state = core.state
        self.columns = state.columns.copy()
        self.locations = state.locations.copy()
        self.keywords = KeywordTable()
        for place, name in state.keywords:
            self.keywords.define(place, name)
        self.expunged = state.expunged.copy()
        self.recent_mark = state.recent_mark
        self.modseq = state.modseq
        self.note = core.note
        self.ghosts = list(core.departed)
        self._adopts = core.mail.adopts
        self._dirty, state.dirty = state.dirty, set()
        self._unmarked, state.unmarked = state.unmarked, {}
        self._names: dict[int, tuple[str, ...]] = {0: ()}

    def give_back(self, core: Core) -> None:
        """The mail file does not have it yet. Harmless when it does."""
        core.state.dirty |= {uid for uid in self._dirty if core.state.columns.find(uid) >= 0}
        core.state.unmarked = self._unmarked | core.state.unmarked

    def done(self) -> None:
        """The mail file has it all: there is nothing to give back."""
        self._dirty, self._unmarked = set(), {}

    def names(self, mask: int) -> tuple[str, ...]:
        """The keywords in a mask."""
        found = self._names.get(mask)
        if found is None:
            found = self._names[mask] = tuple(self.keywords.names(mask))
        return found

    def stored(self, place: int) -> Stored:
        """The message at a row number."""
        columns = self.columns
        return Stored(columns.uid[place], columns.date[place], columns.size[place], self.locations.at(place))

    def marking(self, place: int) -> Marking:
        """What the disk is to say of the message at a row number. Without comment: nothing (spec 4.4)."""
        stored = self.stored(place)
        if stored.location.disk & FOREIGN and not self._adopts:
            return Marking(stored, 0, ())
        return Marking(stored, self.columns.flags[place], self.names(self.columns.keywords[place]))

    def markings(self) -> list[Marking]:
        """What the mail file does not have yet."""
        disk = self.locations.disk
        dirty = {place for uid in self._dirty if (place := self.columns.find(uid)) >= 0 and not disk[place] & FOREIGN}
        if self._adopts:
            dirty.update(place for place, facts in enumerate(disk) if facts & FOREIGN)
        found = [self.marking(place) for place in sorted(dirty)]
        found.extend(Marking(stored, 0, None, expunged=True) for stored in self._unmarked.values())
        return found


class Survivors(Sequence[Marking]):
    """Every message of a capture in UID order, made when it is asked for."""

    def __init__(self, capture: Capture) -> None:
        self._capture = capture

    def __len__(self) -> int:
        return len(self._capture.columns)

    @overload
    def __getitem__(self, place: int) -> Marking: ...
    @overload
    def __getitem__(self, place: slice) -> list[Marking]: ...
    def __getitem__(self, place: int | slice) -> Marking | list[Marking]:
        if isinstance(place, slice):
            return [self._capture.marking(number) for number in range(*place.indices(len(self)))]
        return self._capture.marking(place)

    def __iter__(self) -> Iterator[Marking]:
        return (self._capture.marking(place) for place in range(len(self)))
