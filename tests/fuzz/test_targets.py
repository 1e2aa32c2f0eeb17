"""The targets in the suite: what was found once, and a few hundred mutations of well-formed input."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.target import Target
from tests.fuzz.targets import TARGETS

FINDINGS = Path(__file__).with_name("findings")
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
    """Nothing but the declared errors, whatever is spoilt; a failing one is made again by its number."""
    for seed in target.seeds:
        target.run(seed)
    for number in range(MUTATIONS):
        data = mutated(target, number)
        try:
            target.run(data)
        except Exception as problem:
            raise AssertionError(f"{target.name}, mutation {number}: {data!r}") from problem


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_any_bytes(target: Target) -> None:
    """Nothing but the declared errors for noise either."""

    @settings(max_examples=40, deadline=None, database=None)
    @given(st.binary(max_size=200))
    def noise(data: bytes) -> None:
        target.run(data)

    noise()


@pytest.mark.parametrize("target", TARGETS.values(), ids=list(TARGETS))
def test_what_was_found(target: Target) -> None:
    """What a fuzzer found once stays corrected."""
    for path in sorted((FINDINGS / target.name).glob("*")):
        target.run(path.read_bytes())


def test_findings_belong_to_targets() -> None:
    """No finding is left out because its target has another name."""
    assert {path.name for path in FINDINGS.iterdir() if path.is_dir()} <= set(TARGETS)
