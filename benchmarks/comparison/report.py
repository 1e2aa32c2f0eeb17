"""From measurements to words: a table for people, and the same in JSON."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from statistics import median, quantiles

_MEMORY = ("an idle session", "an idle session after the first")


@dataclass
class Round:
    """One workload on one server, once: processor microseconds for one operation, and the latencies' p50 and p99."""

    cpu: float
    p50: float
    p99: float

    @classmethod
    def of(cls, cpu_seconds: float, latencies: Sequence[float]) -> Round:
        """From what was measured, in seconds."""
        cuts = quantiles(latencies, n=100, method="inclusive")
        return cls(cpu_seconds / len(latencies) * 1e6, cuts[49] * 1e6, cuts[98] * 1e6)


@dataclass
class Results:
    """Everything measured in one run: workload -> server -> rounds; ``memory``: server -> octets of one idle session,
    counted from no session and from the first one."""

    servers: list[str]
    messages: int
    sessions: int
    rounds: dict[str, dict[str, list[Round]]] = field(default_factory=dict)
    memory: dict[str, tuple[float, float]] = field(default_factory=dict)

    def add(self, workload: str, server: str, measured: Round) -> None:
        """One more."""
        self.rounds.setdefault(workload, {}).setdefault(server, []).append(measured)

    def table(self) -> str:
        """Medians of the rounds; then each cgpymail server beside each Dovecot, with the spread of the rounds."""
        ours = [name for name in self.servers if name.startswith("cgpymail")]
        theirs = [name for name in self.servers if not name.startswith("cgpymail")]
        lines = [machine(), "", "Processor time of the server for one operation, microseconds (median of the rounds)"]
        lines += _columns("", self.servers)
        for workload, found in self.rounds.items():
            lines.append(_row(workload, [f"{median(one.cpu for one in found[name]):,.1f}" for name in self.servers]))
        for place, title in enumerate(_MEMORY if self.memory else ()):
            cells = [f"{self.memory[name][place] / 1024:,.1f}" for name in self.servers]
            lines.append(_row(f"memory, KB, {title} ({self.sessions} sessions)", cells))
        lines += ["", "Latency of one operation as the client sees it, microseconds: p50 / p99"]
        lines += _columns("", self.servers)
        for workload, found in self.rounds.items():
            cells = [
                f"{median(one.p50 for one in found[name]):,.0f} / {median(one.p99 for one in found[name]):,.0f}"
                for name in self.servers
            ]
            lines.append(_row(workload, cells))
        pairs = [(mine, other) for mine in ours for other in theirs]
        if pairs:
            lines += ["", "Ratio of processor time and memory, cgpymail / Dovecot (least and most of the rounds)"]
            lines += _columns("", [f"{mine} / {other}" for mine, other in pairs])
            for workload in self.rounds:
                lines.append(_row(workload, [self._ratio(workload, mine, other) for mine, other in pairs]))
            for place, title in enumerate(_MEMORY if self.memory else ()):
                cells = [f"{self.memory[mine][place] / self.memory[other][place]:.3f}" for mine, other in pairs]
                lines.append(_row(f"memory, {title}", cells))
        return "\n".join(lines)

    def _ratio(self, workload: str, mine: str, other: str) -> str:
        """Of the medians; in brackets those of the single rounds, which were taken one after the other."""
        found = self.rounds[workload]
        whole = median(one.cpu for one in found[mine]) / median(one.cpu for one in found[other])
        single = [one.cpu / another.cpu for one, another in zip(found[mine], found[other], strict=True)]
        return f"{whole:.2f} ({min(single):.2f}-{max(single):.2f})"

    def save(self, path: Path) -> None:
        """As JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"machine": machine(), **asdict(self)}, indent=1) + "\n")


def machine() -> str:
    """On what it was measured, in one line."""
    cpu = "unknown processor"
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            cpu = line.partition(":")[2].strip()
            break
    programs = [f"Python {platform.python_version()}", f"Twisted {version('Twisted')}"]
    try:
        said = subprocess.run(["/usr/sbin/dovecot", "--version"], capture_output=True, text=True, check=True)
        programs.append(f"Dovecot {said.stdout.split()[0]}")
    except (OSError, subprocess.CalledProcessError):
        programs.append("no Dovecot")
    return f"{cpu}, {os.cpu_count()} cores, Linux {platform.release().split('-')[0]}; {', '.join(programs)}"


def _columns(title: str, names: Sequence[str]) -> list[str]:
    return [_row(title, names), "|" + "---|" * (len(names) + 1)]


def _row(title: str, cells: Sequence[str]) -> str:
    return f"| {title} | {' | '.join(cells)} |"
