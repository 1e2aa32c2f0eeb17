"""Client keywords of one mailbox: at most 64, each a bit of the keyword column (spec section 2.4)."""

from __future__ import annotations

from collections.abc import Iterator

MAX_KEYWORDS = 64
MAX_KEYWORD_BYTES = 64


class KeywordTable:
    """Names and bits of the keywords of a mailbox; matching ignores case, the first spelling is kept."""

    def __init__(self) -> None:
        self._names: dict[int, str] = {}
        self._bits: dict[str, int] = {}

    def __iter__(self) -> Iterator[tuple[int, str]]:
        """Pairs (bit number 0..63, name), by bit number."""
        return iter(sorted(self._names.items()))

    def __len__(self) -> int:
        return len(self._names)

    @property
    def full(self) -> bool:
        """Whether no further keyword fits."""
        return len(self._names) >= MAX_KEYWORDS

    def find(self, name: str) -> int:
        """The mask (one bit) of a keyword, 0 if the mailbox does not have it."""
        place = self._bits.get(name.lower())
        return 0 if place is None else 1 << place

    def free(self) -> int:
        """The lowest bit number not in use, -1 if there is none."""
        return next((place for place in range(MAX_KEYWORDS) if place not in self._names), -1)

    def define(self, place: int, name: str) -> None:
        """Give bit number ``place`` to ``name`` (the store has written it down before)."""
        old = self._names.pop(place, None)
        if old is not None:
            del self._bits[old.lower()]
        self._names[place] = name
        self._bits[name.lower()] = place

    def drop(self, place: int) -> None:
        """Free a bit number (a checkpoint found it unused)."""
        self._bits.pop(self._names.pop(place).lower(), None)

    def names(self, mask: int) -> list[str]:
        """The names of the bits set in ``mask``."""
        return [name for place, name in sorted(self._names.items()) if mask >> place & 1]
