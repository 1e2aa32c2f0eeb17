"""Words of the settings files that the manager reads (spec section 11.2): numbers, sizes, yes and no."""

from __future__ import annotations

from cgpymail.runtime.limits import KB, MB

_UNITS = {"k": KB, "m": MB, "g": 1024 * MB}


def number(value: object, otherwise: int = 0) -> int:
    """A number from a settings dictionary; ``otherwise`` if it is none."""
    try:
        return int(str(value))
    except ValueError:
        return otherwise


def octets_of(size: str) -> int | None:
    """Octets of a size word (``30M``, ``100K``, ``4096``; spec 11.2); None for ``unlimited`` and what is no size."""
    word = size.strip().lower()
    factor = _UNITS.get(word[-1:], 1)
    digits = word if factor == 1 else word[:-1]
    return int(digits) * factor if digits.isdecimal() else None


def is_yes(value: object) -> bool:
    """Whether a switch is on."""
    return str(value).strip().upper() in ("YES", "TRUE", "ON", "1")
