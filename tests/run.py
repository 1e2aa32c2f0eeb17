"""The test runner behind ``make test`` and ``.ci/run``.

Without arguments: every test, with coverage of the whole package. ``--protocols``: the unit, contract, transcript
and system tests only, without coverage: what is run a second time on the versions of Debian 12.
"""

from __future__ import annotations

import os
import subprocess
import sys

PROTOCOLS = ["tests/system", "tests/contract", "tests/transcripts", "tests/unit"]  # the slow ones first
LEAST_COVERAGE = 90  # percent of lines and branches


def main(arguments: list[str]) -> int:
    """Run the tests; the exit code of what failed first.

    The tests of one file share a worker, and so their daemon. Files go out by name, unit tests last,
    so that both workers have small ones to end with (by default those with few tests, the slowest, would be last).
    """
    pytest = ["-m", "pytest", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", "-rs", "--durations=25"]
    if "--protocols" in arguments:
        return subprocess.run([sys.executable, *pytest, *PROTOCOLS], check=False).returncode
    coverage = [sys.executable, "-m", "coverage"]
    subprocess.run([*coverage, "erase"], check=True)
    outcome = subprocess.run([*coverage, "run", *pytest, "tests"], check=False, env=os.environ.copy()).returncode
    subprocess.run([*coverage, "combine", "--quiet"], check=False)
    report = subprocess.run([*coverage, "report", f"--fail-under={LEAST_COVERAGE}"], check=False).returncode
    return outcome or report


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
