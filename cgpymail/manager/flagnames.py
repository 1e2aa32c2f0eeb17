"""The IMAP names of a message's flags, as tuples shared by all messages that have the same ones.

Ten thousand messages have a handful of combinations; so the answer to FETCH FLAGS is one dictionary look-up each, and
whoever turns tuples into text can do that once per tuple, by identity.
"""

from __future__ import annotations

from array import array

from cgpymail.model.flags import to_imap
from cgpymail.model.keywords import KeywordTable

Names = tuple[str, ...]
MAX_COMBINATIONS = 4_096  # kept; a mailbox that has more makes some anew


class _Combinations(dict[int, Names]):
    """Flag mask -> names, for one keyword mask."""

    def __init__(self, keywords: Names, recent: Names) -> None:
        super().__init__()
        self._keywords = keywords
        self._recent = recent

    def __missing__(self, mask: int) -> Names:
        if len(self) >= MAX_COMBINATIONS:
            self.clear()
        names = self[mask] = (*to_imap(mask), *self._keywords, *self._recent)
        return names


class _Tables(dict[int, _Combinations]):
    """Keyword mask -> its combinations, for messages that are \\Recent or for those that are not."""

    def __init__(self, table: KeywordTable, recent: Names) -> None:
        super().__init__()
        self._table = table
        self._recent = recent

    def __missing__(self, keywords: int) -> _Combinations:
        if len(self) >= MAX_COMBINATIONS:
            self.clear()
        made = self[keywords] = _Combinations(tuple(self._table.names(keywords)), self._recent)
        return made


class FlagNames:
    """For one mailbox and one state of its keyword table; made anew when that changes."""

    def __init__(self, table: KeywordTable) -> None:
        self._plain = _Tables(table, ())
        self._recent = _Tables(table, ("\\Recent",))

    def many(self, flags: array[int], keywords: array[int], *, recent: bool) -> list[Names]:
        """The names for consecutive rows."""
        tables = self._recent if recent else self._plain
        names = list(map(tables[0].__getitem__, flags))
        if keywords.tobytes() != bytes(len(keywords) * keywords.itemsize):
            for place, mask in enumerate(keywords):
                if mask:
                    names[place] = tables[mask][flags[place]]
        return names
