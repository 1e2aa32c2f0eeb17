"""What a reader of annotations is given (RFC 5464 4.2)."""

from __future__ import annotations

from cgpymail.model.annotations import Wish, choose


class Counting(dict[str, bytes]):
    """Counts how often it was asked."""

    asked = 0

    def get(self, key: str, default: bytes | None = None) -> bytes | None:  # type: ignore[override]
        """As of a dictionary."""
        self.asked += 1
        return super().get(key, default)


def test_an_entry_that_is_named_again_costs_nothing_more() -> None:
    """Thousands of times the same level, with everything below it, is looked at once, and told as spelled first."""
    kept = Counting({f"/shared/n{number}": b"x" for number in range(100)})
    found = choose(kept, Wish(("/Shared/N7", *("/shared", "/SHARED") * 1_000, "/shared/n7"), None))
    assert kept.asked == 101
    assert found.values[:2] == (("/Shared/N7", b"x"), ("/shared/n0", b"x")) and len(found.values) == 100
