"""What a target is: a function that takes any bytes, swallows only the errors declared, and asserts what must hold."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Target:
    """``run``: raises for every finding. ``seeds``: well-formed input to begin with. ``most``: octets worth trying."""

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    most: int = 4096


def table(*groups: Iterable[Target]) -> dict[str, Target]:
    """The targets of several modules by name."""
    return {target.name: target for group in groups for target in group}
