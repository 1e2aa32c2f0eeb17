"""The comparison of ``make bench`` works, with every answer verified; how fast anything is does not matter here."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from benchmarks.comparison.workloads import WORKLOADS
from tests.support.daemon import ROOT, environment


def test_every_workload_is_answered_rightly(tmp_path: Path) -> None:
    """One small round with both formats: each workload checks octets, flags and numbers itself."""
    numbers = tmp_path / "numbers.json"
    small = {"--servers": "cgpymail", "--rounds": 1, "--operations": 20, "--messages": 150, "--sessions": 5}
    options = [str(word) for pair in small.items() for word in pair]
    command = [sys.executable, "-m", "benchmarks.comparison", *options, "--json", str(numbers)]
    done = subprocess.run(
        command, capture_output=True, text=True, env=environment(), cwd=ROOT, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(numbers.read_text())
    assert found["servers"] == ["cgpymail .mbox", "cgpymail .mdir"]
    assert set(found["rounds"]) == {workload.name for workload in WORKLOADS}
    assert all(counted_from_none > 0 for counted_from_none, _ in found["memory"].values())
    assert "STORE of one flag" in done.stdout
