"""The words in settings: sizes, durations, booleans (spec section 11.2: ``30M``, ``15d``, ``unlimited``, ``YES``)."""

from __future__ import annotations

import re

from cgpymail.errors import BadSettings

_WORD = re.compile(r"([0-9]{1,15})([A-Za-z]?)")
_SIZES = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_TRUE = frozenset(("yes", "on", "true", "1"))
_FALSE = frozenset(("no", "off", "false", "0", ""))


def size(word: str) -> int | None:
    """Octets of ``30M`` or ``1024``; None for ``unlimited`` (and ``-1``). Raises BadSettings."""
    return _scaled(word, {**_SIZES, **{unit.lower(): factor for unit, factor in _SIZES.items()}}, "a size such as 30M")


def duration(word: str) -> int | None:
    """Seconds of ``15d``, ``1m`` or ``30``; None for ``unlimited`` (and ``never``). Raises BadSettings."""
    return _scaled(word, _SECONDS, "a duration such as 15d")


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


def format_size(octets: int | None) -> str:
    """The shortest word for it."""
    if octets is None:
        return "unlimited"
    return _shortest(octets, _SIZES)


def format_duration(seconds: int | None) -> str:
    """The shortest word for it."""
    if seconds is None:
        return "unlimited"
    return _shortest(seconds, {unit: factor for unit, factor in _SECONDS.items() if unit != "w"}) if seconds else "0"


def _scaled(word: str, units: dict[str, int], wanted: str) -> int | None:
    text = word.strip()
    if text.lower() in ("unlimited", "never", "-1"):
        return None
    match = _WORD.fullmatch(text)
    if not match or match[2] not in units:
        raise BadSettings(detail=f"{word!r} is not {wanted}")
    return int(match[1]) * units[match[2]]


def _shortest(amount: int, units: dict[str, int]) -> str:
    unit, factor = "", 1
    for name, value in units.items():
        if amount and amount % value == 0 and value >= factor:
            unit, factor = name, value
    return f"{amount // factor}{unit}"
