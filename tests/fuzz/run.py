"""``make fuzz``: atheris on every target, or on those named, for so many seconds each.

``python -m tests.fuzz.run --seconds 60 [--jobs 2] [--corpus .fuzz] [TARGET ...]``. The corpus grows from run to run;
what breaks a target is kept as ``<corpus>/<target>.crash-...``, to be shortened and put into
``tests/fuzz/findings/<target>``, where the suite tries it for ever.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def main() -> int:
    """Run each target in a process of its own; the number of targets that failed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--corpus", type=Path, default=Path(".fuzz"))
    parser.add_argument("--child", action="store_true")
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args()
    if options.child:
        _fuzz(options.targets[0], options.seconds, options.corpus)
    from tests.fuzz.targets import TARGETS

    chosen = options.targets or list(TARGETS)
    with ThreadPoolExecutor(options.jobs) as pool:
        outcomes = list(pool.map(lambda name: _child(name, options), chosen))
    return sum(outcomes)


def _child(name: str, options: argparse.Namespace) -> int:
    words = [sys.executable, "-m", "tests.fuzz.run", "--child", "--seconds", str(options.seconds)]
    log = options.corpus / f"{name}.log"
    options.corpus.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out:
        done = subprocess.run([*words, "--corpus", str(options.corpus), name], stdout=out, stderr=out, check=False)
    last = [line for line in log.read_text(errors="replace").splitlines() if line.startswith("#") or "Done" in line]
    print(f"{name}: {'a finding, see ' + str(log) if done.returncode else 'nothing found'}; {last[-1] if last else ''}")
    return int(done.returncode != 0)


def _fuzz(name: str, seconds: int, corpus: Path) -> None:
    """Does not return."""
    import atheris

    with atheris.instrument_imports(include=["cgpymail"]):
        from tests.fuzz.targets import TARGETS
    target = TARGETS[name]
    folder = corpus / name
    folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(target.seeds):
        (folder / f"seed-{number}").write_bytes(seed)

    options = [
        f"-max_total_time={seconds}",
        f"-max_len={target.most}",
        f"-artifact_prefix={corpus}/{name}.",
        "-timeout=30",
    ]
    atheris.Setup([sys.argv[0], *options, str(folder)], target.run_in_time)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
