"""``python -m benchmarks.comparison``: fill the servers, take turns, print the table, keep the numbers.

In every round each workload runs on each server, one after the other, so that whatever else the machine does meanwhile
falls on all of them alike.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random

from benchmarks.comparison import mail
from benchmarks.comparison.report import Results, Round
from benchmarks.comparison.servers import Cgpymail, Dovecot, Server, dovecot_program
from benchmarks.comparison.workloads import WORKLOADS, Workload, idle_memory

RESULTS = Path(__file__).parents[1] / "results" / "comparison.json"
MISSING = (
    "Dovecot is not there. On Debian: apt-get install dovecot-imapd (its service need not run). Only cgpymail now.\n"
)
WARM_UP = 10  # part of the operations of a round that come before, unmeasured


def main(arguments: list[str]) -> int:
    """The whole run."""
    options = parse(arguments)
    rounds = options.rounds or (2 if options.quick else 4)
    sessions = options.sessions or (100 if options.quick else 300)
    with tempfile.TemporaryDirectory(prefix="cgpymail-bench-") as folder:
        Path(folder).chmod(0o755)  # Dovecot's users need a way in
        servers = make_servers(Path(folder), options)
        results = Results([server.name for server in servers], options.messages, sessions)
        try:
            chosen = [kind for kind in WORKLOADS if options.only.lower() in kind.name.lower()]
            for cached in (True, False):
                measure(servers, [kind for kind in chosen if kind.cached is cached], rounds, options, results)
            if options.only.lower() in "memory":
                measure_memory(servers, sessions, results)
        finally:
            for server in servers:
                server.stop()
    print(results.table())
    results.save(Path(options.json))
    print(f"\nAll numbers: {options.json}", file=sys.stderr)
    return 0


def parse(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="make bench", description="cgpymail beside Dovecot")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and operations: about two minutes")
    parser.add_argument("--rounds", type=int, default=0, help="instead of 4, or 2 when quick")
    parser.add_argument("--operations", type=int, default=0, help="of each workload in each round")
    parser.add_argument("--sessions", type=int, default=0, help="idle sessions whose memory is measured")
    parser.add_argument("--messages", type=int, default=mail.MESSAGES, help="in each INBOX")
    parser.add_argument("--servers", default="", help="those with this in their name")
    parser.add_argument("--only", default="", help="workloads with this in their name; memory is one")
    parser.add_argument("--json", default=str(RESULTS), help="where to keep all numbers")
    return parser.parse_args(arguments)


def make_servers(folder: Path, options: argparse.Namespace) -> list[Server]:
    """Those that are wanted and can be had, filled, not started."""
    kinds: list[tuple[type[Dovecot] | type[Cgpymail], str]] = [
        (Dovecot, "default"), (Dovecot, "performance"), (Cgpymail, ".mbox"), (Cgpymail, ".mdir"),
    ]  # fmt: skip
    servers: list[Server] = []
    for kind, variant in kinds:
        if options.servers.lower() not in f"{kind.__name__} {variant}".lower():
            continue
        if kind is Dovecot and dovecot_program() is None:
            print(MISSING if variant == "default" else "", end="", file=sys.stderr)
            continue
        servers.append(kind(folder / f"server-{len(servers)}", options.messages, variant))
    return servers


def measure(
    servers: Sequence[Server],
    workloads: Sequence[type[Workload]],
    rounds: int,
    options: argparse.Namespace,
    results: Results,
) -> None:
    """All rounds of workloads that want the servers alike."""
    for server in servers if workloads else ():
        server.restart(cached=workloads[0].cached)
    for number in range(rounds):
        for kind in workloads:
            print(f"round {number + 1} of {rounds}: {kind.name}", file=sys.stderr)
            count = options.operations or kind.counts[1 if options.quick else 0]
            for server in servers:
                results.add(kind.name, server.name, measure_once(kind(), server, count, Random(number)))


def measure_once(workload: Workload, server: Server, count: int, random: Random) -> Round:
    """One round of one workload on one server."""
    workload.prepare(server, random)
    workload.act(max(count // WARM_UP, 1))
    before = server.tree.settled()
    latencies = workload.act(count)
    after = server.tree.settled()
    workload.finish()
    return Round.of(after - before, latencies)


def measure_memory(servers: Sequence[Server], sessions: int, results: Results) -> None:
    """Of idle sessions, each server just started."""
    for server in servers:
        print(f"memory: {server.name}", file=sys.stderr)
        server.restart()
        results.memory[server.name] = idle_memory(server, sessions)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
