"""What a server takes from the machine: processor time and memory of its whole process tree, as /proc tells it."""

from __future__ import annotations

import os
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
QUIET = 0.15  # seconds without processor time, after which a server is taken to be done
PATIENCE = 5.0  # seconds to wait for that


class Tree:
    """A process with all its descendants, and whoever else is in its session (those that were orphaned)."""

    def __init__(self, root: int) -> None:
        self.root = root

    def seconds(self) -> float:
        """Processor time so far, of the kernel for them too: that of ended children is in the account of their parent.

        The times of the living are added to what they inherited, children before parents, so that nothing is counted
        twice when a child ends in between. To be asked when the server is quiet.
        """
        fields = _processes()
        return sum(sum(map(int, fields[pid][11:15])) for pid in self._members(fields)) / TICKS

    def settled(self) -> float:
        """The same, when the server has come to rest: no process ends, no processor time passes."""
        end = time.monotonic() + PATIENCE
        before, seen = set(self.pids()), self.seconds()
        while time.monotonic() < end:
            time.sleep(QUIET)
            now, later = set(self.pids()), self.seconds()
            if now == before and later == seen:
                break
            before, seen = now, later
        return seen

    def octets(self) -> int:
        """Memory, shared pages in proportion (PSS)."""
        return sum(_proportional(pid) for pid in self.pids())

    def pids(self) -> list[int]:
        """Who belongs to it now."""
        return self._members(_processes())

    def _members(self, fields: dict[int, list[str]]) -> list[int]:
        """Children before their parents."""
        members = [self.root]
        for pid in members:
            members.extend(child for child, values in fields.items() if int(values[1]) == pid)
        session = fields[self.root][3]
        members.extend(pid for pid, values in fields.items() if values[3] == session and pid not in members)
        return members[::-1]


def _processes() -> dict[int, list[str]]:
    """Every process with the fields of its stat from the state on (proc(5): fields 3 and following)."""
    found: dict[int, list[str]] = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                found[int(entry)] = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # it ended just now
    return found


def _proportional(pid: int) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        pass  # it ended just now
    return 0
