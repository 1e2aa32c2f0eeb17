"""Finished pieces of reply text that many replies have in common, kept so that bulk replies cost one join.

The text of a number is made once per process: numbers come in blocks, of which the least recently used ones go when
there are more than ``MAX_NUMBERS`` numbers. Used on the reactor thread only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Iterable, Sequence

BLOCK = 1_000
MAX_NUMBERS = 100_000
_WORTH_A_BLOCK = BLOCK // 8  # fewer numbers than this in a block that is not there are just formatted
_MAX_FLAG_TEXTS = 10_000


class NumberTexts:
    """A template such as ``b"UID %d "`` filled with numbers."""

    def __init__(self, template: bytes) -> None:
        self._template = template
        self._blocks: OrderedDict[int, list[bytes]] = OrderedDict()

    def of(self, numbers: Sequence[int]) -> list[bytes]:
        """One text for each of the ascending numbers."""
        out: list[bytes] = []
        place, count = 0, len(numbers)
        while place < count:
            block = numbers[place] // BLOCK
            first = block * BLOCK
            end = bisect_left(numbers, first + BLOCK, place)
            texts = self._find(block, end - place)
            if texts is None:
                out.extend([self._template % number for number in numbers[place:end]])
            elif numbers[end - 1] - numbers[place] == end - place - 1:
                out.extend(texts[numbers[place] - first : numbers[end - 1] - first + 1])
            else:
                out.extend([texts[number - first] for number in numbers[place:end]])
            place = end
        return out

    def _find(self, block: int, wanted: int) -> list[bytes] | None:
        texts = self._blocks.get(block)
        if texts is not None:
            self._blocks.move_to_end(block)
        elif wanted >= _WORTH_A_BLOCK:
            texts = [self._template % number for number in range(block * BLOCK, (block + 1) * BLOCK)]
            self._blocks[block] = texts
            if len(self._blocks) * BLOCK > MAX_NUMBERS:
                self._blocks.popitem(last=False)
        return texts


class _FlagTexts(dict[tuple[str, ...], bytes]):
    def __init__(self, template: bytes) -> None:
        self._template = template

    def __missing__(self, names: tuple[str, ...]) -> bytes:
        if len(self) >= _MAX_FLAG_TEXTS:
            self.clear()
        text = self[names] = self._template % " ".join(names).encode()
        return text


_FETCH = NumberTexts(b"* %d FETCH (")
_UID = NumberTexts(b"UID %d ")
_LAST_UID = NumberTexts(b"UID %d)\r\n")
_LAST_FLAGS = _FlagTexts(b"FLAGS (%b))\r\n")


def flag_rows(seqs: Sequence[int], flags: Sequence[tuple[str, ...]] | None, uids: Sequence[int] | None = None) -> bytes:
    """A FETCH response with UID, FLAGS or both for each of many messages (all parallel, ascending)."""
    columns: list[Iterable[bytes]] = [_FETCH.of(seqs)]
    if uids is not None:
        columns.append((_LAST_UID if flags is None else _UID).of(uids))
    if flags is not None:
        columns.append(map(_LAST_FLAGS.__getitem__, flags))
    width = len(columns)
    pieces = [b""] * (width * len(seqs))
    for place, column in enumerate(columns):
        pieces[place::width] = column
    return b"".join(pieces)
