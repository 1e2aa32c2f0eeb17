"""What a target is: a function that takes any bytes, swallows only the errors declared, and asserts what must hold.

Besides errors, time is watched: an input that takes more than 100 ms of CPU per KB, three times in a row, is a finding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

MOST = 0.1  # seconds of CPU per KB, on code slowed down by what instruments it
TRIES = 3


class TooSlow(Exception):
    """An input that costs too much."""


@dataclass(frozen=True, slots=True)
class Target:
    """``run``: raises for every finding. ``seeds``: well-formed input to begin with. ``most``: octets worth trying."""

    name: str
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]
    most: int = 4096

    def run_in_time(self, data: bytes) -> None:
        """Run with it. Raises what ``run`` does, and TooSlow."""
        for _ in range(TRIES):
            start = time.process_time()
            self.run(data)
            spent = time.process_time() - start
            if spent <= MOST * max(1.0, len(data) / 1024):
                return
        raise TooSlow(f"{spent:.3f} s for {len(data)} octets")


def table(*groups: Iterable[Target]) -> dict[str, Target]:
    """The targets of several modules by name."""
    return {target.name: target for group in groups for target in group}
