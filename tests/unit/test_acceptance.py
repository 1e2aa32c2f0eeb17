"""docs/acceptance.md names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parents[1]
TABLE = (TESTS.parent / "docs" / "acceptance.md").read_text()


def test_everything_named_is_there() -> None:
    """A renamed test is renamed in the table too."""
    missing = []
    named = re.findall(r"`((?:scripts|unit|contract|property|system)/[a-z0-9_./-]+)(?:::(\w+))?`", TABLE)
    for file, function in named:
        path = TESTS / re.sub("^scripts/", "transcripts/scripts/", file)
        if not path.exists() or (function and f"def {function}(" not in path.read_text()):
            missing.append(f"{file}::{function}")
    assert len(named) > 150
    assert not missing, missing
