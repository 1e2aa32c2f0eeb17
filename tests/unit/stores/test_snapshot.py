"""The snapshot: everything comes back, damage is noticed, locations can be lost without the facts."""

from __future__ import annotations

import pytest

from cgpymail.model.columns import Columns, Row
from cgpymail.model.keywords import KeywordTable
from cgpymail.stores.expunged import KEPT, ExpungeRecord
from cgpymail.stores.mailfile import Location, Locations
from cgpymail.stores.snapshot import Snapshot, dump, parse


def sample(rows: int = 20) -> Snapshot:
    """A mailbox."""
    columns, locations, keywords, expunged = Columns(), Locations(), KeywordTable(), ExpungeRecord(500)
    for number in range(rows):
        columns.insert(
            Row(number + 1, number, 1 << (number % 64), 10**15 + number, -5 + number, number * 1_000, number * 7)
        )
        locations.insert(number, Location(number * 5_000_000_000, 80, number, 7, 8, 2**32 - 1 - number, 9, number + 1))
    keywords.define(0, "$Work")
    keywords.define(63, "ü" * 20)
    expunged.add(3, 9, 600)
    expunged.add(12, 12, 700)
    return Snapshot(77, 100, 50, 10**15 + 99, 6, b"m" * 40, columns, locations, keywords, expunged)


def columns_of(item: Columns | Locations) -> dict[str, object]:
    """Everything in it."""
    return {name: getattr(item, name) for name in item.__slots__}


@pytest.mark.parametrize("rows", [0, 1, 20])
def test_round_trip(rows: int) -> None:
    """What is written is read back."""
    old = sample(rows)
    new = parse(dump(old))
    assert new is not None and new.intact
    assert (new.uidvalidity, new.uidnext, new.recent_mark, new.modseq, new.generation, new.memo) == (
        77, 100, 50, 10**15 + 99, 6, b"m" * 40,
    )  # fmt: skip
    assert columns_of(new.columns) == columns_of(old.columns)
    assert columns_of(new.locations) == columns_of(old.locations)
    assert list(new.keywords) == list(old.keywords)
    assert new.expunged.since(0) == old.expunged.since(0)
    assert new.expunged.since(600) == old.expunged.since(600)


def test_every_damaged_byte_is_noticed() -> None:
    """One flipped byte: in the facts there is no snapshot, in the locations they are gone and the facts stay."""
    data = dump(sample(3))
    kept = 0
    for place in range(len(data)):
        damaged = bytearray(data)
        damaged[place] ^= 0x55
        found = parse(bytes(damaged))
        if found is not None:
            assert not found.intact
            assert len(found.columns) == len(found.columns.size) == 3
            kept += 1
    assert 0 < kept < len(data)


def test_every_cut_is_noticed() -> None:
    """A file that ends early is never taken for a whole one."""
    data = dump(sample(3))
    for length in range(len(data)):
        found = parse(data[:length])
        assert found is None or not found.intact


def test_expunge_record_is_bounded() -> None:
    """It forgets the oldest and says from where on it is complete."""
    record = ExpungeRecord()
    for number in range(KEPT + 10):
        record.add(number * 2 + 1, number * 2 + 1, 1_000 + number)
    assert len(record.modseq) <= KEPT
    found, complete = record.since(0)
    assert not complete and KEPT * 2 + 1 in found
    assert record.since(record.begin)[1]


def test_expunge_record_joins_neighbours() -> None:
    """Neighbours that go together are one range."""
    record = ExpungeRecord()
    record.add(1, 3, 10)
    record.add(4, 4, 10)
    record.add(5, 5, 11)
    assert len(record.modseq) == 2
    assert record.since(10)[0].ranges == ((5, 5),)
