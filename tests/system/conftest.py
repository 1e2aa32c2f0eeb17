"""A running daemon for the system tests of one file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.daemon import Daemon


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here is a system test."""
    for item in items:
        if "/tests/system/" in str(item.path):
            item.add_marker(pytest.mark.system)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    """Accounts john (whose password is recoverable, for APOP) and mary."""
    made = Daemon(tmp_path_factory.mktemp("daemon"))
    made.create("john", clear=("john",))
    made.create("mary")
    with made:
        yield made
