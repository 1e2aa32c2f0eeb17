"""What the tests of the IMAP server share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.imapclient import ImapClient
from tests.support.world import World


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A server with two accounts."""
    made = World(tmp_path)
    made.account("john")
    made.account("mary")
    return made


@pytest.fixture(params=["whole", "bytewise"])
def connect(world: World, request: pytest.FixtureRequest) -> Callable[..., ImapClient]:
    """Makes clients; each test runs with input in whole lines and again one byte at a time."""

    def make(**options: Any) -> ImapClient:
        return ImapClient(world, bytewise=request.param == "bytewise", **options)

    return make


@pytest.fixture
def john(connect: Callable[..., ImapClient]) -> ImapClient:
    """A client that is logged in."""
    return connect()
