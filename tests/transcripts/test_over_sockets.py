"""Every transcript that needs no clock of its own, against a real daemon, in the formats on disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transcripts.runner import TYPES, Runner
from tests.transcripts.script import Script
from tests.transcripts.socketworld import SocketWorld
from tests.transcripts.test_in_memory import SCRIPTS

RUNS = [
    pytest.param(script, format, id=f"{name}-{format}")
    for name, script in SCRIPTS.items()
    if "sockets" in script.worlds
    for format in script.formats
    if format in TYPES
]


@pytest.mark.system
@pytest.mark.parametrize(("script", "format"), RUNS)
def test_transcript(script: Script, format: str, tmp_path: Path) -> None:
    """What holds in memory holds for clients on the network."""
    world = SocketWorld(format, tmp_path)
    try:
        Runner(script, world).run()
    finally:
        world.close()
