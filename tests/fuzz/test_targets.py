"""The targets in the suite: what was found once, and a few hundred mutations of well-formed input."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.target import MOST, Target, TooSlow
from tests.fuzz.targets import TARGETS

FINDINGS = Path(__file__).with_name("findings")
FOUND = sorted(path for path in FINDINGS.glob("*/*") if path.is_file())
MUTATIONS = 150
SPICE = [b"\0", b"\r\n", b"\n", b" ", b'"', b"\\", b"(", b")", b"{1}", b"{9+}\r\n", b"*", b"\xff", b"4294967296", b"&-"]


def mutated(target: Target, number: int) -> bytes:
    """The mutation of this number: always the same."""
    chance = random.Random(f"{target.name} {number}")
    data = bytearray(chance.choice(target.seeds))
    for _ in range(chance.randint(1, 6)):
        place = chance.randint(0, len(data))
        match chance.randrange(4):
            case 0:
                data[place:place] = chance.choice(SPICE)
            case 1:
                del data[place : place + chance.randint(1, 9)]
            case 2:
                data[place : place + 1] = chance.randbytes(1)
            case _:
                end = place + chance.randint(1, 30)
                data[place:place] = data[place:end] * chance.randint(1, 3)
    return bytes(data[: target.most])


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_mutations(target: Target) -> None:
    """Nothing but the declared errors, and in time, whatever is spoilt; a failing one is made again by its number."""
    for seed in target.seeds:
        target.run_in_time(seed)
    for number in range(MUTATIONS):
        data = mutated(target, number)
        try:
            target.run_in_time(data)
        except Exception as problem:
            raise AssertionError(f"{target.name}, mutation {number}: {data!r}") from problem


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_any_bytes(target: Target) -> None:
    """Nothing but the declared errors for noise either, and in time."""

    @settings(max_examples=40, deadline=None, database=None)
    @given(st.binary(max_size=200))
    def noise(data: bytes) -> None:
        target.run_in_time(data)

    noise()


@pytest.mark.parametrize("path", FOUND, ids=[f"{path.parent.name}-{path.name}" for path in FOUND])
def test_what_was_found(path: Path) -> None:
    """What a fuzzer found once stays corrected."""
    TARGETS[path.parent.name].run_in_time(path.read_bytes())


def test_what_takes_too_long_is_a_finding() -> None:
    """The limit is watched: an input that always takes longer is told, one that did once is not."""
    spent = iter([2 * MOST, 0.0, 2 * MOST, 2 * MOST, 2 * MOST])

    def work(data: bytes) -> None:
        end = time.process_time() + next(spent)
        while time.process_time() < end:
            pass

    target = Target("slow", work, (b"",))
    target.run_in_time(b"x")
    with pytest.raises(TooSlow):
        target.run_in_time(b"x")


def test_findings_belong_to_targets() -> None:
    """No finding is left out because its target has another name."""
    assert {path.name for path in FINDINGS.iterdir() if path.is_dir()} <= set(TARGETS)
