"""A part of a list of results, as a client names it (RFC 9394 section 3.1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Page:
    """From one place to another, both included, in any order: 1 is the first result, -1 the last; never 0, and both
    of one sign."""

    first: int
    last: int

    def of(self, results: Sequence[T]) -> Sequence[T]:
        """Those that are there, in their order."""
        near, far = sorted((abs(self.first), abs(self.last)))
        if self.first > 0:
            return results[near - 1 : far]
        end = len(results)
        return results[max(end - far, 0) : max(end - near + 1, 0)]

    def __bytes__(self) -> bytes:
        return b"%d:%d" % (self.first, self.last)
