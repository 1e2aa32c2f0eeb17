"""Finished pieces of reply text that many replies have in common, kept so that bulk replies cost one join.

The text of a number is made once per process: numbers come in blocks, of which the least recently used ones go when
there are more than ``MAX_NUMBERS`` numbers. Used on the reactor thread only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence

from cgpymail.grammar.imap.dates import write_date_time

BLOCK = 1_000
MAX_NUMBERS = 100_000
_WORTH_A_BLOCK = BLOCK // 8  # fewer numbers than this in a block that is not there are just formatted
_MAX_FLAG_TEXTS = 10_000
_MAX_DAY_TEXTS = 10_000
_DAY = 86_400  # seconds


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


class _DayTexts(dict[int, bytes]):
    def __missing__(self, day: int) -> bytes:
        if len(self) >= _MAX_DAY_TEXTS:
            self.clear()
        text = self[day] = write_date_time(day * _DAY)[1:12]
        return text


_MORE, _LAST = b" ", b")\r\n"  # what follows an item
_FETCH = NumberTexts(b"* %d FETCH (")
_UID = {end: NumberTexts(b"UID %d" + end) for end in (_MORE, _LAST)}
_FLAGS = {end: _FlagTexts(b"FLAGS (%b)" + end) for end in (_MORE, _LAST)}
_DAYS = _DayTexts()


def fetch_rows(
    seqs: Sequence[int],
    *,
    uids: Sequence[int] | None = None,
    flags: Sequence[tuple[str, ...]] | None = None,
    dates: Sequence[int] | None = None,
    sizes: Sequence[int] | None = None,
    modseqs: Sequence[int] | None = None,
) -> bytes:
    """A FETCH response for each of many messages with the items that are given (all parallel, ascending)."""
    items: list[Callable[[bytes], Iterable[bytes]]] = []
    if uids is not None:
        items.append(lambda end: _UID[end].of(uids))
    if flags is not None:
        items.append(lambda end: map(_FLAGS[end].__getitem__, flags))
    if dates is not None:
        items.append(lambda end: _date_texts(dates, end))
    if sizes is not None:
        items.append(lambda end: map((b"RFC822.SIZE %d" + end).__mod__, sizes))
    if modseqs is not None:
        items.append(lambda end: map((b"MODSEQ (%d)" + end).__mod__, modseqs))
    width = len(items) + 1
    pieces = [b""] * (width * len(seqs))
    pieces[0::width] = _FETCH.of(seqs)
    for place, texts in enumerate(items, 1):
        pieces[place::width] = texts(_LAST if place == len(items) else _MORE)
    return b"".join(pieces)


def _date_texts(dates: Sequence[int], end: bytes) -> list[bytes]:
    template = b'INTERNALDATE "%b %02d:%02d:%02d +0000"' + end
    texts: list[bytes] = []
    for moment in dates:
        day, seconds = divmod(moment, _DAY)
        texts.append(template % (_DAYS[day], seconds // 3600, seconds // 60 % 60, seconds % 60))
    return texts
