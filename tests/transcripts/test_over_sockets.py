"""Every transcript that needs no clock of its own, against a real daemon."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.daemon import untraced
from tests.support.nursery import Nursery
from tests.transcripts.runner import TYPES, Runner
from tests.transcripts.script import Script
from tests.transcripts.socketworld import Accounts, SocketWorld
from tests.transcripts.test_in_memory import SCRIPTS


def _runs() -> list[object]:
    """Each transcript once, in the formats on disk by turns: in memory each one runs in all of its formats."""
    runs = []
    for place, (name, script) in enumerate(SCRIPTS.items()):
        formats = [format for format in TYPES if format in script.formats]
        if "sockets" in script.worlds and formats:
            format = formats[place % len(formats)]
            runs.append(pytest.param(script, format, id=f"{name}-{format}"))
    return runs


@pytest.fixture(scope="module")
def accounts(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Accounts]:
    """The accounts of a format, when they are first wanted."""
    return functools.cache(lambda format: Accounts(format, tmp_path_factory.mktemp(format)))


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    """Where the daemons come from."""
    nursery = Nursery(untraced())
    yield nursery
    nursery.close()


@pytest.mark.system
@pytest.mark.parametrize(("script", "format"), _runs())
def test_transcript(
    script: Script, format: str, accounts: Callable[[str], Accounts], nursery: Nursery, tmp_path: Path
) -> None:
    """What holds in memory holds for clients on the network."""
    world = SocketWorld(accounts(format), tmp_path, script, nursery)
    try:
        Runner(script, world).run()
    finally:
        world.close()
