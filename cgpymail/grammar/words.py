"""The words in settings: sizes, numbers, booleans (spec section 11.2: ``30M``, ``unlimited``, ``YES``)."""

from __future__ import annotations

import re

from cgpymail.errors import BadSettings

_WORD = re.compile(r"([0-9]{1,15})([A-Za-z]?)")
_SIZES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_TRUE = frozenset(("yes", "on", "true", "1"))
_FALSE = frozenset(("no", "off", "false", "0", ""))


def size(word: str) -> int | None:
    """Octets of ``30M`` or ``1024``; None for ``unlimited`` (and ``-1``). Raises BadSettings."""
    return _scaled(word, {**_SIZES, **{unit.lower(): factor for unit, factor in _SIZES.items()}}, "a size such as 30M")


def count(word: str) -> int | None:
    """A plain number; None for ``unlimited`` (and ``-1``). Raises BadSettings."""
    return _scaled(word, {"": 1}, "a number")


def flag(word: str) -> bool:
    """``YES`` or ``NO`` in any case. Raises BadSettings."""
    lower = word.strip().lower()
    if lower in _TRUE:
        return True
    if lower in _FALSE:
        return False
    raise BadSettings(detail=f"{word!r} is neither YES nor NO")


def _scaled(word: str, units: dict[str, int], wanted: str) -> int | None:
    text = word.strip()
    if text.lower() in ("unlimited", "-1"):
        return None
    match = _WORD.fullmatch(text)
    if not match or match[2] not in units:
        raise BadSettings(detail=f"{word!r} is not {wanted}")
    return int(match[1]) * units[match[2]]
