"""Every transcript, in every format it names, without sockets."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.transcripts.memoryworld import MemoryWorld
from tests.transcripts.runner import Runner
from tests.transcripts.script import Script, parse

FOLDER = Path(__file__).with_name("scripts")
SCRIPTS = {path.stem: parse(path.read_text()) for path in sorted(FOLDER.glob("*.txt"))}
RUNS = [
    pytest.param(script, format, id=f"{name}-{format}")
    for name, script in SCRIPTS.items()
    if "memory" in script.worlds
    for format in script.formats
]


@pytest.mark.parametrize(("script", "format"), RUNS)
def test_transcript(script: Script, format: str, tmp_path: Path) -> None:
    """Every client hears what the transcript says, and nothing else."""
    world = MemoryWorld(format, tmp_path, script)
    Runner(script, world).run()
    world.close()
