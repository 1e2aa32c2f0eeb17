"""Finished facts are kept as long as there is room."""

from __future__ import annotations

from dataclasses import replace

from cgpymail.manager.facts import OVERHEAD, Facts
from cgpymail.runtime.limits import DEFAULTS


def test_a_fact_is_found_by_mailbox_uid_and_kind() -> None:
    """And by nothing less."""
    facts = Facts(replace(DEFAULTS, facts_cache=1 << 20))
    facts.put(1, 5, "envelope", b"x", 1)
    assert facts.get(1, 5, "envelope") == b"x"
    assert facts.get(2, 5, "envelope") is None
    assert facts.get(1, 6, "envelope") is None
    assert facts.get(1, 5, "structure") is None


def test_mailboxes_never_get_the_same_number() -> None:
    """Facts of a closed mailbox cannot show in another."""
    facts = Facts(replace(DEFAULTS, facts_cache=1 << 20))
    assert facts.new_mailbox() != facts.new_mailbox()


def test_the_least_recently_used_goes_first() -> None:
    """And the bound holds over all mailboxes together."""
    facts = Facts(replace(DEFAULTS, facts_cache=10 * (OVERHEAD + 10)))
    for uid in range(10):
        facts.put(uid % 3, uid, "envelope", b"0123456789", 10)
    assert facts.get(0, 0, "envelope")
    facts.put(1, 99, "envelope", b"0123456789", 10)
    assert facts.octets <= 10 * (OVERHEAD + 10)
    assert facts.get(0, 0, "envelope")
    assert facts.get(1, 1, "envelope") is None


def test_a_fact_too_large_is_not_kept() -> None:
    """One message cannot push out all others."""
    facts = Facts(replace(DEFAULTS, facts_cache=16_000))
    facts.put(1, 1, "headers", bytes(1_001), 1_001)
    assert facts.get(1, 1, "headers") is None
    assert facts.octets == 0


def test_dropped_messages_give_their_room_back() -> None:
    """When nobody can read them any more."""
    facts = Facts(replace(DEFAULTS, facts_cache=1 << 20))
    facts.put(1, 1, "envelope", b"x", 1)
    facts.put(1, 1, "structure", b"y", 1)
    facts.drop(1, [1, 2])
    assert facts.get(1, 1, "envelope") is None
    assert facts.octets == 0


def test_putting_twice_counts_once() -> None:
    """Two sessions may have parsed the same message at the same time."""
    facts = Facts(replace(DEFAULTS, facts_cache=1 << 20))
    facts.put(1, 1, "envelope", b"x", 100)
    before = facts.octets
    facts.put(1, 1, "envelope", b"x", 100)
    assert facts.octets == before
